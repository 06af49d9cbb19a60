#ifndef OCTET_TOOLS_DATA_TEST_FILES_H_
#define OCTET_TOOLS_DATA_TEST_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "tools/data/image.h"

namespace octet::testing {

// A fresh, empty folder for the current test.
std::string MakeFolder(const std::string& name);

void WriteText(const std::string& path, const std::string& text);

// A picture whose colours change smoothly, so that JPEG keeps them well.
Image SmoothImage(int width, int height);

struct JpegOptions {
  int components = 3;  // 1: grayscale, 3: RGB, 4: CMYK as Adobe programs store it
  bool progressive = false;
  int orientation = 0;  // EXIF orientation to state; 0: none
};
std::vector<uint8_t> EncodeJpeg(const Image& image, const JpegOptions& options = {});

// PNG with libpng's colour type and bit depth. For palettes, pixels must have at most 256 colours.
// Alpha is 128 throughout.
std::vector<uint8_t> EncodePng(const Image& image, int color_type, int bit_depth = 8,
                               bool interlaced = false);

}  // namespace octet::testing

#endif  // OCTET_TOOLS_DATA_TEST_FILES_H_
