#!/bin/sh
# Runs the test programs of a build folder, as many at a time as there are cores, and adds up what
# Check counted.
#
#   scripts/run-tests.sh BUILD [PROGRAM...]      programs as in BUILD/tests/list; default: all
#
# The last line is "checks: N passed, N failed"; the status is 1 when anything failed.
set -u
if [ "${1:-}" = -one ]; then # -one BUILD RESULTS PROGRAM: runs one of them
    build=$2 results=$3 program=$4
    started=$(date +%s)
    case $program in # thousands of short checks that leave nothing behind: forking each takes minutes under sanitizers
    */tests/kernel/* | */tests/detect/test_nms) export CK_FORK=no ;;
    esac
    out=$("$program" 2>&1)
    status=$?
    # "97%: Checks: 34, Failures: 1, Errors: 0"
    line=$(printf '%s\n' "$out" | grep -E '^[0-9]+%: Checks: ' | tail -n 1)
    checks=$(printf '%s\n' "$line" | sed -n 's/.*Checks: \([0-9]*\),.*/\1/p')
    bad=$(printf '%s\n' "$line" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 + \2/p')
    bad=$((${bad:-1}))
    [ $status -eq 0 ] || [ $bad -gt 0 ] || bad=1
    if [ $bad -gt 0 ]; then
        printf 'FAIL %s\n%s\n' "${program#"$build/"}" "$out"
    else
        printf 'pass %s: %s checks, %s s\n' "${program#"$build/tests/"}" "$checks" \
            $(($(date +%s) - started))
    fi
    echo "$((${checks:-0} - bad)) $bad" >>"$results"
    exit 0
fi
build=${1:?which build folder?}
shift
# shellcheck disable=SC2046 # a list of programs
[ $# -gt 0 ] || set -- $(cat "$build/tests/list")
# On a busy machine a check may wait for its turn, and spinning threads would take that of others.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-300}" CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-5}" OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
printf "%s\n" "$@" | sort -r | xargs -n 1 -P "$(nproc)" "$0" -one "$build" "$results"
passed=$(awk '{ n += $1 } END { print n + 0 }' "$results")
failed=$(awk '{ n += $2 } END { print n + 0 }' "$results")
missing=$(($# - $(wc -l <"$results"))) # a runner that was killed
echo "checks: $passed passed, $((failed + missing)) failed"
[ $((failed + missing)) -eq 0 ]
