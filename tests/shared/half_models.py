"""Writes ONNX networks in float16."""
import numpy as np
import onnx
from onnx import numpy_helper

FLOAT, FLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
# Inputs that are float32 whatever an operator computes in.
ALWAYS_FLOAT = {"Resize": {1, 2}, "Upsample": {1}}


def halved(tensor):
    """float32 tensors as float16; numbers beyond it become its largest."""
    if tensor.data_type != FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    finite = np.isfinite(values)
    values = np.where(finite, np.clip(values, -65504, 65504), values).astype(np.float16)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def to_float16(source, target):
    """Writes the network `source` with float16 weights, activations, inputs and outputs. Attributes, such as epsilon,
    stay."""
    model = source if isinstance(source, onnx.ModelProto) else onnx.load(source)
    graph = model.graph
    kept = {name for node in graph.node for i in ALWAYS_FLOAT.get(node.op_type, ()) for name in node.input[i:i + 1] if name}
    for tensor in graph.initializer:
        if tensor.name not in kept:
            halved(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type in ("Constant", "ConstantOfShape") and not kept & set(node.output):
                halved(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
                attribute.i = FLOAT16
    for value in [*graph.input, *graph.output]:
        if value.type.tensor_type.elem_type == FLOAT:
            value.type.tensor_type.elem_type = FLOAT16
    del graph.value_info[:]
    onnx.save(model, target)
    return target


def with_rounded_numbers(half, target):
    """Writes a network of to_float16 with the numbers that it has, in float32: what it computes without rounding."""
    model = onnx.load(half)
    for tensor in [*model.graph.initializer, *(a.t for n in model.graph.node for a in n.attribute)]:
        if tensor.data_type == FLOAT16:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT16:
                attribute.i = FLOAT
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == FLOAT16:
            value.type.tensor_type.elem_type = FLOAT
    onnx.save(model, target)
    return target


def with_infinite_mask(source):
    """A transformer whose mask is 1 - m times a large number, with Where(m, 0, -inf) in its place."""
    model = onnx.load(source)
    graph = model.graph
    product, = [n for n in graph.node if n.op_type == "Mul" and "neg" in n.input]
    difference, = [n for n in graph.node if n.output[0] == product.input[0]]
    mask = difference.input[1]
    graph.initializer.extend([numpy_helper.from_array(np.float32(0), "mask_zero"),
                              numpy_helper.from_array(np.float32(-np.inf), "mask_infinite")])
    at = list(graph.node).index(product)
    nodes = [onnx.helper.make_node("Cast", [mask], ["mask_bool"], to=onnx.TensorProto.BOOL),
             onnx.helper.make_node("Where", ["mask_bool", "mask_zero", "mask_infinite"], list(product.output))]
    rest = [*graph.node[:at], *nodes, *graph.node[at + 1:]]
    del graph.node[:]
    graph.node.extend(rest)
    return model


def with_mask_number(source, number):
    """The same network with another large number."""
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        if tensor.name == "neg":
            tensor.CopyFrom(numpy_helper.from_array(np.float32(number), "neg"))
    return model
