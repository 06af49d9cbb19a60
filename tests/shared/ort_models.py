"""Networks that ONNX Runtime quantizes, and what it computes with them."""
import logging, sys
from pathlib import Path

sys.path.insert(0, "tests/conformance")
from packages import use_packages

use_packages(Path(__file__).parent / "ort_requirements.txt", "onnxruntime")
import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image


def pictures(folder, count, mean, std, bgr):
    """Up to `count` pictures, evenly chosen, as one array [n, 3, 224, 224]."""
    files = sorted(folder.glob("*.jpg"))
    files = files[::max(1, len(files) // count)][:count]
    result = []
    for file in files:
        image = Image.open(file).convert("RGB")
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
        if bgr:
            pixels = pixels[:, :, ::-1]
        result.append(((pixels - np.float32(mean)) / np.float32(std)).transpose(2, 0, 1))
    return np.ascontiguousarray(np.stack(result), np.float32)


def prepare(source, target):
    """Writes a float network as f32, with operator set 13 or later and folded normalizations."""
    model = onnx.load(source)
    half = onnx.TensorProto.FLOAT16
    for tensor in model.graph.initializer:
        if tensor.data_type == half:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        if value.type.tensor_type.elem_type == half:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    # Old files list their weights as inputs too, which files before version 4 must.
    model.ir_version = max(model.ir_version, 8)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    if model.opset_import[0].version < 13:
        model = onnx.version_converter.convert_version(model, 13)
    onnx.save(model, target)
    logging.disable(logging.WARNING)
    quant_pre_process(str(target), str(target), skip_symbolic_shape=True)
    return model.graph.input[0].name


class Samples(CalibrationDataReader):
    def __init__(self, name, samples):
        self.feeds = iter([{name: sample[None]} for sample in samples])

    def get_next(self):
        return next(self.feeds, None)


def quantize(source, target, name, samples, qdq, activations, per_channel):
    quantize_static(str(source), str(target), Samples(name, samples),
                    quant_format=QuantFormat.QDQ if qdq else QuantFormat.QOperator, per_channel=per_channel,
                    activation_type=QuantType.QUInt8 if activations == "u8" else QuantType.QInt8,
                    weight_type=QuantType.QInt8)


def run(model, feeds, optimized=True):
    """The outputs of a model (a path, or the bytes of a file) in order. Not optimized: operator by operator, as the file
    says."""
    options = ort.SessionOptions()
    if not optimized:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run(None, feeds)


def integer_tensors(model):
    """Names of computed tensors that hold quantized activations."""
    makers = ("QuantizeLinear", "QLinear", "QGemm")
    return [node.output[0] for node in model.graph.node if node.op_type.startswith(makers)]


def with_outputs(model, names):
    """The model with these outputs instead of its own."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.output[:]
    result.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return result


def cut(model, values):
    """The model with every operator on its own: what reads one of the tensors in `values` ({name: array}) reads an input
    of the model, named "in:" and the tensor, instead. Its outputs are these tensors."""
    result = with_outputs(model, values)
    for node in result.graph.node:
        for i, name in enumerate(node.input):
            if name in values:
                node.input[i] = "in:" + name
    for name, value in values.items():
        kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        result.graph.input.append(onnx.helper.make_tensor_value_info("in:" + name, kind, value.shape))
    for output, value in zip(result.graph.output, values.values()):
        output.CopyFrom(onnx.helper.make_tensor_value_info(
            output.name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
    return result
