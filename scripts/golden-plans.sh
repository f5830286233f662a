#!/bin/sh
# Writes tests/golden/NAME.txt, the plans of the shipped cfgs that tests/plan/test_golden.c compares
# with; `git diff tests/golden` then shows what a change of the planner or the cost model does.
set -eu
cd "$(dirname "$0")/.."
test=$(make -s print-build)/tests/plan/test_golden
make "$test" >build/make.log 2>&1 || { cat build/make.log >&2; exit 1; }
DN_WRITE_GOLDEN=1 "$test"
