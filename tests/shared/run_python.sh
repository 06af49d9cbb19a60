#!/usr/bin/env bash
# Runs a Python test, which uses nothing but Python's own library.
exec python3 -B "$@"
