#include "kernels/slices.h"

#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

using ::testing::ElementsAre;

struct Operator {
  Node node;
  std::vector<Operand> inputs, outputs;

  KernelContext context() const {
    KernelContext c;
    c.node = &node;
    c.inputs = inputs;
    c.outputs = outputs;
    return c;
  }
};

Operand Of(const Shape& shape, Layout layout = Layout::kPlain) {
  Operand o;
  o.type = DataType::kBF16;
  o.shape = shape;
  o.layout = layout;
  return o;
}

template <typename OptionsT>
Operator Make(OptionsT options, std::vector<Operand> inputs, Operand output) {
  return {Graph::MakeNode("op", std::move(options), {}, {}), std::move(inputs), {output}};
}

TEST(SlicesTest, ElementwiseOperatorsAreCutAnywhere) {
  const Operator op = Make(schema::UnaryOptionsT(), {Of({3, 1000})}, Of({3, 1000}));
  const auto slices = MakeSlices(op.context(), 300);
  ASSERT_TRUE(slices);
  EXPECT_EQ(slices->count, 12);  // 3 rows of 4 pieces: 300, 300, 300, 100
  EXPECT_EQ(slices->GroupOf(3), 100);
  EXPECT_EQ(slices->Offset(slices->inputs[0], 7), 1000 + 900);
  EXPECT_THAT(slices->OutputShape(op.context(), 300), ElementsAre(1, 300));
  EXPECT_THAT(slices->InputShapes(op.context(), 100)[0], ElementsAre(1, 100));
}

TEST(SlicesTest, BroadcastOperandsAreSeenWholeOrStepByStep) {
  schema::BinaryOptionsT add;
  // Pictures, channels last: 6 rows of 5 * 4 elements; b has a number per channel.
  const Operator op = Make(add, {Of({1, 4, 6, 5}, Layout::kChannelsLast), Of({1, 4, 1, 1})},
                           Of({1, 4, 6, 5}, Layout::kChannelsLast));
  const auto slices = MakeSlices(op.context(), 40);
  ASSERT_TRUE(slices);
  EXPECT_EQ(slices->count, 3);
  EXPECT_FALSE(slices->inputs[1].varies);
  EXPECT_EQ(slices->Offset(slices->inputs[0], 2), 80);
  EXPECT_THAT(slices->OutputShape(op.context(), 2), ElementsAre(1, 4, 2, 5));
  EXPECT_THAT(slices->InputShapes(op.context(), 2)[1], ElementsAre(1, 4, 1, 1));
}

TEST(SlicesTest, OperandsThatLieInAnotherOrderCannotBeCut) {
  const Operator op =
      Make(schema::BinaryOptionsT(), {Of({1, 4, 6, 5}, Layout::kChannelsLast), Of({4, 6, 5})},
           Of({1, 4, 6, 5}, Layout::kChannelsLast));
  EXPECT_FALSE(MakeSlices(op.context(), 40));
}

TEST(SlicesTest, RowsThatAreNormalizedStayWhole) {
  schema::NormalizationOptionsT layer;
  layer.axis = 2;
  const Operator op = Make(layer, {Of({2, 7, 10}), Of({10}), Of({10})}, Of({2, 7, 10}));
  const auto slices = MakeSlices(op.context(), 30);
  ASSERT_TRUE(slices);
  EXPECT_EQ(slices->count, 2 * 3);  // 3, 3 and 1 rows
  EXPECT_THAT(slices->OutputShape(op.context(), 3), ElementsAre(1, 3, 10));
  EXPECT_FALSE(slices->inputs[1].varies);
  EXPECT_EQ(slices->Offset(slices->output, 4), 70 + 30);
}

TEST(SlicesTest, SoftmaxAndReduceStayWholeAlongTheirAxis) {
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 0;
  const Operator first = Make(softmax, {Of({8, 100})}, Of({8, 100}));
  EXPECT_FALSE(MakeSlices(first.context(), 10)) << "its axis is the outermost";
  schema::ReduceOptionsT reduce;
  reduce.axes = {1};
  reduce.keep_dims = false;
  const Operator sums = Make(reduce, {Of({8, 100, 3})}, Of({8, 3}));
  const auto slices = MakeSlices(sums.context(), 6);
  ASSERT_TRUE(slices);
  EXPECT_EQ(slices->count, 4);
  EXPECT_THAT(slices->InputShapes(sums.context(), 2)[0], ElementsAre(2, 100, 3));
  EXPECT_EQ(slices->Offset(slices->inputs[0], 1), 600);
  EXPECT_EQ(slices->Offset(slices->output, 1), 6);
}

TEST(SlicesTest, WhatDependsOnAllElementsIsNotCut) {
  EXPECT_FALSE(MakeSlices(
      Make(schema::MatMulOptionsT(), {Of({64, 64}), Of({64, 64})}, Of({64, 64})).context(), 64));
  const Operator small = Make(schema::UnaryOptionsT(), {Of({5})}, Of({5}));
  EXPECT_FALSE(MakeSlices(small.context(), 100)) << "one slice is none";
  const Operator empty = Make(schema::UnaryOptionsT(), {Of({0, 5})}, Of({0, 5}));
  EXPECT_FALSE(MakeSlices(empty.context(), 1));
}

// Every element of the output is in exactly one slice.
TEST(SlicesTest, SlicesCoverTheOutputOnce) {
  for (int64_t elements : {1, 3, 7, 50, 400}) {
    const Operator op =
        Make(schema::BinaryOptionsT(),
             {Of({2, 3, 4, 5}, Layout::kChannelsLast), Of({1, 3, 4, 1}, Layout::kChannelsLast)},
             Of({2, 3, 4, 5}, Layout::kChannelsLast));
    const auto slices = MakeSlices(op.context(), elements);
    if (!slices) continue;
    std::multiset<int64_t> seen;
    for (int64_t i = 0; i < slices->count; ++i) {
      const int64_t n = NumElements(slices->OutputShape(op.context(), slices->GroupOf(i)));
      for (int64_t k = 0; k < n; ++k) seen.insert(slices->Offset(slices->output, i) + k);
    }
    ASSERT_EQ(seen.size(), 120u) << elements;
    EXPECT_EQ(std::set<int64_t>(seen.begin(), seen.end()).size(), 120u) << elements;
    EXPECT_EQ(*seen.rbegin(), 119);
  }
}

}  // namespace
}  // namespace octet
