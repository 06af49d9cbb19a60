#include "tools/train/phases.h"

#include <algorithm>

namespace octet {

Phases::Phases(const SlidingWindow& window) : window_(window) {
  const SlidingWindow& w = window_;
  for (size_t d = 0; d < 3; ++d) {
    const int64_t extent = (w.out[d] - 1) * w.strides[d] + (w.kernel[d] - 1) * w.dilations[d] + 1;
    places_[d] = (std::max<int64_t>(extent, 1) + w.strides[d] - 1) / w.strides[d];
  }
  phases_ = SlidingWindow::Count(w.strides);
  phase_size_ = SlidingWindow::Count(places_);
  run_ =
      w.out_size() == 0 ? 0 : ((w.out[0] - 1) * places_[1] + w.out[1] - 1) * places_[2] + w.out[2];
  for (int64_t t0 = 0; t0 < w.kernel[0]; ++t0) {
    for (int64_t t1 = 0; t1 < w.kernel[1]; ++t1) {
      for (int64_t t2 = 0; t2 < w.kernel[2]; ++t2) {
        int64_t phase = 0, place = 0;
        const SlidingWindow::Sizes t = {t0, t1, t2};
        for (size_t d = 0; d < 3; ++d) {
          const int64_t at = t[d] * w.dilations[d];
          phase = phase * w.strides[d] + at % w.strides[d];
          place = place * places_[d] + at / w.strides[d];
        }
        offsets_.push_back(phase * phase_size_ + place);
      }
    }
  }
}

// Calls fn(offset into x, first column of x, offset where it is laid out, count, stride): element
// i * stride of the row lies at i.
template <typename Fn>
void Phases::ForEachInputRow(const Fn& fn) const {
  const SlidingWindow& w = window_;
  for (int64_t i0 = 0; i0 < w.in[0]; ++i0) {
    for (int64_t i1 = 0; i1 < w.in[1]; ++i1) {
      const int64_t at0 = i0 + w.pads[0], at1 = i1 + w.pads[1];
      if (at0 / w.strides[0] >= places_[0] || at1 / w.strides[1] >= places_[1]) continue;
      const int64_t phase01 = at0 % w.strides[0] * w.strides[1] + at1 % w.strides[1];
      const int64_t row = (at0 / w.strides[0] * places_[1] + at1 / w.strides[1]) * places_[2];
      for (int64_t p = 0; p < w.strides[2]; ++p) {
        // The first column whose padded position is of phase p.
        const int64_t first = ((p - w.pads[2]) % w.strides[2] + w.strides[2]) % w.strides[2];
        const int64_t place = (first + w.pads[2]) / w.strides[2];
        if (first >= w.in[2] || place >= places_[2]) continue;
        const int64_t count =
            std::min((w.in[2] - first - 1) / w.strides[2] + 1, places_[2] - place);
        fn((i0 * w.in[1] + i1) * w.in[2] + first,
           (phase01 * w.strides[2] + p) * phase_size_ + row + place, count, w.strides[2]);
      }
    }
  }
}

template <typename Fn>
void Phases::ForEachOutputRow(const Fn& fn) const {
  for (int64_t o0 = 0; o0 < window_.out[0]; ++o0) {
    for (int64_t o1 = 0; o1 < window_.out[1]; ++o1) {
      fn((o0 * window_.out[1] + o1) * window_.out[2], (o0 * places_[1] + o1) * places_[2]);
    }
  }
}

void Phases::Spread(const float* x, float* laid_out) const {
  std::fill_n(laid_out, size(), 0.0f);
  ForEachInputRow([&](int64_t from, int64_t to, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i) laid_out[to + i] = x[from + i * stride];
  });
}

void Phases::AddBack(const float* laid_out, float* x) const {
  ForEachInputRow([&](int64_t to, int64_t from, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i) x[to + i * stride] += laid_out[from + i];
  });
}

void Phases::SpreadOutputs(const float* y, float* laid_out) const {
  std::fill_n(laid_out, run_, 0.0f);
  ForEachOutputRow(
      [&](int64_t from, int64_t to) { std::copy_n(y + from, window_.out[2], laid_out + to); });
}

void Phases::TakeOutputs(const float* laid_out, float* y) const {
  ForEachOutputRow(
      [&](int64_t to, int64_t from) { std::copy_n(laid_out + from, window_.out[2], y + to); });
}

}  // namespace octet
