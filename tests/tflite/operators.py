"""Networks of one TFLite operator each, through `octet import` and `octet run`, against LiteRT without its delegates.

usage: operators.py [--octet BINARY] [TEXT]

With TEXT, only cases whose name contains it. Float results may differ by rounding, integers by one unit.
"""
import subprocess, sys, tempfile
from pathlib import Path

sys.path.insert(0, "tests/conformance")
import packages

packages.use_packages(Path("tests/shared/requirements.txt"), "litert")

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

OCTET = Path(sys.argv[sys.argv.index("--octet") + 1] if "--octet" in sys.argv else "tools/octet").resolve()
TYPES = {np.float32: schema.TensorType.FLOAT32, np.float16: schema.TensorType.FLOAT16, np.int8: schema.TensorType.INT8,
         np.uint8: schema.TensorType.UINT8, np.int32: schema.TensorType.INT32, np.int64: schema.TensorType.INT64,
         np.bool_: schema.TensorType.BOOL}
random = np.random.default_rng(3)


class Network:
    """A TFLite network, built tensor by tensor."""

    def __init__(self):
        self.model = schema.ModelT()
        self.model.version, self.model.operatorCodes, self.model.buffers = 3, [], [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.inputs, self.graph.outputs, self.graph.operators = [], [], [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, shape, dtype=np.float32, quant=None, data=None):
        t = schema.TensorT()
        t.name, t.shape, t.type = f"t{len(self.graph.tensors)}", list(shape), TYPES[dtype]
        t.buffer = len(self.model.buffers)
        buffer = schema.BufferT()
        if data is not None:
            buffer.data = np.frombuffer(np.ascontiguousarray(data, dtype).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        if quant is not None:
            t.quantization = schema.QuantizationParametersT()
            scale, zero, *axis = quant
            t.quantization.scale = list(np.atleast_1d(np.float32(scale)))
            t.quantization.zeroPoint = list(np.atleast_1d(zero))
            t.quantization.quantizedDimension = axis[0] if axis else 0
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def input(self, shape, dtype=np.float32, quant=None):
        self.graph.inputs.append(self.tensor(shape, dtype, quant))
        return self.graph.inputs[-1]

    def constant(self, values, dtype=np.int32, quant=None):
        values = np.asarray(values, dtype)
        return self.tensor(values.shape, dtype, quant, values)

    def op(self, name, inputs, outputs, **options):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        self.model.operatorCodes.append(code)
        op = schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = len(self.model.operatorCodes) - 1, inputs, outputs
        kind = options.pop("options", None)
        if kind:
            op.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            op.builtinOptions = getattr(schema, kind + "T")()
            for key, value in options.items():
                setattr(op.builtinOptions, key, value)
        self.graph.operators.append(op)

    def write(self, path, outputs):
        self.graph.outputs = outputs
        builder = flatbuffers.Builder()
        builder.Finish(self.model.Pack(builder), b"TFL3")
        path.write_bytes(builder.Output())


CASES = {}


def case(name, shapes, make, quantized=True, low=-2.0, high=2.0):
    """`make(network, x..., output)` adds operators; `output(shape)` adds a tensor for a result. Makes a float network
    and, with `quantized`, one of int8 in which all have the scale of their range."""
    CASES[name] = (shapes, make, None, low, high)
    if quantized:
        CASES[name + "_int8"] = (shapes, make, quantized if isinstance(quantized, tuple) else (4 / 255, 0), low, high)


def build(name):
    shapes, make, quant, low, high = CASES[name]
    network = Network()
    dtype = np.float32 if quant is None else np.int8
    in_quant = None if quant is None else ((high - low) / 255, int(round(-128 - low * 255 / (high - low))))
    network.quant, network.dtype, network.in_quant = quant, dtype, in_quant
    inputs = [network.input(shape, dtype, in_quant) for shape in shapes]
    outputs = []

    def output(shape, dtype=dtype, quant=quant):
        outputs.append(network.tensor(shape, dtype, quant if dtype == np.int8 else None))
        return outputs[-1]

    make(network, *inputs, output)
    feeds = {}
    for index, shape in zip(inputs, shapes):
        x = random.uniform(low, high, shape).astype(np.float32)
        if quant is not None:
            x = np.clip(np.round(x / in_quant[0]) + in_quant[1], -128, 127).astype(np.int8)
        feeds[network.graph.tensors[index].name] = x
    return network, outputs, feeds


def unary(op, low=-2.0, high=2.0, quantized=True, **options):
    def make(n, x, out):
        n.op(op, [x], [out((1, 4, 5, 3))], **options)
    case(op.lower(), [(1, 4, 5, 3)], make, quantized, low, high)


for op in ("TANH", "ABS", "NEG", "FLOOR", "CEIL", "SIN", "COS", "ELU", "EXP", "ROUND", "SIGN"):
    unary(op, quantized=False)
unary("TANH", quantized=(1 / 128, 0))
unary("LOGISTIC", quantized=(1 / 256, -128))
unary("HARD_SWISH", low=-4, high=4, quantized=(4.4 / 255, -107))
for op in ("RELU", "RELU6", "RELU_N1_TO_1"):
    unary(op)
for op in ("LOG", "SQRT", "RSQRT"):
    unary(op, low=0.1, high=4, quantized=False)
unary("LEAKY_RELU", options="LeakyReluOptions", alpha=0.1)
unary("GELU", options="GeluOptions", approximate=False, quantized=False)
for op, kind in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions"), ("DIV", "DivOptions"),
                 ("MAXIMUM", "MaximumMinimumOptions"), ("MINIMUM", "MaximumMinimumOptions"),
                 ("SQUARED_DIFFERENCE", "SquaredDifferenceOptions")):
    for suffix, b in (("", (1, 4, 5, 3)), ("_channel", (3,)), ("_scalar", ())):
        def make(n, x, y, out, op=op, kind=kind, b=b):
            n.op(op, [x, y], [out((1, 4, 5, 3))], options=kind)
        case(op.lower() + suffix, [(1, 4, 5, 3), b], make, op in ("ADD", "SUB", "MUL") and (16 / 255, 0))


def after_pool(name, make, shape=(1, 4, 6, 3), **rest):
    """The operator behind a pool, so that it meets a tensor whose channels come first."""
    def both(n, x, out):
        inner = n.tensor(shape, n.dtype, n.in_quant)
        n.op("MAX_POOL_2D", [x], [inner], options="Pool2DOptions", padding=1, strideW=1, strideH=1, filterWidth=1,
             filterHeight=1)
        make(n, inner, out)
    case(name, [shape], make, **rest)
    case(name + "_pooled", [shape], both, **rest)


SAME_SCALE = (4 / 255, 0)  # what [-2, 2] gives
for axes, kept, dropped in (((1, 2), (1, 1, 1, 3), (1, 3)), ((3,), (1, 4, 6, 1), (1, 4, 6)), ((-2,), (1, 4, 1, 3), (1, 4, 3))):
    for op in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        for keep, shape in ((True, kept), (False, dropped)):
            def make(n, x, out, op=op, axes=axes, keep=keep, shape=shape):
                n.op(op, [x, n.constant(axes)], [out(shape)], options="ReducerOptions", keepDims=keep)
            after_pool(f"{op.lower()}_{'_'.join(map(str, axes))}_{keep}", make, quantized=op == "MEAN" and (2 / 255, 3))
after_pool("softmax", lambda n, x, out: n.op("SOFTMAX", [x], [out((1, 4, 6, 3))], options="SoftmaxOptions", beta=1.0),
           quantized=(1 / 256, -128))
after_pool("reshape", lambda n, x, out: n.op("RESHAPE", [x, n.constant([1, 24, 3])], [out((1, 24, 3))]),
           quantized=False)
after_pool("squeeze", lambda n, x, out: n.op("SQUEEZE", [x], [out((4, 6, 3))], options="SqueezeOptions",
                                             squeezeDims=[0]), quantized=False)
after_pool("expand_dims", lambda n, x, out: n.op("EXPAND_DIMS", [x, n.constant(-2)], [out((1, 4, 6, 1, 3))]),
           quantized=False)
after_pool("transpose", lambda n, x, out: n.op("TRANSPOSE", [x, n.constant([0, 3, 1, 2])], [out((1, 3, 4, 6))]),
           quantized=False)
after_pool("concatenation", lambda n, x, out: n.op("CONCATENATION", [x, x], [out((1, 4, 12, 3))],
                                                   options="ConcatenationOptions", axis=2), quantized=False)
after_pool("split", lambda n, x, out: n.op("SPLIT", [n.constant(2), x], [out((1, 4, 2, 3)) for _ in range(3)],
                                           options="SplitOptions", numSplits=3), quantized=False)
after_pool("split_v", lambda n, x, out: n.op("SPLIT_V", [x, n.constant([1, -1]), n.constant(3)],
                                             [out((1, 4, 6, 1)), out((1, 4, 6, 2))], options="SplitVOptions",
                                             numSplits=2), quantized=False)
after_pool("slice", lambda n, x, out: n.op("SLICE", [x, n.constant([0, 1, 2, 0]), n.constant([1, 2, -1, 2])],
                                           [out((1, 2, 4, 2))]), quantized=False)
after_pool("strided_slice", lambda n, x, out: n.op(
    "STRIDED_SLICE", [x, n.constant([0, 3, 0, 1]), n.constant([1, 0, 6, 2]), n.constant([1, -1, 2, 1])],
    [out((1, 3, 3))], options="StridedSliceOptions", beginMask=1, endMask=1, shrinkAxisMask=8), quantized=False)
after_pool("pack", lambda n, x, out: n.op("PACK", [x, x], [out((1, 2, 4, 6, 3))], options="PackOptions", axis=1,
                                          valuesCount=2), quantized=False)
after_pool("unpack", lambda n, x, out: n.op("UNPACK", [x], [out((1, 4, 3)) for _ in range(6)], options="UnpackOptions",
                                            num=6, axis=2), quantized=False)
after_pool("pad", lambda n, x, out: n.op("PAD", [x, n.constant([[0, 0], [1, 2], [0, 1], [2, 0]])],
                                         [out((1, 7, 7, 5))]), quantized=False)
after_pool("padv2", lambda n, x, out: n.op("PADV2", [x, n.constant([[0, 0], [1, 2], [0, 1], [2, 0]]),
                                                     n.constant(1.5, np.float32)], [out((1, 7, 7, 5))]),
           quantized=False)
for mode in (0, 1):
    after_pool(f"mirror_pad{mode}", lambda n, x, out, mode=mode: n.op(
        "MIRROR_PAD", [x, n.constant([[0, 0], [1, 1], [0, 1], [1, 0]])], [out((1, 6, 7, 4))],
        options="MirrorPadOptions", mode=mode), quantized=False)
after_pool("prelu", lambda n, x, out: n.op("PRELU", [x, n.constant([[[0.1, 0.2, -0.3]]], np.float32)],
                                           [out((1, 4, 6, 3))]), quantized=False)
for name, options in (("", {}), ("_half", dict(halfPixelCenters=True)), ("_corners", dict(alignCorners=True))):
    for op, kind in (("RESIZE_BILINEAR", "ResizeBilinearOptions"),
                     ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions")):
        for size in ((8, 12), (3, 7)):
            after_pool(f"{op.lower()}{name}_{size[0]}", lambda n, x, out, op=op, kind=kind, options=options, size=size:
                       n.op(op, [x, n.constant(size)], [out((1, *size, 3))], options=kind, **options), quantized=False)
after_pool("depth_to_space", lambda n, x, out: n.op("DEPTH_TO_SPACE", [x], [out((1, 4, 6, 2))],
                                                    options="DepthToSpaceOptions", blockSize=2), (1, 2, 3, 8),
           quantized=False)
after_pool("space_to_depth", lambda n, x, out: n.op("SPACE_TO_DEPTH", [x], [out((1, 2, 3, 12))],
                                                    options="SpaceToDepthOptions", blockSize=2), quantized=False)
after_pool("lrn", lambda n, x, out: n.op("LOCAL_RESPONSE_NORMALIZATION", [x], [out((1, 4, 6, 3))],
                                         options="LocalResponseNormalizationOptions", radius=1, bias=1.0, alpha=0.5,
                                         beta=0.75), quantized=False)
after_pool("arg_max", lambda n, x, out: n.op("ARG_MAX", [x, n.constant(-1)], [out((1, 4, 6), np.int32)],
                                             options="ArgMaxOptions", outputType=schema.TensorType.INT32),
           quantized=False)
after_pool("gather", lambda n, x, out: n.op("GATHER", [x, n.constant([2, 0])], [out((1, 4, 2, 3))],
                                            options="GatherOptions", axis=2), quantized=False)
after_pool("tile", lambda n, x, out: n.op("TILE", [x, n.constant([1, 2, 1, 3])], [out((1, 8, 6, 9))]), quantized=False)
after_pool("reverse", lambda n, x, out: n.op("REVERSE_V2", [x, n.constant([2])], [out((1, 4, 6, 3))]), quantized=False)
after_pool("cumsum", lambda n, x, out: n.op("CUMSUM", [x, n.constant(1)], [out((1, 4, 6, 3))], options="CumsumOptions",
                                            exclusive=True), quantized=False)
after_pool("cast", lambda n, x, out: n.op("CAST", [x], [out((1, 4, 6, 3), np.int32)], options="CastOptions"),
           quantized=False)
after_pool("less", lambda n, x, out: n.op("LESS", [x, n.constant([0.5, 0, -1], np.float32)],
                                          [out((1, 4, 6, 3), np.bool_)], options="LessOptions"), quantized=False)


def weights(n, shape, axis):
    """Random weights: float, or s8 with a scale per channel."""
    if n.quant is None:
        return n.constant(random.uniform(-0.5, 0.5, shape), np.float32)
    scales = np.float32(random.uniform(0.002, 0.004, shape[axis]))
    return n.constant(random.integers(-127, 128, shape), np.int8, (scales, np.zeros(shape[axis], int), axis)), scales


def product(op, shape, w_shape, axis, y_shape, kind, **options):
    def make(n, x, out):
        w = weights(n, w_shape, axis)
        if n.quant is None:
            bias = n.constant(random.uniform(-1, 1, w_shape[axis]), np.float32)
        else:
            w, scales = w
            bias = n.constant(random.integers(-500, 500, w_shape[axis]), np.int32,
                              (np.float32(scales * np.float32(n.in_quant[0])), np.zeros(w_shape[axis], int), 0))
        inputs = [n.constant(y_shape), w, x] if op == "TRANSPOSE_CONV" else [x, w]
        n.op(op, inputs if op == "TRANSPOSE_CONV" else inputs + [bias], [out(y_shape)], options=kind, **options)
    return make


for padding, stride, size in ((0, 1, (5, 7)), (0, 2, (3, 4)), (1, 1, (3, 5)), (1, 2, (2, 3))):
    case(f"conv_{padding}_{stride}", [(1, 5, 7, 3)],
         product("CONV_2D", None, (4, 3, 3, 3), 0, (1, *size, 4), "Conv2DOptions", padding=padding, strideW=stride,
                 strideH=stride, dilationWFactor=1, dilationHFactor=1, fusedActivationFunction=1), (6 / 255, -128))
    case(f"depthwise_{padding}_{stride}", [(1, 5, 7, 3)],
         product("DEPTHWISE_CONV_2D", None, (1, 3, 3, 6), 3, (1, *size, 6), "DepthwiseConv2DOptions", padding=padding,
                 strideW=stride, strideH=stride, depthMultiplier=2, dilationWFactor=1, dilationHFactor=1), (8 / 255, 0))
case("conv_dilated", [(1, 6, 7, 2)],
     product("CONV_2D", None, (3, 2, 3, 2), 0, (1, 6, 7, 3), "Conv2DOptions", padding=0, strideW=1, strideH=1,
             dilationWFactor=2, dilationHFactor=3), False)
for padding, size in ((0, (8, 10)), (0, (7, 9)), (1, (9, 11))):
    case(f"transpose_conv_{padding}_{size[0]}", [(1, 4, 5, 2)],
         product("TRANSPOSE_CONV", None, (3, 3, 3, 2), 0, (1, *size, 3), "TransposeConvOptions", padding=padding,
                 strideW=2, strideH=2), False)
case("fully_connected", [(2, 3, 4)],
     lambda n, x, out: product("FULLY_CONNECTED", None, (5, 4), 0, (6, 5), "FullyConnectedOptions")(n, x, out), False)
case("batch_matmul", [(2, 3, 4), (2, 5, 4)],
     lambda n, a, b, out: n.op("BATCH_MATMUL", [a, b], [out((2, 3, 5))], options="BatchMatMulOptions", adjY=True), False)
for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
    for padding, size in ((0, (3, 4)), (1, (2, 3))):
        case(f"{op.lower()}_{padding}", [(1, 5, 7, 3)], lambda n, x, out, op=op, padding=padding, size=size: n.op(
            op, [x], [out((1, *size, 3))], options="Pool2DOptions", padding=padding, strideW=2, strideH=2,
            filterWidth=3, filterHeight=3), SAME_SCALE)


def run(name, work):
    """What went wrong, or nothing."""
    network, outputs, feeds = build(name)
    path = work / "model.tflite"
    network.write(path, outputs)
    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    for source in interpreter.get_input_details():
        interpreter.set_tensor(source["index"], feeds[source["name"]])
    interpreter.invoke()
    np.savez(work / "in.npz", **feeds)
    for command in (["import", path, "-o", work / "model.octet"],
                    ["run", work / "model.octet", "--input", work / "in.npz", "--output", work / "out.npz"]):
        process = subprocess.run([OCTET, *command], capture_output=True, text=True)
        if process.returncode:
            return process.stderr.strip()
    ours = np.load(work / "out.npz")
    for target in interpreter.get_output_details():
        theirs, y = interpreter.get_tensor(target["index"]), ours[target["name"]]
        if theirs.dtype != y.dtype or theirs.shape != y.shape:
            return f"gives {y.dtype} {y.shape}, expected {theirs.dtype} {theirs.shape}"
        most = 1 if y.dtype == np.int8 else 1e-5 * max(1, np.abs(theirs.astype(float)).max(initial=0))
        difference = np.abs(y.astype(float) - theirs.astype(float)).max(initial=0)
        if not difference <= most:
            return f"differs by {difference:.3g}, at most {most:.1g}"
    return ""


def main():
    only = sys.argv[-1] if len(sys.argv) > 1 and sys.argv[-2] != "--octet" else ""
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        names = [name for name in CASES if only in name]
        for name in names:
            what = run(name, Path(work))
            failed += bool(what)
            if what:
                print(f"FAILS {name}: {what}", flush=True)
    print(f"{len(names) - failed} of {len(names)} cases agree with LiteRT")
    sys.exit(1 if failed else 0)


main()
