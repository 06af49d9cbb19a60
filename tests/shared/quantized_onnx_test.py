"""Networks that ONNX Runtime's quantizer wrote, run by Octet and by ONNX Runtime on the same pictures.

usage: quantized_onnx_test.py squeezenet | efficientnet_lite0 [PICTURES]

Octet rounds once per operator, half to even, from f32. ONNX Runtime multiplies the same integers; where a value lies next to
a tie it may round to the other side, because it multiplies scales in another order, or computes an operator in f32. The
test shows that nothing else differs: with ONNX Runtime's integers at its inputs, every single operator gives the same
integers but for a small share that is one unit away.
"""
import sys

from networks import NETWORKS, float_network, pictures_folder, work
from octet_cli import check, octet, octet_json
import ort_models
import numpy as np
import onnx

name = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
net = NETWORKS[name]
numbers = [[float(v) for v in net[key].split(",")] for key in ("mean", "std")]
calibration = ort_models.pictures(pictures_folder / "calibration", 20, *numbers, net["order"] == "bgr")
evaluation = ort_models.pictures(pictures_folder / "evaluation", count, *numbers, net["order"] == "bgr")
source = work / "float.onnx"
input_name = ort_models.prepare(float_network(name), source)


def run_octet(model, feeds):
    np.savez(work / "in.npz", **feeds)
    octet("run", model, "--input", work / "in.npz", "--output", work / "out.npz")
    with np.load(work / "out.npz") as arrays:
        return {key: arrays[key] for key in arrays.files}


def check_conversions(title, model):
    """Conversions are found at inputs and outputs of the model alone."""
    report = octet_json("inspect", model)
    outer = {t["name"] for t in report["inputs"] + report["outputs"]}
    inner = [o["name"] for o in report["operators"] if o["type"] in ("Quantize", "Dequantize", "Requantize")
             and not outer & {*o["inputs"], *o["outputs"]}]
    check(not inner, f"{title}: conversions between operators: {inner}")
    floats = [o["name"] for o in report["operators"] if o["dtype"] == "f32" and o["type"] != "Dequantize"]
    check(not floats, f"{title}: operators in f32: {floats}")


def check_operators(title, path):
    """Every operator gives ONNX Runtime's integers for ONNX Runtime's integers."""
    model = onnx.load(path)
    tensors = ort_models.integer_tensors(model)
    feeds = {input_name: evaluation[:1]}
    values = dict(zip(tensors, ort_models.run(ort_models.with_outputs(model, tensors).SerializeToString(), feeds)))
    onnx.save(ort_models.cut(model, values), work / "cut.onnx")
    octet("import", work / "cut.onnx", "-o", work / "cut.octet")
    results = run_octet(work / "cut.octet", {**feeds, **{"in:" + n: v for n, v in values.items()}})
    differ = total = most = 0
    for tensor, value in values.items():
        units = np.abs(results[tensor].astype(int) - value.astype(int))
        differ, total, most = differ + (units > 0).sum(), total + units.size, max(most, units.max())
    check(most <= 1 and differ <= 1e-3 * total,
          f"{title}: alone, {len(values)} operators differ in {differ / total:.2e} of their elements by up to {most} units")


for qdq in (True, False):
    for activations in ("u8", "s8"):
        for per_channel in (True, False):
            title = f"{'QDQ' if qdq else 'QOperator'} {activations}s8 per {'channel' if per_channel else 'tensor'}"
            path = work / "quantized.onnx"
            ort_models.quantize(source, path, input_name, calibration, qdq, activations, per_channel)
            model = work / "quantized.octet"
            octet("import", path, "-o", model)
            check_conversions(title, model)
            check_operators(title, path)
            expected = np.concatenate([ort_models.run(str(path), {input_name: x[None]})[0].reshape(1, -1)
                                       for x in evaluation])
            (actual,) = run_octet(model, {input_name: evaluation}).values()
            actual = actual.reshape(expected.shape)
            agreement = (actual.argmax(1) == expected.argmax(1)).mean()
            values = np.unique(expected)
            units = np.rint(np.abs(actual - expected) / np.diff(values).min())
            check(agreement >= 0.985, f"{title}: agreement {agreement:.4f}; {(units > 0).mean():.2%} of the outputs differ, "
                  f"by {units.mean():.3f} units on average and {units.max():.0f} at most")
