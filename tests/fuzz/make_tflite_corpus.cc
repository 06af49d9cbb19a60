// make_tflite_corpus OUT_DIR: writes the TFLite files of corpus/, the starting points of fuzzing:
// small, and together with something of everything that the importer reads.

#include <fstream>
#include <iostream>
#include <string>

#include "tools/import/tflite_testing.h"

namespace octet::fuzz {
namespace {

using testing::Conv;
using testing::TfliteMaker;
using Code = tflite::BuiltinOperator;
using Type = tflite::TensorType;
using Padding = tflite::Padding;
using Activation = tflite::ActivationFunction;

// A model to which operators with one output are added by name and shape of that output.
class Network : public TfliteMaker {
 public:
  // The type of the outputs from here on, and their quantization; a scale of 0 stands for none.
  void Computes(Type type, float scale = 0, int64_t zero_point = 0) {
    type_ = type;
    scale_ = scale;
    zero_point_ = zero_point;
  }

  int Result(const std::vector<int32_t>& shape) {
    const int y = Tensor("t" + std::to_string(graph().tensors.size()), shape, type_);
    if (scale_ != 0) Quantize(y, {scale_}, {zero_point_});
    return y;
  }

  template <typename... Options>
  int Add(Code code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& shape,
          Options... options) {
    const int y = Result(shape);
    Op(code, inputs, {y}, options...);
    return y;
  }

  int Numbers(const std::vector<int32_t>& values) {
    return Ints("n" + std::to_string(graph().tensors.size()), {static_cast<int32_t>(values.size())},
                values);
  }
  int Number(int32_t value) {
    return Ints("n" + std::to_string(graph().tensors.size()), {}, {value});
  }

