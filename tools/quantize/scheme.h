#ifndef OCTET_TOOLS_QUANTIZE_SCHEME_H_
#define OCTET_TOOLS_QUANTIZE_SCHEME_H_

#include "absl/status/status.h"
#include "octet/types.h"
#include "runtime/core/numerics.h"
#include "tools/quantize/range.h"

namespace octet {

// Scales stay within these bounds, so that a product of two of them, which is the scale of a bias,
// is a normal f32 number.
inline constexpr float kMinScale = 0x1p-60f;
inline constexpr float kMaxScale = 0x1p+60f;

// Scale of a tensor that holds nothing but zeros.
inline constexpr float kZeroTensorScale = 1.0f;

// Largest magnitude of a symmetric s8 or s16 value; -128 and -32768 are left out.
inline constexpr int kMaxS8 = 127;
inline constexpr int kMaxS16 = 32767;
inline int LargestSymmetric(DataType type) { return type == DataType::kS16 ? kMaxS16 : kMaxS8; }

// How the values of an activation are mapped to integers.
struct ActivationScheme {
  DataType type = DataType::kU8;  // or kS8 or kS16
  bool symmetric = false;         // zero point 0 and no -128; kS8, and always kS16

  // The integers that a range is mapped to.
  IntRange integers() const {
    const int largest = LargestSymmetric(type);
    return symmetric ? IntRange{-largest, largest} : RangeOf(type);
  }
};

// InvalidArgument for other types, for kS16 that is not symmetric, and for symmetric kU8: 0 would
// have to be stored as 0, which leaves no value for negative numbers.
absl::Status CheckScheme(const ActivationScheme& scheme);

// Maps `range`, widened to hold 0, to all values of `type` (kU8 or kS8). 0 is exact. A range that
// holds nothing but 0 gets kZeroTensorScale and the zero point nearest to 0.
QuantParams AffineParams(Range range, DataType type);

// Scale that maps [-max_abs, max_abs] to all symmetric values of `type` (kS8 or kS16). Requires
// max_abs >= 0, finite.
float SymmetricScale(float max_abs, DataType type = DataType::kS8);

// The parameters of an activation of type kU8, kS8 or kS16: those of SymmetricScale for a symmetric
// range, else those of AffineParams. A symmetric range requires kS8, kS16 a symmetric range.
QuantParams ActivationParams(Range range, DataType type);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SCHEME_H_
