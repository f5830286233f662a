#!/bin/sh
# The figures of the README's table.
#
#   scripts/bench.sh [-rounds N] [NETWORK]...     names of cfg/NETWORK.cfg; default: a choice
#
# Builds, makes seeded weights in build/models, installs python3-opencv when it can, and runs
# scripts/bench.py, which explains what is measured.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh bench
mkdir -p build/models
make >build/make.log 2>&1 || { cat build/make.log >&2; exit 1; }
${CC:-cc} -O1 -o build/peak scripts/peak.c
exec /usr/bin/python3 scripts/bench.py "$@"
