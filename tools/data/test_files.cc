#include "tools/data/test_files.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "gtest/gtest.h"

// Needs <stdio.h> before it.
// clang-format off
#include <jpeglib.h>
// clang-format on

namespace octet::testing {
namespace {

std::vector<uint8_t> ExifSegment(int orientation) {
  std::vector<uint8_t> segment = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1};
  // One directory entry: tag 0x0112, type SHORT, count 1, the value.
  segment.insert(segment.end(), {0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, static_cast<uint8_t>(orientation),
                                 0, 0, 0, 0, 0, 0});
  return segment;
}

void AppendPng(png_structp png, png_bytep data, size_t size) {
  auto* out = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(png));
  out->insert(out->end(), data, data + size);
}

// One pixel in the layout of the colour type, most significant byte first.
void AppendPixel(const uint8_t* rgb, int color_type, int depth, int palette_index,
                 std::vector<uint8_t>& row) {
  const auto put = [&](int value) {
    row.push_back(static_cast<uint8_t>(value));
    if (depth == 16) row.push_back(0x7f);
  };
  if (color_type == PNG_COLOR_TYPE_PALETTE) return put(palette_index);
  if (color_type & PNG_COLOR_MASK_COLOR) {
    for (int c = 0; c < 3; ++c) put(rgb[c]);
  } else {
    put(rgb[0]);
  }
  if (color_type & PNG_COLOR_MASK_ALPHA) put(128);
}

}  // namespace

std::string MakeFolder(const std::string& name) {
  std::string pattern = ::testing::TempDir() + "/" + name + "XXXXXX";
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

Image SmoothImage(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<uint8_t>(40 + 150 * x / width));
      image.rgb.push_back(static_cast<uint8_t>(60 + 120 * y / height));
      image.rgb.push_back(static_cast<uint8_t>(200 - 100 * x / width));
    }
  }
  return image;
}

std::vector<uint8_t> EncodeJpeg(const Image& image, const JpegOptions& options) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = options.components;
  info.in_color_space = options.components == 1   ? JCS_GRAYSCALE
                        : options.components == 3 ? JCS_RGB
                                                  : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 98, TRUE);
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (options.orientation != 0) {
    const std::vector<uint8_t> exif = ExifSegment(options.orientation);
    jpeg_write_marker(&info, JPEG_APP0 + 1, exif.data(), static_cast<unsigned>(exif.size()));
  }
  for (int y = 0; y < image.height; ++y) {
    std::vector<uint8_t> row;
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* rgb = &image.rgb[(static_cast<size_t>(y) * image.width + x) * 3];
      row.insert(row.end(), rgb, rgb + (options.components == 1 ? 1 : 3));
      if (options.components == 4) row.push_back(255);  // no black, inverted
    }
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&info, &pointer, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::vector<uint8_t> bytes(buffer, buffer + size);
  free(buffer);
  return bytes;
}

std::vector<uint8_t> EncodePng(const Image& image, int color_type, int bit_depth, bool interlaced) {
  std::vector<uint8_t> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, AppendPng, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), bit_depth, color_type,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
               PNG_FILTER_TYPE_BASE);
  std::map<std::vector<uint8_t>, int> palette;
  std::vector<png_color> colors;
  std::vector<std::vector<uint8_t>> rows(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* rgb = &image.rgb[(static_cast<size_t>(y) * image.width + x) * 3];
      const auto [entry, is_new] =
          palette.emplace(std::vector<uint8_t>(rgb, rgb + 3), static_cast<int>(colors.size()));
      if (is_new) colors.push_back({rgb[0], rgb[1], rgb[2]});
      AppendPixel(rgb, color_type, bit_depth, entry->second, rows[static_cast<size_t>(y)]);
    }
  }
  if (color_type == PNG_COLOR_TYPE_PALETTE) {
    png_set_PLTE(png, info, colors.data(), static_cast<int>(colors.size()));
  }
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (std::vector<uint8_t>& row : rows) pointers.push_back(row.data());
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace octet::testing
