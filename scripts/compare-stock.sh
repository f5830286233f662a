#!/bin/sh
# Debian's darknet and this one on the same photos: detections side by side, seconds, peak memory.
#
#   scripts/compare-stock.sh CFG WEIGHTS IMAGE...
#
# DATA=FILE gives the names (default: data/coco.data), THRESH the threshold (0.5), FLAGS what only
# ./darknet gets (e.g. "-memory 16M"). WEIGHTS "" means synthetic ones. A line that one side lacks, or whose
# percentage differs by more than 1, is marked; the status is 1 when there is one. Seconds are those
# of the whole process: reading the weights and drawing included.
set -eu
[ $# -ge 3 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
stock=${STOCK:-/usr/bin/darknet}
[ -x "$stock" ] || { echo "Debian's darknet is not installed: apt-get install darknet" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -C "$root" >"$work/make.log" 2>&1 || { cat "$work/make.log" >&2; exit 2; }
${CC:-cc} -O1 -o "$work/peak" "$root/scripts/peak.c"

cfg=$(realpath "$1") weights=$2
shift 2
if [ -n "$weights" ]; then
    weights=$(realpath "$weights")
else
    weights=$work/weights
    python3 "$root/scripts/synthetic-weights.py" "$cfg" "$weights"
fi
# Names are looked up from the current folder; the programs run in a folder of their own.
data=$(realpath "${DATA:-$root/data/coco.data}")
names=$(sed -n 's/^ *names *= *//p' "$data")
[ -e "$names" ] || names=$root/$names
sed "s|^ *names *=.*|names=$(realpath "$names")|" "$data" >"$work/net.data"
mkdir "$work/data"
[ ! -d /usr/share/darknet/data/labels ] || ln -s /usr/share/darknet/data/labels "$work/data/labels"

run() { # run NAME PROGRAM IMAGE [FLAG]...: NAME.report, NAME.lines
    name=$1 program=$2 image=$3
    shift 3
    rm -f "$work/$name.report"
    (cd "$work" && QT_QPA_PLATFORM=offscreen ./peak "$name.report" "$program" detector test net.data \
        "$cfg" "$weights" "$image" -thresh "${THRESH:-0.5}" -out "$name" "$@" </dev/null \
        >"$name.txt" 2>"$name.log") || { tail -n 3 "$work/$name.log" >&2; return 1; }
    grep -E '^.+: [0-9]+%$' "$work/$name.txt" | sort >"$work/$name.lines" || true
}

status=0
for image; do
    image=$(realpath "$image")
    run stock "$stock" "$image" || { echo "$image: stock fails" >&2; status=1; continue; }
    # shellcheck disable=SC2086 # a list of flags
    run ours "$root/darknet" "$image" ${FLAGS:-} || { echo "$image: this fails" >&2; status=1; continue; }
    printf '\n%s\n%-32s %-32s\n' "$image" "Debian's darknet" "this"
    awk -F': ' -v stock="$work/stock.lines" '
        BEGIN {
            while ((getline line < stock) > 0) { theirs[++n] = line; rest[n] = 1 }
            split("", used)
        }
        {
            best = 0
            for (i = 1; i <= n; i++) {
                split(theirs[i], part, ": ")
                gap = part[2] - $2; if (gap < 0) gap = -gap
                if (rest[i] && part[1] == $1 && (!best || gap < least)) { best = i; least = gap }
            }
            if (best) rest[best] = 0
            mark = !best ? "<- only here" : least > 1 ? "<- differs" : ""
            if (mark != "") bad++
            printf "%-32s %-32s %s\n", best ? theirs[best] : "", $0, mark
        }
        END {
            for (i = 1; i <= n; i++)
                if (rest[i]) { printf "%-32s %-32s <- only stock\n", theirs[i], ""; bad++ }
            printf "%d differences\n", bad
            exit bad > 0
        }' "$work/ours.lines" || status=1
    awk '{ s[FNR == NR] = $1; m[FNR == NR] = $2 / 1024 }
        END {
            printf "%-32s %-32s %.1f times as fast\n", sprintf("%.3f s", s[1]), sprintf("%.3f s", s[0]), s[1] / s[0]
            printf "%-32s %-32s %.0f times as small\n", sprintf("%.1f MB", m[1]), sprintf("%.1f MB", m[0]), m[1] / m[0]
        }' "$work/stock.report" "$work/ours.report"
done
exit $status