 private:
  Type type_ = Type::FLOAT32;
  float scale_ = 0;
  int64_t zero_point_ = 0;
};

// Options of depthwise convolutions with one filter per channel.
tflite::DepthwiseConv2DOptionsT Depthwise(int stride) {
  tflite::DepthwiseConv2DOptionsT options;
  options.stride_h = options.stride_w = stride;
  options.depth_multiplier = 1;
  options.activation = Activation::RELU6;
  return options;
}

tflite::Pool2DOptionsT Pool(Padding padding) {
  tflite::Pool2DOptionsT options;
  options.padding = padding;
  options.filter_h = options.filter_w = options.stride_h = options.stride_w = 2;
  return options;
}

tflite::SoftmaxOptionsT Softmax() {
  tflite::SoftmaxOptionsT options;
  options.beta = 1;
  return options;
}

Network Floats() {
  Network n;
  const int x = n.Input("x", {1, 8, 8, 2}, Type::FLOAT32, {-1, 8, 8, 2});
  int y = n.Add(Code::CONV_2D, {x, n.RandomFloats("w1", {4, 3, 3, 2}), n.RandomFloats("b1", {4})},
                {1, 4, 4, 4}, Conv(Padding::SAME, 2, Activation::RELU));
  const int residual = y;
  y = n.Add(Code::DEPTHWISE_CONV_2D, {y, n.RandomFloats("w2", {1, 3, 3, 4})}, {1, 4, 4, 4},
            Depthwise(1));
  y = n.Add(Code::ADD, {y, residual}, {1, 4, 4, 4}, tflite::AddOptionsT());
  y = n.Add(Code::PRELU, {y, n.RandomFloats("slopes", {1, 1, 4})}, {1, 4, 4, 4});
  y = n.Add(Code::MAX_POOL_2D, {y}, {1, 2, 2, 4}, Pool(Padding::VALID));
  y = n.Add(Code::HARD_SWISH, {y}, {1, 2, 2, 4});
  y = n.Add(Code::MEAN, {y, n.Numbers({1, 2})}, {1, 4}, tflite::ReducerOptionsT());
  y = n.Add(Code::FULLY_CONNECTED, {y, n.RandomFloats("w3", {3, 4}), n.RandomFloats("b3", {3})},
            {1, 3}, tflite::FullyConnectedOptionsT());
  n.Output(n.Add(Code::SOFTMAX, {y}, {1, 3}, Softmax()));
  return n;
}

// Integers throughout, with a scale per channel.
Network Int8() {
  Network n;
  const int x = n.Input("x", {1, 6, 6, 2});
  n.Computes(Type::INT8, 0.5f, 3);
  const int w1 = n.Bytes("w1", {3, 1, 1, 2}, {1, -2, 3, -4, 5, -128});
  const int w2 = n.Bytes("w2", {1, 2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3});
  const int w3 = n.Bytes("w3", {2, 4}, {1, 2, 3, 4, -1, -2, -3, -4});
  n.Quantize(w1, {0.25f, 0.125f, 1}, {0, 0, 0}).Quantize(w2, {1, 0.5f, 0.25f}, {0, 0, 0}, 3);
  n.Quantize(w3, {0.125f}, {0});
  int y = n.Add(Code::QUANTIZE, {x}, {1, 6, 6, 2});
  y = n.Add(Code::CONV_2D, {y, w1, n.Ints("b1", {3}, {100, -200, 0})}, {1, 6, 6, 3},
            Conv(Padding::VALID, 1, Activation::RELU));
  const int deep = n.Add(Code::DEPTHWISE_CONV_2D, {y, w2}, {1, 3, 3, 3}, Depthwise(2));
  const int pooled = n.Add(Code::AVERAGE_POOL_2D, {y}, {1, 3, 3, 3}, Pool(Padding::SAME));
  y = n.Add(Code::ADD, {deep, pooled}, {1, 3, 3, 3}, tflite::AddOptionsT());
  n.Computes(Type::INT8, 1.0f / 256, -128);
  const int gate = n.Add(Code::LOGISTIC, {y}, {1, 3, 3, 3});
  n.Computes(Type::INT8, 0.25f, -4);
  y = n.Add(Code::MUL, {y, gate}, {1, 3, 3, 3}, tflite::MulOptionsT());
  tflite::ConcatenationOptionsT along;
  along.axis = -1;
  y = n.Add(Code::CONCATENATION, {y, y}, {1, 3, 3, 6}, along);
  y = n.Add(Code::MEAN, {y, n.Numbers({1, 2})}, {1, 6}, tflite::ReducerOptionsT());
  y = n.Add(Code::SLICE, {y, n.Numbers({0, 1}), n.Numbers({1, 4})}, {1, 4});
  y = n.Add(Code::FULLY_CONNECTED, {y, w3, n.Ints("b3", {2}, {5, -6})}, {1, 2},
            tflite::FullyConnectedOptionsT());
  n.Computes(Type::FLOAT32);
  n.Output(n.Add(Code::DEQUANTIZE, {y}, {1, 2}));
  return n;
}

// As converters wrote them at first: 8 bits without sign, and one scale per tensor.
Network Uint8() {
  Network n;
  n.Computes(Type::UINT8, 0.5f, 128);
  const int x = n.Input("x", {1, 4, 4, 2}, Type::UINT8);
  const int w = n.Bytes("w", {2, 1, 1, 2}, {120, 130, 140, 110}, Type::UINT8);
  n.Quantize(x, {0.0078125f}, {128}).Quantize(w, {0.25f}, {125});
  int y = n.Add(Code::CONV_2D, {x, w, n.Ints("b", {2}, {7, -8})}, {1, 4, 4, 2},
                Conv(Padding::SAME, 1, Activation::RELU6));
  tflite::ResizeBilinearOptionsT centers;
  centers.half_pixel_centers = true;
  y = n.Add(Code::RESIZE_BILINEAR, {y, n.Numbers({8, 8})}, {1, 8, 8, 2}, centers);
  tflite::ReshapeOptionsT to;
  to.new_shape = {1, 128};
  y = n.Add(Code::RESHAPE, {y}, {1, 128}, to);
  n.Computes(Type::UINT8, 1.0f / 256, 0);
  n.Output(n.Add(Code::SOFTMAX, {y}, {1, 128}, Softmax()));
  return n;
}

// Shapes that are computed, and operators that move elements by them.
Network Shapes() {
  Network n;
  const int x = n.Input("x", {1, 4, 6}, Type::FLOAT32, {-1, 4, -1});
  n.Computes(Type::INT32);
  const int shape = n.Add(Code::SHAPE, {x}, {3}, tflite::ShapeOptionsT());
  tflite::StridedSliceOptionsT first;
  first.shrink_axis_mask = 1;
  const int zero = n.Numbers({0}), one = n.Numbers({1});
  const int batch = n.Add(Code::STRIDED_SLICE, {shape, zero, one, one}, {}, first);
  const int rest = n.Add(Code::GATHER, {shape, n.Number(2)}, {}, tflite::GatherOptionsT());
  const int rows = n.Add(Code::MUL, {batch, n.Number(2)}, {}, tflite::MulOptionsT());
  tflite::PackOptionsT pack;
  pack.values_count = 3;
  const int to = n.Add(Code::PACK, {rows, n.Number(2), rest}, {3}, pack);
  const int all = n.Add(Code::REDUCE_PROD, {shape, zero}, {}, tflite::ReducerOptionsT());
  n.Add(Code::CAST, {all}, {}, tflite::CastOptionsT());  // nobody reads it
  n.Computes(Type::FLOAT32);
  int y = n.Add(Code::RESHAPE, {x, to}, {2, 2, 6});
  y = n.Add(Code::PAD, {y, n.Ints("pads", {3, 2}, {0, 0, 1, 1, 0, 0})}, {2, 4, 6});
  y = n.Add(Code::TRANSPOSE, {y, n.Numbers({0, 2, 1})}, {2, 6, 4});
  y = n.Add(Code::EXPAND_DIMS, {y, n.Number(1)}, {2, 1, 6, 4});
  y = n.Add(Code::TILE, {y, n.Numbers({1, 2, 1, 1})}, {2, 2, 6, 4});
  tflite::StridedSliceOptionsT ends;
  ends.begin_mask = 5;
  ends.end_mask = 7;
  y = n.Add(Code::STRIDED_SLICE,
            {y, n.Numbers({0, -1, 0, 3}), n.Numbers({0, 0, 0, 0}), n.Numbers({1, -1, 2, -1})},
            {2, 2, 3, 3}, ends);
  const int half = n.Result({2, 1, 3, 3}), other = n.Result({2, 1, 3, 3});
  tflite::SplitOptionsT two;
  two.num_splits = 2;
  n.Op(Code::SPLIT, {n.Number(1), y}, {half, other}, two);
  tflite::SqueezeOptionsT squeeze;
  squeeze.squeeze_dims = {1};
  y = n.Add(Code::SQUEEZE, {half}, {2, 3, 3}, squeeze);
  n.Output(n.Add(Code::REVERSE_V2, {y, n.Numbers({2})}, {2, 3, 3})).Output(other);
  const int fill = n.Add(Code::FILL, {n.Numbers({2, 1}), n.Floats("seven", {}, {7})}, {2, 1});
  n.Output(n.Add(Code::BROADCAST_TO, {fill, n.Numbers({2, 4})}, {2, 4}));
  return n;
}

// Functions, comparisons and choices, with broadcasts.
Network Elementwise() {
  Network n;
  const int x = n.Input("x", {2, 3, 4});
  int y = n.Add(Code::SUB, {x, n.Floats("c", {4}, {1, 2, 3, 4})}, {2, 3, 4}, tflite::SubOptionsT());
  y = n.Add(Code::SQUARED_DIFFERENCE, {y, x}, {2, 3, 4});
  y = n.Add(Code::RSQRT, {y}, {2, 3, 4});
  y = n.Add(Code::GELU, {y}, {2, 3, 4}, tflite::GeluOptionsT());
  tflite::LeakyReluOptionsT leaky;
  leaky.alpha = 0.25f;
  y = n.Add(Code::LEAKY_RELU, {y}, {2, 3, 4}, leaky);
  y = n.Add(Code::MINIMUM, {y, x}, {2, 3, 4});
  y = n.Add(Code::CUMSUM, {y, n.Number(1)}, {2, 3, 4}, tflite::CumsumOptionsT());
  const int sum = n.Add(Code::ADD_N, {x, y, x}, {2, 3, 4});
  n.Computes(Type::BOOL);
  const int less = n.Add(Code::LESS, {x, sum}, {2, 3, 4});
  const int no = n.Add(Code::LOGICAL_NOT, {less}, {2, 3, 4});
  const int same = n.Add(Code::NOT_EQUAL, {x, sum}, {2, 3, 4});
  const int both = n.Add(Code::LOGICAL_AND, {no, same}, {2, 3, 4});
  n.Computes(Type::FLOAT32);
  y = n.Add(Code::SELECT_V2, {both, x, n.Floats("zero", {}, {0})}, {2, 3, 4});
  const int rows = n.Add(Code::GATHER_ND, {y, n.Ints("at", {2, 2}, {0, 1, 1, 2})}, {2, 4});
  n.Output(n.Add(Code::LOG_SOFTMAX, {rows}, {2, 4}));
  n.Computes(Type::INT64);
  n.Output(n.Add(Code::ARG_MAX, {y, n.Number(-1)}, {2, 3}, tflite::ArgMaxOptionsT()));
  return n;
}

// What changes the size of pictures; products of matrices; half-precision and shared constants.
Network Spatial() {
  Network n;
  const int x = n.Input("x", {1, 3, 3, 4});
  const int half = n.Bytes("half", {1, 1, 1, 4}, {0, 0x3c, 0, 0xc0, 0, 0x3c, 0, 0}, Type::FLOAT16);
  const int w1 = n.Add(Code::DEQUANTIZE, {half}, {1, 1, 1, 4});
  int y = n.Add(Code::CONV_2D, {x, w1}, {1, 3, 3, 1}, Conv(Padding::VALID, 1));
  y = n.Add(Code::MUL, {y, x}, {1, 3, 3, 4}, tflite::MulOptionsT());
  tflite::TransposeConvOptionsT up;
  up.stride_h = up.stride_w = 2;
  const int w2 = n.RandomFloats("w2", {4, 2, 2, 4});
  y = n.Add(Code::TRANSPOSE_CONV, {n.Numbers({1, 6, 6, 4}), w2, y}, {1, 6, 6, 4}, up);
  tflite::DepthToSpaceOptionsT wide;
  wide.block_size = 2;
  y = n.Add(Code::DEPTH_TO_SPACE, {y}, {1, 12, 12, 1}, wide);
  tflite::SpaceToDepthOptionsT narrow;
  narrow.block_size = 3;
  y = n.Add(Code::SPACE_TO_DEPTH, {y}, {1, 4, 4, 9}, narrow);
  tflite::LocalResponseNormalizationOptionsT local;
  local.radius = 1;
  local.bias = local.alpha = local.beta = 1;
  y = n.Add(Code::LOCAL_RESPONSE_NORMALIZATION, {y}, {1, 4, 4, 9}, local);
  tflite::ResizeNearestNeighborOptionsT corners;
  corners.align_corners = true;
  y = n.Add(Code::RESIZE_NEAREST_NEIGHBOR, {y, n.Numbers({2, 3})}, {1, 2, 3, 9}, corners);
  const int mirror = n.Ints("mirror", {4, 2}, {0, 0, 1, 0, 1, 1, 0, 0});
  y = n.Add(Code::MIRROR_PAD, {y, mirror}, {1, 3, 5, 9}, tflite::MirrorPadOptionsT());
  tflite::BatchMatMulOptionsT turned;
  turned.adj_y = true;
  n.Output(n.Add(Code::BATCH_MATMUL, {y, y}, {1, 3, 5, 5}, turned));
  return n;
}

bool Save(const std::string& folder, const char* name, Network network) {
  // What the fuzzer starts from should reach the end of the importer.
  const absl::Status status = network.Import().status();
  if (!status.ok()) std::cerr << name << ": " << status << std::endl;
  const std::vector<uint8_t> bytes = network.Bytes();
  std::ofstream file(folder + "/" + name + ".tflite", std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return status.ok() && file.flush().good();
}

bool SaveAll(const std::string& folder) {
  bool all = Save(folder, "floats", Floats());
  all &= Save(folder, "int8", Int8());
  all &= Save(folder, "uint8", Uint8());
  all &= Save(folder, "moves", Shapes());
  all &= Save(folder, "elementwise", Elementwise());
  all &= Save(folder, "spatial", Spatial());
  return all;
}

}  // namespace
}  // namespace octet::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_tflite_corpus OUT_DIR" << std::endl;
    return 2;
  }
  return octet::fuzz::SaveAll(argv[1]) ? 0 : 1;
}
