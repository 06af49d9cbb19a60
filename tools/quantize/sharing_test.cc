#include "tools/quantize/sharing.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using testing::GraphBuilder;

constexpr Precision kInt8 = Precision::kInt8;
constexpr Precision kInt8ToFloat = Precision::kInt8ToFloat;

TEST(ShareRangesTest, AllTensorsOfAConcatShareOneRange) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  const TensorId q = b.Conv("q", x);
  const TensorId c = b.Concat("c", {p, q});
  const TensorId r = b.Reshape("r", c, {1, 64});
  b.graph.outputs = {b.MatMul("m", r, 3)};
  const std::vector<Precision> precision = {kInt8, kInt8, kInt8, kInt8, kInt8ToFloat};
  EXPECT_THAT(IntegerTensors(b.graph, precision), ElementsAre(x, p, q, c, r));
  const std::map<TensorId, Range> ranges = ShareRanges(
      b.graph, precision, {{x, {-9, 9}}, {p, {0, 1}}, {q, {-2, 0.5f}}, {c, {-2, 1}}, {r, {-2, 1}}});
  EXPECT_EQ(ranges.size(), 5u);
  for (TensorId id : {p, q, c, r}) {
    EXPECT_EQ(ranges.at(id).min, -2);
    EXPECT_EQ(ranges.at(id).max, 1);
  }
  EXPECT_EQ(ranges.at(x).max, 9);
}

TEST(ShareRangesTest, APadsValueCounts) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  schema::PadOptionsT pad;
  pad.pads_begin = pad.pads_end = {0, 0, 1, 1};
  pad.value = -3;
  const TensorId padded = b.Add("pad", std::move(pad), {x}, {1, 2, 6, 6});
  b.graph.outputs = {b.Conv("c", padded)};
  const std::map<TensorId, Range> ranges =
      ShareRanges(b.graph, {kInt8, kInt8ToFloat}, {{x, {0, 1}}, {padded, {0, 1}}});
  EXPECT_EQ(ranges.at(x).min, -3);
  EXPECT_EQ(ranges.at(padded).min, -3);
}

TEST(ShareRangesTest, ConstantsCountWithTheirValues) {
  GraphBuilder b;
  const TensorId a = b.Conv("a", b.Input("x"));
  const TensorId k = b.Constant("k", {1, 2, 1, 1}, {-4, 7});
  const TensorId sum = b.Binary("sum", schema::BinaryKind::ADD, a, k);
  b.graph.outputs = {b.Conv("c", sum)};
  const std::map<TensorId, Range> ranges =
      ShareRanges(b.graph, {kInt8, kInt8, kInt8ToFloat}, {{a, {0, 1}}, {sum, {-4, 8}}});
  EXPECT_EQ(ranges.at(k).min, -4);
  EXPECT_EQ(ranges.at(k).max, 7);
  EXPECT_EQ(ranges.at(a).max, 1);
}

TEST(RealValuesTest, WidensHalves) {
  Tensor t;
  t.type = DataType::kF16;
  t.shape = {2};
  t.data = Constant::Of<uint16_t>({0x3c00, 0xc000});
  EXPECT_THAT(RealValues(t), ElementsAre(1, -2));
}

TEST(ShareRangesTest, ASetIsSymmetricWhenOneMemberIs) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId a = b.Conv("a", x);
  const TensorId c = b.Concat("c", {a, x});
  b.graph.outputs = {b.Unary("y", schema::UnaryKind::EXP, c)};
  const std::vector<Precision> precision = {Precision::kInt8, Precision::kInt8, Precision::kFloat};
  const auto ranges =
      ShareRanges(b.graph, precision, {{x, {-1, 1}}, {a, {0, 2, true}}, {c, {-1, 2}}});
  for (TensorId id : {x, a, c}) EXPECT_EQ(ranges.at(id), (Range{-1, 2, true}));
}

}  // namespace
}  // namespace octet
