#!/bin/sh
# This program beside stock Darknet and OpenCV's DNN: same cfg, weights and input; see -help.
exec "$(dirname "$0")/bench/run.sh" peers "$@"
