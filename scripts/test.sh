#!/bin/sh
# Installs what the tests need, builds with every compiler and sanitizer there is, runs all tests.
#
#   scripts/test.sh [quick]      quick: the gcc build and its tests only
#
# Every test is a Check program or a script in tests/script that prints lines "pass: ...",
# "FAIL: ..." and "skip: NAME: WHY". The last line adds them all up.
set -u
cd "$(dirname "$0")/.." || exit 1
mode=${1:-all}
scripts/setup.sh test || exit 1
export OMP_WAIT_POLICY=passive
log=build/test.log
passed=0 failed=0 skipped=0
mkdir -p build
: >"$log"

section() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - started))"; }
started=$(date +%s)

count() { # count FILE: adds what a step has printed
    checks=$(sed -n 's/^checks: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$1" | tail -n 1)
    passed=$((passed + ${checks% *} + 0)) 2>/dev/null || true
    failed=$((failed + ${checks#* } + 0)) 2>/dev/null || true
    passed=$((passed + $(grep -c '^pass: ' "$1")))
    failed=$((failed + $(grep -c '^FAIL: ' "$1")))
    skipped=$((skipped + $(grep -c '^skip: ' "$1")))
}

step() { # step NAME COMMAND...: runs it; a failure that it has not counted itself counts as one
    name=$1
    shift
    section "$name"
    before=$failed
    "$@" >build/step.log 2>&1
    status=$?
    cat build/step.log >>"$log"
    grep -E '^(pass|PASS|FAIL|skip|checks):? |:[EF]:' build/step.log | grep -v '^pass ' | tail -n 200
    count build/step.log
    if [ $status -ne 0 ] && [ $failed -eq "$before" ]; then
        tail -n 40 build/step.log
        echo "FAIL: $name ended with status $status"
        failed=$((failed + 1))
    fi
}

skip() { # skip NAME WHY
    echo "skip: $1: $2"
    skipped=$((skipped + 1))
}

build() { # build VARIABLES...: no warning is allowed
    make -j"$(nproc)" "$@" tests >build/make.log 2>&1 || { cat build/make.log; return 1; }
    if grep -E 'warning:' build/make.log; then
        echo "FAIL: the build with $* warns"
        return 1
    fi
}

programs() { # programs VARIABLES...
    scripts/run-tests.sh "$(make -s "$@" print-build)"
}

step "build with ${CC:-cc}" build
step "test programs" programs
step "layering, exports, names" scripts/lint.sh
for script in tests/script/test_*; do
    [ -x "$script" ] && step "${script##*/}" "$script"
done
if [ "$mode" = all ]; then
    export DN_PLANS="${DN_PLANS:-6}" DN_CASES="${DN_CASES:-60}" # random networks: the plain build has run more of them
    sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
    step "build with address and undefined-behaviour sanitizers" build SANITIZE="$sanitize"
    step "test programs under these" programs SANITIZE="$sanitize"
    step "bad input under these" env DARKNET="$PWD/$(make -s SANITIZE="$sanitize" print-build)/darknet" \
        tests/script/test_bad_input.py
    if command -v clang >/dev/null; then
        step "build with clang" build CC=clang
        step "test programs built by clang" programs CC=clang
        set -- CC=clang OPENMP=0 SANITIZE=-fsanitize=thread
        step "build with the thread sanitizer" build "$@"
        tsan=$(make -s "$@" print-build)
        # shellcheck disable=SC2046 # a list of programs: those that have threads without OpenMP
        step "test programs under it" scripts/run-tests.sh "$tsan" \
            $(tr ' ' '\n' <"$tsan/tests/list" | grep -E '/tests/(exec|compat)/')
    else
        skip "clang" "not installed"
    fi
    if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
        step "NEON kernels under qemu" make test-neon
    else
        skip "NEON kernels" "no aarch64 compiler or no qemu"
    fi
    make >/dev/null 2>&1 # the products of the plain build again
fi

printf '\nall of %s s in %s\n' "$(($(date +%s) - started))" "$log"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
