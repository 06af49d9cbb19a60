#include "kernels/generic/reducer.h"

#include <algorithm>

namespace octet {
namespace generic {

absl::Status CheckReducible(const Operand& x, const Operand& y) {
  if ((IsF32(x) && IsF32(y)) || (IsInt8(x) && IsInt8(y)) || (IsInt16(x) && IsInt16(y))) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("from ", Describe(x), " to ", Describe(y),
                                               "; both must be f32, both int8 or both int16"));
}

Reducer::Reducer(Reduction reduction, const Operand& x, const Operand& y, const Loops& loops)
    : reduction_(reduction), loops_(loops), type_(x.type), f32_result_(IsF32(y)) {
  if (is_f32()) return;
  x_scale_ = x.quant->scale();
  x_zero_point_ = x.quant->zero_point();
  if (f32_result_) return;
  y_scale_ = y.quant->scale();
  y_.emplace(y, loops);
  target_ = y_->target();
  if (is_sum() || SameNumbers(x, y)) return;
  if (IsInt8(x)) {
    table_ = RequantizeTable(x, y);
  } else {
    x_.emplace(x, loops);
  }
}

float Reducer::Multiplier(int64_t divisor) const {
  const double n = reduction_ == Reduction::kMean ? static_cast<double>(divisor) : 1.0;
  return static_cast<float>(x_scale_ / (y_scale_ * n));
}

void Reducer::Columns(const void* x, const int64_t* offsets, int64_t taps, int64_t divisor, void* y,
                      int64_t columns) const {
  for (int64_t c = 0; c < columns; c += kChunk) {
    const int64_t n = std::min(kChunk, columns - c);
    if (is_f32()) {
      F32Columns(static_cast<const float*>(x) + c, offsets, taps, divisor,
                 static_cast<float*>(y) + c, n);
      continue;
    }
    const auto bytes = static_cast<int64_t>(SizeOf(type_));
    const uint8_t* from = static_cast<const uint8_t*>(x) + c * bytes;
    uint8_t* to = static_cast<uint8_t*>(y) + c * (f32_result_ ? 4 : bytes);
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
  if (type_ == DataType::kS16) {
    loops_.sum_s16(reinterpret_cast<const int16_t*>(x), offsets, taps, sums, columns);
  } else if (type_ == DataType::kS8) {
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
    return y_->Narrow(v, columns, y, {0, target_.range});
  }
  loops_.scale_ints(sums, v, columns, Multiplier(divisor));
  y_->Narrow(v, columns, y, target_);
}

void Reducer::PickColumns(const uint8_t* x, const int64_t* offsets, int64_t taps, uint8_t* y,
                          int64_t columns) const {
  const bool maximum = reduction_ == Reduction::kMaximum;
  if (type_ == DataType::kS16) {
    const auto loop = maximum ? loops_.max_s16 : loops_.min_s16;
    loop(reinterpret_cast<const int16_t*>(x), offsets, taps, reinterpret_cast<int16_t*>(y),
         columns);
    if (x_) Convert(y, columns);
  } else if (type_ == DataType::kS8) {
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

// In place, from x's numbers to y's.
void Reducer::Convert(void* integers, int64_t n) const {
  float v[kChunk];
  x_->Load(integers, n, v);
  y_->Store(v, n, integers);
}

template <typename T>
T Reducer::PickRow(const T* x, int64_t n) const {
  const bool maximum = reduction_ == Reduction::kMaximum;
  return maximum ? *std::max_element(x, x + n) : *std::min_element(x, x + n);
}

int32_t Reducer::SumRow(const void* x, int64_t n) const {
  if (type_ == DataType::kS16) return loops_.row_sum_s16(static_cast<const int16_t*>(x), n);
  if (type_ == DataType::kS8) return loops_.row_sum_s8(static_cast<const int8_t*>(x), n);
  return loops_.row_sum_u8(static_cast<const uint8_t*>(x), n);
}

void Reducer::Row(const void* x, int64_t n, void* y) const {
  if (is_f32()) {
    *static_cast<float*>(y) = F32Row(static_cast<const float*>(x), n);
    return;
  }
  if (is_sum()) {
    const float v =
        static_cast<float>(SumRow(x, n) - static_cast<int32_t>(n) * x_zero_point_) * Multiplier(n);
    if (f32_result_) {
      *static_cast<float*>(y) = v;
    } else {
      y_->Narrow(&v, 1, y, target_);
    }
    return;
  }
  if (type_ == DataType::kS16) {
    *static_cast<int16_t*>(y) = PickRow(static_cast<const int16_t*>(x), n);
    if (x_) Convert(y, 1);
    return;
  }
  auto* to = static_cast<uint8_t*>(y);
  *to = type_ == DataType::kS8 ? static_cast<uint8_t>(PickRow(static_cast<const int8_t*>(x), n))
                               : PickRow(static_cast<const uint8_t*>(x), n);
  if (table_) *to = (*table_)[*to];
}

}  // namespace generic
}  // namespace octet
