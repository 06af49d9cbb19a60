#include "runtime/core/bind.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/infer.h"
#include "runtime/core/operators.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <typename T>
Tensor ConstantOf(DataType type, const std::vector<T>& values) {
  Tensor t;
  t.type = type;
  t.shape = {static_cast<int64_t>(values.size())};
  t.data = Constant::Of(absl::MakeConstSpan(values));
  return t;
}

Tensor Numbers(const std::vector<int64_t>& values) { return ConstantOf(DataType::kS64, values); }

// A node whose input 0 is x and whose further inputs are `values`.
template <typename OptionsT>
Node MakeNode(OptionsT options, size_t values) {
  std::vector<TensorId> inputs = {0};
  for (size_t i = 0; i < values; ++i) inputs.push_back(static_cast<TensorId>(i + 1));
  return Graph::MakeNode("n", std::move(options), inputs, {9});
}

absl::Status Bind(Node& node, const std::vector<Tensor>& values, const Shape& x) {
  std::vector<const Tensor*> pointers = {nullptr};
  for (const Tensor& value : values) pointers.push_back(&value);
  return BindValues(node, pointers, x);
}

TEST(BindTest, ReadsNumbersOfEveryType) {
  EXPECT_THAT(IntegersOf(ConstantOf<int8_t>(DataType::kS8, {-3, 7})), ElementsAre(-3, 7));
  EXPECT_THAT(IntegersOf(ConstantOf<uint8_t>(DataType::kBool, {0, 1})), ElementsAre(0, 1));
  EXPECT_THAT(IntegersOf(ConstantOf<uint32_t>(DataType::kU32, {4000000000u})),
              ElementsAre(4000000000));
  EXPECT_THAT(IntegersOf(ConstantOf<uint64_t>(DataType::kU64, {UINT64_MAX})),
              ElementsAre(INT64_MAX));
  EXPECT_THAT(IntegersOf(ConstantOf<float>(
                  DataType::kF32, {2.9f, -2.9f, std::numeric_limits<float>::quiet_NaN(), 1e30f})),
              ElementsAre(2, -2, 0, int64_t{9200000000000000000}));
  EXPECT_THAT(RealsOf(ConstantOf<uint16_t>(DataType::kF16, {0x3e00})), ElementsAre(1.5));
  EXPECT_THAT(RealsOf(ConstantOf<double>(DataType::kF64, {0.1})), ElementsAre(0.1));
}

TEST(BindTest, MovesNumbersIntoOptionsAndDropsTheInputs) {
  Node node = MakeNode(schema::ReshapeOptionsT(), 1);
  EXPECT_FALSE(IsBound(node));
  ASSERT_TRUE(Bind(node, {Numbers({0, -1})}, {2, 3, 4}).ok());
  EXPECT_TRUE(IsBound(node));
  EXPECT_THAT(node.inputs, ElementsAre(0));
  EXPECT_THAT(node.as<schema::ReshapeOptionsT>().shape, ElementsAre(0, -1));
  EXPECT_EQ((*InferShapes(node, {{2, 3, 4}}))[0], (Shape{2, 12}));
}

TEST(BindTest, ReshapeMayNotUseTheCodeForCopies) {
  Node node = MakeNode(schema::ReshapeOptionsT(), 1);
  EXPECT_THAT(std::string(Bind(node, {Numbers({-2, 6})}, {2, 3}).message()), HasSubstr("entry -2"));
}

TEST(BindTest, SliceTakesNegativeAxesAndDefaults) {
  Node node = MakeNode(schema::SliceOptionsT(), 4);
  ASSERT_TRUE(Bind(node, {Numbers({3}), Numbers({-9}), Numbers({-1}), Numbers({-1})}, {2, 5}).ok());
  EXPECT_THAT(node.as<schema::SliceOptionsT>().axes, ElementsAre(1));
  EXPECT_EQ((*InferShapes(node, {{2, 5}}))[0], (Shape{2, 4}));

  Node plain = MakeNode(schema::SliceOptionsT(), 2);
  ASSERT_TRUE(Bind(plain, {Numbers({1, 0}), Numbers({INT64_MAX, 2})}, {3, 5}).ok());
  EXPECT_THAT(plain.as<schema::SliceOptionsT>().axes, ElementsAre(0, 1));
  EXPECT_EQ((*InferShapes(plain, {{3, 5}}))[0], (Shape{2, 2}));
  Node wrong = MakeNode(schema::SliceOptionsT(), 3);
  EXPECT_THAT(
      std::string(Bind(wrong, {Numbers({0}), Numbers({1}), Numbers({2})}, {3, 5}).message()),
      HasSubstr("axis 2 does not exist"));
}

TEST(BindTest, ReduceOfNoAxesIsAllOrNone) {
  Node all = MakeNode(schema::ReduceOptionsT(), 1);
  ASSERT_TRUE(Bind(all, {Numbers({})}, {2, 3}).ok());
  EXPECT_THAT(all.as<schema::ReduceOptionsT>().axes, ElementsAre(0, 1));
  schema::ReduceOptionsT options;
  options.empty_is_none = true;
  Node none = MakeNode(options, 1);
  ASSERT_TRUE(Bind(none, {Numbers({})}, {2, 3}).ok());
  EXPECT_EQ((*InferShapes(none, {{2, 3}}))[0], (Shape{2, 3}));
  Node unordered = MakeNode(schema::ReduceOptionsT(), 1);
  ASSERT_TRUE(Bind(unordered, {Numbers({-1, 0})}, {2, 3}).ok());
  EXPECT_THAT(unordered.as<schema::ReduceOptionsT>().axes, ElementsAre(0, 1));
}

TEST(BindTest, SingleNumbersMustBeSingle) {
  Node node = MakeNode(schema::TopKOptionsT(), 1);
  EXPECT_THAT(std::string(Bind(node, {Numbers({1, 2})}, {4}).message()),
              HasSubstr("has 2 numbers, not 1"));
  ASSERT_TRUE(Bind(node, {Numbers({3})}, {4}).ok());
  EXPECT_EQ(node.as<schema::TopKOptionsT>().k, 3);
}

TEST(BindTest, RangeKeepsNoInputs) {
  Node node = Graph::MakeNode("n", schema::RangeOptionsT(), {0, 1, 2}, {9});
  const Tensor start = ConstantOf<float>(DataType::kF32, {1.0f});
  const Tensor limit = ConstantOf<float>(DataType::kF32, {2.0f});
  const Tensor delta = ConstantOf<float>(DataType::kF32, {0.3f});
  ASSERT_TRUE(BindValues(node, {&start, &limit, &delta}, {}).ok());
  EXPECT_TRUE(node.inputs.empty());
  EXPECT_EQ((*InferShapes(node, {}))[0], (Shape{4}));
}

TEST(BindTest, PadsMustFitTheRank) {
  Node node = MakeNode(schema::PadOptionsT(), 1);
  EXPECT_THAT(std::string(Bind(node, {Numbers({1, 1})}, {2, 3}).message()), HasSubstr("2 pads"));
  ASSERT_TRUE(Bind(node, {Numbers({0, 1, 2, 3})}, {2, 3}).ok());
  EXPECT_THAT(node.as<schema::PadOptionsT>().pads_end, ElementsAre(2, 3));
}

}  // namespace
}  // namespace octet
