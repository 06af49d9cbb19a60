#include <cmath>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernels/reference/reference.h"
#include "kernels/testing/kernel_test_util.h"

// Transposed convolution, normalization, sampling and attention against numbers worked out by hand.

namespace octet::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::FloatNear;
using ::testing::HasSubstr;

constexpr DataType kF32 = DataType::kF32;
constexpr float kInf = std::numeric_limits<float>::infinity();

void ExpectValues(const KernelEntry& row, const KernelCase& c, const std::vector<float>& want) {
  const absl::StatusOr<Outputs> outputs = RunRow(row, c, NaturalOptions(c));
  ASSERT_TRUE(outputs.ok()) << c.name << ": " << outputs.status();
  TestTensor t;
  t.bytes = (*outputs)[0];
  std::vector<::testing::Matcher<float>> matchers;
  for (float v : want) matchers.push_back(FloatNear(v, 1e-6f * std::max(1.0f, std::abs(v))));
  EXPECT_THAT(t.values<float>(), ElementsAreArray(matchers)) << c.name;
}

schema::ConvTransposeOptionsT Transposed(int stride) {
  schema::ConvTransposeOptionsT options;
  options.strides = {stride};
  options.dilations = {1};
  options.pads_begin = options.pads_end = options.output_padding = {0};
  return options;
}

TEST(ReferenceConvTransposeTest, SpreadsEveryElement) {
  auto options = Transposed(2);
  const TestTensor x = F32({1, 1, 2}, {1, 2}), w = AsConstant(F32({1, 1, 3}, {1, 10, 100}));
  // 1 10 100 from the first, 2 20 200 two places on.
  ExpectValues(kReferenceConvTranspose, MakeCase("plain", options, {x, w}, {OutputLike(kF32)}),
               {1, 10, 102, 20, 200});
  options.pads_begin = {1};
  options.output_padding = {1};
  ExpectValues(kReferenceConvTranspose, MakeCase("padded", options, {x, w}, {OutputLike(kF32)}),
               {10, 102, 20, 200, 0});
  options = Transposed(1);
  options.dilations = {2};
  options.activation_max = 50;
  // 1 0 10 0 100 and 0 2 0 20 0 200, with 3 on top.
  ExpectValues(kReferenceConvTranspose,
               MakeCase("dilated", options, {x, w, AsConstant(F32({1}, {3}))}, {OutputLike(kF32)}),
               {4, 5, 13, 23, 50, 50});
}

TEST(ReferenceConvTransposeTest, GroupsKeepToTheirChannels) {
  auto options = Transposed(2);
  options.groups = 2;
  ExpectValues(kReferenceConvTranspose,
               MakeCase("groups", options,
                        {F32({1, 2, 1}, {3, 5}), AsConstant(F32({2, 1, 2}, {1, 2, 10, 20}))},
                        {OutputLike(kF32)}),
               {3, 6, 50, 100});
}

TEST(ReferenceNormalizationTest, Kinds) {
  schema::NormalizationOptionsT options;
  options.axis = 1;
  // Mean 2, variance 1.
  ExpectValues(
      kReferenceNormalization,
      MakeCase("layer", options, {F32({1, 2}, {1, 3}), F32({2}, {2, 4}), F32({2}, {10, 20})},
               {OutputLike(kF32)}),
      {8, 24});
  options.kind = schema::NormalizationKind::RMS;  // (9 + 16) / 2 = 12.5
  ExpectValues(kReferenceNormalization,
               MakeCase("rms", options, {F32({1, 2}, {3, 4})}, {OutputLike(kF32)}),
               {3 / std::sqrt(12.5f), 4 / std::sqrt(12.5f)});
  options.kind = schema::NormalizationKind::GROUP;
  options.groups = 2;
  options.epsilon = 3;  // variances 1 and 0: divisors 2 and sqrt(3)
  ExpectValues(kReferenceNormalization,
               MakeCase("group", options,
                        {F32({1, 2, 2}, {1, 3, 10, 10}), F32({2}, {2, 5}), F32({2}, {0, 7})},
                        {OutputLike(kF32)}),
               {-1, 1, 7, 7});
  options.groups = 1;
  options.epsilon = 0;  // mean 6, squares 25 9 16 16, variance 16.5
  const float d = std::sqrt(16.5f);
  ExpectValues(kReferenceNormalization,
               MakeCase("one group", options, {F32({1, 2, 2}, {1, 3, 10, 10})}, {OutputLike(kF32)}),
               {-5 / d, -3 / d, 4 / d, 4 / d});
}

