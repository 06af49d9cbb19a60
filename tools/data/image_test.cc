#include "tools/data/image.h"

#include <gmock/gmock.h>
#include <png.h>

#include <cstdlib>

#include "gtest/gtest.h"
#include "tools/data/test_files.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

Image Checkered(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.rgb.push_back(static_cast<uint8_t>((37 * x + 91 * y + 53 * c) % 256));
      }
    }
  }
  return image;
}

int LargestDifference(const Image& a, const Image& b) {
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i)
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

TEST(PngTest, ReadsTrueColourExactly) {
  const Image image = Checkered(13, 7);
  for (int type : {PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA, PNG_COLOR_TYPE_PALETTE}) {
    for (bool interlaced : {false, true}) {
      const absl::StatusOr<Image> read =
          DecodeImage(testing::EncodePng(image, type, 8, interlaced));
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->width, 13);
      EXPECT_EQ(read->height, 7);
      EXPECT_EQ(read->rgb, image.rgb) << "colour type " << type;
    }
  }
  EXPECT_EQ(DecodeImage(testing::EncodePng(image, PNG_COLOR_TYPE_RGB, 16))->rgb, image.rgb);
}

TEST(PngTest, GrayFillsAllChannels) {
  const Image image = Checkered(5, 4);
  for (int type : {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA}) {
    const Image read = DecodeImage(testing::EncodePng(image, type)).value();
    for (size_t i = 0; i < read.rgb.size(); ++i) EXPECT_EQ(read.rgb[i], image.rgb[i / 3 * 3]);
  }
}

TEST(JpegTest, ReadsAllColourSpaces) {
  const Image image = testing::SmoothImage(40, 24);
  for (int components : {3, 4}) {
    for (bool progressive : {false, true}) {
      testing::JpegOptions options;
      options.components = components;
      options.progressive = progressive;
      const absl::StatusOr<Image> read = DecodeImage(testing::EncodeJpeg(image, options));
      ASSERT_TRUE(read.ok()) << read.status();
      ASSERT_EQ(read->rgb.size(), image.rgb.size());
      EXPECT_LE(LargestDifference(*read, image), 12) << components << " components";
    }
  }
  testing::JpegOptions gray;
  gray.components = 1;
  const Image read = DecodeImage(testing::EncodeJpeg(image, gray)).value();
  for (size_t i = 0; i < read.rgb.size(); ++i) {
    EXPECT_NEAR(read.rgb[i], image.rgb[i / 3 * 3], 12);
  }
}

TEST(JpegTest, TurnsThePictureUpright) {
  testing::JpegOptions options;
  options.orientation = 6;
  const Image read =
      DecodeImage(testing::EncodeJpeg(testing::SmoothImage(40, 24), options)).value();
  EXPECT_EQ(read.width, 24);
  EXPECT_EQ(read.height, 40);
}

// Letters of a 3 x 2 picture, "abc" over "def", as each orientation shows them.
TEST(OrientationTest, FollowsExif) {
  const auto shown = [](int orientation) {
    Image image{3, 2, {}};
    for (char c : std::string("abcdef"))
      image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>(c));
    const Image turned = ApplyOrientation(image, orientation);
    std::string result;
    for (size_t i = 0; i < turned.rgb.size(); i += 3) {
      result += static_cast<char>(turned.rgb[i]);
      if ((i / 3 + 1) % static_cast<size_t>(turned.width) == 0) result += '/';
    }
    return result;
  };
  EXPECT_EQ(shown(1), "abc/def/");
  EXPECT_EQ(shown(2), "cba/fed/");
  EXPECT_EQ(shown(3), "fed/cba/");
  EXPECT_EQ(shown(4), "def/abc/");
  EXPECT_EQ(shown(5), "ad/be/cf/");
  EXPECT_EQ(shown(6), "da/eb/fc/");
  EXPECT_EQ(shown(7), "fc/eb/da/");
  EXPECT_EQ(shown(8), "cf/be/ad/");
  EXPECT_EQ(shown(9), "abc/def/");
}

TEST(DecodeTest, DamagedFilesAreErrors) {
  const Image image = testing::SmoothImage(33, 21);
  testing::JpegOptions progressive;
  progressive.progressive = true;
  const std::vector<std::vector<uint8_t>> files = {testing::EncodeJpeg(image),
                                                   testing::EncodeJpeg(image, progressive),
                                                   testing::EncodePng(image, PNG_COLOR_TYPE_RGB)};
  for (const std::vector<uint8_t>& file : files) {
    // Without its last two bytes a JPEG lacks only the end marker, which decoders may forgive.
    for (size_t size = 0; size + 2 < file.size(); size += 1 + size / 50) {
      const absl::Status status = DecodeImage(absl::MakeConstSpan(file).first(size)).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << size << " of " << file.size();
    }
    for (size_t at = 0; at < file.size(); ++at) {
      std::vector<uint8_t> flipped = file;
      flipped[at] ^= 0xff;
      (void)DecodeImage(flipped).ok();  // an error or a picture, no crash
    }
  }
  EXPECT_THAT(std::string(DecodeImage({}).status().message()), HasSubstr("not a picture"));
}

