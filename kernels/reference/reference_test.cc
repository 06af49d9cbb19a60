#include "kernels/reference/reference.h"

#include <limits>

#include "gtest/gtest.h"
#include "kernels/testing/kernel_test_util.h"

// The reference against numbers worked out by hand.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8, kS8 = DataType::kS8;
constexpr float kInf = std::numeric_limits<float>::infinity();

template <typename T>
std::vector<T> RunValues(const KernelEntry& row, const KernelCase& c) {
  const absl::StatusOr<Outputs> outputs = RunRow(row, c, NaturalOptions(c));
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  TestTensor t;
  if (outputs.ok()) t.bytes = (*outputs)[0];
  return t.values<T>();
}

schema::ConvOptionsT Pointwise() {
  schema::ConvOptionsT options;
  options.strides = options.dilations = {1};
  options.pads_begin = options.pads_end = {0};
  return options;
}

// x in [1, 1, n], w = 1: y = round(x * scale_x * scale_w / scale_y) + zero_point.
std::vector<uint8_t> Rescaled(const std::vector<int32_t>& x, int32_t x_zero, float x_scale,
                              float y_scale, int32_t y_zero) {
  const auto n = static_cast<int64_t>(x.size());
  return RunValues<uint8_t>(kReferenceConv,
                            MakeCase("rescaled", Pointwise(),
                                     {Ints(kU8, {1, 1, n}, x_scale, x_zero, x),
                                      AsConstant(Ints(kS8, {1, 1, 1}, 1.0f, 0, {1}))},
                                     {OutputLike(kU8, y_scale, y_zero)}));
}

TEST(ReferenceConvTest, TiesRoundToEven) {
  // (x - 10) / 2 = -2.5 -1.5 -0.5 0.5 1.5 2.5  ->  -2 -2 0 0 2 2, and + 100.
  EXPECT_EQ(Rescaled({5, 7, 9, 11, 13, 15}, 10, 0.5f, 1.0f, 100),
            (std::vector<uint8_t>{98, 98, 100, 100, 102, 102}));
}

TEST(ReferenceConvTest, SaturatesAfterAddingTheZeroPoint) {
  // 4 * (x - 128) + 128 = -384 124 128 132 636.
  EXPECT_EQ(Rescaled({0, 127, 128, 129, 255}, 128, 4.0f, 1.0f, 128),
            (std::vector<uint8_t>{0, 124, 128, 132, 255}));
}

TEST(ReferenceConvTest, PaddingHoldsTheZeroPoint) {
  // x - 7 = 1 2 3, w = 1 1 1 with one element of padding: 0+1+2, 1+2+3, 2+3+0.
  schema::ConvOptionsT options = Pointwise();
  options.pads_begin = options.pads_end = {1};
  EXPECT_EQ(RunValues<uint8_t>(kReferenceConv,
                               MakeCase("padded", options,
                                        {Ints(kU8, {1, 1, 3}, 1.0f, 7, {8, 9, 10}),
                                         AsConstant(Ints(kS8, {1, 1, 3}, 1.0f, 0, {1, 1, 1}))},
                                        {OutputLike(kU8, 1.0f, 20)})),
            (std::vector<uint8_t>{23, 26, 25}));
}

TEST(ReferenceConvTest, BiasResidualAndActivationAreRoundedOnce) {
  // Sum: (12 - 10) * 3 + 1 = 7, times 0.5 * 0.5 / 1 = 1.75. Residual: (9 - 4) * 0.25 / 1 = 1.25.
  // 1.75 + 1.25 = 3; rounding each by itself would give 2 + 1 = 3 as well, so a second channel:
  // (2 * 1 + 0) * 0.25 = 0.5 and (5 - 4) * 0.25 = 0.25, together 0.75 -> 1; apart 0 + 0.
  schema::ConvOptionsT options = Pointwise();
  std::vector<TestTensor> inputs = {
      Ints(kU8, {1, 1, 1}, 0.5f, 10, {12}), AsConstant(Ints(kS8, {2, 1, 1}, 0.5f, 0, {3, 1})),
      AsConstant(S32({2}, {1, 0})), Ints(kU8, {1, 2, 1}, 0.25f, 4, {9, 5})};
  EXPECT_EQ(RunValues<uint8_t>(kReferenceConv,
                               MakeCase("fused", options, inputs, {OutputLike(kU8, 1.0f, 50)})),
            (std::vector<uint8_t>{53, 51}));
  // The range [-inf, 2] ends at round(2 / 1) + 50.
  options.activation_max = 2.0f;
  EXPECT_EQ(RunValues<uint8_t>(kReferenceConv, MakeCase("fused, clipped", options, inputs,
                                                        {OutputLike(kU8, 1.0f, 50)})),
            (std::vector<uint8_t>{52, 51}));
}

