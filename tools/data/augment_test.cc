#include "tools/data/augment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tools/data/file.h"
#include "tools/data/test_files.h"

namespace octet {
namespace {

// Columns of rising brightness, so that a crop shows where it is from.
Image Ramp(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto shade = static_cast<uint8_t>(x * 255 / (width - 1));
      image.rgb.insert(image.rgb.end(), {shade, static_cast<uint8_t>(y), 0});
    }
  }
  return image;
}

TEST(CropImage, TakesThePart) {
  const Image crop = CropImage(Ramp(256, 20), 10, 5, 3, 2);
  EXPECT_EQ(crop.width, 3);
  EXPECT_EQ(crop.height, 2);
  EXPECT_EQ(crop.rgb, (std::vector<uint8_t>{10, 5, 0, 11, 5, 0, 12, 5, 0,  //
                                            10, 6, 0, 11, 6, 0, 12, 6, 0}));
}

class AugmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = testing::MakeFolder("pictures");
    path_ = folder + "/ramp.png";
    constexpr int kRgb = 2;  // PNG_COLOR_TYPE_RGB
    ASSERT_TRUE(WriteFile(path_, testing::EncodePng(Ramp(256, 200), kRgb)).ok());
    spec_.inputs = {{"x", DataType::kF32, {1, 3, 32, 32}, {}, {}}};
    spec_.preprocessing = ImagePreprocessing{0, false, 40, 32, {0, 0, 0}, {1, 1, 1}};
    absl::StatusOr<std::unique_ptr<SampleSource>> source = OpenPictures({path_}, spec_);
    ASSERT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
  }

  AugmentedPictures Pictures(const AugmentOptions& options) {
    absl::StatusOr<AugmentedPictures> pictures =
        AugmentedPictures::Create(*source_, spec_, options);
    EXPECT_TRUE(pictures.ok()) << pictures.status();
    return *pictures;
  }

  // The red plane's first row, which is a ramp from left to right of the crop.
  std::vector<float> Row(const AugmentedPictures& pictures, uint64_t draw) {
    const absl::StatusOr<Sample> sample = pictures.Load(0, draw);
    EXPECT_TRUE(sample.ok()) << sample.status();
    if (!sample.ok()) return {};
    EXPECT_EQ((*sample)[0].shape, (Shape{3, 32, 32}));
    const absl::Span<const float> row = (*sample)[0].as<float>().subspan(0, 32);
    return {row.begin(), row.end()};
  }

  std::string path_;
  DataSpec spec_;
  std::unique_ptr<SampleSource> source_;
};

TEST_F(AugmentTest, ADrawIsAlwaysTheSameAndDrawsDiffer) {
  const AugmentedPictures pictures = Pictures({});
  EXPECT_EQ(Row(pictures, 5), Row(pictures, 5));
  EXPECT_NE(Row(pictures, 5), Row(pictures, 6));
}

TEST_F(AugmentTest, CropsAreAsLargeAsAskedFor) {
  AugmentOptions options;
  options.least_area = 0.5;
  options.flip = false;
  const AugmentedPictures pictures = Pictures(options);
  float least = 255, most = 0;
  for (uint64_t draw = 0; draw < 200; ++draw) {
    const std::vector<float> row = Row(pictures, draw);
    const float width = row.back() - row.front();
    least = std::min(least, width);
    most = std::max(most, width);
    EXPECT_GE(row.front(), 0);
    EXPECT_LE(row.back(), 255);
  }
  // Half of 256 x 200, at the narrowest aspect: sqrt(25600 / 1.33) = 139 columns.
  EXPECT_GT(least, 125);
  EXPECT_LT(least, 160);
  EXPECT_GT(most, 200);
}

TEST_F(AugmentTest, HalfOfThePicturesAreMirrored) {
  const AugmentedPictures pictures = Pictures({});
  int mirrored = 0;
  for (uint64_t draw = 0; draw < 200; ++draw) {
    const std::vector<float> row = Row(pictures, draw);
    mirrored += row.front() > row.back();
  }
  EXPECT_GT(mirrored, 70);
  EXPECT_LT(mirrored, 130);
}

TEST_F(AugmentTest, MixesWithOtherPicturesAsOftenAsAskedFor) {
  // Blue, which the first picture has none of.
  Image blue = Ramp(64, 64);
  for (size_t i = 0; i < blue.rgb.size(); ++i) blue.rgb[i] = i % 3 == 2 ? 255 : 0;
  const std::string path = testing::MakeFolder("blue") + "/blue.png";
  constexpr int kRgb = 2;
  ASSERT_TRUE(WriteFile(path, testing::EncodePng(blue, kRgb)).ok());
  absl::StatusOr<std::unique_ptr<SampleSource>> both = OpenPictures({path_, path}, spec_);
  ASSERT_TRUE(both.ok()) << both.status();
  AugmentOptions options;
  options.mixed = 0.5;
  const absl::StatusOr<AugmentedPictures> pictures =
      AugmentedPictures::Create(**both, spec_, options);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  int mixed = 0;
  float most = 0, brightest = 0;
  for (uint64_t draw = 0; draw < 200; ++draw) {
    const absl::StatusOr<Sample> sample = pictures->Load(0, draw);
    ASSERT_TRUE(sample.ok()) << sample.status();
    const absl::Span<const float> values = (*sample)[0].as<float>();
    const absl::Span<const float> part = values.subspan(2 * values.size() / 3);
    EXPECT_EQ(*std::min_element(part.begin(), part.end()), part[0]);
    EXPECT_EQ(*std::max_element(part.begin(), part.end()), part[0]);
    mixed += part[0] > 0;
    most = std::max(most, part[0]);
    const float red = *std::max_element(values.begin(), values.begin() + 1024);
    brightest = std::max(brightest, red + part[0]);
  }
  // Half of the pictures, half of which meet the blue one.
  EXPECT_GT(mixed, 30);
  EXPECT_LT(mixed, 75);
  EXPECT_GT(most, 200);
  EXPECT_LT(most, 256);
  EXPECT_LT(brightest, 257);  // shares add up to one
}

TEST_F(AugmentTest, RefusesWhatCannotBe) {
  const auto code = [&](const AugmentOptions& options, const DataSpec& spec) {
    return AugmentedPictures::Create(*source_, spec, options).status().code();
  };
  AugmentOptions options;
  options.least_area = 0;
  EXPECT_EQ(code(options, spec_), absl::StatusCode::kInvalidArgument);
  options.least_area = 1;
  options.mixed = 1.5;
  EXPECT_EQ(code(options, spec_), absl::StatusCode::kInvalidArgument);
  options.mixed = 0;
  options.most_aspect = 0.5;
  EXPECT_EQ(code(options, spec_), absl::StatusCode::kInvalidArgument);
  DataSpec open = spec_;
  open.preprocessing->crop = 0;
  open.inputs[0].shape = {1, 3, -1, -1};
  EXPECT_EQ(code({}, open), absl::StatusCode::kInvalidArgument);
  open.preprocessing.reset();
  EXPECT_EQ(code({}, open), absl::StatusCode::kInvalidArgument);
}

TEST_F(AugmentTest, NamesThePictureThatIsDamaged) {
  const AugmentedPictures pictures = Pictures({});
  testing::WriteText(path_, "no picture");
  const absl::StatusOr<Sample> sample = pictures.Load(0, 1);
  EXPECT_FALSE(sample.ok());
  EXPECT_THAT(std::string(sample.status().message()), ::testing::HasSubstr(path_));
}

}  // namespace
}  // namespace octet
