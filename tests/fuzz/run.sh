#!/bin/bash
# Builds the fuzz targets with clang and runs them. Ends with an error when one finds something.
#
#   tests/fuzz/run.sh [--BAZEL_FLAG...]        all of them for a minute, as .ci/run does: the same run each time
#   tests/fuzz/run.sh SECONDS [TARGET...]      onnx, tflite and octet, or some of them, on from where the last such run ended
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

flags=()
while [[ ${1:-} == --* ]]; do
  flags+=("$1")
  shift
done
if [[ $# -gt 0 ]]; then
  seconds=$1
  flags+=("--test_env=OCTET_FUZZ_SECONDS=$seconds" "--test_timeout=$((seconds + 300))" --nocache_test_results
    "--test_env=OCTET_FUZZ_DIR=${OCTET_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}/fuzz")
  shift
fi
[[ $# -gt 0 ]] || set -- onnx tflite octet
tests=("${@/#///tests/fuzz:}")
tests=("${tests[@]/%/_fuzz_test}")

# A place of its own: otherwise the next ordinary build would have to analyze everything again.
output_base=$(./bazelw info output_base)-fuzz
OCTET_PACKAGES=tests/fuzz/apt-packages.txt ./bazelw --output_base="$output_base" --max_idle_secs=60 \
  test --config=fuzz --test_output=all "${flags[@]}" "${tests[@]}"
