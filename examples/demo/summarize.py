#!/usr/bin/env python3
"""Prints a table that compares the demo's float and int8 networks, from the files in the current folder."""

import json
import os


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    before, after, quality = load("bench_float.json"), load("bench_int8.json"), load("eval.json")
    size = [os.path.getsize(path) / 2**20 for path in ("efficientnet_lite0.octet", "efficientnet_lite0.int8.octet")]
    rows = [(f"latency, {label}", "ms", before["latency_ms"][key], after["latency_ms"][key])
            for label, key in (("median", "median"), ("99th percentile", "p99"))]
    rows += [
        ("load", "ms", before["load_ms"], after["load_ms"]),
        ("first inference after load", "ms", before["first_inference_ms"], after["first_inference_ms"]),
        ("file size", "MiB", *size),
    ]

    print(f"EfficientNet-Lite0, batch 1, {after['threads']} thread(s), {after['isa']}\n")
    print(f"{'':34}{'float':>9}{'int8':>9}{'gain':>9}")
    for label, unit, old, new in rows:
        print(f"{f'{label} ({unit})':34}{old:9.2f}{new:9.2f}{old / new:8.1f}x")
    same = round(quality["agreement"] * quality["samples"])
    print(f"\nsame first answer on {same} of {quality['samples']} photographs; "
          f"signal to quantization noise of the outputs: {quality['sqnr_db']:.1f} dB")


if __name__ == "__main__":
    main()