TEST(DecodeTest, RefusesHugePictures) {
  std::vector<uint8_t> jpeg = testing::EncodeJpeg(testing::SmoothImage(16, 16));
  // The frame header: marker, length, precision, then height and width.
  for (size_t i = 0; i + 9 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0) std::fill_n(&jpeg[i + 5], 4, uint8_t{0xf0});
  }
  const absl::Status status = DecodeImage(jpeg).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("61680x61680 pixels"));
}

TEST(ReadImageTest, ErrorsNameTheFile) {
  const std::string path = testing::MakeFolder("image") + "/text.jpg";
  testing::WriteText(path, "hello");
  EXPECT_EQ(ReadImage(path).status().message(), path + ": is not a picture: neither JPEG nor PNG");
}

// The expected bytes are what Pillow's Image.resize(size, BILINEAR) makes of the same picture.
TEST(ResizeTest, ReducesAndEnlargesAsPillowDoes) {
  const Image image = Checkered(7, 5);
  EXPECT_THAT(ResizeImage(image, 3, 2).rgb,
              ElementsAre(99, 127, 137, 129, 154, 131, 129, 126, 137, 106, 134, 147, 118, 132, 127,
                          128, 141, 127));
  EXPECT_THAT(
      ResizeImage(image, 7, 2).rgb,
      ElementsAreArray({79,  132, 127, 116, 111, 164, 95,  148, 96,  132, 185, 133, 169, 117,
                        159, 101, 154, 114, 138, 98,  151, 87,  140, 135, 124, 119, 172, 103,
                        156, 116, 140, 111, 153, 95,  137, 85,  121, 174, 122, 158, 106, 159}));
  EXPECT_THAT(ResizeImage(image, 4, 5).rgb,
              ElementsAreArray({19,  72,  125, 77,  130, 183, 145, 198, 200, 203, 122, 65,
                                110, 163, 204, 168, 221, 69,  185, 105, 86,  50,  91,  144,
                                189, 132, 51,  54,  56,  109, 71,  124, 177, 129, 182, 235,
                                36,  89,  142, 94,  147, 200, 162, 215, 84,  220, 139, 70,
                                127, 180, 221, 185, 166, 86,  69,  50,  103, 55,  108, 161}));
  const Image larger = ResizeImage(image, 12, 9);
  EXPECT_THAT(std::vector<uint8_t>(larger.rgb.begin(), larger.rgb.begin() + 12),
              ElementsAre(0, 53, 106, 14, 67, 120, 35, 88, 141, 57, 110, 163));
  EXPECT_THAT(std::vector<uint8_t>(larger.rgb.end() - 9, larger.rgb.end()),
              ElementsAre(39, 92, 145, 60, 113, 166, 74, 127, 180));
  EXPECT_EQ(ResizeImage(image, 7, 5).rgb, image.rgb);
}

TEST(PreprocessTest, ScalesCropsAndNormalizes) {
  ImagePreprocessing p;
  p.crop = 2;
  p.mean = {10, 20, 30};
  p.std = {2, 4, 8};
  Image image{4, 3, std::vector<uint8_t>(36, 0)};
  // The crop of 2 x 2 starts at column 1, row 0.
  const auto set = [&](int x, int y, uint8_t r, uint8_t g, uint8_t b) {
    uint8_t* pixel = &image.rgb[static_cast<size_t>(y * 4 + x) * 3];
    pixel[0] = r, pixel[1] = g, pixel[2] = b;
  };
  set(1, 0, 12, 24, 38);
  set(2, 1, 14, 28, 46);
  std::vector<float> out;
  const ImageSize size = PreprocessImage(image, p, out).value();
  EXPECT_EQ(size.width, 2);
  EXPECT_THAT(out, ElementsAre(1, -5, -5, 2, 1, -5, -5, 2, 1, -3.75f, -3.75f, 2));
  p.bgr = true;
  ASSERT_TRUE(PreprocessImage(image, p, out).ok());
  EXPECT_THAT(out, ElementsAre(14, -5, -5, 18, 1, -5, -5, 2, -2.25f, -3.75f, -3.75f, -2));
}

TEST(PreprocessTest, ScalesTheShorterSide) {
  ImagePreprocessing p;
  p.resize = 10;
  p.mean = {0, 0, 0};
  p.std = {1, 1, 1};
  std::vector<float> out;
  const ImageSize wide = PreprocessImage(testing::SmoothImage(50, 20), p, out).value();
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 25);
  const ImageSize high = PreprocessImage(testing::SmoothImage(7, 15), p, out).value();
  EXPECT_EQ(high.height, 21);
  EXPECT_EQ(high.width, 10);
}

TEST(PreprocessTest, RefusesPicturesThatAreTooSmall) {
  ImagePreprocessing p;
  p.crop = 32;
  p.mean = {0, 0, 0};
  p.std = {1, 1, 1};
  std::vector<float> out;
  const absl::Status status = PreprocessImage(testing::SmoothImage(40, 31), p, out).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("40x31, smaller than the crop of 32"));
}

}  // namespace
}  // namespace octet
