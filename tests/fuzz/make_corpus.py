"""Writes the ONNX files of corpus/, the starting points of fuzzing: small, and together with something of everything.

    PYTHONPATH=~/.cache/octet/onnx-* python3 -B tests/fuzz/make_corpus.py
"""
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

CORPUS = Path(__file__).parent / "corpus"
FLOAT, INT64, BOOL, UINT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.UINT8
random = np.random.default_rng(1)


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def floats(name, *shape):
    return numpy_helper.from_array(random.standard_normal(shape).round(1).astype(np.float32), name)


def constant(name, numbers, kind=np.int64):
    return numpy_helper.from_array(np.array(numbers, kind), name)


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(), name=outputs.split()[0] + "_node", **attributes)


def save(name, nodes, inputs, outputs, constants=(), opset=17):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    (CORPUS / f"{name}.onnx").write_bytes(model.SerializeToString())


def branch(name, nodes, outputs, inputs=()):
    return helper.make_graph(nodes, name, list(inputs), outputs)


save("convolutions", [
    node("Conv", "x w1 b1", "a", pads=[1, 1, 1, 1], strides=[2, 2]),
    node("BatchNormalization", "a s o m v", "b"),
    node("Relu", "b", "c"),
    node("Conv", "c w2", "d", group=4, auto_pad="SAME_UPPER", kernel_shape=[3, 3]),
    node("Clip", "d low high", "e"),
    node("Add", "c e", "f"),
    node("MaxPool", "f", "g", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    node("ConvTranspose", "g w3", "h", strides=[2, 2]),
    node("AveragePool", "h", "i", kernel_shape=[2, 2], count_include_pad=1, pads=[1, 1, 0, 0]),
    node("GlobalAveragePool", "i", "j"),
    node("Flatten", "j", "k"),
    node("Gemm", "k w4 b4", "l", transB=1, alpha=0.5),
    node("Softmax", "l", "y", axis=1),
], [value("x", ["N", 2, 9, 9])], [value("y", ["N", 3])], [
    floats("w1", 4, 2, 3, 3), floats("b1", 4), floats("s", 4), floats("o", 4), floats("m", 4),
    constant("v", [1, 2, 3, 4], np.float32), floats("w2", 4, 1, 3, 3), constant("low", 0, np.float32),
    constant("high", 6, np.float32), floats("w3", 4, 2, 2, 2), floats("w4", 3, 2), floats("b4", 3)])

save("shapes", [
    node("Shape", "x", "s"),
    node("Gather", "s zero", "n"),
    node("Unsqueeze", "n zero1", "n1"),
    node("Concat", "n1 rest", "t", axis=0),
    node("Reshape", "x t", "r"),
    node("Slice", "r one1 three1 one1 two1", "p"),
    node("Shape", "p", "q"),
    node("ConstantOfShape", "q", "filled", value=constant("v", [2.5], np.float32)),
    node("Equal", "q q", "same"),
    node("Where", "same q q", "again"),
    node("Expand", "filled again", "big"),
    node("Mul", "p big", "u"),
    node("Pad", "u pads", "w", mode="reflect"),
    node("Transpose", "w", "t2", perm=[1, 0]),
    node("Split", "t2 parts", "y1 y2", axis=0),
    node("Tile", "y1 twice", "y"),
], [value("x", ["N", 2, 3])], [value("y", None), value("y2", None)], [
    constant("zero", 0), constant("zero1", [0]), constant("rest", [-1]), constant("one1", [1]), constant("two1", [2]),
    constant("three1", [5]), constant("pads", [0, 1, 0, 1]), constant("parts", [2, 2]), constant("twice", [1, 2])])

save("attention", [
    node("Gather", "table ids", "e"),
    node("ReduceMean", "e", "mean", axes=[-1]),
    node("Sub", "e mean", "c"),
    node("Pow", "c two", "sq"),
    node("ReduceMean", "sq", "var", axes=[-1]),
    node("Add", "var eps", "ve"),
    node("Sqrt", "ve", "sd"),
    node("Div", "c sd", "n"),
    node("MatMul", "n wq", "q"),
    node("LayerNormalization", "q g g", "q2"),
    node("Transpose", "n", "nt", perm=[0, 2, 1]),
    node("MatMul", "q2 nt", "scores"),
    node("Cast", "mask", "fmask", to=FLOAT),
    node("Add", "scores fmask", "masked"),
    node("Softmax", "masked", "p"),
    node("Einsum", "p n", "o", equation="bij,bjk->bik"),
    node("Erf", "o", "erf"),
    node("ArgMax", "erf", "best", axis=-1, keepdims=0),
    node("CumSum", "best axis", "sum"),
    node("Trilu", "erf", "y"),
], [value("ids", ["B", "T"], INT64), value("mask", ["B", 1, "T"], INT64)],
    [value("y", None), value("sum", None, INT64)], [
    floats("table", 5, 4), constant("two", 2, np.float32), constant("eps", 1e-5, np.float32), floats("wq", 4, 4),
    floats("g", 4), constant("axis", 1)])

save("control", [
    node("ReduceSum", "x", "total", keepdims=0),
    node("Greater", "total zero", "positive"),
    node("If", "positive", "z", then_branch=branch("then", [node("Neg", "x", "t")], [value("t", [2])]),
         else_branch=branch("else", [
             node("If", "positive", "e2", then_branch=branch("a", [node("Exp", "x", "ex")], [value("ex", [2])]),
                  else_branch=branch("b", [node("Identity", "x", "ix")], [value("ix", [2])]))], [value("e2", [2])])),
    node("Loop", "count yes z", "last all", body=branch("body", [
        node("Add", "v one", "w"), node("Less", "i limit", "go"), node("Identity", "w", "scan")],
        [value("go", [], BOOL), value("w", [2]), value("scan", [2])],
        [value("i", [], INT64), value("c", [], BOOL), value("v", [2])])),
    node("Scan", "last all", "state seq", num_scan_inputs=1, body=branch("step", [
        node("Add", "s a", "s2"), node("Identity", "s2", "o")], [value("s2", [2]), value("o", [2])],
        [value("s", [2]), value("a", [2])])),
], [value("x", [2])], [value("state", [2]), value("seq", None)], [
    constant("zero", 0, np.float32), constant("one", 1, np.float32), constant("count", 3), constant("limit", 2),
    constant("yes", True, np.bool_)])

save("recurrent", [
    node("LSTM", "x w r b", "h hn cn", hidden_size=2, direction="bidirectional"),
    node("Squeeze", "hn first", "hs"),
    node("GRU", "x gw gr", "gh gn", hidden_size=2, linear_before_reset=1),
    node("RNN", "x nw nr", "rh rn", hidden_size=2),
    node("Concat", "gn rn", "y", axis=0),
], [value("x", [3, "B", 2])], [value("h", None), value("hs", None), value("y", None)], [
    floats("w", 2, 8, 2), floats("r", 2, 8, 2), floats("b", 2, 16), floats("gw", 1, 6, 2), floats("gr", 1, 6, 2),
    floats("nw", 1, 2, 2), floats("nr", 1, 2, 2), constant("first", [])])

save("quantized", [
    node("QuantizeLinear", "x scale zero", "q"),
    node("DequantizeLinear", "q scale zero", "d"),
    node("DequantizeLinear", "w wscale wzero", "dw", axis=0),
    node("Conv", "d dw", "c"),
    node("QuantizeLinear", "c scale zero", "qc"),
    node("QLinearConv", "qc scale zero w wscale wzero scale zero", "ql"),
    node("DequantizeLinear", "ql scale zero", "y"),
    node("DynamicQuantizeLinear", "y", "dq ds dz"),
    node("MatMulInteger", "dq w2 dz", "mm"),
], [value("x", [1, 2, 2, 2])], [value("y", None), value("mm", None, TensorProto.INT32)], [
    constant("scale", 0.05, np.float32), constant("zero", 128, np.uint8), constant("w", [[[[3]], [[-5]]], [[[7]], [[1]]]],
                                                                                    np.int8),
    constant("wscale", [0.1, 0.2], np.float32), constant("wzero", [0, 0], np.int8), constant("w2", [[1, 2], [3, 4]],
                                                                                              np.uint8)])

save("selection", [
    node("TopK", "x k", "top where"),
    node("NonZero", "x", "nz"),
    node("GatherElements", "x where", "ge", axis=1),
    node("GatherND", "x pairs", "gn"),
    node("ScatterND", "x pairs news", "sc"),
    node("ScatterElements", "sc where top", "se", axis=1),
    node("OneHot", "where depth values", "oh"),
    node("NonMaxSuppression", "boxes scores most", "nms"),
    node("Resize", "image empty scales", "up", mode="linear", coordinate_transformation_mode="align_corners"),
    node("DepthToSpace", "up", "ds", blocksize=2),
    node("Range", "zero k0 one", "steps"),
    node("InstanceNormalization", "ds ga ga", "y"),
], [value("x", [2, 4]), value("boxes", [1, 3, 4]), value("scores", [1, 1, 3]), value("image", [1, 4, 2, 2])],
    [value(name, None) for name in ("ge", "gn", "se", "oh", "y")] + [value(name, None, INT64)
                                                                     for name in ("nz", "nms", "steps")], [
    constant("k", [2]), constant("pairs", [[0, 1], [1, 3]]), constant("news", [5, 6], np.float32), constant("depth", 4),
    constant("values", [0, 1], np.float32), constant("most", [2]), constant("scales", [1, 1, 2, 2], np.float32),
    constant("empty", [], np.float32), constant("zero", 0), constant("k0", 3), constant("one", 1), floats("ga", 1)])

external = floats("w", 2)
external.ClearField("raw_data")
external.data_location = TensorProto.EXTERNAL
for key, text in (("location", "w.data"), ("offset", "0"), ("length", "8")):
    external.external_data.add(key=key, value=text)
half = TensorProto(name="h", data_type=TensorProto.FLOAT16, dims=[2], int32_data=[0x3c00, 0xc000])
double = TensorProto(name="d", data_type=TensorProto.DOUBLE, dims=[2], double_data=[1, 2])
save("storage", [node("Add", "x h", "a"), node("Add", "a d", "b"), node("Add", "b w", "y")], [value("x", [2])],
     [value("y", [2])], [half, double, external], opset=13)
