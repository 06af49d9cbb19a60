// The source of RowLoops, included only by loops-inl.h.

#include <cstdint>
#include <cstring>

namespace octet {
namespace generic {
namespace {

constexpr int32_t kMagnitude = 0x7FFFFFFF;     // all but the sign
constexpr int32_t kInfinityBits = 0x7F800000;  // magnitudes from here on are infinite or NaN

IntLanes MagnitudeBits(FloatLanes x) { return reinterpret_cast<IntLanes>(x) & kMagnitude; }

RowRange RangeOfRow(const float* x, int64_t n) {
  FloatLanes least = {}, most = {};
  IntLanes magnitudes = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const FloatLanes v = LoadLanes(x + i);
    least = Smallest()(least, v);
    most = Largest()(most, v);
    magnitudes = Largest()(magnitudes, MagnitudeBits(v));
  }
  if (i < n) {
    FloatLanes v = {};
    std::memcpy(&v, x + i, static_cast<size_t>(n - i) * sizeof(float));
    least = Smallest()(least, v);
    most = Largest()(most, v);
    magnitudes = Largest()(magnitudes, MagnitudeBits(v));
  }
  float min[kLanes], max[kLanes];
  int32_t bits[kLanes];
  std::memcpy(min, &least, sizeof(min));
  std::memcpy(max, &most, sizeof(max));
  std::memcpy(bits, &magnitudes, sizeof(bits));
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
  IntLanes magnitudes = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const FloatLanes v = LoadLanes(e + i), product = v * LoadLanes(factors + i);
    const FloatLanes weight = v == 0.0f ? FloatLanes{} : product;
    std::memcpy(w + i, &weight, sizeof(weight));
    magnitudes = Largest()(magnitudes, MagnitudeBits(weight));
  }
  int32_t bits[kLanes], largest = 0;
  std::memcpy(bits, &magnitudes, sizeof(bits));
  for (; i < n; ++i) {
    w[i] = e[i] == 0.0f ? 0.0f : e[i] * factors[i];
    largest = Largest()(largest, BitsOf(w[i]) & kMagnitude);
  }
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
