#!/bin/sh
# Prepares a measurement and runs it: scripts/bench/run.sh NAME [ARGUMENT]... runs NAME.py.
#
# Installs what is measured beside this program when it can, builds, and compiles scripts/peak.c.
# Debian's python has OpenCV and numpy; another one that comes first in PATH may lack them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/scripts/bench}
"$root/scripts/setup.sh" bench
mkdir -p "$root/build/models"
make -C "$root" >"$root/build/make.log" 2>&1 || { cat "$root/build/make.log" >&2; exit 1; }
${CC:-cc} -O1 -o "$root/build/peak" "$root/scripts/peak.c"
name=$1
shift
exec /usr/bin/python3 "$here/$name.py" "$@"
