#!/bin/sh
# Finds the faces in a photo: one command from a fresh clone to an annotated picture.
#
#   scripts/demo.sh [-photo N] [FLAG]...      N: 1..6; flags go to ./darknet, e.g. -memory 8M
#
# Installs what is missing, builds, fetches the trained model (scripts/fetch-face-model.sh), runs
# ./darknet and, where it is installed, Debian's darknet on the same files. Time is that of the whole
# process, memory its peak of resident pages.
set -eu
cd "$(dirname "$0")/.."
photo=1
if [ "${1:-}" = -photo ]; then
    photo=${2:?-photo needs a number from 1 to 6}
    shift 2
fi

scripts/setup.sh demo
mkdir -p build
make >build/make.log 2>&1 || { cat build/make.log >&2; exit 1; }
out=build/demo
scripts/fetch-face-model.sh "$out"
${CC:-cc} -O1 -o build/peak scripts/peak.c
image=$out/package/demo/sample$photo.jpg
[ -f "$image" ] || { echo "-photo $photo: there are photos 1 to 6" >&2; exit 1; }

show() { # show NAME LABEL PROGRAM [FLAG]...: one run, its detections, time and memory
    name=$1 label=$2 program=$3
    shift 3
    rm -f "$out/$name.report" "$out/$name.jpg"
    echo
    echo "$label"
    if ! QT_QPA_PLATFORM=offscreen build/peak "$out/$name.report" "$program" detector test \
        data/faces.data cfg/tinyface.cfg "$out/tinyface.weights" "$image" -thresh 0.4 \
        -out "$out/$name" "$@" </dev/null >"$out/$name.txt" 2>"$out/$name.log"; then
        cat "$out/$name.log" >&2
        return 1
    fi
    sed 's/^/  /' "$out/$name.txt"
    awk '{ printf "  whole process: %.3f s, peak memory %.1f MB\n", $1, $2 / 1024 }' \
        "$out/$name.report"
}

show faces "this project: ./darknet detector test ... $*" ./darknet "$@"
if [ -x /usr/bin/darknet ]; then
    show stock "Debian's darknet, same model, same photo" /usr/bin/darknet ||
        echo "  Debian's darknet failed"
else
    echo
    echo "Debian's darknet is not installed (apt-get install darknet): nothing to compare with"
fi
echo
echo "Annotated picture: $out/faces.jpg"
