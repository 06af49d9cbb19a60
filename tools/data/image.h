#ifndef OCTET_TOOLS_DATA_IMAGE_H_
#define OCTET_TOOLS_DATA_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"

namespace octet {

// A picture: 3 bytes per pixel (red, green, blue), rows from top to bottom.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // width * height * 3
};

// Pictures with more pixels than this are refused.
inline constexpr int64_t kMaxPixels = 100'000'000;

// Decodes JPEG (grayscale, YCbCr, RGB, CMYK; baseline and progressive) and PNG (all colour types
// and depths; an alpha channel is dropped, 16-bit samples keep their upper byte). A JPEG is turned
// upright as its EXIF orientation says. InvalidArgument when the bytes are not a picture, damaged,
// cut short or too large.
absl::StatusOr<Image> DecodeImage(absl::Span<const uint8_t> bytes);

// Reads and decodes a file; messages begin with the path.
absl::StatusOr<Image> ReadImage(const std::string& path);

// Scales to width x height: bilinear, with the filter widened to cover all source pixels when an
// axis is reduced, as Pillow's BILINEAR, whose rounding it follows too. Requires sizes >= 1.
Image ResizeImage(const Image& image, int width, int height);

// Size of a preprocessed picture, in pixels.
struct ImageSize {
  int height = 0;
  int width = 0;
};

// Scales the shorter side to `resize`, cuts out the centre and writes (pixel - mean) / std as
// planes [3, height, width] to `out`, which is resized to fit. InvalidArgument when the picture is
// smaller than the crop.
absl::StatusOr<ImageSize> PreprocessImage(const Image& image,
                                          const ImagePreprocessing& preprocessing,
                                          std::vector<float>& out);

// Decoders of one format each.
absl::StatusOr<Image> DecodeJpeg(absl::Span<const uint8_t> bytes);
absl::StatusOr<Image> DecodePng(absl::Span<const uint8_t> bytes);

// The picture as it should be seen, given the EXIF orientation it was stored with. Values other
// than 2 to 8 change nothing.
Image ApplyOrientation(Image image, int orientation);

// The orientation stated by an APP1 segment's payload ("Exif\0\0" and a TIFF header); 1 when it
// states none or is damaged.
int ExifOrientation(absl::Span<const uint8_t> app1);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_IMAGE_H_
