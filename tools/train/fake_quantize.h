#ifndef OCTET_TOOLS_TRAIN_FAKE_QUANTIZE_H_
#define OCTET_TOOLS_TRAIN_FAKE_QUANTIZE_H_

#include <cstdint>

#include "absl/types/span.h"
#include "octet/types.h"

// Fake quantization (Jacob et al. 2018; Krishnamoorthi 2018): forward rounds to the integers that
// the executor will hold; backward treats rounding as the identity within the range and as constant
// beyond it, the straight-through estimator with clipped gradient. Scales are learned by the
// gradient of LSQ (Esser et al. 2020).

namespace octet {

// The integers, less their zero point, that a tensor's values are rounded to.
struct Grid {
  float low;
  float high;
};

// All values of a quantized type.
Grid GridOf(DataType type, int32_t zero_point);
// Symmetric around 0, without the lowest value of `bits` bits; 2 <= bits <= 16. Narrower than a
// type, they are stored in it with a narrower range.
Grid SymmetricGrid(int bits);
// All values of `bits` bits, unsigned or signed, around a zero point; 2 <= bits <= 16.
Grid AffineGrid(int bits, bool is_signed, int32_t zero_point);

// Where results end: at the grid, or before it where the operator's activation clamps.
struct Clamp {
  float low;
  float high;
  // What one unit of scale changes in a value that ends there: the end itself where it is the
  // grid's, nothing where it is the activation's, which stands for a real number.
  float low_slope;
  float high_slope;
};

// For an operator that clamps real numbers to [min, max]; the same integers as ActivationRange of
// numerics.h.
Clamp ClampFor(Grid grid, float min, float max, float scale);

// rounded[i] = the integer that `units[i]`, a value over its scale, becomes: clamped, then rounded
// half to even. NaN gives 0. The two may be the same memory.
void RoundToGrid(absl::Span<const float> units, float low, float high, float* rounded);

// Makes of the gradients of the rounded values those of the values before, in place, and returns
// the gradient of the scale.
double BackThroughRounding(absl::Span<const float> units, absl::Span<const float> rounded,
                           const Clamp& clamp, float* gradients);

// The same for a clamp without rounding.
void BackThroughClamp(absl::Span<const float> values, float min, float max, float* gradients);

// By how much LSQ weighs the gradient of a scale that serves `count` values (Esser et al., 2.2).
double ScaleGradientFactor(int64_t count, Grid grid);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_FAKE_QUANTIZE_H_
