#!/bin/sh
# How little memory each network needs, and what a tight budget costs in time; see -help.
exec "$(dirname "$0")/bench/run.sh" reach "$@"
