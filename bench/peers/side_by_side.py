"""Octet beside ONNX Runtime: latency, first inference and memory of the same network in int8, in one run.

usage: side_by_side.py --octet BINARY --pictures DIR --work DIR [--threads 1,2] [--rounds 9] MODEL.onnx...

needs: numpy, onnx, onnxruntime, pillow (pip). For each model (one picture input [N,3,224,224]):
  1. ONNX Runtime quantizes it: static, min-max, u8 activations, s8 weights per channel, QDQ;
     `octet import` and `octet quantize` do the same on the same pictures.
  2. Rounds alternate between the two, each timing a fresh process; the ratio of a model is the median over the
     rounds of Octet's median latency / ONNX Runtime's of the same round.
Prints one JSON object; everything that was made is kept in --work and reused.
"""
import json, statistics, sys
from pathlib import Path

from peers import arguments, report, run, with_threads

PREPROCESSING = {  # by file stem: mean, std, pixel order
    "squeezenet_f16": ((104, 117, 123), (1, 1, 1), "bgr"),
}
DEFAULT = ((127, 127, 127), (128, 128, 128), "rgb")


def load_pictures(folder, mean, std, order):
    import numpy as np
    from PIL import Image
    for path in sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        im = Image.open(path).convert("RGB")
        w, h = im.size
        k = 256 / min(w, h)
        im = im.resize((round(w * k), round(h * k)), Image.BILINEAR)
        x, y = (im.width - 224) // 2, (im.height - 224) // 2
        a = np.asarray(im.crop((x, y, x + 224, y + 224)), np.float32)
        if order == "bgr":
            a = a[:, :, ::-1]
        yield ((a - np.float32(mean)) / np.float32(std)).transpose(2, 0, 1)[None].astype(np.float32)


def widen(path, out):
    """A float16 model as float32, since ONNX Runtime's quantizer takes only that."""
    import numpy as np, onnx
    from onnx import TensorProto as T, numpy_helper as nh
    m = onnx.load(path)
    for t in m.graph.initializer:
        if t.data_type == T.FLOAT16:
            t.CopyFrom(nh.from_array(nh.to_array(t).astype(np.float32), t.name))
    for v in [*m.graph.input, *m.graph.output, *m.graph.value_info]:
        if v.type.tensor_type.elem_type == T.FLOAT16:
            v.type.tensor_type.elem_type = T.FLOAT
    onnx.save(m, out)


def quantize_ort(model, folder, out, mean, std, order):
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self, name):
            self.samples = ({name: x} for x in load_pictures(folder, mean, std, order))

        def get_next(self):
            return next(self.samples, None)

    m = onnx.load(model)
    if m.opset_import[0].version < 13:
        m = onnx.version_converter.convert_version(m, 13)
    m.ir_version = max(m.ir_version, 8)
    prepared = out.with_suffix(".prepared.onnx")
    onnx.save(m, prepared)
    quant_pre_process(str(prepared), str(prepared), skip_symbolic_shape=True)
    constants = {t.name for t in onnx.load(prepared).graph.initializer}
    name = next(i.name for i in onnx.load(prepared).graph.input if i.name not in constants)
    quantize_static(str(prepared), str(out), Reader(name), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


ORT_CHILD = r"""
import json, os, sys, time
def rss():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
import numpy as np, onnxruntime as ort
path, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
so = ort.SessionOptions(); so.intra_op_num_threads = threads; so.inter_op_num_threads = 1
x = np.random.default_rng(0).normal(0, 0.5, (1, 3, 224, 224)).astype(np.float32)
before = rss(); t0 = time.perf_counter()
s = ort.InferenceSession(path, so, providers=["CPUExecutionProvider"]); name = s.get_inputs()[0].name
s.run(None, {name: x}); first = time.perf_counter() - t0
after = rss()
for _ in range(20): s.run(None, {name: x})
t = []; end = time.perf_counter() + seconds
while time.perf_counter() < end or len(t) < 20:
    a = time.perf_counter(); s.run(None, {name: x}); t.append(time.perf_counter() - a)
print(json.dumps({"median_ms": float(np.median(t)) * 1e3, "first_inference_ms": first * 1e3,
                  "model_rss_mib": after - before, "version": ort.__version__}))
"""


def measure_ort(path, threads, seconds):
    return json.loads(run(sys.executable, "-c", ORT_CHILD, path, threads, seconds))


def measure_octet(octet, path, threads, seconds):
    r = json.loads(run(octet, "bench", path, "--threads", threads, "--seconds", seconds, "--batch", 1, "--json"))
    return {"median_ms": r["latency_ms"]["median"], "first_inference_ms": r["first_inference_ms"],
            "model_rss_mib": r["model_rss_mib"], "isa": r["isa"]}


def prepare(args, model):
    work, stem = args.work, model.stem
    mean, std, order = PREPROCESSING.get(stem, DEFAULT)
    source = model
    if stem.endswith("_f16"):
        source = work / f"{stem}.f32.onnx"
        widen(model, source)
    ort_int8 = work / f"{stem}.ort.int8.onnx"
    if not ort_int8.exists():
        quantize_ort(source, args.pictures, ort_int8, mean, std, order)
    octet_float, octet_int8 = work / f"{stem}.octet", work / f"{stem}.int8.octet"
    if args.remake or not octet_int8.exists():
        run(args.octet, "import", model, "-o", octet_float, "--resize", 256, "--crop", 224, "--mean",
            ",".join(map(str, mean)), "--std", ",".join(map(str, std)), "--pixel-order", order)
        run(args.octet, "quantize", octet_float, "--data", args.pictures, "-o", octet_int8, "--method", "static",
            "--calibrator", "minmax", "--weights", "per-channel")
    return ort_int8, octet_int8


def main():
    args = arguments(__doc__, "pictures", threads=[1, 2], rounds=9, seconds=1.0, remake=False)
    rows = {}
    for model in args.models:
        ort_path, octet_path = prepare(args, model)
        for threads in args.threads:
            pairs = [(measure_octet(args.octet, octet_path, threads, args.seconds),
                      measure_ort(ort_path, threads, args.seconds)) for _ in range(args.rounds)]
            row = {"isa": pairs[0][0]["isa"], "onnxruntime": pairs[0][1]["version"]}
            for key in ("median_ms", "first_inference_ms", "model_rss_mib"):
                row[key] = {"octet": round(statistics.median(a[key] for a, _ in pairs), 3),
                            "onnxruntime": round(statistics.median(b[key] for _, b in pairs), 3),
                            "ratio": round(statistics.median(a[key] / b[key] for a, b in pairs), 3)}
            rows[with_threads(model, threads)] = row
            print(model.stem, threads, row["median_ms"], file=sys.stderr)
    report(args, rows)


if __name__ == "__main__":
    main()
