// The source of RowLoops, included only by loops-inl.h.

#include <cstdint>

namespace octet {
namespace generic {
namespace {

constexpr int32_t kMagnitude = 0x7FFFFFFF;     // all but the sign
constexpr int32_t kInfinityBits = 0x7F800000;  // magnitudes from here on are infinite or NaN

RowRange RangeOfRow(const float* x, int64_t n) {
  float min[kLanes] = {}, max[kLanes] = {};
  int32_t bits[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) {
      min[j] = Smallest()(min[j], x[i + j]);
      max[j] = Largest()(max[j], x[i + j]);
      bits[j] = Largest()(bits[j], BitsOf(x[i + j]) & kMagnitude);
    }
  }
  for (int j = 0; i + j < n; ++j) {
    min[j] = Smallest()(min[j], x[i + j]);
    max[j] = Largest()(max[j], x[i + j]);
    bits[j] = Largest()(bits[j], BitsOf(x[i + j]) & kMagnitude);
  }
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) {
      min[j] = Smallest()(min[j], min[j + width]);
      max[j] = Largest()(max[j], max[j + width]);
      bits[j] = Largest()(bits[j], bits[j + width]);
    }
  }
  return {min[0], max[0], bits[0] < kInfinityBits};
}

void QuantizeRowU8(const float* x, uint8_t* q, int64_t n, float inv_scale, int32_t zero_point) {
  for (int64_t i = 0; i < n; ++i) {
    const int32_t v = RoundToInt(x[i] * inv_scale) + zero_point;
    q[i] = static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
  }
}

int32_t QuantizeRowS8(const float* x, int8_t* q, int64_t n, float inv_scale) {
  int32_t sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    int32_t v = RoundToInt(x[i] * inv_scale);
    v = v < -127 ? -127 : v > 127 ? 127 : v;
    q[i] = static_cast<int8_t>(v);
    sum += v;
  }
  return sum;
}

float WeighRow(const float* e, const float* factors, float* w, int64_t n) {
  int32_t bits[kLanes] = {};
  const auto weigh = [&](int64_t i, int j) {
    w[i] = e[i] == 0.0f ? 0.0f : e[i] * factors[i];
    bits[j] = Largest()(bits[j], BitsOf(w[i]) & kMagnitude);
  };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) weigh(i + j, j);
  }
  for (int j = 0; i + j < n; ++j) weigh(i + j, j);
  int32_t largest = 0;
  for (int32_t b : bits) largest = Largest()(largest, b);
  return FloatOf(largest);
}

void Interleave4(const int8_t* rows, int64_t stride, int64_t n, int8_t* to) {
  for (int64_t i = 0; i < n; ++i) {
    for (int j = 0; j < 4; ++j) to[4 * i + j] = rows[j * stride + i];
  }
}

}  // namespace
}  // namespace generic
}  // namespace octet
