#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "runtime/format/model_file.h"

// Pins the bytes of a file of version 1. A change that fails here breaks files that people have:
// make it compatible, or raise the version as schema/README.md says and add a file of the new one.

namespace octet {
namespace {

// quantize(relu(x * c)), with x f32 [n, 2], c = {1, -2} and the result s8 of scale 0.5, zero
// point 3.
constexpr char kGolden[] =
    // clang-format off
    // size of the tables, 588; the root table at 4 + 28; identifier; the root's field offsets
    "4c020000 1c000000 4f43544d 14002000"
    // ... begin at 12: version (absent: 1), name, producer (absent), tensors, operators, inputs,
    "00000400 00000800 0c001000 14001800"
    // outputs, weights_size. Root table at 32: field offsets 20 before it, name at 36 + 544,
    "14000000 20020000 c8000000 24000000"
    // tensors, operators, inputs, outputs (at 52), weights_size = 8 (at 56)
    "18000000 0c000000 08000000 00000000"
    "01000000 03000000 01000000 00000000"
    "02000000 54000000 04000000 c2ffffff"
    "0000000e 28000000 20000000 10000000"
    "04000000 01000000 03000000 01000000"
    "02000000 04000400 04000000 08000000"
    // name of operator 1
    "7175616e 74697a65 00000e00 18000800"
    "07000c00 10001400 0e000000 00000005"
    "38000000 28000000 10000000 04000000"
    "01000000 02000000 02000000 00000000"
    "01000000 08000c00 06000800 08000000"
    // name of operator 0
    "00000200 00000000 03000000 6d756c00"
    "04000000 00010000 b8000000 78000000"
    "14000000 00000e00 14000800 06000c00"
    "00001000 0e000000 00000400 48000000"
    "2c000000 0c000000 08000c00 04000800"
    "08000000 10000000 04000000 01000000"
    // scale 0.5 of q
    "03000000 01000000 0000003f 02000000"
    "ffffffff ffffffff 02000000 00000000"
    "00000000 01000000 71000a00 10000800"
    "06000c00 0a000000 00000100 1c000000"
    "04000000 02000000 ffffffff ffffffff"
    "02000000 00000000 01000000 79000000"
    "10002400 08000600 0c000000 00001000"
    "10000000 00000100 28000000 18000000"
    "00000000 00000000 08000000 00000000"
    "00000000 01000000 02000000 00000000"
    "01000000 63000000 0c001400 08000600"
    "0c001000 0c000000 00000100 40000000"
    "24000000 04000000 02000000 10000000"
    "04000000 00000000 00000000 01000000"
    "6e000000 02000000 ffffffff ffffffff"
    "02000000 00000000 00000000 01000000"
    // name of the model; the tables end at 592
    "78000000 06000000 676f6c64 656e0000"
    // zeros up to the weights at 640
    "00000000 00000000 00000000 00000000"
    "00000000 00000000 00000000 00000000"
    "00000000 00000000 00000000 00000000"
    // weights: 1.0, -2.0
    "0000803f 000000c0";
// clang-format on

std::string GoldenBytes() {
  return absl::HexStringToBytes(absl::StrReplaceAll(kGolden, {{" ", ""}}));
}

Graph GoldenGraph() {
  Graph g;
  g.name = "golden";
  Tensor x;
  x.name = "x";
  x.type = DataType::kF32;
  x.shape = {-1, 2};
  Tensor c = x, y = x, q = x;
  x.symbols = {"n", ""};
  c.name = "c";
  c.shape = {2};
  const std::vector<float> values = {1.0f, -2.0f};
  c.data = Constant::Of<float>(values);
  y.name = "y";
  q.name = "q";
  q.type = DataType::kS8;
  q.quant = QuantParams{{0.5f}, {3}, -1};
  g.inputs = {g.AddTensor(x)};
  g.AddTensor(c);
  g.AddTensor(y);
  g.outputs = {g.AddTensor(q)};
  schema::BinaryOptionsT mul;
  mul.kind = schema::BinaryKind::MUL;
  mul.activation_min = 0;
  g.AddNode("mul", mul, {0, 1}, {2});
  g.AddNode("quantize", schema::QuantizeOptionsT(), {2}, {3});
  return g;
}

TEST(Golden, OldFilesStayReadable) {
  const std::string bytes = GoldenBytes();
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto g = ReadModelBytes({data, bytes.size()}, nullptr);
  ASSERT_TRUE(g.ok()) << g.status();
  EXPECT_EQ(g->name, "golden");
  ASSERT_EQ(g->tensors.size(), 4u);
  EXPECT_EQ(g->tensors[0].symbols, (std::vector<std::string>{"n", ""}));
  EXPECT_EQ(g->tensors[1].data.as<float>(), (std::vector<float>{1.0f, -2.0f}));
  EXPECT_EQ(g->tensors[3].type, DataType::kS8);
  EXPECT_EQ(g->tensors[3].shape, (Shape{-1, 2}));
  EXPECT_EQ(g->tensors[3].quant, (QuantParams{{0.5f}, {3}, -1}));
  ASSERT_EQ(g->nodes.size(), 2u);
  ASSERT_EQ(g->nodes[0].type(), OpType::BinaryOptions);
  const auto& mul = g->nodes[0].as<schema::BinaryOptionsT>();
  EXPECT_EQ(mul.kind, schema::BinaryKind::MUL);
  EXPECT_EQ(mul.activation_min, 0);
  EXPECT_EQ(mul.activation_max, std::numeric_limits<float>::infinity());
  EXPECT_EQ(g->nodes[0].inputs, (std::vector<TensorId>{0, 1}));
  EXPECT_EQ(g->nodes[1].type(), OpType::QuantizeOptions);
  EXPECT_EQ(g->outputs, std::vector<TensorId>{3});
}

TEST(Golden, NewFilesHaveTheSameBytes) {
  const std::string path = testing::TempDir() + "/golden_test.octet";
  ASSERT_TRUE(WriteModel(GoldenGraph(), path).ok());
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(absl::BytesToHexString(bytes), absl::BytesToHexString(GoldenBytes()));
}

// Numbers that files hold and that must never get another meaning.
TEST(Golden, NumbersOfTheSchema) {
  EXPECT_EQ(static_cast<int>(DataType::kF32), 1);
  EXPECT_EQ(static_cast<int>(schema::DataType::F32), 1);
  EXPECT_EQ(static_cast<int>(schema::DataType::U8), 5);
  EXPECT_EQ(static_cast<int>(schema::DataType::BOOL), 9);
  EXPECT_EQ(static_cast<int>(OpType::ConvOptions), 1);
  EXPECT_EQ(static_cast<int>(OpType::SoftmaxOptions), 11);
  EXPECT_EQ(static_cast<int>(OpType::RequantizeOptions), 16);
  EXPECT_EQ(static_cast<int>(schema::UnaryKind::COS), 23);
  EXPECT_EQ(static_cast<int>(schema::BinaryKind::POW), 6);
  EXPECT_EQ(static_cast<int>(schema::ReduceKind::MINIMUM), 3);
  EXPECT_EQ(static_cast<int>(schema::PoolKind::AVERAGE), 1);
  EXPECT_EQ(static_cast<int>(schema::TieRule::AWAY_FROM_ZERO), 1);
  EXPECT_EQ(static_cast<int>(schema::PadMode::EDGE), 2);
}

}  // namespace
}  // namespace octet