TEST(ReferenceConvTest, ScalesOfChannelsAndRealOutput) {
  // Sums 4 * 2 = 8 and 4 * -3 = -12; reals 8 * (0.5 * 0.25) = 1 and -12 * (0.5 * 2) = -12.
  TestTensor w = Ints(kS8, {2, 1, 1}, 1.0f, 0, {2, -3});
  w.quant = QuantParams{{0.25f, 2.0f}, {0, 0}, 0};
  EXPECT_EQ(RunValues<float>(
                kReferenceConv,
                MakeCase("real", Pointwise(), {Ints(kS8, {1, 1, 1}, 0.5f, -1, {3}), AsConstant(w)},
                         {OutputLike(kF32)})),
            (std::vector<float>{1.0f, -12.0f}));
}

TEST(ReferenceConvTest, StridesDilationsAndGroups) {
  // Two groups of one channel; taps 2 apart, outputs 3 apart: x[0] * 1 + x[2] * 10, x[3] + x[5]
  // * 10.
  schema::ConvOptionsT options;
  options.strides = {3};
  options.dilations = {2};
  options.pads_begin = options.pads_end = {0};
  options.groups = 2;
  EXPECT_EQ(RunValues<float>(kReferenceConv,
                             MakeCase("grouped", options,
                                      {F32({1, 2, 6}, {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}),
                                       AsConstant(F32({2, 1, 2}, {1, 10, 1, 100}))},
                                      {OutputLike(kF32)})),
            (std::vector<float>{31, 64, -301, -604}));
}

