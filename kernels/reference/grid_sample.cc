#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/reference/window.h"

namespace octet {
namespace reference {
namespace {

using schema::GridMode;
using schema::GridPadding;

constexpr double kCubicCoefficient = -0.75;

// A pixel along one dimension, and how much it counts.
struct Tap {
  int64_t index;  // -1: a zero
  double weight;
};

// One spatial dimension of x, and what lies beyond its borders.
class Axis {
 public:
  Axis(const schema::GridSampleOptionsT& options, int64_t size)
      : options_(options),
        size_(size),
        low_(options.align_corners ? 0 : -0.5),
        high_(static_cast<double>(size) - (options.align_corners ? 1 : 0.5)) {}

  // The taps for a coordinate in [-1, 1], or beyond.
  std::vector<Tap> Taps(float coordinate) const {
    double position = Inside(Position(coordinate));
    if (options_.mode == GridMode::NEAREST) return {{Pixel(position), 1.0}};
    const double floor = std::floor(position), t = position - floor;
    const auto at = static_cast<int64_t>(floor);
    if (options_.mode == GridMode::LINEAR) return {{Pixel(at), 1 - t}, {Pixel(at + 1), t}};
    return {{Pixel(at - 1), Cubic(1 + t)},
            {Pixel(at), Cubic(t)},
            {Pixel(at + 1), Cubic(1 - t)},
            {Pixel(at + 2), Cubic(2 - t)}};
  }

 private:
  // In pixels, as f32 gives it, so that what is a tie for others is one here.
  double Position(float coordinate) const {
    const auto size = static_cast<float>(size_);
    float position = options_.align_corners ? (coordinate + 1.0f) / 2.0f * (size - 1.0f)
                                            : ((coordinate + 1.0f) * size - 1.0f) / 2.0f;
    if (options_.mode == GridMode::NEAREST) position = std::nearbyintf(position);
    // Far enough outside to be nowhere near the picture, which NaN is not either.
    constexpr float kFar = 1e12f;
    return std::isnan(position) ? -kFar : std::min(std::max(position, -kFar), kFar);
  }

  double Inside(double position) const {
    if (position >= low_ && position <= high_) return position;
    if (options_.padding == GridPadding::BORDER) {
      return std::min(std::max(position, 0.0), static_cast<double>(size_ - 1));
    }
    return options_.padding == GridPadding::REFLECTION ? Reflected(position) : position;
  }

  // Mirrored at both borders as often as it takes.
  double Reflected(double position) const {
    const double range = high_ - low_;
    if (range <= 0) return low_;
    const double turn = std::fmod(std::abs(position - low_), 2 * range);
    return low_ + (turn <= range ? turn : 2 * range - turn);
  }

  int64_t Pixel(double at) const {
    if (at >= 0 && at <= static_cast<double>(size_ - 1)) return static_cast<int64_t>(at);
    switch (options_.padding) {
      case GridPadding::ZEROS:
        return -1;
      case GridPadding::BORDER:
        return at < 0 ? 0 : size_ - 1;
      case GridPadding::REFLECTION:
        break;
    }
    const auto pixel = static_cast<int64_t>(std::max(Reflected(at), 0.0));
    return std::min(pixel, size_ - 1);
  }
  int64_t Pixel(int64_t at) const { return Pixel(static_cast<double>(at)); }

  // Keys' cubic convolution, 0 <= d <= 2.
  static double Cubic(double d) {
    constexpr double a = kCubicCoefficient;
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return ((d - 5) * d + 8) * d * a - 4 * a;
  }

  const schema::GridSampleOptionsT& options_;
  int64_t size_;
  double low_, high_;
};

// Appends what all pixels of x about one position count, as offsets from its channel's begin.
void Multiply(const std::vector<std::vector<Tap>>& taps, const Shape& strides, size_t d,
              int64_t offset, double weight, std::vector<Tap>& result) {
  if (d == taps.size()) return result.push_back({offset, weight});
  for (const Tap& tap : taps[d]) {
    if (tap.index < 0) continue;
    Multiply(taps, strides, d + 1, offset + tap.index * strides[d + 2], weight * tap.weight,
             result);
  }
}

void Compute(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::GridSampleOptionsT>();
  const Numbers x = problem.In(0, args), grid = problem.In(1, args);
  Numbers y = problem.Out(0, args);
  std::vector<Axis> axes;
  for (int64_t size : Spatial(x.shape())) axes.emplace_back(options, size);
  Shape positions = grid.shape();
  positions.back() = 1;
  ForEachIndex(positions, [&](const Shape& at) {
    const int64_t coordinates = grid.Offset(at);
    std::vector<std::vector<Tap>> taps;
    for (size_t d = 0; d < axes.size(); ++d) {
      const auto last_first = static_cast<int64_t>(axes.size() - 1 - d);
      taps.push_back(axes[d].Taps(grid.Real(coordinates + last_first * grid.strides().back())));
    }
    std::vector<Tap> pixels;
    Multiply(taps, x.strides(), 0, at[0] * x.strides()[0], 1.0, pixels);
    Shape to(y.shape().size());
    to[0] = at[0];
    std::copy(at.begin() + 1, at.end() - 1, to.begin() + 2);
    for (int64_t c = 0; c < y.shape()[1]; ++c) {
      double sum = 0;
      for (const Tap& p : pixels) sum += p.weight * x.Real(p.index + c * x.strides()[1]);
      to[1] = c;
      y.SetReal(y.Offset(to), static_cast<float>(sum));
    }
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceGridSample = {"reference", CheckF32,
                                          reference::PrepareWith<reference::Compute>};

}  // namespace octet
