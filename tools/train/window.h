#ifndef OCTET_TOOLS_TRAIN_WINDOW_H_
#define OCTET_TOOLS_TRAIN_WINDOW_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "octet/types.h"

namespace octet {

// Geometry of a window that slides over 1 to 3 spatial dimensions, seen as three: missing ones have
// size 1 and stand in front.
struct SlidingWindow {
  using Sizes = std::array<int64_t, 3>;

  Sizes in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, strides{1, 1, 1}, dilations{1, 1, 1},
      pads{0, 0, 0}, pads_end{0, 0, 0};

  // `x` and `y` are [N, C, spatial...]; `options` has the geometry of the schema's ConvOptions.
  template <typename OptionsT, typename Kernel>
  static SlidingWindow Of(const OptionsT& options, const Kernel& kernel, const Shape& x,
                          const Shape& y) {
    SlidingWindow w;
    const size_t rank = x.size() - 2, first = 3 - rank;
    for (size_t d = 0; d < rank; ++d) {
      w.in[first + d] = x[2 + d];
      w.out[first + d] = y[2 + d];
      w.kernel[first + d] = kernel[d];
      w.strides[first + d] = options.strides[d];
      w.dilations[first + d] = options.dilations[d];
      w.pads[first + d] = options.pads_begin[d];
      w.pads_end[first + d] = options.pads_end[d];
    }
    return w;
  }

  static int64_t Count(const Sizes& s) { return s[0] * s[1] * s[2]; }
  int64_t taps() const { return Count(kernel); }
  int64_t in_size() const { return Count(in); }
  int64_t out_size() const { return Count(out); }

  // Whether output i is input i.
  bool is_point() const {
    return taps() == 1 && in == out && Count(strides) == 1 && pads == Sizes{0, 0, 0};
  }

  // Where tap `t` of output `o` lies along dimension d of x; may be outside.
  int64_t At(int d, int64_t o, int64_t t) const {
    return o * strides[d] - pads[d] + t * dilations[d];
  }

  // The outputs [first, end) of dimension d whose tap `t` lies within x.
  struct Run {
    int64_t first, end;
  };
  Run Inside(int d, int64_t t) const {
    const int64_t offset = pads[d] - t * dilations[d];  // o * stride >= offset
    const int64_t first = offset <= 0 ? 0 : (offset + strides[d] - 1) / strides[d];
    const int64_t last = in[d] - 1 + offset;  // o * stride <= last
    const int64_t end = last < 0 ? 0 : std::min(out[d], last / strides[d] + 1);
    return {std::min(first, end), end};
  }

  // Calls fn(tap, y offset, x offset, count) for runs of outputs along the last dimension whose tap
  // lies within x: outputs y offset + i read inputs x offset + i * strides[2], 0 <= i < count.
  // Offsets are within one channel. `tap` counts in row-major order; taps come in this order.
  template <typename Fn>
  void ForEachRun(const Fn& fn) const {
    for (int64_t t0 = 0, tap = 0; t0 < kernel[0]; ++t0) {
      for (int64_t t1 = 0; t1 < kernel[1]; ++t1) {
        for (int64_t t2 = 0; t2 < kernel[2]; ++t2, ++tap) ForEachRunOf(tap, {t0, t1, t2}, fn);
      }
    }
  }

 private:
  template <typename Fn>
  void ForEachRunOf(int64_t tap, const Sizes& t, const Fn& fn) const {
    const Run run = Inside(2, t[2]);
    if (run.first == run.end) return;
    for (int64_t o0 = 0; o0 < out[0]; ++o0) {
      const int64_t i0 = At(0, o0, t[0]);
      if (i0 < 0 || i0 >= in[0]) continue;
      for (int64_t o1 = 0; o1 < out[1]; ++o1) {
        const int64_t i1 = At(1, o1, t[1]);
        if (i1 < 0 || i1 >= in[1]) continue;
        fn(tap, (o0 * out[1] + o1) * out[2] + run.first,
           (i0 * in[1] + i1) * in[2] + At(2, run.first, t[2]), run.end - run.first);
      }
    }
  }
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_WINDOW_H_
