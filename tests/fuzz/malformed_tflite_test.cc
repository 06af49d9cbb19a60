#include <functional>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fuzz/users.h"
#include "tools/import/tflite_testing.h"

// TFLite files that are wrong on purpose, each in one way. What they declare would take terabytes,
// or never end.

namespace octet::fuzz {
namespace {

using octet::testing::Conv;
using octet::testing::TfliteMaker;
using ::testing::HasSubstr;
using Code = tflite::BuiltinOperator;
using Type = tflite::TensorType;

constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();

std::string Refusal(TfliteMaker& maker) {
  const absl::Status status = UseTflite(maker.Bytes());
  EXPECT_FALSE(status.ok());
  return std::string(status.message());
}

// One picture through one convolution, with the indices of its tensors.
struct Convolution {
  Convolution() {
    maker.Op(Code::CONV_2D, {x, w, b}, {y}, Conv(tflite::Padding::SAME, 1)).Output(y);
  }
  tflite::TensorT& tensor(int index) { return *maker.graph().tensors[static_cast<size_t>(index)]; }
  tflite::Conv2DOptionsT& options() {
    return *maker.graph().operators[0]->builtin_options.AsConv2DOptions();
  }

  TfliteMaker maker;
  int x = maker.Input("x", {1, 4, 4, 2});
  int w = maker.RandomFloats("w", {3, 1, 1, 2});
  int b = maker.Floats("b", {3}, {1, 2, 3});
  int y = maker.Tensor("y", {1, 4, 4, 3});
};

TEST(MalformedTflite, Cycles) {
  TfliteMaker self;
  const int a = self.Tensor("a", {2});
  self.Op(Code::ADD, {self.Input("x", {2}), a}, {a}).Output(a);
  EXPECT_THAT(Refusal(self), HasSubstr("reads tensor 'a' before anything computes it"));
  TfliteMaker ring;
  const int p = ring.Tensor("p", {2}), q = ring.Tensor("q", {2});
  ring.Op(Code::NEG, {q}, {p}).Op(Code::NEG, {p}, {q}).Output(q);
  EXPECT_THAT(Refusal(ring), HasSubstr("reads tensor 'q' before anything computes it"));
  TfliteMaker twice;
  const int x = twice.Input("x", {2}), y = twice.Tensor("y", {2});
  twice.Op(Code::NEG, {x}, {y}).Op(Code::ABS, {x}, {y}).Output(y);
  EXPECT_THAT(Refusal(twice), HasSubstr("'y', which has a value already"));
}

TEST(MalformedTflite, IndicesOutOfRange) {
  for (const uint32_t index : {5u, 0x7fffffffu, 0xffffffffu}) {
    Convolution buffer;
    buffer.tensor(buffer.w).buffer = index;
    EXPECT_THAT(Refusal(buffer.maker), HasSubstr(absl::StrCat("'w' is in buffer ", index)));
    Convolution kind;
    kind.maker.graph().operators[0]->opcode_index = index;
    EXPECT_THAT(Refusal(kind.maker), HasSubstr(absl::StrCat("is of kind ", index)));
  }
  for (const int32_t index : {4, kMost, -2, kLeast}) {
    Convolution operand;
    operand.maker.graph().operators[0]->inputs[1] = index;
    EXPECT_THAT(Refusal(operand.maker), HasSubstr("uses a tensor that does not exist"));
    Convolution result;
    result.maker.graph().operators[0]->outputs[0] = index;
    EXPECT_THAT(Refusal(result.maker), HasSubstr("uses a tensor that does not exist"));
    Convolution input;
    input.maker.graph().inputs = {index};
    EXPECT_THAT(Refusal(input.maker), HasSubstr("is not one of its 4 tensors"));
  }
  Convolution channel;
  channel.tensor(channel.w).type = Type::INT8;
  channel.maker.model().buffers[channel.tensor(channel.w).buffer]->data.resize(6);
  channel.maker.Quantize(channel.w, {1, 1, 1}, {0, 0, 0}, 9);
  EXPECT_THAT(Refusal(channel.maker), HasSubstr("'w'"));
}

TEST(MalformedTflite, BytesBehindTheEndOfTheFile) {
  for (const uint64_t offset : {uint64_t{1} << 20, ~uint64_t{0}, ~uint64_t{0} - 23}) {
    Convolution far;
    tflite::BufferT& buffer = *far.maker.model().buffers[far.tensor(far.w).buffer];
    buffer.data.clear();
    buffer.offset = offset;
    buffer.size = 24;
    EXPECT_THAT(Refusal(far.maker), HasSubstr("'w'")) << offset;
  }
}

TEST(MalformedTflite, AbsurdDimensions) {
  for (const int32_t size : {kMost, 1 << 30, -1, kLeast}) {
    Convolution weights;
    weights.tensor(weights.w).shape = {size, size, size, size};
    EXPECT_THAT(Refusal(weights.maker), HasSubstr("'w'")) << size;
    Convolution picture;
    picture.tensor(picture.x).shape = {size, size, size, 2};
    EXPECT_THAT(Refusal(picture.maker), HasSubstr("'x'")) << size;
    Convolution stride;
    stride.options().stride_h = stride.options().dilation_w = size;
    EXPECT_FALSE(UseTflite(stride.maker.Bytes()).ok() && size < 0) << size;
  }
  Convolution deep;
  deep.tensor(deep.x).shape.assign(1000, 1);
  EXPECT_THAT(Refusal(deep.maker), HasSubstr("'x' has 1000 dimensions"));
}

// Each of these says in a few bytes that it wants more memory than there is.
TEST(MalformedTflite, HugeTensorsInFewBytes) {
  constexpr int32_t kMillion = 1000000;
  const std::vector<std::function<void(TfliteMaker&, int, int)>> makers = {
      [&](TfliteMaker& m, int x, int y) {
        m.Op(Code::TILE, {x, m.Ints("n", {2}, {kMillion, kMillion})}, {y});
      },
      [&](TfliteMaker& m, int x, int y) {
        m.Op(Code::BROADCAST_TO, {x, m.Ints("n", {2}, {kMost, kMost})}, {y});
      },
      [&](TfliteMaker& m, int, int y) {
        const int one = m.Floats("one", {}, {1}), c = m.Tensor("c", {});
        m.Op(Code::FILL, {m.Ints("n", {2}, {kMillion, kMillion}), one}, {c})
            .Op(Code::NEG, {c}, {y});
      },
      [&](TfliteMaker& m, int, int y) {
        const int c = m.Tensor("c", {}, Type::INT32), t = m.Tensor("t", {}, Type::INT32);
        m.Op(Code::FILL, {m.Ints("n", {1}, {1 << 30}), m.Ints("one", {}, {1})}, {c});
        m.Op(Code::ADD, {c, c}, {t}, tflite::AddOptionsT());
        m.Op(Code::CAST, {t}, {y}, tflite::CastOptionsT());
      },
      [&](TfliteMaker& m, int, int y) {
        const int c = m.Tensor("c", {}, Type::INT32);
        m.Op(Code::RANGE, {m.Ints("a", {}, {0}), m.Ints("b", {}, {kMost}), m.Ints("s", {}, {1})},
             {c});
        m.Op(Code::CAST, {c}, {y}, tflite::CastOptionsT());
      },
      [&](TfliteMaker& m, int x, int y) {
        m.Op(Code::PAD, {x, m.Ints("n", {2, 2}, {kMost, kMost, kMost, kMost})}, {y});
      },
      [&](TfliteMaker& m, int x, int y) {
        const int p = m.Tensor("p", {1, 1, 1, 2});
        m.Op(Code::RESHAPE, {x, m.Ints("s", {4}, {1, 1, 1, 2})}, {p});
        m.Op(Code::RESIZE_BILINEAR, {p, m.Ints("n", {2}, {kMost, kMost})}, {y},
             tflite::ResizeBilinearOptionsT());
      },
  };
  for (size_t i = 0; i < makers.size(); ++i) {
    TfliteMaker m;
    const int x = m.Input("x", {1, 2}), y = m.Tensor("y", {1, 2});
    makers[i](m, x, y);
    m.Output(y);
    EXPECT_FALSE(Refusal(m).empty()) << i;
  }
}

TEST(MalformedTflite, WrongTypes) {
  for (const int type : {100, -1, 5}) {  // 5 is a string
    Convolution unknown;
    unknown.tensor(unknown.w).type = static_cast<Type>(type);
    EXPECT_THAT(Refusal(unknown.maker), HasSubstr("node w"));
  }
  Convolution integers;
  integers.tensor(integers.x).type = Type::INT32;
  EXPECT_THAT(Refusal(integers.maker), HasSubstr("cannot compute with these types"));
  Convolution bias;
  bias.tensor(bias.b).type = Type::BOOL;
  EXPECT_THAT(Refusal(bias.maker), HasSubstr("'b'"));
  Convolution options;
  options.maker.graph().operators[0]->builtin_options.Set(tflite::Pool2DOptionsT());
  EXPECT_FALSE(Refusal(options.maker).empty());
  Convolution operators;
  operators.maker.model().operator_codes[0]->builtin_code = Code::SVDF;
  EXPECT_THAT(Refusal(operators.maker), HasSubstr("SVDF is not supported"));
}

TEST(MalformedTflite, ScalesThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float scale : {0.0f, -1.0f, nan, std::numeric_limits<float>::infinity()}) {
    TfliteMaker m;
    const int x = m.Input("x", {4}, Type::INT8), y = m.Tensor("y", {4});
    m.Quantize(x, {scale}, {0}).Op(Code::DEQUANTIZE, {x}, {y}).Output(y);
    EXPECT_FALSE(Refusal(m).empty()) << scale;
  }
  TfliteMaker zero;
  const int x = zero.Input("x", {4}, Type::INT8), y = zero.Tensor("y", {4});
  zero.Quantize(x, {1}, {int64_t{1} << 40}).Op(Code::DEQUANTIZE, {x}, {y}).Output(y);
  EXPECT_THAT(Refusal(zero), HasSubstr("zero point"));
}

// The vector of zero points starts 4 bytes late: what were the numbers 1 and 0 is one 0.
TEST(MalformedTflite, MisalignedNumbers) {
  TfliteMaker m;
  const int x = m.Input("x", {4}, Type::INT8), y = m.Tensor("y", {4});
  m.Quantize(x, {1}, {1, 0}).Op(Code::DEQUANTIZE, {x}, {y}).Output(y);
  std::vector<uint8_t> bytes = m.Bytes();
  const tflite::SubGraph& graph = *tflite::GetModel(bytes.data())->subgraphs()->Get(0);
  const auto* table =
      reinterpret_cast<const flatbuffers::Table*>(graph.tensors()->Get(0)->quantization());
  const uint8_t* offset = table->GetAddressOf(tflite::QuantizationParameters::VT_ZERO_POINT);
  bytes[static_cast<size_t>(offset - bytes.data())] += 4;
  const absl::Status status = UseTflite(bytes);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("zero points of tensor 'x'"));
}

// A reader that follows a chain by calling itself would run out of stack.
TEST(MalformedTflite, LongChains) {
  TfliteMaker m;
  int last = m.Input("x", {2});
  for (int i = 0; i < 20000; ++i) {
    const int y = m.Tensor("", {2});
    m.Op(Code::NEG, {last}, {y});
    last = y;
  }
  const absl::Status status = UseTflite(m.Output(last).Bytes());
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace octet::fuzz
