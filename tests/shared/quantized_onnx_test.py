"""Networks that ONNX Runtime's quantizer wrote, run by Octet and by ONNX Runtime on the same pictures.

usage: quantized_onnx_test.py squeezenet | efficientnet_lite0 [PICTURES]

Octet and ONNX Runtime both round every element of an operator once, but reach the real number in different ways: products
of scales in another order, integers or floats in between. So each may round to its own side of a tie, and networks carry
such a unit on. The test shows that nothing else differs. With ONNX Runtime's integers at its inputs, every single
operator of Octet yields the integers next to the real numbers, which ONNX Runtime computes operator by operator in floats;
where the two differ, the real number lies at the tie between them.
"""
import itertools, sys

from networks import NETWORKS, float_network, pictures_folder, work
from octet_cli import check, octet_json
import ort_models
import numpy as np
import octet_arrays, operators_alone

name = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
ALONE = 4  # pictures for the operators on their own
AT_TIE = 1e-3  # units; what floats lose
net = NETWORKS[name]
numbers = [[float(v) for v in net[key].split(",")] for key in ("mean", "std")]
calibration = ort_models.pictures(pictures_folder / "calibration", 20, *numbers, net["order"] == "bgr")
evaluation = ort_models.pictures(pictures_folder / "evaluation", count, *numbers, net["order"] == "bgr")
source = work / "float.onnx"
input_name = ort_models.prepare(float_network(name), source)


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
    furthest = from_tie = most = 0.0
    differ = total = 0
    for r in operators_alone.run(path, input_name, evaluation[:ALONE]):
        furthest = max(furthest, np.abs(r.ours - r.real).max())
        at = r.ours != r.theirs
        differ, total = differ + at.sum(), total + at.size
        most = max(most, np.abs(r.ours - r.theirs).max())
        # ONNX Runtime's softmax of integers sums rounded exponentials: what it rounds is another real number.
        if at.any() and r.maker != "Softmax":
            from_tie = max(from_tie, np.abs(r.real - (r.ours + r.theirs) / 2)[at].max())
    check(furthest <= 0.5 + AT_TIE, f"{title}: alone, operators yield integers {furthest:.6f} units from real numbers at most")
    check(most <= 1, f"{title}: alone, operators differ in {differ} of {total} elements by up to {most:.0f} units")
    check(from_tie <= AT_TIE, f"{title}: real numbers are {from_tie:.6f} units from a tie there at most")


def check_network(title, path, model):
    expected = np.concatenate([ort_models.run(str(path), {input_name: x[None]})[0].reshape(1, -1) for x in evaluation])
    (actual,) = octet_arrays.run(model, {input_name: evaluation}).values()
    actual = actual.reshape(expected.shape)
    agreement = (actual.argmax(1) == expected.argmax(1)).mean()
    check(agreement >= 0.985, f"{title}: agreement {agreement:.4f} on {len(evaluation)} pictures")
    unit = np.diff(np.unique(expected)).min()
    units = np.rint(np.abs(actual - expected) / unit)
    check(units.mean() <= 0.5, f"{title}: {(units > 0).mean():.2%} of the outputs differ, by {units.mean():.3f} units on "
          f"average and {units.max():.0f} at most")


for qdq, activations, per_channel in itertools.product((True, False), ("u8", "s8"), (True, False)):
    title = f"{'QDQ' if qdq else 'QOperator'} {activations}s8 per {'channel' if per_channel else 'tensor'}"
    path = work / "quantized.onnx"
    ort_models.quantize(source, path, input_name, calibration, qdq, activations, per_channel)
    model = octet_arrays.imported(path, work / "quantized.octet")
    check_conversions(title, model)
    check_operators(title, path)
    check_network(title, path, model)