TEST(ReferenceLrnTest, SumsSquaresOfNeighbours) {
  schema::LrnOptionsT options;
  options.size = 3;
  options.alpha = 3;
  options.beta = 1;
  options.bias = 1;
  const TestTensor x = F32({1, 3}, {1, 2, 3});
  ExpectValues(kReferenceLrn, MakeCase("3", options, {x}, {OutputLike(kF32)}),
               {1 / 6.0f, 2 / 15.0f, 3 / 14.0f});
  options.size = 2;  // the channel and the next one
  options.alpha = 2;
  ExpectValues(kReferenceLrn, MakeCase("2", options, {x}, {OutputLike(kF32)}),
               {1 / 6.0f, 2 / 14.0f, 3 / 10.0f});
}

TEST(ReferenceGridSampleTest, BordersAndCorners) {
  schema::GridSampleOptionsT options;
  options.align_corners = true;
  const TestTensor x = F32({1, 1, 4}, {1, 2, 3, 4});
  const auto expect = [&](const std::vector<float>& grid, const std::vector<float>& want) {
    const auto n = static_cast<int64_t>(grid.size());
    ExpectValues(kReferenceGridSample,
                 MakeCase("grid", options, {x, F32({1, n, 1}, grid)}, {OutputLike(kF32)}), want);
  };
  // Pixels 0, 1.5, 3 and 4.5.
  expect({-1, 0, 1, 2}, {1, 2.5f, 4, 0});
  options.padding = schema::GridPadding::BORDER;
  expect({2, -5}, {4, 1});
  options.padding = schema::GridPadding::REFLECTION;
  expect({2}, {2.5f});  // 4.5 is 1.5 behind the last pixel
  options.mode = schema::GridMode::NEAREST;
  expect({0, 1 / 3.0f}, {3, 3});  // 1.5 goes to the even pixel
  options.mode = schema::GridMode::LINEAR;
  options.align_corners = false;
  expect({-1}, {1});  // -0.5: halfway between pixel 0 and its image
  options.padding = schema::GridPadding::ZEROS;
  expect({-1}, {0.5f});
  options.mode = schema::GridMode::CUBIC;
  // Pixel 1.5: -0.09375 * (1 + 4) + 0.59375 * (2 + 3); 3: 4 only; NaN is nowhere.
  expect({0, 0.75f, std::nanf("")}, {2.5f, 4, 0});
}

TEST(ReferenceGridSampleTest, TheLastDimensionComesFirst) {
  schema::GridSampleOptionsT options;
  options.align_corners = true;
  // x = 1 is the last column, y = -1 the first row.
  ExpectValues(kReferenceGridSample,
               MakeCase("plane", options,
                        {F32({1, 1, 2, 3}, {0, 1, 2, 3, 4, 5}), F32({1, 1, 2, 2}, {1, -1, -1, 0})},
                        {OutputLike(kF32)}),
               {2, 1.5f});
}

class ReferenceRoiAlignTest : public ::testing::Test {
 protected:
  ReferenceRoiAlignTest() {
    options_.output_height = options_.output_width = 1;
    options_.sampling_ratio = 1;
    options_.spatial_scale = 1;
    for (int i = 0; i < 16; ++i) pixels_.push_back(static_cast<float>(i));
  }

  KernelCase Case(const std::vector<float>& roi, int32_t batch_index) {
    return MakeCase("roi", options_,
                    {F32({1, 1, 4, 4}, pixels_), F32({1, 4}, roi), S32({1}, {batch_index})},
                    {OutputLike(kF32)});
  }

  schema::RoiAlignOptionsT options_;
  std::vector<float> pixels_;
};

