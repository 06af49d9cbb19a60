#include "tools/data/image.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tools/data/file.h"

namespace octet {
namespace {

constexpr uint8_t kJpegMagic[] = {0xff, 0xd8, 0xff};
constexpr uint8_t kPngMagic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr uint64_t kMaxFileSize = uint64_t{1} << 30;

template <size_t N>
bool StartsWith(absl::Span<const uint8_t> bytes, const uint8_t (&magic)[N]) {
  return bytes.size() >= N && std::memcmp(bytes.data(), magic, N) == 0;
}

// Reads 16 and 32-bit numbers of a TIFF structure in its own byte order; 0 beyond the end.
struct TiffReader {
  absl::Span<const uint8_t> bytes;
  bool big_endian;

  uint32_t U16(size_t at) const {
    if (at + 2 > bytes.size()) return 0;
    return big_endian ? bytes[at] << 8 | bytes[at + 1] : bytes[at + 1] << 8 | bytes[at];
  }
  uint32_t U32(size_t at) const {
    return big_endian ? U16(at) << 16 | U16(at + 2) : U16(at + 2) << 16 | U16(at);
  }
};

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::Span<const uint8_t> bytes) {
  if (StartsWith(bytes, kJpegMagic)) return DecodeJpeg(bytes);
  if (StartsWith(bytes, kPngMagic)) return DecodePng(bytes);
  return absl::InvalidArgumentError("is not a picture: neither JPEG nor PNG");
}

absl::StatusOr<Image> ReadImage(const std::string& path) {
  absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(path, kMaxFileSize);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Image> image = DecodeImage(*bytes);
  if (!image.ok()) {
    return absl::Status(image.status().code(), absl::StrCat(path, ": ", image.status().message()));
  }
  return image;
}

int ExifOrientation(absl::Span<const uint8_t> app1) {
  constexpr char kHeader[] = "Exif\0";  // with the literal's own end, the 6 bytes "Exif\0\0"
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr uint32_t kShort = 3;
  if (app1.size() < 14 || std::memcmp(app1.data(), kHeader, 6) != 0) return 1;
  TiffReader tiff{app1.subspan(6), app1[6] == 'M'};
  const size_t directory = tiff.U32(4);
  const uint32_t entries = tiff.U16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (entry + 12 > tiff.bytes.size()) break;
    if (tiff.U16(entry) != kOrientationTag) continue;
    const uint32_t value = tiff.U16(entry + 8);
    const bool valid = tiff.U16(entry + 2) == kShort && value >= 1 && value <= 8;
    return valid ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image ApplyOrientation(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool transpose = orientation >= 5;
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image result;
  result.width = transpose ? image.height : image.width;
  result.height = transpose ? image.width : image.height;
  result.rgb.resize(image.rgb.size());
  uint8_t* out = result.rgb.data();
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x, out += 3) {
      int source_x = transpose ? y : x;
      int source_y = transpose ? x : y;
      if (flip_x) source_x = image.width - 1 - source_x;
      if (flip_y) source_y = image.height - 1 - source_y;
      const size_t at = (static_cast<size_t>(source_y) * image.width + source_x) * 3;
      std::copy_n(&image.rgb[at], 3, out);
    }
  }
  return result;
}

absl::StatusOr<ImageSize> PreprocessImage(const Image& image,
                                          const ImagePreprocessing& preprocessing,
                                          std::vector<float>& out) {
  if (preprocessing.mean.size() != 3 || preprocessing.std.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat("preprocessing has ", preprocessing.mean.size(),
                                                   " means and ", preprocessing.std.size(),
                                                   " deviations; a picture needs 3 of each"));
  }
  Image scaled;
  const Image* source = &image;
  const int64_t shorter = std::min(image.width, image.height);
  if (preprocessing.resize > 0 && preprocessing.resize != shorter) {
    const int64_t size = preprocessing.resize;
    const int64_t width = std::max<int64_t>(1, size * image.width / shorter);
    const int64_t height = std::max<int64_t>(1, size * image.height / shorter);
    if (width * height > kMaxPixels) {
      return absl::InvalidArgumentError(
          absl::StrCat("scaling ", image.width, "x", image.height, " to a shorter side of ", size,
                       " would make ", width, "x", height, " pixels, which is too large"));
    }
    scaled = ResizeImage(image, static_cast<int>(width), static_cast<int>(height));
    source = &scaled;
  }
  ImageSize size = {source->height, source->width};
  if (preprocessing.crop > 0) {
    if (std::min(size.height, size.width) < preprocessing.crop) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the picture is ", size.width, "x", size.height, ", smaller than the crop of ",
          preprocessing.crop, "; import the model with --resize ", preprocessing.crop, " or more"));
    }
    size = {preprocessing.crop, preprocessing.crop};
  }
  const int top = (source->height - size.height) / 2;
  const int left = (source->width - size.width) / 2;
  const size_t plane = static_cast<size_t>(size.height) * size.width;
  out.resize(3 * plane);
  for (int c = 0; c < 3; ++c) {
    const int from = preprocessing.bgr ? 2 - c : c;
    float table[256];
    for (int i = 0; i < 256; ++i) {
      table[i] = (static_cast<float>(i) - preprocessing.mean[c]) / preprocessing.std[c];
    }
    float* to = out.data() + c * plane;
    for (int y = 0; y < size.height; ++y) {
      const size_t at = (static_cast<size_t>(top + y) * source->width + left) * 3 + from;
      const uint8_t* row = source->rgb.data() + at;
      for (int x = 0; x < size.width; ++x) *to++ = table[row[3 * x]];
    }
  }
  return size;
}

}  // namespace octet
