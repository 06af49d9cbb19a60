#!/usr/bin/env bash
# with_isa.sh ISA COMMAND...: runs the command on a CPU that ends at that instruction set, as far as the
# runtime can tell.
isa=$1
shift
ONEDNN_MAX_CPU_ISA=$isa exec "$@"
