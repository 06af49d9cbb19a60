"""Every operator of a quantized ONNX network on its own, with ONNX Runtime's integers as its inputs."""
from collections import namedtuple

import numpy as np
import onnx

import octet_arrays, ort_models, ort_reals

# What Octet and ONNX Runtime yield, and the real numbers that both round, as numbers of units.
Result = namedtuple("Result", "maker ours theirs real")


def _makers(model):
    """{tensor: the type of the operator that computes what is quantized}"""
    by_output = {node.output[0]: node for node in model.graph.node}
    result = {}
    for name in ort_models.integer_tensors(model):
        node = by_output[name]
        if node.op_type == "QuantizeLinear":
            node = by_output.get(node.input[0], node)
        result[name] = node.op_type.removeprefix("QLinear")
    return result


def run(path, input_name, pictures):
    """The results of every operator for every picture."""
    model = onnx.load(path)
    makers = _makers(model)
    whole = ort_models.with_outputs(model, makers).SerializeToString()
    alone = None
    for picture in pictures:
        feeds = {input_name: picture[None]}
        values = dict(zip(makers, ort_models.run(whole, feeds)))
        if alone is None:
            source = path.with_suffix(".alone.onnx")
            onnx.save(ort_models.cut(model, values), source)
            alone = octet_arrays.imported(source, source.with_suffix(".octet"))
        feeds.update({"in:" + name: value for name, value in values.items()})
        ours, reals = octet_arrays.run(alone, feeds), ort_reals.units(model, values, feeds)
        for name, theirs in values.items():
            limits = np.iinfo(theirs.dtype)
            real = np.clip(reals[name], limits.min, limits.max).reshape(theirs.shape)
            yield Result(makers[name], ours[name].astype(float), theirs.astype(float), real)
