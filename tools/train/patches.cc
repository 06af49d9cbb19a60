#include "tools/train/patches.h"

#include <algorithm>

namespace octet {

void Unroll(const SlidingWindow& window, int64_t channels, const float* x, float* patches) {
  const int64_t positions = window.out_size(), taps = window.taps();
  std::fill_n(patches, channels * taps * positions, 0.0f);
  for (int64_t c = 0; c < channels; ++c) {
    const float* plane = x + c * window.in_size();
    float* rows = patches + c * taps * positions;
    window.ForEachRun([&](int64_t tap, int64_t to, int64_t from, int64_t count) {
      float* row = rows + tap * positions + to;
      for (int64_t i = 0; i < count; ++i) row[i] = plane[from + i * window.strides[2]];
    });
  }
}

void AddRolled(const SlidingWindow& window, int64_t channels, const float* patches, float* x) {
  const int64_t positions = window.out_size(), taps = window.taps();
  for (int64_t c = 0; c < channels; ++c) {
    float* plane = x + c * window.in_size();
    const float* rows = patches + c * taps * positions;
    window.ForEachRun([&](int64_t tap, int64_t from, int64_t to, int64_t count) {
      const float* row = rows + tap * positions + from;
      for (int64_t i = 0; i < count; ++i) plane[to + i * window.strides[2]] += row[i];
    });
  }
}

}  // namespace octet
