#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/core/validate.h"
#include "tools/import/tflite_importer.h"
#include "tools/import/tflite_testing.h"

// Whatever happens to a TFLite file, importing it gives an error or a graph that keeps all rules.
// Run it with --config=asan and --config=ubsan, too.

namespace octet {
namespace {

using testing::TfliteMaker;
using Code = tflite::BuiltinOperator;
using Type = tflite::TensorType;

// A quantized network with operators that read options, constants and computed shapes.
std::vector<uint8_t> SampleFile() {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4, 4, 2}, Type::INT8, {-1, 4, 4, 2});
  const int w = maker.Bytes("w", {2, 1, 1, 2}, {1, -2, 3, -4});
  const int bias = maker.Ints("b", {2}, {5, 6});
  const int conv = maker.Tensor("conv", {1, 4, 4, 2}, Type::INT8);
  const int shape = maker.Tensor("shape", {4}, Type::INT32);
  const int cut = maker.Tensor("cut", {}, Type::INT32), to = maker.Tensor("to", {2}, Type::INT32);
  const int rows = maker.Tensor("rows", {1, 32}, Type::INT8);
  const int y = maker.Tensor("y", {1, 32});
  maker.Quantize(x, {0.5f}, {3}).Quantize(w, {0.25f, 0.125f}, {0, 0}, 0);
  maker.Quantize(conv, {2}, {-4}).Quantize(rows, {2}, {-4});
  maker.Op(Code::CONV_2D, {x, w, bias}, {conv}, testing::Conv(tflite::Padding::SAME, 1));
  maker.Op(Code::SHAPE, {conv}, {shape}, tflite::ShapeOptionsT());
  tflite::StridedSliceOptionsT first;
  first.shrink_axis_mask = 1;
  maker.Op(Code::STRIDED_SLICE,
           {shape, maker.Ints("i", {1}, {0}), maker.Ints("j", {1}, {1}), maker.Ints("k", {1}, {1})},
           {cut}, first);
  tflite::PackOptionsT pack;
  pack.values_count = 2;
  maker.Op(Code::PACK, {cut, maker.Ints("n", {}, {32})}, {to}, pack);
  maker.Op(Code::RESHAPE, {conv, to}, {rows}).Op(Code::DEQUANTIZE, {rows}, {y}).Output(y);
  return maker.Bytes();
}

// Imports from a buffer of exactly that size, so that a sanitizer sees a byte too much.
bool ImportsWell(absl::Span<const uint8_t> bytes) {
  std::shared_ptr<uint8_t> owner(new uint8_t[bytes.size() + 1], std::default_delete<uint8_t[]>());
  std::copy(bytes.begin(), bytes.end(), owner.get());
  const auto graph = ImportTfliteBytes({owner.get(), bytes.size()}, owner, "sample.tflite");
  if (graph.ok()) {
    EXPECT_TRUE(ValidateGraph(*graph).ok());
  } else {
    EXPECT_NE(graph.status().message().find("sample.tflite"), absl::string_view::npos);
    EXPECT_TRUE(absl::IsInvalidArgument(graph.status()) || absl::IsUnimplemented(graph.status()))
        << graph.status();
  }
  return graph.ok();
}

TEST(TfliteCorruption, TheWholeFileIsGood) { EXPECT_TRUE(ImportsWell(SampleFile())); }

TEST(TfliteCorruption, CutAtEachLength) {
  const std::vector<uint8_t> file = SampleFile();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ImportsWell(absl::MakeConstSpan(file).subspan(0, size))) << size;
  }
}

TEST(TfliteCorruption, EachByteFlipped) {
  const std::vector<uint8_t> original = SampleFile();
  for (const uint8_t mask : {0x01, 0x10, 0x80, 0xff}) {
    for (size_t i = 0; i < original.size(); ++i) {
      std::vector<uint8_t> file = original;
      file[i] ^= mask;
      ImportsWell(file);
    }
  }
}

TEST(TfliteCorruption, NumbersReplacedByExtremes) {
  const std::vector<uint8_t> original = SampleFile();
  for (const uint32_t value : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0x7fc00000u}) {
    for (size_t i = 0; i + 4 <= original.size(); i += 4) {
      std::vector<uint8_t> file = original;
      std::memcpy(file.data() + i, &value, 4);
      ImportsWell(file);
    }
  }
}

TEST(TfliteCorruption, ManyBytesAtRandom) {
  const std::vector<uint8_t> original = SampleFile();
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint8_t> file = original;
    const unsigned changes = 1 + random() % 6;
    for (unsigned change = 0; change < changes; ++change) {
      file[8 + random() % (file.size() - 8)] = static_cast<uint8_t>(random());
    }
    ImportsWell(file);
  }
}

// Many tensors that share one large constant, which each would have to be turned around.
TEST(TfliteCorruption, SharedConstantsDoNotFillTheMemory) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 1, 1, 1 << 20});
  const int w = maker.Bytes("w0", {1, 1, 1, 1 << 20}, std::vector<int>(1 << 20, 1));
  maker.Quantize(w, {1}, {0});
  const auto first = static_cast<size_t>(w);
  for (int i = 0; i < 64; ++i) {
    const int y = maker.Tensor("y" + std::to_string(i), {1, 1, 1, 1});
    const int same = maker.Tensor("w" + std::to_string(i + 1), {1, 1, 1, 1 << 20}, Type::INT8);
    maker.Quantize(same, {1}, {0});
    maker.graph().tensors[static_cast<size_t>(same)]->buffer = maker.graph().tensors[first]->buffer;
    maker.Op(Code::CONV_2D, {x, same}, {y}, testing::Conv(tflite::Padding::VALID, 1)).Output(y);
  }
  const absl::Status status = maker.Import().status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_NE(status.message().find("would fill the memory"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace octet
