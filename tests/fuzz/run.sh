#!/bin/bash
# Builds the fuzz targets with clang and runs each for a while. Ends with 1 when one finds something.
#
#   tests/fuzz/run.sh [SECONDS [TARGET...]]     default: onnx and octet, for 60 seconds each
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-60}
targets=("${@:2}")
[[ ${#targets[@]} -gt 0 ]] || targets=(onnx octet)
work=${OCTET_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/octet}/fuzz

labels=(//tests/fuzz:octet_corpus)
for target in "${targets[@]}"; do labels+=("//tests/fuzz:${target}_fuzz"); done
./bazelw build --config=fuzz "${labels[@]}"

mkdir -p "$work/seeds"
bazel-bin/tests/fuzz/octet_corpus "$work/seeds" tests/fuzz/corpus/*.onnx 2> /dev/null
for target in "${targets[@]}"; do
  echo "fuzzing $target for $seconds s"
  mkdir -p "$work/$target"
  seeds=tests/fuzz/corpus
  [[ $target == octet ]] && seeds=$work/seeds
  # Sizes in MiB: of the process, and of one request for memory.
  bazel-bin/tests/fuzz/"${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1500 -malloc_limit_mb=768 \
    -max_len=8192 -print_final_stats=1 -verbosity=0 -artifact_prefix="$work/$target-" "$work/$target" "$seeds"
done