TEST(ReferenceConvTest, DeclinesActivationsWithScalesPerChannel) {
  TestTensor x = Ints(kU8, {1, 2, 1}, 1.0f, 0, {1, 2});
  x.quant = QuantParams{{1.0f, 2.0f}, {0, 0}, 1};
  const KernelCase c =
      MakeCase("per-channel x", Pointwise(), {x, AsConstant(Ints(kS8, {1, 2, 1}, 1.0f, 0, {1, 1}))},
               {OutputLike(kU8, 1.0f, 0)});
  const absl::StatusOr<Outputs> outputs = RunRow(kReferenceConv, c);
  EXPECT_EQ(outputs.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(outputs.status().message().find("per channel"), absl::string_view::npos);
}

TEST(ReferenceMatMulTest, TransposesAndBroadcasts) {
  // a = [1 2; 3 4] transposed is [1 3; 2 4]; b rows are its columns: [5 6; 7 8] transposed.
  // [1 3] . [5 6] = 23, [1 3] . [7 8] = 31, [2 4] . [5 6] = 34, [2 4] . [7 8] = 46.
  schema::MatMulOptionsT options;
  options.transpose_a = options.transpose_b = true;
  EXPECT_EQ(RunValues<float>(kReferenceMatMul,
                             MakeCase("transposed", options,
                                      {F32({2, 2}, {1, 2, 3, 4}), F32({2, 2}, {5, 6, 7, 8})},
                                      {OutputLike(kF32)})),
            (std::vector<float>{23, 31, 34, 46}));
}

TEST(ReferencePoolTest, AveragesRoundTiesToEven) {
  // Windows of two: (1 + 2) / 2 = 1.5 -> 2, (2 + 3) / 2 = 2.5 -> 2, (3 + 0) / 2 with padding
  // counted.
  schema::PoolOptionsT options;
  options.kind = schema::PoolKind::AVERAGE;
  options.kernel = {2};
  options.strides = options.dilations = {1};
  options.pads_begin = {0};
  options.pads_end = {1};
  const std::vector<TestTensor> x = {Ints(kU8, {1, 1, 3}, 1.0f, 0, {1, 2, 3})};
  EXPECT_EQ(RunValues<uint8_t>(kReferencePool,
                               MakeCase("average", options, x, {OutputLike(kU8, 1.0f, 0)})),
            (std::vector<uint8_t>{2, 2, 3}));
  options.count_include_pad = true;
  EXPECT_EQ(RunValues<uint8_t>(kReferencePool,
                               MakeCase("average", options, x, {OutputLike(kU8, 1.0f, 0)})),
            (std::vector<uint8_t>{2, 2, 2}));
}

TEST(ReferencePoolTest, TiesOfAveragesGoAwayFromTheStoredZero) {
  // Windows of two: 1.5 -> 2, 2.5 -> 3, -0.5 -> -1, -2.5 -> -3, whatever the zero point; the last
  // one counts the padding, which holds it: (-4 + 5) / 2 = 0.5 -> 1.
  schema::PoolOptionsT options;
  options.kind = schema::PoolKind::AVERAGE;
  options.ties = schema::TieRule::AWAY_FROM_ZERO;
  options.kernel = options.strides = {2};
  options.dilations = {1};
  options.pads_begin = {0};
  options.pads_end = {1};
  options.count_include_pad = true;
  EXPECT_EQ(
      RunValues<int8_t>(kReferencePool,
                        MakeCase("average", options,
                                 {Ints(kS8, {1, 1, 9}, 0.3f, 5, {1, 2, 2, 3, -1, 0, -2, -3, -4})},
                                 {OutputLike(kS8, 0.3f, 5)})),
      (std::vector<int8_t>{2, 3, -1, -3, 1}));
}

TEST(ReferencePoolTest, MaximumIgnoresPadding) {
  schema::PoolOptionsT options;
  options.kernel = {3};
  options.strides = options.dilations = {1};
  options.pads_begin = options.pads_end = {1};
  EXPECT_EQ(
      RunValues<int8_t>(kReferencePool,
                        MakeCase("max", options, {Ints(kS8, {1, 1, 3}, 1.0f, 0, {-7, -100, -50})},
                                 {OutputLike(kS8, 1.0f, 0)})),
      (std::vector<int8_t>{-7, -7, -50}));
}

TEST(ReferenceBinaryTest, AddsInUnitsOfTheOutput) {
  // a: (14 - 10) * 0.5 / 1 = 2; b: (3 - 2) * 0.5 / 1 = 0.5: 2.5 -> 2, + 5. Then -1 + -0.5 = -1.5 ->
  // -2.
  EXPECT_EQ(RunValues<uint8_t>(kReferenceBinary, MakeCase("add", schema::BinaryOptionsT(),
                                                          {Ints(kU8, {2}, 0.5f, 10, {14, 8}),
                                                           Ints(kS8, {2}, 0.5f, 2, {3, 1})},
                                                          {OutputLike(kU8, 1.0f, 5)})),
            (std::vector<uint8_t>{7, 3}));
}

TEST(ReferenceBinaryTest, MultipliesIntegersBeforeScaling) {
  // (13 - 10) * (4 - 1) = 9, times 0.5 * 0.5 / 0.5 = 0.5: 4.5 -> 4; (11 - 10) * 255 * 0.5
  // saturates.
  schema::BinaryOptionsT options;
  options.kind = schema::BinaryKind::MUL;
  EXPECT_EQ(RunValues<int8_t>(kReferenceBinary, MakeCase("mul", options,
                                                         {Ints(kU8, {2}, 0.5f, 10, {13, 11}),
                                                          Ints(kU8, {2}, 0.5f, 1, {4, 255})},
                                                         {OutputLike(kS8, 0.5f, 1)})),
            (std::vector<int8_t>{5, 127}));
}

TEST(ReferenceUnaryTest, RoundsOnceThroughReals) {
  // hard swish of x = 0.5 * (q - 0): 3 -> 3 * min(1, 3/6 + 0.5) = 3; -2 -> -2 * (1/6) = -1/3 -> 0.
  schema::UnaryOptionsT options;
  options.kind = schema::UnaryKind::HARD_SWISH;
  EXPECT_EQ(RunValues<int8_t>(kReferenceUnary,
                              MakeCase("hard swish", options, {Ints(kS8, {2}, 0.5f, 0, {6, -4})},
                                       {OutputLike(kS8, 1.0f, 0)})),
            (std::vector<int8_t>{3, 0}));
}

TEST(ReferenceQuantizeTest, TiesSaturationAndWhatIsNoNumber) {
  // x / 0.5 = 1 -> 129; 1.5 -> 2; 2.5 -> 2; -0.5 -> 0; beyond both ends; NaN is the zero point.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(
      RunValues<uint8_t>(kReferenceQuantize,
                         MakeCase("quantize", schema::QuantizeOptionsT(),
                                  {F32({8}, {0.5f, 0.75f, 1.25f, -0.25f, 1e9f, -kInf, kInf, nan})},
                                  {OutputLike(kU8, 0.5f, 128)})),
      (std::vector<uint8_t>{129, 130, 130, 128, 255, 0, 255, 128}));
}

