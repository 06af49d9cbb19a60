"""Octet's latency in real numbers beside ONNX Runtime's and OpenVINO's: the same ONNX file, batch 1, in one run.

usage: float_latency.py --octet BINARY --work DIR [--type f32|bf16] [--threads 1,2] [--rounds 15] [--seconds 0.7] [--remake]
                        MODEL.onnx...

needs: numpy, onnx, onnxruntime, openvino (pip). Open dimensions take the sizes of SIZES below, or 1. Each round starts a fresh
process per runtime, in an order that rotates, and takes the median latency there; a runtime's number is the
median over the rounds, and the ratio is Octet's over that of the faster peer. Settings: ONNX Runtime with all graph
optimizations on its CPU provider; OpenVINO's CPU plugin with the type as inference precision, the latency hint and one
stream. With bf16, ONNX Runtime is left out, which computes in f32. All use the same number of threads. Prints one JSON object; converted models are kept in --work, and reused but
with --remake.
"""
import json, statistics, sys

from peers import arguments, report, run, with_threads

SIZES = {  # by file stem and name of the input: the whole shape
    "minilm_l6_v2": {"input_ids": (1, 128), "attention_mask": (1, 128)},
    "ppocr_det": {"x": (1, 3, 640, 640)},
    "ppocr_cls": {"x": (1, 3, 48, 192)},
}

# Arguments of a child: model, threads, seconds, JSON of {input: [type, shape]}, type to compute in.
CHILD_HEAD = r"""
import json, sys, time
import numpy as np
path, threads, seconds, inputs = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), json.loads(sys.argv[4])
precision = sys.argv[5]
def fill(dtype, shape):
    n = int(np.prod(shape))
    a = np.sin(0.1 * np.arange(n)) if dtype.startswith("float") else np.ones(n)
    return a.astype(dtype).reshape(shape)
feed = {name: fill(*spec) for name, spec in inputs.items()}
def median_ms(run):
    end = time.perf_counter() + max(0.2, seconds / 5)
    warm = 0
    while time.perf_counter() < end or warm < 3: run(); warm += 1
    t = []; end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(t) < 5:
        a = time.perf_counter(); run(); t.append(time.perf_counter() - a)
    return float(np.median(t)) * 1e3
"""

ORT_CHILD = CHILD_HEAD + r"""
import onnxruntime as ort
so = ort.SessionOptions(); so.intra_op_num_threads = threads; so.inter_op_num_threads = 1
so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
s = ort.InferenceSession(path, so, providers=["CPUExecutionProvider"])
print(json.dumps({"ms": median_ms(lambda: s.run(None, feed)), "version": ort.__version__}))
"""

OPENVINO_CHILD = CHILD_HEAD + r"""
import openvino as ov
core = ov.Core()
model = core.read_model(path)
model.reshape({name: list(a.shape) for name, a in feed.items()})
compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY",
                                             "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})
assert compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() == precision
assert compiled.get_property("INFERENCE_NUM_THREADS") == threads
request = compiled.create_infer_request()
for name, a in feed.items(): request.set_tensor(name, ov.Tensor(a))
print(json.dumps({"ms": median_ms(request.infer), "version": ov.__version__}))
"""


def inputs_of(path):
    """{name: [numpy type, shape]} of a model's inputs, without initializers."""
    import onnx
    graph = onnx.load(path, load_external_data=False).graph
    constants = {t.name for t in graph.initializer}
    sizes = SIZES.get(path.stem, {})
    result = {}
    for value in graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        shape = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else 1 for d in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        result[value.name] = [dtype, list(sizes.get(value.name, shape))]
    return result


def measure_octet(octet, path, threads, seconds, inputs):
    shapes = [a for name, (_, shape) in inputs.items() for a in ("--shape", f"{name}={'x'.join(map(str, shape))}")]
    r = json.loads(run(octet, "bench", path, "--threads", threads, "--seconds", seconds, "--json", *shapes))
    return {"ms": r["latency_ms"]["median"], "version": r["isa"]}


def measure_python(code):
    return lambda path, threads, seconds, inputs, kind: json.loads(
        run(sys.executable, "-c", code, path, threads, seconds, json.dumps(inputs), kind))


def converted_model(args, model):
    path = args.work / f"{model.stem}.{args.type}.octet"
    if args.remake or not path.exists():
        if args.type == "f32":
            run(args.octet, "import", model, "-o", path)
        else:
            run(args.octet, "convert", model, "--to", args.type, "-o", path)
    return path


def compare(args, model, threads):
    converted = converted_model(args, model)
    inputs = inputs_of(model)
    runtimes = {
        "octet": lambda: measure_octet(args.octet, converted, threads, args.seconds, inputs),
        "onnxruntime": lambda: measure_python(ORT_CHILD)(model, threads, args.seconds, inputs, args.type),
        "openvino": lambda: measure_python(OPENVINO_CHILD)(model, threads, args.seconds, inputs, args.type),
    }
    if args.type != "f32":
        del runtimes["onnxruntime"]
    names = list(runtimes)
    results = {name: [] for name in names}
    for i in range(args.rounds):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            results[name].append(runtimes[name]())
    ms = {name: statistics.median(r["ms"] for r in results[name]) for name in names}
    best = min(names[1:], key=ms.get)
    spread = {name: [round(min(r["ms"] for r in results[name]), 3), round(max(r["ms"] for r in results[name]), 3)]
              for name in names}
    return {"ms": {name: round(v, 3) for name, v in ms.items()}, "least_and_most_ms": spread, "best_peer": best,
            "ratio": round(ms["octet"] / ms[best], 3),
            "inputs": {name: f"{dtype}{shape}" for name, (dtype, shape) in inputs.items()},
            "versions": {name: results[name][0]["version"] for name in names}}


def main():
    args = arguments(__doc__, threads=[1, 2], rounds=15, seconds=0.7, remake=False, type="f32")
    rows = {}
    for model in args.models:
        for threads in args.threads:
            row = rows[with_threads(model, threads)] = compare(args, model, threads)
            print(model.stem, threads, row["ms"], row["ratio"], file=sys.stderr)
    report(args, rows, type=args.type, settings={
        "onnxruntime": "CPUExecutionProvider, ORT_ENABLE_ALL, intra-op threads as given, inter-op 1",
        "openvino": f"CPU, INFERENCE_PRECISION_HINT {args.type}, PERFORMANCE_HINT LATENCY, NUM_STREAMS 1, "
                    "INFERENCE_NUM_THREADS as given"})


if __name__ == "__main__":
    main()
