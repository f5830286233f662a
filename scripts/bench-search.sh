#!/bin/sh
# How far the planner's choice is from the best of many configurations chosen by hand; see -help.
exec "$(dirname "$0")/bench/run.sh" search "$@"
