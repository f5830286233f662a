#!/bin/sh
# From exec to the first result, and photos a second of a list; see -help.
exec "$(dirname "$0")/bench/run.sh" start "$@"
