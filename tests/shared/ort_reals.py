"""The real numbers that ONNX Runtime's quantized operators round, of files of either format."""
import ort_models
import numpy as np
import onnx
from onnx import helper, numpy_helper


def _constants(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


class _Rewriter:
    """Writes QLinear operators as DequantizeLinear, an operator of real numbers, QuantizeLinear."""

    def __init__(self, model):
        self.model, self.constants, self.nodes = model, _constants(model), []

    def real(self, tensor, scale, zero_point=None, axis=0):
        """The name of `tensor` as real numbers."""
        name = f"{tensor}:real{len(self.nodes)}"
        per_axis = {"axis": axis} if self.constants[scale].size > 1 else {}
        inputs = [tensor, scale] + ([zero_point] if zero_point else [])
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [name], **per_axis))
        return name

    def bias(self, tensor, scale_x, scale_w):
        scale = tensor + ":scale"
        product = (self.constants[scale_x] * self.constants[scale_w]).astype(np.float32)
        self.constants[scale] = product
        self.model.graph.initializer.append(numpy_helper.from_array(product, scale))
        return self.real(tensor, scale)

    def operands(self, node):
        """The operator's name, its real inputs, and the names of the scale and zero point of its result."""
        i = node.input
        kind = node.op_type.removeprefix("QLinear")
        if kind == "Conv":
            reals = [self.real(*i[0:3]), self.real(*i[3:6])]
            return kind, reals + [self.bias(i[8], i[1], i[4])] * (len(i) > 8), i[6:8]
        if kind == "QGemm":
            columns = 0 if any(a.name == "transB" and a.i for a in node.attribute) else 1
            reals = [self.real(*i[0:3]), self.real(*i[3:6], axis=columns)]
            return "Gemm", reals + [self.bias(i[6], i[1], i[4])] * bool(i[6]), i[7:9]
        if kind == "Concat":
            return kind, [self.real(*i[k:k + 3]) for k in range(2, len(i), 3)], i[0:2]
        operands = len(i) // 3  # and two more inputs
        return kind, [self.real(*i[3 * k:3 * k + 3]) for k in range(operands)], i[-2:]

    def rewrite(self, node):
        if not node.op_type.startswith(("QLinear", "QGemm")):
            return self.nodes.append(node)
        kind, reals, target = self.operands(node)
        result = node.output[0] + ":real"
        twin = helper.make_node(kind, reals, [result], name=node.name)
        # Attributes that the operator of real numbers does not have.
        twin.attribute.extend(a for a in node.attribute if a.name not in ("channels_last", "opset"))
        self.nodes += [twin, helper.make_node("QuantizeLinear", [result, *target], node.output)]


def units(model, values, feeds):
    """{name: array}: what every operator rounds to make the tensors in `values`, as multiples of the tensor's scale from
    its integer 0, with the integers of `values` as inputs of the operators."""
    model = ort_models.cut(model, values)
    rewriter = _Rewriter(model)
    for node in model.graph.node:
        rewriter.rewrite(node)
    del model.graph.node[:]
    model.graph.node.extend(rewriter.nodes)
    makers = {node.output[0]: node.input for node in rewriter.nodes if node.output[0] in values}
    names = list(dict.fromkeys(makers[name][0] for name in values))
    reals = dict(zip(names, ort_models.run(ort_models.with_outputs(model, names).SerializeToString(), feeds,
                                           optimized=False)))
    return {name: reals[real] / rewriter.constants[scale].astype(np.float64) + rewriter.constants[zero_point]
            for name, (real, scale, zero_point) in makers.items()}
