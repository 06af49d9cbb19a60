#include "kernels/resize_axis.h"

#include <algorithm>
#include <cmath>

#include "runtime/core/infer.h"

namespace octet {
namespace {

using schema::ResizeCoordinates;
using schema::ResizeMode;
using schema::ResizeNearest;

// One dimension of a Resize.
struct Problem {
  const schema::ResizeOptionsT& options;
  size_t i;  // into options.axes
  double scale;
  int64_t x_size, y_size;
};

// Where output position `at` lies in x, by the schema's table. The extent that `scale` gives may be
// a fraction, unlike the size of y.
double Position(const Problem& p, int64_t at) {
  const auto i = static_cast<double>(at);
  const auto size = static_cast<double>(p.x_size);
  const double extent = p.scale * size;
  const double half_pixel = (i + 0.5) / p.scale - 0.5;
  switch (p.options.coordinates) {
    case ResizeCoordinates::HALF_PIXEL:
      return half_pixel;
    case ResizeCoordinates::HALF_PIXEL_SYMMETRIC:
      return half_pixel + size / 2 * (1 - static_cast<double>(p.y_size) / extent);
    case ResizeCoordinates::PYTORCH_HALF_PIXEL:
      return p.y_size > 1 ? half_pixel : 0;
    case ResizeCoordinates::ALIGN_CORNERS:
      return at == 0 ? 0 : i * (size - 1) / (extent - 1);
    case ResizeCoordinates::ASYMMETRIC:
      return i / p.scale;
    case ResizeCoordinates::TF_CROP_AND_RESIZE:
      break;
  }
  const double begin = p.options.roi[p.i], end = p.options.roi[p.options.axes.size() + p.i];
  if (p.y_size == 1) return 0.5 * (begin + end) * (size - 1);
  return begin * (size - 1) + i * (end - begin) * (size - 1) / static_cast<double>(p.y_size - 1);
}

// Scales are rounded to f32, and so are quotients of sizes, to f64. A position that this has moved
// off a whole or half number is put back, so that rounding it does not depend on that.
double Snapped(double position) {
  const double half = std::nearbyint(2 * position) / 2;
  const double tolerance = std::max(1.0, std::abs(position)) / (1 << 22);
  return std::abs(position - half) <= tolerance ? half : position;
}

int64_t Nearest(ResizeNearest rounding, double position) {
  const double x = Snapped(position);
  switch (rounding) {
    case ResizeNearest::ROUND_PREFER_FLOOR:
      return static_cast<int64_t>(std::ceil(x - 0.5));
    case ResizeNearest::ROUND_PREFER_CEIL:
      return static_cast<int64_t>(std::floor(x + 0.5));
    case ResizeNearest::FLOOR:
      return static_cast<int64_t>(std::floor(x));
    case ResizeNearest::CEIL:
      break;
  }
  return static_cast<int64_t>(std::ceil(x));
}

// The interpolation kernel at `distance` pixels: a triangle, or Keys' cubic convolution (IEEE
// Transactions on Acoustics, Speech and Signal Processing 29-6, 1981) with coefficient `a`.
double Filter(const schema::ResizeOptionsT& options, double distance) {
  const double d = std::abs(distance), a = options.cubic_coefficient;
  if (options.mode == ResizeMode::LINEAR) return std::max(0.0, 1 - d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : 0;
}

// Weights of output position `at`: the filter about its position in x, over the pixels from `reach`
// before it to `reach` behind. Pixels beyond the border count for the one at the border.
void Interpolate(const Problem& p, double position, int64_t reach, double stretch, int64_t* index,
                 float* weight) {
  const int64_t taps = 2 * reach, first = static_cast<int64_t>(std::ceil(position)) - reach;
  std::vector<double> weights(static_cast<size_t>(taps));
  double sum = 0;
  for (int64_t t = 0; t < taps; ++t) {
    const bool inside = first + t >= 0 && first + t < p.x_size;
    double& w = weights[static_cast<size_t>(t)];
    if (inside || !p.options.exclude_outside) {
      w = Filter(p.options, (static_cast<double>(first + t) - position) * stretch);
    }
    sum += w;
    index[t] = std::min(std::max<int64_t>(first + t, 0), p.x_size - 1);
  }
  // Not 0 unless everything within reach is excluded or the cubic coefficient is odd.
  const double divisor = sum == 0 ? 1 : sum;
  for (int64_t t = 0; t < taps; ++t) {
    weight[t] = static_cast<float>(weights[static_cast<size_t>(t)] / divisor);
  }
}

ResizeAxis MakeAxis(const Problem& p) {
  ResizeAxis result;
  result.axis = static_cast<size_t>(p.options.axes[p.i]);
  const bool nearest = p.options.mode == ResizeMode::NEAREST;
  const double stretch = p.options.antialias ? std::min(p.scale, 1.0) : 1.0;
  const double radius = p.options.mode == ResizeMode::CUBIC ? 2 : 1;
  // A position of a whole number sees as many pixels on either side.
  const auto reach = static_cast<int64_t>(std::ceil(radius / stretch));
  if (p.y_size > 0 && !nearest) result.taps = 2 * reach;
  const auto count = static_cast<size_t>(p.y_size * result.taps);
  result.index.resize(count);
  result.weight.assign(count, 1.0f);
  const bool crops = p.options.coordinates == ResizeCoordinates::TF_CROP_AND_RESIZE;
  if (crops) result.outside.resize(static_cast<size_t>(p.y_size));
  for (int64_t i = 0; i < p.y_size; ++i) {
    const double position = Position(p, i);
    int64_t* index = &result.index[static_cast<size_t>(i * result.taps)];
    if (crops && !(position >= 0 && position <= static_cast<double>(p.x_size - 1))) {
      result.outside[static_cast<size_t>(i)] = true;
    } else if (nearest) {
      const int64_t at = Nearest(p.options.nearest, position);
      *index = std::min(std::max<int64_t>(at, 0), p.x_size - 1);
    } else {
      Interpolate(p, position, reach, stretch, index,
                  &result.weight[static_cast<size_t>(i * result.taps)]);
    }
  }
  return result;
}

// Whether the dimension is copied as it is.
bool Copies(const ResizeAxis& axis, int64_t x_size, int64_t y_size) {
  if (x_size != y_size || axis.taps > 4) return false;
  for (int64_t i = 0; i < y_size; ++i) {
    if (axis.Outside(i)) return false;
    for (int64_t t = 0; t < axis.taps; ++t) {
      const auto k = static_cast<size_t>(i * axis.taps + t);
      if (axis.weight[k] != 0 && (axis.weight[k] != 1 || axis.index[k] != i)) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<ResizeAxis> ResizeAxes(const schema::ResizeOptionsT& options, const Shape& x,
                                   const Shape& y) {
  std::vector<ResizeAxis> result;
  for (size_t i = 0; i < options.axes.size(); ++i) {
    const auto d = static_cast<size_t>(options.axes[i]);
    ResizeAxis axis = MakeAxis({options, i, ResizeScale(options, x, i), x[d], y[d]});
    if (!Copies(axis, x[d], y[d])) result.push_back(std::move(axis));
  }
  return result;
}

}  // namespace octet
