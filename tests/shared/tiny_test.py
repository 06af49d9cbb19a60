"""MLPerf Tiny's four networks, float and int8, against LiteRT on random inputs.

usage: tiny_test.py

Float: the largest difference. Int8: the share of outputs that are equal, and that no other is off by more than one: a
value next to a tie may fall to either side.
"""
import sys, tempfile
from pathlib import Path

from octet_cli import check, octet_json, shared_folder

sys.path.insert(0, "tests/conformance")
import packages

packages.use_packages(Path("tests/shared/requirements.txt"), "litert")

import flatbuffers
import numpy as np
import octet_arrays
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

SAMPLES = 200
# The spread of normally distributed inputs: what the networks were trained on has about that.
FLOAT = {"pretrainedResnet": 128, "vww_96_float": 1, "kws_ref_model_float32": 50, "ad01_fp32": 5}
INT8 = ("pretrainedResnet_quant", "vww_96_int8", "kws_ref_model", "ad01_int8")

models = shared_folder() / "zoo"
work = Path(tempfile.mkdtemp())
random = np.random.default_rng(1)


def with_float_weights(name):
    """A copy of a model with its weights of integers as floats. LiteRT would round the activations of their layers to 8
    bits, too."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs((models / f"{name}.tflite").read_bytes(), 0))
    network = model.subgraphs[0]
    for op in network.operators:
        weights = network.tensors[op.inputs[1]] if len(op.inputs) > 1 else None
        if weights is None or weights.type != schema.TensorType.INT8:
            continue
        scale, = weights.quantization.scale
        data = model.buffers[weights.buffer]
        data.data = np.frombuffer((np.array(data.data, np.uint8).view(np.int8) * np.float32(scale)).tobytes(), np.uint8)
        weights.type, weights.quantization = schema.TensorType.FLOAT32, None
    model.signatureDefs = None
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path = work / f"{name}.tflite"
    path.write_bytes(builder.Output())
    return path


def litert(path, inputs):
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    source, = interpreter.get_input_details()
    target, = interpreter.get_output_details()
    outputs = []
    for x in inputs:
        interpreter.set_tensor(source["index"], x[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"])[0].copy())
    return np.array(outputs)


def both(path, draw):
    """Outputs of Octet and LiteRT for the same inputs."""
    model = octet_arrays.imported(path, work / f"{path.stem}.octet")
    source, = octet_json("inspect", model)["inputs"]
    inputs = draw((SAMPLES, *source["shape"][1:]))
    (ours,) = octet_arrays.run(model, {source["name"]: inputs}).values()
    theirs = litert(path, inputs)
    check(ours.dtype == theirs.dtype and ours.shape == theirs.shape, f"{path.stem}: {ours.dtype} {ours.shape}")
    return ours.astype(np.float64), theirs.astype(np.float64)


for name, spread in FLOAT.items():
    ours, theirs = both(with_float_weights(name), lambda shape: random.normal(0, spread, shape).astype(np.float32))
    worst = np.abs(ours - theirs).max()
    check(worst <= 1e-4, f"{name}: largest difference {worst:.1e} <= 1e-4")

for name in INT8:
    ours, theirs = both(models / f"{name}.tflite", lambda shape: random.integers(-128, 128, shape).astype(np.int8))
    difference = np.abs(ours - theirs)
    equal = (difference == 0).mean()
    check(equal >= 0.99, f"{name}: {equal:.4%} of outputs are equal, at least 99%")
    check(difference.max() <= 1, f"{name}: largest difference {difference.max():.0f} <= 1")
