#ifndef OCTET_KERNELS_SIMD_TERMS_H_
#define OCTET_KERNELS_SIMD_TERMS_H_

#include <cstdint>

namespace octet {
namespace simd {

// How sums of products with 16-bit activations stay exact.
//
// Products of s16 with s8 weights are summed in s32 where the weights prove that it holds the sum:
// 32768 times the sum of their magnitudes. Weights of 16 bits are the sum of two terms, high *
// kTermRadix + low, each with an s32 sum of its own. Where even the sum of a term's magnitudes is
// too large, the sum is cut into parts. Parts and terms are added up in f64: all integers that
// occur are below 2^53, so f64 is exact, and the sum is rounded to f32 once, as NUMBERS in
// schema/model.fbs demands.

// Near the root of 2^15, which keeps both terms small: |low| <= 80, |high| <= 205.
constexpr int kTermRadix = 160;

// The largest sum of weights' magnitudes with which products of s16 cannot leave s32.
constexpr int64_t kMaxMagnitude = 65535;

struct Terms {
  int16_t low, high;
};
inline Terms SplitTerms(int16_t weight) {
  const int half = weight < 0 ? -kTermRadix / 2 : kTermRadix / 2;
  const int high = (weight + half) / kTermRadix;
  return {static_cast<int16_t>(weight - high * kTermRadix), static_cast<int16_t>(high)};
}

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_TERMS_H_
