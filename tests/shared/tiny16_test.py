"""MLPerf Tiny's float networks, quantized to TFLite's 16x8 by LiteRT's own quantizer, against LiteRT on random inputs.

usage: tiny16_test.py

LiteRT's kernels scale sums by multipliers of 16 bits, which costs up to a unit in each layer, and take Softmax from a table; so
results differ by some units of 65,535. What counts is who is nearer to the float network.
"""
import sys, tempfile
from pathlib import Path

from octet_cli import check, octet_json, shared_folder

sys.path.insert(0, "tests/conformance")
import packages

packages.use_packages(Path("tests/shared/requirements.txt"), "litert")

import numpy as np
import octet_arrays
from ai_edge_litert import _pywrap_tensorflow_lite_calibration_wrapper as quantizer
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SAMPLES = 100
CALIBRATION = 20
MOST_UNITS = 256
# Ends of the evenly distributed inputs.
NETWORKS = {"pretrainedResnet": (0, 255), "vww_96_float": (0, 1), "ad01_fp32": (-1, 1)}

models = shared_folder() / "zoo"
work = Path(tempfile.mkdtemp())
random = np.random.default_rng(1)


def draw(shape, low, high):
    return random.uniform(low, high, shape).astype(np.float32)


def quantized(name, low, high):
    """A 16x8 copy of a float network: activations of 16 bits, weights of 8, biases of 64."""
    content = (models / f"{name}.tflite").read_bytes()
    interpreter = Interpreter(model_content=content)
    shape = [int(size) for size in interpreter.get_input_details()[0]["shape"]]
    calibrator = quantizer.CalibrationWrapper(content, [], [])
    calibrator.Prepare([shape])
    for _ in range(CALIBRATION):
        calibrator.FeedTensor([draw(shape, low, high)])
    int16, int64 = np.dtype(np.int16).num, np.dtype(np.int64).num
    path = work / f"{name}.16x8.tflite"
    path.write_bytes(calibrator.QuantizeModel(int16, int16, False, int16, int64, False, False))
    return path


def litert(path, inputs):
    """LiteRT's outputs, and the scales of input and output."""
    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for x in inputs:
        interpreter.set_tensor(source["index"], x[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"])[0].copy())
    return np.array(outputs), source["quantization"][0], target["quantization"][0]


for name, (low, high) in NETWORKS.items():
    path = quantized(name, low, high)
    model = octet_arrays.imported(path, work / f"{name}.octet")
    inspected = octet_json("inspect", model)
    slow = [o["name"] for o in inspected["operators"] if o["kernel"].startswith("ref")]
    check(not slow, f"{name}: operators on reference implementations: {slow}")
    source, = inspected["inputs"]
    shape = (SAMPLES, *source["shape"][1:])
    inputs = random.integers(0 if low == 0 else -32767, 32768, shape).astype(np.int16)
    theirs, x_scale, y_scale = litert(path, inputs)
    (ours,) = octet_arrays.run(model, {source["name"]: inputs}).values()
    check(ours.dtype == theirs.dtype == np.int16, f"{name}: {ours.dtype} outputs")
    most = np.abs(ours.astype(np.int64) - theirs).max()
    check(most <= MOST_UNITS, f"{name}: largest difference {most} <= {MOST_UNITS} units")
    exact = litert(models / f"{name}.tflite", inputs.astype(np.float32) * np.float32(x_scale))[0]
    error, their_error = (np.sqrt(np.mean((y * y_scale - exact) ** 2)) / y_scale for y in (ours, theirs))
    check(error <= 1.1 * their_error, f"{name}: {error:.2f} units from the float network, LiteRT's {their_error:.2f}")
