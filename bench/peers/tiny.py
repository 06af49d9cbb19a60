"""Octet beside LiteRT on small TFLite networks: latency of the same file on one thread, in one run.

usage: tiny.py --octet BINARY --work DIR [--rounds 9] [--seconds 0.5] MODEL.tflite...

needs: numpy, ai-edge-litert (pip). LiteRT runs with its XNNPACK delegate. Rounds alternate between the two, each timing a
fresh process; the ratio of a model is the median over the rounds of Octet's median latency / LiteRT's of the same round.
Prints one JSON object.
"""
import json, statistics, sys

from peers import arguments, report, run

LITERT_CHILD = r"""
import json, sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter
path, seconds = sys.argv[1], float(sys.argv[2])
interpreter = Interpreter(path, num_threads=1)
interpreter.allocate_tensors()
source, = interpreter.get_input_details()
random = np.random.default_rng(0)
x = random.normal(0, 1, source["shape"]).astype(np.float32)
if source["dtype"] != np.float32: x = random.integers(-128, 128, source["shape"]).astype(source["dtype"])
interpreter.set_tensor(source["index"], x)
for _ in range(50): interpreter.invoke()
# What the timer itself takes is a part of small networks' time, so that runs are timed in tens.
times, end = [], time.perf_counter() + seconds
while time.perf_counter() < end or len(times) < 20:
    start = time.perf_counter()
    for _ in range(10): interpreter.invoke()
    times.append((time.perf_counter() - start) / 10)
print(json.dumps(float(np.median(times)) * 1e3))
"""


def litert(path, seconds):
    return json.loads(run(sys.executable, "-c", LITERT_CHILD, path, seconds))


def octet(binary, path, seconds):
    bench = json.loads(run(binary, "bench", path, "--threads", 1, "--seconds", seconds, "--json"))
    return bench["latency_ms"]["median"]


def main():
    args = arguments(__doc__, rounds=9, seconds=0.5)
    rows = {}
    for model in args.models:
        imported = args.work / f"{model.stem}.octet"
        run(args.octet, "import", model, "-o", imported)
        pairs = [(octet(args.octet, imported, args.seconds), litert(model, args.seconds)) for _ in range(args.rounds)]
        rows[model.stem] = {"octet_ms": round(statistics.median(a for a, _ in pairs), 4),
                            "litert_ms": round(statistics.median(b for _, b in pairs), 4),
                            "ratio": round(statistics.median(a / b for a, b in pairs), 3)}
        print(model.stem, rows[model.stem], file=sys.stderr)
    report(args, rows)


if __name__ == "__main__":
    main()
