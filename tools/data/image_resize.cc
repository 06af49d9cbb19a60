#include <algorithm>
#include <cmath>

#include "tools/data/image.h"

namespace octet {
namespace {

// Bits after the binary point of filter weights: sums of 8-bit pixels stay below 2^31.
constexpr int kFractionBits = 22;

// For each output position along one axis: the first source position and the weights from there on.
struct Filter {
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights;  // `taps` per output position
  int taps = 0;
};

// Triangle filter around each output pixel's centre. It is as wide as one source pixel, or as one
// output pixel where that is larger.
Filter MakeFilter(int in_size, int out_size) {
  const double scale = static_cast<double>(in_size) / out_size;
  const double support = std::max(scale, 1.0);
  Filter filter;
  filter.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  filter.weights.resize(static_cast<size_t>(out_size) * filter.taps);
  std::vector<double> real(filter.taps);
  for (int i = 0; i < out_size; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), in_size);
    double sum = 0;
    for (int k = first; k < last; ++k) {
      real[k - first] = std::max(0.0, 1.0 - std::abs((k - center + 0.5) / support));
      sum += real[k - first];
    }
    int32_t* weights = &filter.weights[static_cast<size_t>(i) * filter.taps];
    for (int k = 0; k < last - first; ++k) {
      weights[k] = static_cast<int32_t>(real[k] / sum * (1 << kFractionBits) + 0.5);
    }
    filter.first.push_back(first);
    filter.count.push_back(last - first);
  }
  return filter;
}

// Weighted sum of `count` bytes that lie `stride` apart.
uint8_t Apply(const int32_t* weights, int count, const uint8_t* from, size_t stride) {
  int32_t sum = 1 << (kFractionBits - 1);
  for (int k = 0; k < count; ++k) sum += weights[k] * from[k * stride];
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

Image ResizeWidth(const Image& image, int width) {
  const Filter filter = MakeFilter(image.width, width);
  Image result{width, image.height, {}};
  result.rgb.resize(static_cast<size_t>(width) * image.height * 3);
  uint8_t* out = result.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = &image.rgb[static_cast<size_t>(y) * image.width * 3];
    for (int x = 0; x < width; ++x) {
      const int32_t* weights = &filter.weights[static_cast<size_t>(x) * filter.taps];
      for (int c = 0; c < 3; ++c) {
        *out++ = Apply(weights, filter.count[x], row + size_t{3} * filter.first[x] + c, 3);
      }
    }
  }
  return result;
}

Image ResizeHeight(const Image& image, int height) {
  const Filter filter = MakeFilter(image.height, height);
  const size_t stride = static_cast<size_t>(image.width) * 3;
  Image result{image.width, height, {}};
  result.rgb.resize(stride * height);
  uint8_t* out = result.rgb.data();
  for (int y = 0; y < height; ++y) {
    const uint8_t* rows = &image.rgb[stride * filter.first[y]];
    const int32_t* weights = &filter.weights[static_cast<size_t>(y) * filter.taps];
    for (size_t x = 0; x < stride; ++x) {
      *out++ = Apply(weights, filter.count[y], rows + x, stride);
    }
  }
  return result;
}

}  // namespace

Image ResizeImage(const Image& image, int width, int height) {
  Image result = width == image.width ? image : ResizeWidth(image, width);
  return height == image.height ? result : ResizeHeight(result, height);
}

}  // namespace octet
