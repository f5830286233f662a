#!/bin/sh
# How little memory each network needs, and what a tight budget costs in time.
#
#   scripts/bench-reach.sh [THREADS]      default: 1
#
# For every network: the smallest budget that "detector test" names for a photo of 800x600 with the
# picture written, its measured peak at that budget, and the time of a warm prediction within the
# budget of the last column but one against the same without a budget (medians of alternating runs).
set -eu
cd "$(dirname "$0")/.."
threads=${1:-1}
scripts/setup.sh build
make >build/make.log 2>&1 || { cat build/make.log; exit 1; }
mkdir -p build/models
python=/usr/bin/python3
photo=build/models/photo.jpg

value() { sed -n "s/.*\"$1\": *\([0-9.e-]*\).*/\1/p"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

photo() { # an 800x600 JPEG, made by the program itself from a PPM
    $python - build/models/photo.ppm <<'PY'
import sys
with open(sys.argv[1], "wb") as out:
    out.write(b"P6 800 600 255\n")
    out.write(bytes((x * y // 97 + 40 * c) & 255 for y in range(600) for x in range(800) for c in range(3)))
PY
    ./darknet detector test data/faces.data cfg/tinyface.cfg "" build/models/photo.ppm -thresh 1 -out build/models/photo >/dev/null 2>&1
}
[ -s "$photo" ] || photo

printf '%-12s %10s %10s %8s %10s %10s %6s\n' network least peak budget "ms within" "ms free" ratio
for pair in yolov2:16 yolov3:32 yolov3-spp:32 yolov4:32 yolov2-tiny:8 yolov3-tiny:8 yolov4-tiny:8 darknet19:8 tinyface:8; do
    name=${pair%:*} budget=${pair#*:} cfg=cfg/${pair%:*}.cfg
    weights=build/models/$name.weights
    [ -s "$weights" ] || $python scripts/synthetic-weights.py "$cfg" "$weights"
    case $name in
    darknet19) set -- classifier predict data/imagenet1k.data ;;
    tinyface) set -- detector test data/faces.data ;;
    *) set -- detector test data/coco.data ;;
    esac
    out="-out build/models/picture"
    [ "$name" != darknet19 ] || out=""
    # shellcheck disable=SC2086 # two words or none
    least=$(./darknet "$@" "$cfg" "$weights" "$photo" $out -threads "$threads" -memory 1M 2>&1 |
        sed -n 's/.*needs at least \([0-9.]*\) MB.*/\1/p')
    kb=$(awk "BEGIN { print int($least * 1024 + 103) }")
    # shellcheck disable=SC2086
    peak=$(./darknet "$@" "$cfg" "$weights" "$photo" $out -threads "$threads" -memory "${kb}K" 2>&1 >/dev/null |
        sed -n 's/.*predicted, \([0-9.]*\) MB measured.*/\1/p')
    : >build/within.txt
    : >build/free.txt
    for _ in 1 2 3; do
        ./darknet bench "$cfg" "$weights" -threads "$threads" -runs 3 -json -memory "${budget}M" | value seconds_median >>build/within.txt
        ./darknet bench "$cfg" "$weights" -threads "$threads" -runs 3 -json | value seconds_median >>build/free.txt
    done
    a=$(median <build/within.txt) b=$(median <build/free.txt)
    awk -v n="$name" -v l="$least" -v p="$peak" -v m="$budget" -v a="$a" -v b="$b" \
        'BEGIN { printf "%-12s %7s MB %7s MB %5s MB %10.1f %10.1f %6.2f\n", n, l, p, m, 1e3 * a, 1e3 * b, a / b }'
done
