#ifndef OCTET_KERNELS_GENERIC_REDUCER_H_
#define OCTET_KERNELS_GENERIC_REDUCER_H_

#include <cstdint>
#include <optional>

#include "kernels/generic/loops.h"
#include "kernels/generic/reals.h"
#include "kernels/generic/table.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {

// kMeanTiesAway: of integers whose result has the same scale and zero point, in Columns only.
enum class Reduction { kMaximum, kMinimum, kMean, kMeanTiesAway, kSum };

// Reduces rows of neighbouring elements, one result per column, and stores the results in y's
// numbers.
class Reducer {
 public:
  // x and y are both f32, both int8 or both int16; sums and means of integers may also be f32.
  Reducer(Reduction reduction, const Operand& x, const Operand& y, const Loops& loops);

  // Elements that fit into a Chunk.
  static constexpr int64_t kChunk = 256;

  // y[c] of `columns` columns of the rows that begin `offsets` elements after x; `taps` >= 1 of
  // them, at most MaxTaps. Means are taken over `divisor` elements.
  void Columns(const void* x, const int64_t* offsets, int64_t taps, int64_t divisor, void* y,
               int64_t columns) const;

  // One result of n >= 1 neighbours, n <= MaxTaps.
  void Row(const void* x, int64_t n, void* y) const;

  // Sums of integers stay within 31 bits.
  static int64_t MaxTaps(DataType x) { return int64_t{1} << (x == DataType::kS16 ? 15 : 22); }

 private:
  void F32Columns(const float* x, const int64_t* offsets, int64_t taps, int64_t divisor, float* y,
                  int64_t columns) const;
  // y is f32 or of integers.
  void SumColumns(const uint8_t* x, const int64_t* offsets, int64_t taps, int64_t divisor, void* y,
                  int64_t columns) const;
  void PickColumns(const uint8_t* x, const int64_t* offsets, int64_t taps, uint8_t* y,
                   int64_t columns) const;
  float F32Row(const float* x, int64_t n) const;
  void Convert(void* integers, int64_t n) const;
  template <typename T>
  T PickRow(const T* x, int64_t n) const;
  int32_t SumRow(const void* x, int64_t n) const;
  // The factor of an integer sum over `divisor` elements.
  float Multiplier(int64_t divisor) const;
  bool is_f32() const { return type_ == DataType::kF32; }
  bool is_sum() const {
    return reduction_ != Reduction::kMaximum && reduction_ != Reduction::kMinimum;
  }

  const Reduction reduction_;
  const Loops& loops_;
  const DataType type_;  // of x
  const bool f32_result_;
  double x_scale_ = 1, y_scale_ = 1;
  int32_t x_zero_point_ = 0;
  IntTarget target_{};
  std::optional<Reals> y_;      // of integers
  std::optional<Table> table_;  // of a picked integer of 8 bits, where y's numbers are others
  std::optional<Reals> x_;      // the same for 16 bits
};

// Unimplemented unless x and y are both f32, both int8 or both int16.
absl::Status CheckReducible(const Operand& x, const Operand& y);

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_REDUCER_H_
