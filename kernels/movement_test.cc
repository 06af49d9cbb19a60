#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/kernel.h"
#include "kernels/testing/expect_rows.h"
#include "kernels/testing/kernel_test_util.h"

// What operators that move elements mean, worked out by hand, for every row that accepts the case.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kS32 = DataType::kS32, kS64 = DataType::kS64;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TestTensor Bytes(DataType type, const Shape& shape, const std::vector<uint8_t>& bytes) {
  TestTensor t = OutputLike(type);
  t.shape = shape;
  t.bytes = bytes;
  return t;
}

KernelCase Slice(const TestTensor& x, std::vector<int32_t> axes, std::vector<int64_t> starts,
                 std::vector<int64_t> ends, std::vector<int64_t> steps) {
  schema::SliceOptionsT options;
  options.axes = std::move(axes);
  options.starts = std::move(starts);
  options.ends = std::move(ends);
  options.steps = std::move(steps);
  return MakeCase("slice", options, {x}, {OutputOf(x)});
}

TEST(SliceTest, TakesEveryThirdFromTheEnd) {
  // From 6 down: 6, 3, 0.
  ExpectRows<int32_t>(Slice(S32({7}, {0, 1, 2, 3, 4, 5, 6}), {0}, {-1},
                            {std::numeric_limits<int64_t>::min()}, {-3}),
                      {6, 3, 0});
}

TEST(SliceTest, CutsWhatLiesOutside) {
  ExpectRows<int32_t>(Slice(S32({2, 3}, {0, 1, 2, 3, 4, 5}), {1, 0}, {-9, 1}, {2, 9}, {}), {3, 4});
}

TEST(SliceTest, MayBeEmpty) {
  ExpectRows<int32_t>(Slice(S32({2, 3}, {0, 1, 2, 3, 4, 5}), {1}, {2}, {1}, {}), {});
}

KernelCase Gather(int axis, const TestTensor& x, const TestTensor& indices) {
  schema::GatherOptionsT options;
  options.axis = axis;
  return MakeCase("gather", options, {x, indices}, {OutputOf(x)});
}

TEST(GatherTest, CountsNegativeIndicesFromTheEnd) {
  const TestTensor x = S32({3, 2}, {0, 1, 10, 11, 20, 21});
  ExpectRows<int32_t>(Gather(0, x, S32({2}, {-1, 0})), {20, 21, 0, 1});
  ExpectRows<int32_t>(Gather(1, x, S64({1, 2}, {1, 1})), {1, 1, 11, 11, 21, 21});
  ExpectRows<int32_t>(Gather(1, x, S64({}, {-2})), {0, 10, 20});
}

TEST(GatherTest, ReportsAnIndexOutside) {
  const TestTensor x = S32({3, 2}, {0, 1, 10, 11, 20, 21});
  ExpectErrors(Gather(0, x, S32({2}, {0, 3})), "an index is 3, outside [-3, 2]");
  ExpectErrors(Gather(1, x, S64({1}, {-3})), "an index is -3, outside [-2, 1]");
  ExpectErrors(Gather(0, S32({0, 2}, {}), S32({1}, {0})), "an index is 0, outside [0, -1]");
}

