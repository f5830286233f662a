#!/bin/sh
# Runs the test programs of a build folder and adds up what Check counted.
#
#   scripts/run-tests.sh BUILD [PROGRAM...]      programs as in BUILD/tests/list; default: all
#
# The last line is "checks: N passed, N failed"; the status is 1 when anything failed.
set -u
build=${1:?which build folder?}
shift
# shellcheck disable=SC2046 # a list of programs
[ $# -gt 0 ] || set -- $(cat "$build/tests/list")
# On a busy machine a check may wait for its turn, and spinning threads would take that of others.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-300}" CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-5}" OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
passed=0 failed=0
for program; do
    started=$(date +%s)
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
    passed=$((passed + ${checks:-0} - bad))
    failed=$((failed + bad))
done
echo "checks: $passed passed, $failed failed"
[ $failed -eq 0 ]