TEST_F(ReferenceRoiAlignTest, SamplesBins) {
  // The centre (1.5, 1.5) lies between 5, 6, 9 and 10.
  ExpectValues(kReferenceRoiAlign, Case({0, 0, 4, 4}, 0), {7.5f});
  options_.mode = schema::RoiAlignMode::MAXIMUM;
  ExpectValues(kReferenceRoiAlign, Case({0, 0, 4, 4}, 0), {2.5f});
  options_.half_pixel = false;  // (2, 2)
  ExpectValues(kReferenceRoiAlign, Case({0, 0, 4, 4}, 0), {10});
  options_.mode = schema::RoiAlignMode::AVERAGE;
  options_.half_pixel = true;
  options_.output_height = options_.output_width = 2;
  options_.sampling_ratio = 0;  // 2 samples: every pixel once
  ExpectValues(kReferenceRoiAlign, Case({0, 0, 4, 4}, 0), {2.5f, 4.5f, 10.5f, 12.5f});
  options_.output_height = options_.output_width = 1;
  ExpectValues(kReferenceRoiAlign, Case({3, 3, 2, 2}, 0), {0});      // no sample
  ExpectValues(kReferenceRoiAlign, Case({10, 10, 11, 11}, 0), {0});  // outside
}

TEST_F(ReferenceRoiAlignTest, ReportsWhatItCannotSample) {
  const auto message = [&](const KernelCase& c) {
    const absl::StatusOr<Outputs> outputs = RunRow(kReferenceRoiAlign, c);
    EXPECT_EQ(outputs.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(outputs.status().message());
  };
  EXPECT_THAT(message(Case({0, 0, 4, 4}, 1)), HasSubstr("batch index is 1, outside [0, 0]"));
  EXPECT_THAT(message(Case({0, 0, 4, 4}, -1)), HasSubstr("batch index is -1"));
  options_.sampling_ratio = 0;
  EXPECT_THAT(message(Case({0, 0, 1e9f, 4}, 0)), HasSubstr("samples"));
  EXPECT_THAT(message(Case({0, 0, kInf, 4}, 0)), HasSubstr("samples"));
  EXPECT_THAT(message(Case({0, std::nanf(""), 4, 4}, 0)), HasSubstr("samples"));
}

class ReferenceAttentionTest : public ::testing::Test {
 protected:
  // Scores are q times 0 and ln 3, so that the second of two keys counts three times the first.
  KernelCase Case(const std::vector<float>& q, TestTensor mask = Absent()) {
    const auto n = static_cast<int64_t>(q.size());
    return MakeCase("attention", options_,
                    {F32({1, 1, n, 1}, q), F32({1, 1, 2, 1}, {0, std::log(3.0f)}),
                     F32({1, 1, 2, 1}, {1, 5}), std::move(mask)},
                    {OutputLike(kF32)});
  }

  ReferenceAttentionTest() { options_.scale = 1; }

  schema::AttentionOptionsT options_;
};

TEST_F(ReferenceAttentionTest, WeighsValues) {
  ExpectValues(kReferenceAttention, Case({1, 0}), {4, 3});  // (1 + 3 * 5) / 4; (1 + 5) / 2
  options_.scale = 2;                                       // 1 : 9
  ExpectValues(kReferenceAttention, Case({1}), {4.6f});
}

TEST_F(ReferenceAttentionTest, CausalCountsFromTheEnd) {
  options_.causal = true;
  ExpectValues(kReferenceAttention, Case({1}), {4});
  ExpectValues(kReferenceAttention, Case({1, 1}), {1, 4});
  ExpectValues(kReferenceAttention, Case({1, 1, 1}), {0, 1, 4});  // the first one sees no key
}

TEST_F(ReferenceAttentionTest, Masks) {
  ExpectValues(kReferenceAttention, Case({1}, F32({2}, {std::log(3.0f), 0})), {3});
  ExpectValues(kReferenceAttention, Case({1}, F32({2}, {0, -kInf})), {1});
  ExpectValues(kReferenceAttention, Case({1}, F32({1}, {-kInf})), {0});
  TestTensor mask;
  mask.type = DataType::kBool;
  mask.shape = {2, 2};
  mask.bytes = {0, 1, 0, 0};
  ExpectValues(kReferenceAttention, Case({1, 1}, mask), {5, 0});
}

TEST_F(ReferenceAttentionTest, CapsScoresBeforeTheMask) {
  options_.softcap = 1;
  const float e = std::exp(1.0f);  // tanh(1000 * ln 3) = 1
  ExpectValues(kReferenceAttention, Case({1000}), {(1 + 5 * e) / (1 + e)});
  ExpectValues(kReferenceAttention, Case({1000}, F32({2}, {0, -1})), {3});
}

}  // namespace
}  // namespace octet::testing
