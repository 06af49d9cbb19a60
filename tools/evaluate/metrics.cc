#include "tools/evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octet {

int64_t ArgMax(absl::Span<const float> values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

bool InTop(absl::Span<const float> values, int64_t index, int k) {
  if (index < 0 || index >= static_cast<int64_t>(values.size())) return false;
  const auto at = static_cast<size_t>(index);
  const float value = values[at];
  int better = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] > value || (values[i] == value && i < at)) ++better;
  }
  return better < k;
}

void SignalToNoise::Add(absl::Span<const float> reference, absl::Span<const float> output) {
  for (size_t i = 0; i < reference.size(); ++i) {
    const double r = reference[i];
    const double error = r - output[i];
    signal_ += r * r;
    noise_ += error * error;
  }
}

double SignalToNoise::decibels() const {
  if (noise_ == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal_ / noise_);
}

double Cosine(absl::Span<const float> a, absl::Span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  if (aa == 0 && bb == 0) return 1;
  if (aa == 0 || bb == 0) return 0;
  return ab / std::sqrt(aa * bb);
}

}  // namespace octet
