#!/bin/sh
# Stock Darknet and this program inside memory cgroups, from 1 GB to 12 MB; see -help.
exec "$(dirname "$0")/bench/run.sh" memory "$@"
