#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernels/reference/reference.h"
#include "kernels/testing/kernel_test_util.h"

// Resize against numbers worked out by hand.

namespace octet::testing {
namespace {

using schema::ResizeCoordinates;
using schema::ResizeMode;
using schema::ResizeNearest;
using ::testing::ElementsAreArray;
using ::testing::FloatNear;

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8;

template <typename T>
std::vector<T> RunValues(const KernelCase& c) {
  const absl::StatusOr<Outputs> outputs = RunRow(kReferenceResize, c);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  TestTensor t;
  if (outputs.ok()) t.bytes = (*outputs)[0];
  return t.values<T>();
}

schema::ResizeOptionsT OneAxis(ResizeMode mode, ResizeCoordinates coordinates, float scale) {
  schema::ResizeOptionsT options;
  options.mode = mode;
  options.coordinates = coordinates;
  options.axes = {0};
  options.scales = {scale};
  return options;
}

// Resizes a vector and compares within 1e-6.
void ExpectResized(const schema::ResizeOptionsT& options, const std::vector<float>& x,
                   const std::vector<float>& want) {
  const auto size = static_cast<int64_t>(x.size());
  const std::vector<float> y =
      RunValues<float>(MakeCase("resize", options, {F32({size}, x)}, {OutputLike(kF32)}));
  std::vector<::testing::Matcher<float>> matchers;
  for (float v : want) matchers.push_back(FloatNear(v, 1e-6f));
  EXPECT_THAT(y, ElementsAreArray(matchers));
}

TEST(ReferenceResizeTest, RepeatsPixels) {
  schema::ResizeOptionsT options;
  options.axes = {3, 2};
  options.scales = {3, 2};
  EXPECT_EQ(RunValues<float>(MakeCase("nearest", options, {F32({1, 1, 2, 2}, {1, 2, 3, 4})},
                                      {OutputLike(kF32)})),
            (std::vector<float>{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2,  //
                                3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4}));
}

TEST(ReferenceResizeTest, NearestRoundsHalvesAsTold) {
  // Positions 0, 0.5, 1, 1.5, 2, 2.5.
  auto options = OneAxis(ResizeMode::NEAREST, ResizeCoordinates::ASYMMETRIC, 2);
  const std::vector<float> x = {10, 20, 30};
  ExpectResized(options, x, {10, 10, 20, 20, 30, 30});
  options.nearest = ResizeNearest::ROUND_PREFER_CEIL;
  ExpectResized(options, x, {10, 20, 20, 30, 30, 30});
  options.nearest = ResizeNearest::FLOOR;
  ExpectResized(options, x, {10, 10, 20, 20, 30, 30});
  options.nearest = ResizeNearest::CEIL;
  ExpectResized(options, x, {10, 20, 20, 30, 30, 30});
}

TEST(ReferenceResizeTest, RoundedScalesStillFindWholePixels) {
  // 2 / 3 is 0.66666669 in f32; 2 / that is just below 3.
  auto options = OneAxis(ResizeMode::NEAREST, ResizeCoordinates::ASYMMETRIC, 2.0f / 3.0f);
  options.nearest = ResizeNearest::FLOOR;
  ExpectResized(options, {0, 1, 2, 3, 4, 5}, {0, 1, 3, 4});
}

TEST(ReferenceResizeTest, LinearInEveryCoordinateSystem) {
  // -0.25, 0.25, 0.75, 1.25.
  ExpectResized(OneAxis(ResizeMode::LINEAR, ResizeCoordinates::HALF_PIXEL, 2), {1, 2},
                {1, 1.25f, 1.75f, 2});
  ExpectResized(OneAxis(ResizeMode::LINEAR, ResizeCoordinates::PYTORCH_HALF_PIXEL, 2), {1, 2},
                {1, 1.25f, 1.75f, 2});
  // One pixel: position 0 instead of (0 + 0.5) * 4 - 0.5 = 1.5.
  ExpectResized(OneAxis(ResizeMode::LINEAR, ResizeCoordinates::PYTORCH_HALF_PIXEL, 0.25f),
                {1, 2, 3, 4}, {1});
  // The scale stretches x to 2.4 pixels: 0 and 3 / 1.4.
  ExpectResized(OneAxis(ResizeMode::LINEAR, ResizeCoordinates::ALIGN_CORNERS, 0.6f), {1, 2, 3, 4},
                {1, 1 + 3 / 1.4f});
  // 0, 0.5, 1, 1.5.
  ExpectResized(OneAxis(ResizeMode::LINEAR, ResizeCoordinates::ASYMMETRIC, 2), {1, 2},
                {1, 1.5f, 2, 2});
  // 2 of 2.4 pixels are kept, about the centre: 4 / 2 * (1 - 2 / 2.4) = 1/3 is cut off at either
  // end.
  ExpectResized(OneAxis(ResizeMode::LINEAR, ResizeCoordinates::HALF_PIXEL_SYMMETRIC, 0.6f),
                {1, 2, 3, 4}, {1 + 2 / 3.0f, 3 + 1 / 3.0f});
}

TEST(ReferenceResizeTest, ExtrapolatesBeyondTheRegion) {
  auto options = OneAxis(ResizeMode::LINEAR, ResizeCoordinates::TF_CROP_AND_RESIZE, 1);
  options.scales.clear();
  options.sizes = {3};
  options.roi = {0.5f, 1.25f};
  options.extrapolation_value = 9;
  // 1.5, 2.625 and 3.75, which lies behind the last pixel, 3.
  ExpectResized(options, {1, 2, 3, 4}, {2.5f, 3.625f, 9});
  options.sizes = {1};  // the middle of the region, 0.875 * 3
  ExpectResized(options, {1, 2, 3, 4}, {3.625f});
}

TEST(ReferenceResizeTest, CubicConvolution) {
  // With a = -0.75, pixels half a pixel away count 0.59375, those at 1.5 pixels -0.09375.
  auto options = OneAxis(ResizeMode::CUBIC, ResizeCoordinates::ASYMMETRIC, 2);
  ExpectResized(options, {0, 0, 1, 0}, {0, -0.09375f, 0, 0.59375f, 1, 0.59375f, 0, -0.09375f});
  // Without the pixels outside, three or two weights remain: sums 1.09375 and 0.5.
  options.exclude_outside = true;
  ExpectResized(options, {0, 0, 1, 0},
                {0, -0.09375f / 1.09375f, 0, 0.59375f, 1, 0.59375f / 1.09375f, 0, -0.1875f});
  // a = -0.5: 0.5625 and -0.0625.
  options.exclude_outside = false;
  options.cubic_coefficient = -0.5f;
  ExpectResized(options, {0, 0, 1, 0}, {0, -0.0625f, 0, 0.5625f, 1, 0.5625f, 0, -0.0625f});
}

TEST(ReferenceResizeTest, AntialiasingWidensTheFilter) {
  // At 0.5 and 2.5, pixels 0.5 and 1.5 away count (1 - 0.25) / 2 and (1 - 0.75) / 2; the border's
  // pixel stands for those beyond it.
  auto options = OneAxis(ResizeMode::LINEAR, ResizeCoordinates::HALF_PIXEL, 0.5f);
  options.antialias = true;
  ExpectResized(options, {1, 2, 3, 4}, {1.625f, 3.375f});
  options.exclude_outside = true;  // (0.375 * 1 + 0.375 * 2 + 0.125 * 3) / 0.875
  ExpectResized(options, {1, 2, 3, 4}, {1.5f / 0.875f, (0.25f + 1.125f + 1.5f) / 0.875f});
}

TEST(ReferenceResizeTest, OneScaleForAllAxesKeepsTheAspect) {
  schema::ResizeOptionsT options;
  options.mode = ResizeMode::LINEAR;
  options.coordinates = ResizeCoordinates::ASYMMETRIC;
  options.axes = {0, 1};
  options.sizes = {7, 4};
  options.keep_aspect = schema::ResizeAspect::NOT_LARGER;  // 3.5 and 2
  EXPECT_EQ(RunValues<float>(
                MakeCase("aspect", options, {F32({2, 2}, {1, 2, 3, 4})}, {OutputLike(kF32)})),
            (std::vector<float>{1, 1.5f, 2, 2, 2, 2.5f, 3, 3, 3, 3.5f, 4, 4, 3, 3.5f, 4, 4}));
}

TEST(ReferenceResizeTest, IntegersAreRoundedOnce) {
  const auto options = OneAxis(ResizeMode::LINEAR, ResizeCoordinates::ASYMMETRIC, 2);
  // q - 7 is -5, -4, -3; the ties -4.5 and -3.5 both go to -4.
  EXPECT_EQ(RunValues<uint8_t>(MakeCase("u8", options, {Ints(kU8, {3}, 0.1f, 7, {2, 3, 4})},
                                        {OutputLike(kU8, 0.1f, 7)})),
            (std::vector<uint8_t>{2, 3, 3, 3, 4, 4}));
  // (q - 7) / 2 + 100.
  EXPECT_EQ(RunValues<uint8_t>(MakeCase("u8", options, {Ints(kU8, {2}, 0.5f, 7, {7, 13})},
                                        {OutputLike(kU8, 1.0f, 100)})),
            (std::vector<uint8_t>{100, 102, 103, 103}));
  TestTensor x;
  x.type = DataType::kS64;
  x.shape = {2};
  x.bytes = BytesOf(std::vector<int64_t>{-4, -1});
  EXPECT_EQ(RunValues<int64_t>(MakeCase("s64", options, {x}, {OutputLike(DataType::kS64)})),
            (std::vector<int64_t>{-4, -2, -1, -1}));
}

TEST(ReferenceResizeTest, DeclinesToInterpolateBooleans) {
  TestTensor x;
  x.type = DataType::kBool;
  x.shape = {2};
  x.bytes = {0, 1};
  const absl::StatusOr<Outputs> outputs =
      RunRow(kReferenceResize,
             MakeCase("bool", OneAxis(ResizeMode::LINEAR, ResizeCoordinates::HALF_PIXEL, 2), {x},
                      {OutputLike(DataType::kBool)}));
  EXPECT_EQ(outputs.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(outputs.status().message()), ::testing::HasSubstr("booleans"));
}

}  // namespace
}  // namespace octet::testing
