#ifndef OCTET_KERNELS_REFERENCE_PRODUCT_H_
#define OCTET_KERNELS_REFERENCE_PRODUCT_H_

#include <cstdint>
#include <vector>

#include "kernels/elements.h"
#include "kernels/reference/problem.h"

namespace octet {
namespace reference {

// What convolution and matrix product do with a sum of products: inputs are x, w, bias, residual.
//
// Legal types: all f32; or x u8 or s8 and w u8 or s8, the bias s32, the output and the residual u8,
// s8, s16 or f32. With an s16 x, w may be s16 and the bias s64. w may have one scale per output
// channel, then its zero_points are 0. With DYNAMIC arithmetic, w s8 with zero_points 0 and all
// others f32. With accumulate_f16, x and w f16, the bias f32, the residual and the output f16 or
// f32.
absl::Status CheckProduct(const KernelContext& context, int channel_axis,
                          schema::Arithmetic arithmetic);

// Operands in the order of their inputs.
constexpr size_t kX = 0, kW = 1, kBias = 2, kResidual = 3;

// Unimplemented unless all operands are integers of one type that stand for themselves.
absl::Status CheckWholeProduct(const KernelContext& context);

// A sum that is rounded to f16 after every addition; what is added is exact. So a sum of products
// is a chain of f16 fused multiply-adds, in the order of the loops.
class HalfSum {
 public:
  HalfSum() = default;
  explicit HalfSum(Half x) : value_(Value(x)) {}
  explicit HalfSum(int x) : value_(x) {}

  double value() const { return value_; }
  // Exact: products have 22 bits.
  HalfSum operator*(HalfSum other) const { return HalfSum(value_ * other.value_); }
  HalfSum operator-(HalfSum other) const { return HalfSum(value_ - other.value_); }
  HalfSum& operator+=(HalfSum other) {
    // A f64 holds the exact sum but where one number is far below half a step of the other.
    value_ = HalfToFloat(FloatToHalf(OddFloat(value_ + other.value_)));
    return *this;
  }

 private:
  explicit HalfSum(double value) : value_(value) {}
  double value_ = 0;
};

class Product {
 public:
  Product(const Problem& problem, const RunArgs& args, float activation_min, float activation_max);

  // 0 where the factors are real.
  int32_t x_zero_point() const { return x_zero_point_; }
  int32_t w_zero_point() const { return w_zero_point_; }

  // Completes and stores the output at index `at`, of output channel `channel`.
  void Store(const Shape& at, int64_t channel, int64_t sum);
  void Store(const Shape& at, int64_t channel, double sum);
  void Store(const Shape& at, int64_t channel, HalfSum sum) { Store(at, channel, sum.value()); }
  // The sum of a row that was quantized with `scale`.
  void StoreDynamic(const Shape& at, int64_t channel, int64_t sum, float scale);

 private:
  float WeightScale(int64_t channel) const;

  const Problem& problem_;
  Numbers y_;
  const void* bias_;
  const void* residual_;
  float min_, max_;
  IntRange range_{};
  int32_t x_zero_point_ = 0;
  int32_t w_zero_point_ = 0;
};

// A row of activations under DYNAMIC arithmetic.
struct DynamicRow {
  float scale = 0.0f;            // NaN where results are
  std::vector<int32_t> offsets;  // q - zero_point of each element

  // Of `count` elements that lie `stride` apart.
  void Quantize(const float* x, int64_t count, int64_t stride);
};

// Calls fn with two zeros of the element types of x and w.
template <typename Fn>
void DispatchTypes(DataType x, DataType w, const Fn& fn) {
  if (x == DataType::kF32) return fn(float{}, float{});
  if (x == DataType::kF16) return fn(Half{}, Half{});
  const bool signed_w = w == DataType::kS8;
  if (x == DataType::kS16) {
    if (w == DataType::kS16) return fn(int16_t{}, int16_t{});
    return signed_w ? fn(int16_t{}, int8_t{}) : fn(int16_t{}, uint8_t{});
  }
  if (x == DataType::kU8) return signed_w ? fn(uint8_t{}, int8_t{}) : fn(uint8_t{}, uint8_t{});
  return signed_w ? fn(int8_t{}, int8_t{}) : fn(int8_t{}, uint8_t{});
}

// Sums of integers are exact; those of f32 are taken in f64, those of f16 in f16.
template <typename T>
struct SumOf {
  using type = int64_t;
};
template <>
struct SumOf<float> {
  using type = double;
};
template <>
struct SumOf<Half> {
  using type = HalfSum;
};

}  // namespace reference
}  // namespace octet

#endif  // OCTET_KERNELS_REFERENCE_PRODUCT_H_
