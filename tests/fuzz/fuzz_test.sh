#!/bin/bash
# fuzz_test.sh NAME: runs NAME_fuzz for a minute, from the files of corpus/ and the same random numbers each time.
#
#   OCTET_FUZZ_SECONDS   another time
#   OCTET_FUZZ_DIR       a folder that keeps what NAME_fuzz failed on, and in NAME/ what reached something new, from where the
#                        next run goes on with other random numbers
set -euo pipefail

name=$1
here=tests/fuzz
if [[ -n ${OCTET_FUZZ_DIR:-} ]]; then
  work=$OCTET_FUZZ_DIR
  options=(-artifact_prefix="$work/$name-")
else
  work=$TEST_TMPDIR
  options=(-artifact_prefix="$TEST_UNDECLARED_OUTPUTS_DIR/$name-" -seed=1)
fi

mkdir -p "$work/$name" "$TEST_TMPDIR/seeds"
if [[ $name == octet ]]; then
  "$here/octet_corpus" "$TEST_TMPDIR/seeds" "$here"/corpus/*.{onnx,tflite}
else
  cp "$here"/corpus/*."$name" "$TEST_TMPDIR/seeds"
fi
# Sizes in MiB: of the process, and of one request for memory.
options+=(-timeout=10 -rss_limit_mb=1500 -malloc_limit_mb=768 -max_len=8192)
exec "$here/${name}_fuzz" "${options[@]}" -max_total_time="${OCTET_FUZZ_SECONDS:-60}" -verbosity=0 -print_final_stats=1 \
  "$work/$name" "$TEST_TMPDIR/seeds"