TEST(ReferenceQuantizeTest, DividesByTheScale) {
  // 0.3f is 0.300000012 and 0.1f is 0.100000001: the quotient rounds to 3, the product with
  // 1 / 0.1f = 10 too; 2.5f * 0.1f / 0.1f must be the tie 2.5 -> 2.
  EXPECT_EQ(RunValues<uint8_t>(kReferenceQuantize, MakeCase("quantize", schema::QuantizeOptionsT(),
                                                            {F32({2}, {0.3f, 2.5f * 0.1f})},
                                                            {OutputLike(kU8, 0.1f, 0)})),
            (std::vector<uint8_t>{3, 2}));
}

TEST(ReferenceSoftmaxTest, SumsToOneInUnitsOf256) {
  // exp(ln 3) : 1 = 3 : 1, that is 192 and 64 of 256.
  EXPECT_EQ(RunValues<uint8_t>(kReferenceSoftmax, MakeCase("softmax", schema::SoftmaxOptionsT(),
                                                           {Ints(kU8, {2}, 1.0986123f, 0, {8, 7})},
                                                           {OutputLike(kU8, 1.0f / 256, 0)})),
            (std::vector<uint8_t>{192, 64}));
}

TEST(ReferenceReduceTest, MeanOfIntegers) {
  // (1 + 2 + 2 + 5 - 4 * 1) / 4 = 1.5 -> 2, + 10.
  schema::ReduceOptionsT options;
  options.axes = {0};
  EXPECT_EQ(RunValues<uint8_t>(kReferenceReduce,
                               MakeCase("mean", options, {Ints(kU8, {4}, 1.0f, 1, {1, 2, 2, 5})},
                                        {OutputLike(kU8, 1.0f, 10)})),
            (std::vector<uint8_t>{12}));
}

TEST(ReferencePadTest, ModesAtBothEnds) {
  schema::PadOptionsT options;
  options.pads_begin = {2};
  options.pads_end = {1};
  options.value = 1.5f;
  const std::vector<TestTensor> x = {Ints(kU8, {3}, 0.5f, 10, {20, 30, 40})};
  const auto run = [&](schema::PadMode mode) {
    options.mode = mode;
    return RunValues<uint8_t>(kReferencePad,
                              MakeCase("pad", options, x, {OutputLike(kU8, 0.5f, 10)}));
  };
  // 1.5 / 0.5 + 10 = 13.
  EXPECT_EQ(run(schema::PadMode::CONSTANT), (std::vector<uint8_t>{13, 13, 20, 30, 40, 13}));
  EXPECT_EQ(run(schema::PadMode::EDGE), (std::vector<uint8_t>{20, 20, 20, 30, 40, 40}));
  EXPECT_EQ(run(schema::PadMode::REFLECT), (std::vector<uint8_t>{40, 30, 20, 30, 40, 30}));
}

TEST(ReferenceTransposeTest, MovesElementsInAnyLayout) {
  // x[n=0][c][h][w] = 100 c + 10 h + w.
  const TestTensor x = F32({1, 2, 2, 3}, {0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112});
  schema::TransposeOptionsT options;
  options.permutation = {0, 3, 1, 2};
  const KernelCase c = MakeCase("transpose", options, {x}, {OutputLike(kF32)});
  for (Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
    RunOptions run;
    run.layout = layout;
    const absl::StatusOr<Outputs> outputs = RunRow(kReferenceTranspose, c, run);
    ASSERT_TRUE(outputs.ok());
    TestTensor y;
    y.bytes = (*outputs)[0];
    EXPECT_EQ(y.values<float>(),
              (std::vector<float>{0, 10, 100, 110, 1, 11, 101, 111, 2, 12, 102, 112}));
  }
}

TEST(ReferenceConcatTest, RequantizesInputsWithOtherScales) {
  // Second input: (q - 0) * 0.5 -> / 1 + 10: 1.5 -> 2, 2.5 -> 2.
  schema::ConcatOptionsT options;
  options.axis = 0;
  EXPECT_EQ(RunValues<uint8_t>(kReferenceConcat, MakeCase("concat", options,
                                                          {Ints(kU8, {1}, 1.0f, 10, {200}),
                                                           Ints(kS8, {2}, 0.5f, 0, {3, 5})},
                                                          {OutputLike(kU8, 1.0f, 10)})),
            (std::vector<uint8_t>{200, 12, 12}));
}

}  // namespace
}  // namespace octet::testing
