#include "tools/train/vector_loops.h"

namespace octet {
namespace {

// Partial sums that vector instructions can hold side by side.
constexpr int64_t kLanes = 16;

template <typename T>
T SumOf(const T* lanes) {
  T sum = 0;
  for (int64_t l = 0; l < kLanes; ++l) sum += lanes[l];
  return sum;
}

}  // namespace

OCTET_VECTOR_CLONES
void AddScaled(float factor, const float* __restrict x, int64_t count, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

OCTET_VECTOR_CLONES
void AddTo(const float* __restrict x, int64_t count, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) y[i] += x[i];
}

OCTET_VECTOR_CLONES
float DotProduct(const float* __restrict x, const float* __restrict y, int64_t count) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += x[i + l] * y[i + l];
  }
  float rest = 0;
  for (; i < count; ++i) rest += x[i] * y[i];
  return SumOf(lanes) + rest;
}

OCTET_VECTOR_CLONES
double Sum(const float* x, int64_t count) {
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += static_cast<double>(x[i + l]);
  }
  double rest = 0;
  for (; i < count; ++i) rest += static_cast<double>(x[i]);
  return SumOf(lanes) + rest;
}

}  // namespace octet
