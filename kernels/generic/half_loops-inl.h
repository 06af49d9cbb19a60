// The source of HalfLoops, included only by loops-inl.h.

#include <cstdint>

#include "runtime/core/half.h"

namespace octet {
namespace generic {
namespace {

void WidenF16(const uint16_t* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = HalfToFloat(x[i]);
}

void WidenBF16(const uint16_t* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = BFloat16ToFloat(x[i]);
}

void NarrowF16(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = FloatToHalf(x[i]);
}

void NarrowBF16(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = FloatToBFloat16(x[i]);
}

}  // namespace
}  // namespace generic
}  // namespace octet
