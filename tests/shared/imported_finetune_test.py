"""Training goes on from the scales of files that other programs wrote: ONNX Runtime's Q/DQ pairs, and the same network
with OpenVINO's FakeQuantize.

usage: imported_finetune_test.py squeezenet | efficientnet_lite0
"""
import sys

from networks import NETWORKS, float_network, pictures_folder, work
from octet_cli import check, octet, octet_json
import ort_models
import numpy as np
import onnx
from onnx import helper, numpy_helper
import octet_arrays

PICTURES = 16
name = sys.argv[1]
net = NETWORKS[name]
numbers = [[float(v) for v in net[key].split(",")] for key in ("mean", "std")]
samples = ort_models.pictures(pictures_folder / "calibration", PICTURES, *numbers, net["order"] == "bgr")
source = work / "float.onnx"
input_name = ort_models.prepare(float_network(name), source)
data, flt = work / "data.npz", octet_arrays.imported(source, work / "float.octet")
np.savez(data, **{input_name: samples})


def with_fake_quantize(path, target):
    """Writes the network of Q/DQ pairs with real weights and ranges instead."""
    model = onnx.load(path)
    graph = model.graph
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    nodes, reals = [], []

    def fake_quantize(x, y, scale, low, high):
        ends = [f"{y}_low", f"{y}_high"]
        reals.extend(numpy_helper.from_array(np.float32(scale * end), end_name)
                     for end, end_name in zip((low, high), ends))
        nodes.append(helper.make_node("FakeQuantize", [x, *ends, *ends], [y], domain="org.openvinotoolkit",
                                      levels=int(high - low) + 1))

    for node in graph.node:
        if node.op_type == "QuantizeLinear":
            continue
        if node.op_type != "DequantizeLinear":
            nodes.append(node)
            continue
        x, scale, zero = node.input[0], *(constants[i].astype(np.float64) for i in node.input[1:3])
        if x not in constants:
            fake_quantize(makers[x].input[0], node.output[0], scale, 0 - zero, 255 - zero)
            continue
        q = constants[x].astype(np.float64)
        if q.ndim > 1 and scale.ndim == 1:
            scale = scale.reshape(-1, *[1] * (q.ndim - 1))
        y = node.output[0]
        weights = constants[x].dtype == np.int8
        reals.append(numpy_helper.from_array(np.float32(q * scale), y + "_real" if weights else y))
        if weights:
            fake_quantize(y + "_real", y, scale, -127.0, 127.0)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(reals)
    model.opset_import.append(helper.make_opsetid("org.openvinotoolkit", 1))
    onnx.save(model, target)
    return target


def activation_scales(model):
    tensors = octet_json("inspect", model)["tensors"]
    return {t["name"]: t["scales"] for t in tensors if "scales" in t and not t["constant"]}


def check_goes_on(title, path):
    """Returns what the imported network computes."""
    imported = octet_arrays.imported(path, work / "imported.octet")
    untrained, trained = work / "untrained.octet", work / "trained.octet"
    train = ["finetune", path, "--reference", flt, "--data", data, "--batch", 2]
    octet(*train, "--epochs", 0, "-o", untrained)
    check(untrained.read_bytes() == imported.read_bytes(), f"{title}: training begins with the file's integers and scales")
    r = octet_json(*train, "--epochs", 1, "-o", trained)
    before, after = r["before"]["sqnr_db"], r["after"]["sqnr_db"]
    check(after > before + 0.3, f"{title}: SQNR {before:.2f} dB before, {after:.2f} dB after an epoch of {PICTURES} pictures")
    octet(*train, "--epochs", 1, "--ranges", "fixed", "-o", trained)
    kept = activation_scales(imported)
    check(len(kept) > 20 and activation_scales(trained) == kept,
          f"{title}: with --ranges fixed, {len(kept)} activations keep the file's scales")
    return next(iter(octet_arrays.run(imported, {input_name: samples}).values()))


quantized = work / "quantized.onnx"
ort_models.quantize(source, quantized, input_name, samples, True, "u8", True)
pairs = check_goes_on("Q/DQ pairs", quantized)
ranges = check_goes_on("FakeQuantize", with_fake_quantize(quantized, work / "ranges.onnx"))
noise = ((pairs - ranges) ** 2).sum() / (pairs ** 2).sum()
check(noise < 1e-3, f"both spellings compute the same but for {noise:.2e} of the signal")
