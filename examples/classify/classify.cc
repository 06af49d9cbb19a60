// Says what a photograph shows: classify MODEL.octet PICTURE.jpg
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on
#include <algorithm>
#include <iostream>

#include "octet/model.h"

// Decodes a JPEG, reduced by 2, 4 or 8 as long as its shorter side stays at least `size`, to RGB.
std::vector<unsigned char> ReadJpeg(FILE* file, unsigned size, int& width, int& height) {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;  // ends the program when the file is damaged
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_stdio_src(&jpeg, file);
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  const unsigned shorter = std::min(jpeg.image_width, jpeg.image_height);
  while (jpeg.scale_denom < 8 && shorter / jpeg.scale_denom / 2 >= size) jpeg.scale_denom *= 2;
  jpeg_start_decompress(&jpeg);
  width = int(jpeg.output_width), height = int(jpeg.output_height);
  std::vector<unsigned char> rgb(size_t{3} * width * height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = &rgb[size_t{3} * width * jpeg.output_scanline];
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_destroy_decompress(&jpeg);
  return rgb;
}

int main(int argc, char** argv) {
  FILE* file = argc == 3 ? std::fopen(argv[2], "rb") : nullptr;
  if (file == nullptr) return std::cerr << "usage: classify MODEL.octet PICTURE.jpg\n", 2;
  const auto model = octet::Model::Load(argv[1]);
  if (!model.ok()) return std::cerr << model.status().message() << "\n", 3;
  const auto session = (*model)->NewSession();
  const auto how = (*model)->preprocessing().value_or(octet::ImagePreprocessing());
  if (!session.ok() || how.crop == 0) return std::cerr << "not a model for pictures\n", 3;
  const int n = how.crop, size = std::max(how.resize, n);
  int width, height;
  const std::vector<unsigned char> rgb = ReadJpeg(file, size, width, height);
  const double scale = double(std::min(width, height)) / size;
  for (int i = 0; i < 3 * n * n; ++i) {  // centre crop, nearest pixel, by channel
    const int c = i / (n * n), row = i / n % n, col = i % n;
    const int x = int(width / 2.0 + (col + 0.5 - n / 2.0) * scale);
    const int y = int(height / 2.0 + (row + 0.5 - n / 2.0) * scale);
    const float pixel = rgb[3 * (y * width + x) + (how.bgr ? 2 - c : c)];
    (*session)->input<float>(0)[i] = (pixel - how.mean[c]) / how.std[c];
  }
  if (!(*session)->Run().ok()) return 1;
  const auto scores = (*session)->output<float>(0);
  const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  const bool named = size_t(best) < (*model)->labels().size();
  std::cout << argv[2] << ": class " << best << " " << (named ? (*model)->labels()[best] : "")
            << "\n";
}