TEST(GatherElementsTest, TakesOneElementPerIndex) {
  schema::GatherElementsOptionsT options;
  options.axis = 0;
  const TestTensor x = F32({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  // x[1][0] x[2][1] x[0][2], x[2][0] x[0][1] x[0][2]
  ExpectRows<float>(
      MakeCase("elements", options, {x, S64({2, 3}, {1, 2, 0, -1, 0, 0})}, {OutputLike(kF32)}),
      {4, 8, 3, 7, 2, 3});
  ExpectErrors(MakeCase("elements", options, {x, S64({1, 1}, {4})}, {OutputLike(kF32)}),
               "an index is 4, outside [-3, 2]");
}

TEST(GatherNDTest, TakesSlicesBehindTheBatch) {
  const TestTensor x = S32({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  schema::GatherNDOptionsT options;
  // x[0][1] and x[1][0].
  ExpectRows<int32_t>(
      MakeCase("vectors", options, {x, S64({2, 2}, {0, 1, -1, 0})}, {OutputLike(kS32)}),
      {2, 3, 4, 5});
  options.batch_dims = 1;
  // x[0][1] and x[1][0].
  ExpectRows<int32_t>(MakeCase("vectors", options, {x, S64({2, 1}, {1, 0})}, {OutputLike(kS32)}),
                      {2, 3, 4, 5});
  ExpectErrors(MakeCase("vectors", options, {x, S64({2, 1}, {1, 2})}, {OutputLike(kS32)}),
               "an index is 2, outside [-2, 1]");
}

KernelCase ScatterElements(schema::ScatterReduction reduction, const TestTensor& x,
                           const TestTensor& indices, const TestTensor& updates) {
  schema::ScatterElementsOptionsT options;
  options.reduction = reduction;
  return MakeCase("scatter", options, {x, indices, updates}, {OutputOf(x)});
}

TEST(ScatterElementsTest, CombinesWhatMeets) {
  using Reduction = schema::ScatterReduction;
  const TestTensor x = S64({3}, {5, 6, 7}), indices = S32({4}, {1, -1, 1, 1});
  const TestTensor updates = S64({4}, {2, 3, -4, 9});
  const auto expect = [&](Reduction reduction, std::vector<int64_t> want) {
    ExpectRows(ScatterElements(reduction, x, indices, updates), want);
  };
  expect(Reduction::NONE, {5, 9, 3});
  expect(Reduction::ADD, {5, 13, 10});
  expect(Reduction::MUL, {5, 6 * 2 * -4 * 9, 21});
  expect(Reduction::MAXIMUM, {5, 9, 7});
  expect(Reduction::MINIMUM, {5, -4, 3});
}

TEST(ScatterElementsTest, WrapsNarrowIntegersAndKeepsBooleans) {
  using Reduction = schema::ScatterReduction;
  const TestTensor indices = S32({2}, {0, 1});
  const auto expect = [&](DataType type, Reduction reduction, std::vector<uint8_t> want) {
    const bool logical = type == DataType::kBool;
    const uint8_t a = logical ? 1 : 200, b = logical ? 1 : 100;
    ExpectRows(
        ScatterElements(reduction, Bytes(type, {2}, {a, 0}), indices, Bytes(type, {2}, {b, 1})),
        want);
  };
  expect(DataType::kU8, Reduction::ADD, {300 - 256, 1});
  expect(DataType::kU8, Reduction::MUL, {20000 % 256, 0});
  expect(DataType::kBool, Reduction::ADD, {1, 1});
  expect(DataType::kBool, Reduction::MUL, {1, 0});
}

TEST(ScatterElementsTest, NotANumberWins) {
  using Reduction = schema::ScatterReduction;
  for (Reduction reduction : {Reduction::MAXIMUM, Reduction::MINIMUM}) {
    const KernelCase c =
        ScatterElements(reduction, F32({2}, {kNan, 1}), S32({2}, {0, 1}), F32({2}, {1, kNan}));
    for (const KernelEntry& row : KernelsFor(OpType::ScatterElementsOptions)) {
      const absl::StatusOr<Outputs> got = RunRow(row, c);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_EQ(Difference(c, *got, {BytesOf<float>({kNan, kNan})}, Tolerance()), "") << row.name;
    }
  }
}

TEST(ScatterElementsTest, QuantizedNumbersAreCombinedAsReals) {
  // 0.5 * (6 - 4) + 0.25 * (10 - 2) = 3 = 0.5 * (10 - 4).
  const KernelCase c =
      ScatterElements(schema::ScatterReduction::ADD, Ints(DataType::kU8, {1}, 0.5f, 4, {6}),
                      S32({1}, {0}), Ints(DataType::kU8, {1}, 0.25f, 2, {10}));
  ExpectRows<uint8_t>(c, {10});
}

TEST(ScatterElementsTest, ReportsAnIndexOutside) {
  ExpectErrors(ScatterElements(schema::ScatterReduction::ADD, S64({3}, {5, 6, 7}), S32({1}, {3}),
                               S64({1}, {1})),
               "an index is 3, outside [-3, 2]");
}

TEST(ScatterNDTest, CombinesSlicesThatMeet) {
  schema::ScatterNDOptionsT options;
  const TestTensor x = S32({3, 2}, {1, 1, 2, 2, 3, 3}), updates = S32({2, 2}, {10, 20, 30, 40});
  const TestTensor indices = S64({2, 1}, {2, -1});
  ExpectRows<int32_t>(MakeCase("vectors", options, {x, indices, updates}, {OutputLike(kS32)}),
                      {1, 1, 2, 2, 30, 40});
  options.reduction = schema::ScatterReduction::ADD;
  ExpectRows<int32_t>(MakeCase("vectors", options, {x, indices, updates}, {OutputLike(kS32)}),
                      {1, 1, 2, 2, 43, 63});
  ExpectErrors(MakeCase("vectors", options, {x, S64({2, 1}, {0, 3}), updates}, {OutputLike(kS32)}),
               "an index is 3, outside [-3, 2]");
}

TEST(ExpandTest, BroadcastsInBothDirections) {
  schema::ExpandOptionsT options;
  options.shape = {1, 3};
  ExpectRows<int32_t>(MakeCase("expand", options, {S32({2, 1}, {4, 5})}, {OutputLike(kS32)}),
                      {4, 4, 4, 5, 5, 5});
}

TEST(TileTest, RepeatsInOrder) {
  schema::TileOptionsT options;
  options.repeats = {2, 2};
  ExpectRows<int32_t>(MakeCase("tile", options, {S32({1, 2}, {4, 5})}, {OutputLike(kS32)}),
                      {4, 5, 4, 5, 4, 5, 4, 5});
}

TEST(DepthToSpaceTest, OrdersTheDepth) {
  schema::DepthToSpaceOptionsT options;
  options.block_size = 2;
  const TestTensor x = S32({1, 8, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7});
  // The depth is [block, block, channel], then [channel, block, block].
  ExpectRows<int32_t>(MakeCase("depth", options, {x}, {OutputLike(kS32)}),
                      {0, 2, 4, 6, 1, 3, 5, 7});
  options.column_row = true;
  ExpectRows<int32_t>(MakeCase("depth", options, {x}, {OutputLike(kS32)}),
                      {0, 1, 2, 3, 4, 5, 6, 7});
}

TEST(SpaceToDepthTest, PutsPixelsOutsideChannels) {
  schema::SpaceToDepthOptionsT options;
  options.block_size = 2;
  ExpectRows<int32_t>(
      MakeCase("space", options, {S32({1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7})}, {OutputLike(kS32)}),
      {0, 4, 1, 5, 2, 6, 3, 7});
}

TEST(ShapeOfTest, IsTheShape) {
  schema::ShapeOfOptionsT options;
  options.start = 1;
  options.end = 3;
  ExpectRows<int64_t>(MakeCase("shape", options, {F32({1, 3, 2, 0}, {})}, {OutputLike(kS64)}),
                      {3, 2});
}

TEST(PadTest, TakesTheNumberFromItsInput) {
  schema::PadOptionsT options;
  options.pads_begin = {1};
  options.pads_end = {2};
  options.value = 7;
  const TestTensor x = S64({2}, {3, 4});
  ExpectRows<int64_t>(MakeCase("pad", options, {x}, {OutputLike(kS64)}), {7, 3, 4, 7, 7});
  const int64_t wide = (int64_t{1} << 60) + 1;
  ExpectRows<int64_t>(MakeCase("pad", options, {x, Absent(), S64({}, {wide})}, {OutputLike(kS64)}),
                      {wide, 3, 4, wide, wide});
}

TEST(PadTest, ModesRepeatWhatIsInside) {
  schema::PadOptionsT options;
  options.pads_begin = options.pads_end = {2};
  const TestTensor x = S32({3}, {1, 2, 3});
  const auto expect = [&](schema::PadMode mode, std::vector<int32_t> want) {
    options.mode = mode;
    ExpectRows(MakeCase("pad", options, {x}, {OutputLike(kS32)}), want);
  };
  expect(schema::PadMode::REFLECT, {3, 2, 1, 2, 3, 2, 1});
  expect(schema::PadMode::EDGE, {1, 1, 1, 2, 3, 3, 3});
  expect(schema::PadMode::WRAP, {2, 3, 1, 2, 3, 1, 2});
}

TEST(PadTest, NumbersOfTheOptionsFitTheType) {
  schema::PadOptionsT options;
  options.pads_begin = {1};
  options.pads_end = {0};
  options.value = -1.75f;
  ExpectRows<uint8_t>(
      MakeCase("pad", options, {Bytes(DataType::kU8, {1}, {3})}, {OutputLike(DataType::kU8)}),
      {255, 3});
  ExpectRows<uint8_t>(
      MakeCase("pad", options, {Bytes(DataType::kBool, {1}, {0})}, {OutputLike(DataType::kBool)}),
      {1, 0});
  // -1.75 / 0.5 = -3.5, rounded to -4, and + 4.
  ExpectRows<uint8_t>(MakeCase("pad", options, {Ints(DataType::kU8, {1}, 0.5f, 4, {9})},
                               {OutputLike(DataType::kU8, 0.5f, 4)}),
                      {0, 9});
}

TEST(ReverseSequenceTest, ReversesAsFarAsTheLengths) {
  schema::ReverseSequenceOptionsT options;
  options.batch_axis = 0;
  options.time_axis = 1;
  const TestTensor x = S32({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  ExpectRows<int32_t>(MakeCase("reverse", options, {x, S64({3}, {2, 0, 3})}, {OutputLike(kS32)}),
                      {2, 1, 3, 4, 5, 6, 9, 8, 7});
  ExpectErrors(MakeCase("reverse", options, {x, S64({3}, {2, 4, 3})}, {OutputLike(kS32)}),
               "a sequence length is 4, outside [0, 3]");
}

}  // namespace
}  // namespace octet::testing
