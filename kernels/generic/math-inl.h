// Elementary functions that compilers vectorize: no branch, no call, no table. Included only by
// loops-inl.h.

#include <cstdint>
#include <cstring>

namespace octet {
namespace generic {
namespace {

// Adding and subtracting it rounds half to even, for |x| < 2^22; the sum's low bits are the
// integer.
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
constexpr int32_t kRounderBits = 0x4B400000;

inline int32_t BitsOf(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

inline float FloatOf(int32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// round_half_even(x) as an integer, |x| < 2^22.
inline int32_t RoundToInt(float x) { return BitsOf(x + kRounder) - kRounderBits; }

inline float Min(float a, float b) { return b < a ? b : a; }
inline float Max(float a, float b) { return a < b ? b : a; }
inline float Abs(float x) { return FloatOf(BitsOf(x) & 0x7FFFFFFF); }
// |x| with the sign of `sign`.
inline float CopySign(float x, float sign) {
  return FloatOf((BitsOf(x) & 0x7FFFFFFF) | (BitsOf(sign) & INT32_MIN));
}

// Within 1 unit in the last place. Reduction to |r| <= ln(2) / 2, then the polynomial of Cephes'
// expf; 2^n as two factors, so that results below the normal range come out right.
inline float Exp(float x) {
  x = Max(Min(x, 90.0f), -105.0f);
  const float shifted = x * 1.44269504088896341f + kRounder;
  const int32_t n = BitsOf(shifted) - kRounderBits;
  const float k = shifted - kRounder;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * (r * r) + r) + 1.0f;
  const int32_t half = n >> 1;
  return p * FloatOf((half + 127) << 23) * FloatOf((n - half + 127) << 23);
}

// exp(x) - 1: its Taylor polynomial near 0, where the difference would cancel.
inline float Expm1(float x) {
  float p = 1.9841270e-4f;
  p = p * x + 1.3888889e-3f;
  p = p * x + 8.3333333e-3f;
  p = p * x + 4.1666668e-2f;
  p = p * x + 1.6666667e-1f;
  p = p * x + 0.5f;
  const float small = p * (x * x) + x;
  const float large = Exp(x) - 1.0f;
  return Abs(x) < 0.3f ? small : large;
}

inline float Sigmoid(float x) { return 1.0f / (1.0f + Exp(-x)); }

// Cephes' tanhf: a polynomial below 0.625, exp above.
inline float Tanh(float x) {
  const float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float small = p * z * x + x;
  const float large = CopySign(1.0f - 2.0f / (Exp(2.0f * Abs(x)) + 1.0f), x);
  return Abs(x) < 0.625f ? small : large;
}

// Cephes' erff: an odd polynomial below 1, 1 - exp(-x^2) / x * P(1 / x^2) above.
inline float Erf(float x) {
  const float a = Abs(x), z = x * x;
  float p = 7.853861353153693e-5f;
  p = p * z - 8.010193625184903e-4f;
  p = p * z + 5.188327685732524e-3f;
  p = p * z - 2.685381193529856e-2f;
  p = p * z + 1.128358514861418e-1f;
  p = p * z - 3.761262582423300e-1f;
  p = p * z + 1.128379165726710e+0f;
  const float small = x * p;
  const float inverse = 1.0f / Max(a, 1.0f), w = inverse * inverse;
  float near = 2.326819970068386e-2f;
  near = near * w - 1.387039388740657e-1f;
  near = near * w + 3.687424674597105e-1f;
  near = near * w - 5.824733027278666e-1f;
  near = near * w + 6.210004621745983e-1f;
  near = near * w - 4.944515323274145e-1f;
  near = near * w + 3.404879937665872e-1f;
  near = near * w - 2.741127028184656e-1f;
  near = near * w + 5.638259427386472e-1f;
  float far = -1.047766399936249e+1f;
  far = far * w + 1.297719955372516e+1f;
  far = far * w - 7.495518717768503e+0f;
  far = far * w + 2.921019019210786e+0f;
  far = far * w - 1.015265279202700e+0f;
  far = far * w + 4.218463358204948e-1f;
  far = far * w - 2.820767439740514e-1f;
  far = far * w + 5.641895067754075e-1f;
  const float tail = Exp(-z) * inverse * (a < 2.0f ? near : far);
  return a < 1.0f ? small : CopySign(1.0f - tail, x);
}

inline float GeluTanh(float x) {
  return 0.5f * x * (1.0f + Tanh(0.7978845608f * (x + 0.044715f * x * x * x)));
}

// tanh(log(1 + e)) with e = exp(x) is ((1 + e)^2 - 1) / ((1 + e)^2 + 1); it is 1 from x = 20 on.
inline float Mish(float x) {
  const float e = Exp(Min(x, 20.0f));
  const float n = e * (e + 2.0f);
  return x * (n / (n + 2.0f));
}

inline float Gelu(float x) { return 0.5f * x * (1.0f + Erf(x * 0.707106781f)); }

}  // namespace
}  // namespace generic
}  // namespace octet
