#!/usr/bin/env python3
"""Writes EfficientNet-Lite0, trained on ImageNet, as an ONNX file.

usage: make_efficientnet_lite0.py WEIGHTS.pth OUT.onnx

WEIGHTS.pth is a state dictionary in torch's format from before zip files. Neither torch nor onnx is needed: the one
file is read with pickle, the other written as the protobuf messages that it consists of.

input   image   [N, 3, 224, 224] = (RGB pixel - 127) / 128
output  logits  [N, 1000]
"""

import array
import collections
import pickle
import struct
import sys

# repeats, kernel, stride of the first repeat, expansion, output channels
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
STEM_CHANNELS = 32
IMAGE_SIZE = 224
CLASSES = 1000
FLOAT = 1  # TensorProto.DataType
STORAGE_TYPES = {"FloatStorage": "f", "LongStorage": "q"}


# Reading the weights


class WeightsUnpickler(pickle.Unpickler):
    """Reads a state dictionary as {name: (storage, offset, shape, strides)}, and refuses to create anything else.

    A storage is a pair (type, key).
    """

    def find_class(self, module, name):
        if name == "OrderedDict":
            return collections.OrderedDict
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"unexpected {module}.{name}")

    def persistent_load(self, pid):
        _, storage_type, key, *_ = pid
        return storage_type, key


def gather(values, offset, dims):
    """Returns the elements of a strided view in row-major order; dims are (size, stride) pairs."""
    if not dims:
        return values[offset:offset + 1]
    (size, stride), *inner = dims
    if not inner:
        return values[offset:offset + (size - 1) * stride + 1:stride]
    out = array.array(values.typecode)
    for i in range(size):
        out += gather(values, offset + i * stride, inner)
    return out


def load_weights(path):
    """Returns {name: (shape, bytes of the float32 values)}."""
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, protocol version, properties of the machine that wrote it
            pickle.load(file)
        tensors = WeightsUnpickler(file).load()
        types = {key: STORAGE_TYPES[kind] for (kind, key), *_ in tensors.values()}
        storages = {}
        for key in pickle.load(file):
            count, = struct.unpack("<q", file.read(8))
            storages[key] = array.array(types[key])
            storages[key].fromfile(file, count)
    return {
        name: (shape, gather(storages[key], offset, [d for d in zip(shape, strides) if d[0] > 1]).tobytes())
        for name, ((_, key), offset, shape, strides) in tensors.items()
    }


# Protobuf messages, in the field numbers of onnx.proto


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def message(*fields):
    """Encodes (number, value) pairs; a value is an int, a float, a str, or the bytes of a message or blob."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return bytes(out)


def attribute(name, value):
    if isinstance(value, float):
        return message((1, name), (2, value), (20, 1))
    if isinstance(value, int):
        return message((1, name), (3, value), (20, 2))
    return message((1, name), *((8, item) for item in value), (20, 7))


def tensor(name, shape, data):
    return message(*((1, size) for size in shape), (2, FLOAT), (8, name), (9, data))


def value_info(name, shape):
    dimensions = message(*((1, message((2 if isinstance(size, str) else 1, size))) for size in shape))
    return message((1, name), (2, message((1, message((1, FLOAT), (2, dimensions))))))


class Graph:
    """Collects nodes and weights; each operator returns the name of its output."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = {}

    def weight(self, name):
        shape, data = self.weights[name]
        self.initializers[name] = tensor(name, shape, data)
        return name

    def scalar(self, name, value):
        self.initializers[name] = tensor(name, (), struct.pack("<f", value))
        return name

    def add(self, op_type, name, *inputs, output=None, **attributes):
        output = output or name
        self.nodes.append(message(
            *((1, tensor_name) for tensor_name in inputs), (2, output), (3, name), (4, op_type),
            *((5, attribute(key, value)) for key, value in attributes.items())))
        return output

    def encode(self, name, inputs, outputs):
        graph = message(
            *((1, node) for node in self.nodes), (2, name), *((5, value) for value in self.initializers.values()),
            *((11, value_info(*value)) for value in inputs), *((12, value_info(*value)) for value in outputs))
        opset = message((1, ""), (2, 17))
        return message((1, 8), (2, "octet demo"), (7, graph), (8, opset))


# The network


class Network:
    def __init__(self, weights):
        self.graph = Graph(weights)
        self.size = IMAGE_SIZE

    def convolution(self, x, conv, norm, kernel, stride=1, group=1, activate=True):
        """Convolution, padded as TensorFlow's SAME, then normalization and, unless told otherwise, ReLU6."""
        out_size = -(-self.size // stride)
        padding = max((out_size - 1) * stride + kernel - self.size, 0)
        before, after = padding // 2, padding - padding // 2
        self.size = out_size
        add, weight = self.graph.add, self.graph.weight
        x = add("Conv", conv, x, weight(f"{conv}.weight"), kernel_shape=[kernel, kernel], strides=[stride, stride],
                pads=[before, before, after, after], group=group)
        x = add("BatchNormalization", norm, x,
                *(weight(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")), epsilon=1e-3)
        if activate:
            x = add("Clip", f"{norm}.relu6", x, self.graph.scalar("zero", 0), self.graph.scalar("six", 6))
        return x

    def block(self, x, index, kernel, stride, expansion, channels, out_channels):
        """Inverted residual: widen, convolve each channel for itself, narrow, and add the input where shapes agree."""
        prefix = f"_blocks.{index}."
        wide = channels * expansion
        y = x
        if expansion != 1:
            y = self.convolution(y, prefix + "_expand_conv", prefix + "_bn0", 1)
        y = self.convolution(y, prefix + "_depthwise_conv", prefix + "_bn1", kernel, stride, group=wide)
        y = self.convolution(y, prefix + "_project_conv", prefix + "_bn2", 1, activate=False)
        if stride == 1 and channels == out_channels:
            y = self.graph.add("Add", prefix + "add", y, x)
        return y

    def encode(self):
        x = self.convolution("image", "_conv_stem", "_bn0", 3, 2)
        index, channels = 0, STEM_CHANNELS
        for repeats, kernel, stride, expansion, out_channels in STAGES:
            for repeat in range(repeats):
                x = self.block(x, index, kernel, stride if repeat == 0 else 1, expansion, channels, out_channels)
                index, channels = index + 1, out_channels
        x = self.convolution(x, "_conv_head", "_bn1", 1)
        add, weight = self.graph.add, self.graph.weight
        x = add("Flatten", "flatten", add("GlobalAveragePool", "pool", x), axis=1)
        add("Gemm", "_fc", x, weight("_fc.weight"), weight("_fc.bias"), output="logits", transB=1)
        return self.graph.encode("efficientnet_lite0", [("image", ("N", 3, IMAGE_SIZE, IMAGE_SIZE))],
                                 [("logits", ("N", CLASSES))])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    model = Network(load_weights(sys.argv[1])).encode()
    with open(sys.argv[2], "wb") as file:
        file.write(model)


if __name__ == "__main__":
    main()
