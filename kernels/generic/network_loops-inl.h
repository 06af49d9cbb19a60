// The source of NetworkLoops, included only by loops-inl.h.

#include <cstdint>

namespace octet {
namespace generic {
namespace {

// The first rows in one pass, so that y is read and written less often. `load(t, i)` is element i
// of row t as a number of Sum.
template <typename Sum, typename Load>
void WeighRows(const Load& load, const float* weights, int64_t taps, Sum* __restrict y, int64_t n) {
  const auto w = [weights](int64_t t) { return static_cast<Sum>(weights[t]); };
  int64_t t = 0;
  if (taps >= 4) {
    const Sum a = w(0), b = w(1), c = w(2), d = w(3);
    for (int64_t i = 0; i < n; ++i) {
      y[i] = ((a * load(0, i) + b * load(1, i)) + c * load(2, i)) + d * load(3, i);
    }
    t = 4;
  } else if (taps >= 2) {
    const Sum a = w(0), b = w(1);
    for (int64_t i = 0; i < n; ++i) y[i] = a * load(0, i) + b * load(1, i);
    t = 2;
  } else {
    const Sum a = w(0);
    for (int64_t i = 0; i < n; ++i) y[i] = a * load(0, i);
    t = 1;
  }
  for (; t < taps; ++t) {
    const Sum a = w(t);
    for (int64_t i = 0; i < n; ++i) y[i] = y[i] + a * load(t, i);
  }
}

void WeighRowsF32(const float* x, const int64_t* offsets, const float* weights, int64_t taps,
                  float* y, int64_t n) {
  const float* rows[4] = {x + offsets[0], x + offsets[taps > 1 ? 1 : 0],
                          x + offsets[taps > 2 ? 2 : 0], x + offsets[taps > 3 ? 3 : 0]};
  const auto load = [&](int64_t t, int64_t i) { return t < 4 ? rows[t][i] : x[offsets[t] + i]; };
  WeighRows<float>(load, weights, taps, y, n);
}

template <typename T>
void WeighRowsInts(const T* x, const int64_t* offsets, const float* weights, int64_t taps,
                   double* y, int64_t n, double zero_point) {
  const auto load = [&](int64_t t, int64_t i) {
    return static_cast<double>(x[offsets[t] + i]) - zero_point;
  };
  WeighRows<double>(load, weights, taps, y, n);
}

// Calls store(i, sum) for element i of the result.
template <typename Sum, typename Store>
void ForEachWeighted(const Sum* x, const WeightedBlocks& b, const Store& store) {
  const int64_t* index = b.index;
  const float* weight = b.weight;
  if (b.taps == 2 && b.size == 1) {
    for (int64_t i = 0; i < b.count; ++i) {
      store(i, static_cast<Sum>(weight[2 * i]) * x[index[2 * i]] +
                   static_cast<Sum>(weight[2 * i + 1]) * x[index[2 * i + 1]]);
    }
    return;
  }
  for (int64_t i = 0; i < b.count; ++i, index += b.taps, weight += b.taps) {
    if (b.taps == 2) {
      const Sum *p = x + index[0] * b.size, *q = x + index[1] * b.size;
      const Sum v = weight[0], w = weight[1];
      for (int64_t c = 0; c < b.size; ++c) store(i * b.size + c, v * p[c] + w * q[c]);
      continue;
    }
    for (int64_t c = 0; c < b.size; ++c) {
      Sum sum = static_cast<Sum>(weight[0]) * x[index[0] * b.size + c];
      for (int64_t t = 1; t < b.taps; ++t) {
        sum = sum + static_cast<Sum>(weight[t]) * x[index[t] * b.size + c];
      }
      store(i * b.size + c, sum);
    }
  }
}

void WeighBlocks(const float* x, const WeightedBlocks& blocks, float* __restrict y) {
  ForEachWeighted(x, blocks, [y](int64_t i, float sum) { y[i] = sum; });
}

void WeighBlocksNarrow(const double* x, const WeightedBlocks& blocks, double unit,
                       uint8_t* __restrict y, IntTarget target) {
  const Rounding round(target);
  ForEachWeighted(x, blocks, [&](int64_t i, double sum) {
    y[i] = static_cast<uint8_t>(round(static_cast<float>(sum * unit)));
  });
}

// ---- Normalization ----

struct Same {
  float operator()(float d) const { return d; }
};
struct Square {
  float operator()(float d) const { return d * d; }
};

template <typename Function>
float RowDeviations(const float* x, int64_t n, float mean) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lanes[j] += Function()(x[i + j] - mean);
  }
  for (int j = 0; i + j < n; ++j) lanes[j] += Function()(x[i + j] - mean);
  return FoldLanes<Plus>(lanes);
}

void NormalizeRow(const float* x, float* y, int64_t n, float mean, float factor, const float* scale,
                  const float* bias) {
  if (scale != nullptr && bias != nullptr) {
    for (int64_t i = 0; i < n; ++i) y[i] = ((x[i] - mean) * factor) * scale[i] + bias[i];
  } else if (scale != nullptr) {
    for (int64_t i = 0; i < n; ++i) y[i] = ((x[i] - mean) * factor) * scale[i];
  } else if (bias != nullptr) {
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * factor + bias[i];
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * factor;
  }
}

void ShiftRow(const float* x, float* y, int64_t n, float mean, float factor, float bias) {
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * factor + bias;
}

template <typename Function>
void ColumnDeviations(const float* x, int64_t stride, int64_t rows, int64_t n, const float* mean,
                      float* __restrict sums) {
  for (int64_t i = 0; i < n; ++i) sums[i] = 0.0f;
  for (int64_t r = 0; r < rows; ++r) {
    const float* row = x + r * stride;
    for (int64_t i = 0; i < n; ++i) sums[i] += Function()(row[i] - mean[i]);
  }
}

void ShiftColumns(const float* x, float* __restrict y, int64_t rows, int64_t n, const float* mean,
                  const float* factor, const float* bias) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < n; ++i) {
      y[r * n + i] = (x[r * n + i] - mean[i]) * factor[i] + bias[i];
    }
  }
}

constexpr NetworkLoops MakeNetworkLoops() {
  return {WeighRowsF32,      WeighRowsInts<uint8_t>, WeighRowsInts<int8_t>,    WeighBlocks,
          WeighBlocksNarrow, RowDeviations<Same>,    RowDeviations<Square>,    NormalizeRow,
          ShiftRow,          ColumnDeviations<Same>, ColumnDeviations<Square>, ShiftColumns};
}

}  // namespace
}  // namespace generic
}  // namespace octet
