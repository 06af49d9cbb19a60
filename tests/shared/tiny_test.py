"""MLPerf Tiny's four networks, float and int8, against LiteRT on random inputs.

usage: tiny_test.py

Float: the largest difference. Int8: the share of outputs that are equal, and that no other is off by more than one.
"""
import sys, tempfile
from pathlib import Path

from octet_cli import check, octet, octet_json, shared_folder

sys.path.insert(0, "tests/conformance")
import packages

packages.use_packages(Path("tests/shared/requirements.txt"), "litert")

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

SAMPLES = 200
# The spread of normally distributed inputs: what the networks were trained on has about that.
FLOAT = {"pretrainedResnet": 128, "vww_96_float": 1, "kws_ref_model_float32": 50, "ad01_fp32": 5}
INT8 = ("vww_96_int8", "kws_ref_model", "ad01_int8")

models = shared_folder() / "zoo"
work = Path(tempfile.mkdtemp())
random = np.random.default_rng(1)


def rewritten(name, change):
    """A copy of a model in which `change` changed the model and its network."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs((models / f"{name}.tflite").read_bytes(), 0))
    change(model, model.subgraphs[0])
    model.signatureDefs = None
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path = work / f"{name}.tflite"
    path.write_bytes(builder.Output())
    return path


def widen_weights(model, network):
    """Weights of integers as floats. LiteRT would round the activations of their layers to 8 bits, too."""
    for op in network.operators:
        weights = network.tensors[op.inputs[1]] if len(op.inputs) > 1 else None
        if weights is None or weights.type != schema.TensorType.INT8:
            continue
        scale, = weights.quantization.scale
        data = model.buffers[weights.buffer]
        data.data = np.frombuffer((np.array(data.data, np.uint8).view(np.int8) * np.float32(scale)).tobytes(), np.uint8)
        weights.type, weights.quantization = schema.TensorType.FLOAT32, None


def end_after(count):
    """Keeps the first operators."""
    def change(model, network):
        network.operators = network.operators[:count]
        network.outputs = network.operators[-1].outputs
    return change


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
    model = work / f"{path.stem}.octet"
    octet("import", path, "-o", model)
    source, = octet_json("inspect", model)["inputs"]
    inputs = draw((SAMPLES, *source["shape"][1:]))
    np.savez(work / "in.npz", **{source["name"]: inputs})
    octet("run", model, "--input", work / "in.npz", "--output", work / "out.npz")
    (ours,) = np.load(work / "out.npz").values()
    theirs = litert(path, inputs)
    check(ours.dtype == theirs.dtype and ours.shape == theirs.shape, f"{path.stem}: {ours.dtype} {ours.shape}")
    return ours.astype(np.float64), theirs.astype(np.float64)


def int8(path, what, least=0.99, most=1):
    ours, theirs = both(path, lambda shape: random.integers(-128, 128, shape).astype(np.int8))
    difference = np.abs(ours - theirs)
    equal = (difference == 0).mean()
    check(equal >= least, f"{what}: {equal:.4%} of outputs are equal, at least {least:.0%}")
    check(difference.max() <= most, f"{what}: largest difference {difference.max():.0f} <= {most}")


for name, spread in FLOAT.items():
    path = rewritten(name, widen_weights)
    ours, theirs = both(path, lambda shape: random.normal(0, spread, shape).astype(np.float32))
    worst = np.abs(ours - theirs).max()
    check(worst <= 1e-4, f"{name}: largest difference {worst:.1e} <= 1e-4")

for name in INT8:
    int8(models / f"{name}.tflite", name)

# A tie that falls the other way in one layer can be two units in the next. LiteRT's average of 64 integers rounds half
# away from zero, Octet's half to even; the dense layer behind it multiplies that unit by up to 3, and the softmax of
# random pictures by more.
RESNET = "pretrainedResnet_quant"
int8(rewritten(RESNET, end_after(12)), f"{RESNET} up to its last sum", most=2)
int8(rewritten(RESNET, end_after(13)), f"{RESNET} up to its average", least=0.985, most=2)
int8(models / f"{RESNET}.tflite", RESNET, least=0.90, most=64)
