#!/bin/sh
# The structure of the source: who may include whom, what is exported, how symbols are called.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
pass() { echo "pass: $1"; }
fail() { echo "FAIL: $1"; failed=1; }

# Modules in the order of their dependence; each may include itself and those that stand after it.
allowed() {
    case $1 in
    base) echo base ;;
    kernel) echo "base kernel" ;;
    layer) echo "base kernel layer" ;;
    net) echo "base kernel layer net" ;;
    plan) echo "base kernel layer net plan" ;;
    exec) echo "base kernel layer net plan exec" ;;
    detect) echo "base kernel layer detect" ;;
    image) echo "base image" ;;
    compat) echo "base kernel layer net plan exec detect image compat" ;;
    cli) echo "cli" ;;
    esac
}
wrong=""
for file in src/*/*.[ch] src/*/*/*.[ch]; do
    module=$(echo "$file" | cut -d/ -f2)
    for other in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
        case " $(allowed "$module") " in
        *" $other "*) ;;
        *) wrong="$wrong $file->$other" ;;
        esac
    done
done
if [ -z "$wrong" ]; then pass "includes point one way"; else fail "includes:$wrong"; fi

build=$(make -s print-build)
names=$(nm -g --defined-only "$build/libdarknet.a" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u)
declared=$(tr '\n' ' ' <include/darknet.h | grep -o 'DARKNET_API [^;]*;' | sed -E 's/^DARKNET_API //; s/\(.*//; s/.*[ *]//')
stray=""
for name in $names; do
    case $name in
    dn_* | _* ) ;;
    *) echo "$declared" | grep -qx "$name" || stray="$stray $name" ;;
    esac
done
if [ -z "$stray" ]; then pass "symbols are public or begin with dn_"; else fail "symbols:$stray"; fi

if grep -rnE '\b(exit|abort|printf|puts|perror) *\(' src --include=*.c | grep -v '^src/cli/' | grep -vE 'f(printf|puts)|snprintf|asprintf|easy_font_print' >build/lint.log; then
    fail "the library prints or exits: $(head -n 3 build/lint.log)"
else
    pass "the library neither prints nor exits"
fi
if ! command -v shellcheck >/dev/null; then
    echo "skip: shellcheck: not installed"
elif shellcheck -S warning scripts/*.sh tests/script/*.sh >build/lint.log; then
    pass "shellcheck finds nothing"
else
    fail "shellcheck: $(grep -m 3 -E '^In ' build/lint.log | tr '\n' ' ')"
fi
exit $failed
