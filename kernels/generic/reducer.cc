#include "kernels/generic/reducer.h"

#include <algorithm>

namespace octet {
namespace generic {

absl::Status CheckReducible(const Operand& x, const Operand& y) {
  if ((IsF32(x) && IsF32(y)) || (IsInt8(x) && IsInt8(y))) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("from ", Describe(x), " to ", Describe(y), "; both must be f32 or both int8"));
}

Reducer::Reducer(Reduction reduction, const Operand& x, const Operand& y, const Loops& loops)
    : reduction_(reduction),
      loops_(loops),
      f32_(IsF32(x)),
      signed_(x.type == DataType::kS8),
      f32_result_(IsF32(y)) {
  if (f32_) return;
  x_scale_ = x.quant->scale();
  x_zero_point_ = x.quant->zero_point();
  if (f32_result_) return;
  y_scale_ = y.quant->scale();
  target_ = {y.quant->zero_point(), RangeOf(y.type)};
  if (!is_sum() && !SameNumbers(x, y)) table_ = RequantizeTable(x, y);
}

float Reducer::Multiplier(int64_t divisor) const {
  const double n = reduction_ == Reduction::kMean ? static_cast<double>(divisor) : 1.0;
  return static_cast<float>(x_scale_ / (y_scale_ * n));
}

void Reducer::Columns(const void* x, const int64_t* offsets, int64_t taps, int64_t divisor, void* y,
                      int64_t columns) const {
  for (int64_t c = 0; c < columns; c += kChunk) {
    const int64_t n = std::min(kChunk, columns - c);
    if (f32_) {
      F32Columns(static_cast<const float*>(x) + c, offsets, taps, divisor,
                 static_cast<float*>(y) + c, n);
      continue;
    }
    const uint8_t* from = static_cast<const uint8_t*>(x) + c;
    uint8_t* to = static_cast<uint8_t*>(y) + c * (f32_result_ ? 4 : 1);
    if (is_sum()) {
      SumColumns(from, offsets, taps, divisor, to, n);
    } else {
      PickColumns(from, offsets, taps, to, n);
    }
  }
}

void Reducer::F32Columns(const float* x, const int64_t* offsets, int64_t taps, int64_t divisor,
                         float* y, int64_t columns) const {
  if (reduction_ == Reduction::kMaximum) return loops_.max_f32(x, offsets, taps, y, columns);
  if (reduction_ == Reduction::kMinimum) return loops_.min_f32(x, offsets, taps, y, columns);
  loops_.sum_f32(x, offsets, taps, y, columns);
  if (reduction_ == Reduction::kMean) loops_.divide(y, columns, static_cast<float>(divisor));
}

void Reducer::SumColumns(const uint8_t* x, const int64_t* offsets, int64_t taps, int64_t divisor,
                         void* y, int64_t columns) const {
  int32_t sums[kChunk];
  float v[kChunk];
  if (signed_) {
    loops_.sum_s8(reinterpret_cast<const int8_t*>(x), offsets, taps, sums, columns);
  } else {
    loops_.sum_u8(x, offsets, taps, sums, columns);
  }
  // Ties away from zero are those of stored integers, which a tap in the padding has, too.
  const bool away = reduction_ == Reduction::kMeanTiesAway;
  const auto zero = static_cast<int32_t>(away ? taps - divisor : taps) * x_zero_point_;
  for (int64_t c = 0; c < columns; ++c) sums[c] -= zero;
  if (f32_result_) {
    return loops_.scale_ints(sums, static_cast<float*>(y), columns, Multiplier(divisor));
  }
  if (away) {
    loops_.average_ties_away(sums, v, columns, static_cast<float>(divisor));
    return loops_.narrow(v, static_cast<uint8_t*>(y), columns, {0, target_.range});
  }
  loops_.scale_ints(sums, v, columns, Multiplier(divisor));
  loops_.narrow(v, static_cast<uint8_t*>(y), columns, target_);
}

void Reducer::PickColumns(const uint8_t* x, const int64_t* offsets, int64_t taps, uint8_t* y,
                          int64_t columns) const {
  const bool maximum = reduction_ == Reduction::kMaximum;
  if (signed_) {
    const auto loop = maximum ? loops_.max_s8 : loops_.min_s8;
    loop(reinterpret_cast<const int8_t*>(x), offsets, taps, reinterpret_cast<int8_t*>(y), columns);
  } else {
    const auto loop = maximum ? loops_.max_u8 : loops_.min_u8;
    loop(x, offsets, taps, y, columns);
  }
  if (table_) loops_.lookup(y, y, columns, table_->data());
}

float Reducer::F32Row(const float* x, int64_t n) const {
  switch (reduction_) {
    case Reduction::kMaximum:
      return loops_.row_max(x, n);
    case Reduction::kMinimum:
      return loops_.row_min(x, n);
    case Reduction::kMean:
      return loops_.row_sum(x, n) / static_cast<float>(n);
    default:
      return loops_.row_sum(x, n);
  }
}

uint8_t Reducer::PickRow(const uint8_t* x, int64_t n) const {
  const auto less = [this](uint8_t a, uint8_t b) {
    return signed_ ? static_cast<int8_t>(a) < static_cast<int8_t>(b) : a < b;
  };
  const bool maximum = reduction_ == Reduction::kMaximum;
  return maximum ? *std::max_element(x, x + n, less) : *std::min_element(x, x + n, less);
}

void Reducer::Row(const void* x, int64_t n, void* y) const {
  if (f32_) {
    *static_cast<float*>(y) = F32Row(static_cast<const float*>(x), n);
    return;
  }
  const auto* from = static_cast<const uint8_t*>(x);
  auto* to = static_cast<uint8_t*>(y);
  if (!is_sum()) {
    *to = PickRow(from, n);
    if (table_) *to = (*table_)[*to];
    return;
  }
  const int32_t sum = signed_ ? loops_.row_sum_s8(reinterpret_cast<const int8_t*>(from), n)
                              : loops_.row_sum_u8(from, n);
  const float v = static_cast<float>(sum - static_cast<int32_t>(n) * x_zero_point_) * Multiplier(n);
  if (f32_result_) {
    *static_cast<float*>(y) = v;
    return;
  }
  *to = static_cast<uint8_t>(RoundAndClamp(v, target_.zero_point, target_.range));
}

}  // namespace generic
}  // namespace octet
