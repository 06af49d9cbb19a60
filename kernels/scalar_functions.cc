#include "kernels/scalar_functions.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

float Sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// log(1 + exp(x)) without overflow.
float Softplus(float x) { return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x))); }

float Gelu(float x) {
  constexpr double kSqrtHalf = 0.70710678118654752440;
  return static_cast<float>(0.5 * x * (1.0 + std::erf(x * kSqrtHalf)));
}

float GeluTanh(float x) {
  constexpr float kSqrt2OverPi = 0.7978845608028654f;
  return 0.5f * x * (1.0f + std::tanh(kSqrt2OverPi * (x + 0.044715f * x * x * x)));
}

float Celu(float x, float alpha) {
  return std::max(0.0f, x) + std::min(0.0f, alpha * std::expm1(x / alpha));
}

float Shrink(float x, float threshold, float bias) {
  if (x < -threshold) return x + bias;
  return x > threshold ? x - bias : 0.0f;
}

// The result has the sign of b.
float FloorMod(float a, float b) {
  const float rest = std::fmod(a, b);
  return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
}

float Sign(float x) { return static_cast<float>((x > 0.0f) - (x < 0.0f)); }

}  // namespace

float UnaryValue(const schema::UnaryOptionsT& options, float x) {
  using Kind = schema::UnaryKind;
  const float alpha = options.alpha, beta = options.beta;
  switch (options.kind) {
    case Kind::IDENTITY:
      return x;
    case Kind::CLIP:
      return std::min(std::max(x, alpha), beta);
    case Kind::SIGMOID:
      return Sigmoid(x);
    case Kind::TANH:
      return std::tanh(x);
    case Kind::EXP:
      return std::exp(x);
    case Kind::LOG:
      return std::log(x);
    case Kind::SQRT:
      return std::sqrt(x);
    case Kind::RECIPROCAL:
      return 1.0f / x;
    case Kind::ABS:
      return std::abs(x);
    case Kind::NEG:
      return -x;
    case Kind::FLOOR:
      return std::floor(x);
    case Kind::CEIL:
      return std::ceil(x);
    case Kind::ROUND:
      return std::nearbyint(x);
    case Kind::ERF:
      return std::erf(x);
    case Kind::LEAKY_RELU:
      return x < 0.0f ? alpha * x : x;
    case Kind::ELU:
      return x < 0.0f ? alpha * std::expm1(x) : x;
    case Kind::HARD_SIGMOID:
      return std::max(0.0f, std::min(1.0f, alpha * x + beta));
    case Kind::HARD_SWISH:
      return x * std::max(0.0f, std::min(1.0f, x / 6.0f + 0.5f));
    case Kind::SWISH:
      return x / (1.0f + std::exp(-x));
    case Kind::GELU:
      return Gelu(x);
    case Kind::SOFTPLUS:
      return Softplus(x);
    case Kind::SIGN:
      return Sign(x);
    case Kind::SIN:
      return std::sin(x);
    case Kind::COS:
      return std::cos(x);
    case Kind::TAN:
      return std::tan(x);
    case Kind::ASIN:
      return std::asin(x);
    case Kind::ACOS:
      return std::acos(x);
    case Kind::ATAN:
      return std::atan(x);
    case Kind::SINH:
      return std::sinh(x);
    case Kind::COSH:
      return std::cosh(x);
    case Kind::ASINH:
      return std::asinh(x);
    case Kind::ACOSH:
      return std::acosh(x);
    case Kind::ATANH:
      return std::atanh(x);
    case Kind::NOT:
      return x == 0.0f ? 1.0f : 0.0f;
    case Kind::BIT_NOT:
      break;
    case Kind::IS_NAN:
      return x != x ? 1.0f : 0.0f;
    case Kind::IS_INF:
      return std::isinf(x) && (x < 0.0f ? alpha : beta) != 0.0f ? 1.0f : 0.0f;
    case Kind::SELU:
      return beta * (x > 0.0f ? x : alpha * std::expm1(x));
    case Kind::CELU:
      return Celu(x, alpha);
    case Kind::MISH:
      return x * std::tanh(Softplus(x));
    case Kind::GELU_TANH:
      return GeluTanh(x);
    case Kind::SOFTSIGN:
      return x / (1.0f + std::abs(x));
    case Kind::THRESHOLDED_RELU:
      return x > alpha ? x : 0.0f;
    case Kind::SHRINK:
      return Shrink(x, alpha, beta);
  }
  return x;
}

float BinaryValue(schema::BinaryKind kind, float a, float b) {
  using Kind = schema::BinaryKind;
  switch (kind) {
    case Kind::ADD:
      return a + b;
    case Kind::SUB:
      return a - b;
    case Kind::MUL:
      return a * b;
    case Kind::DIV:
      return a / b;
    case Kind::MINIMUM:
      return std::min(a, b);
    case Kind::MAXIMUM:
      return std::max(a, b);
    case Kind::POW:
      return std::pow(a, b);
    case Kind::MOD:
      return FloorMod(a, b);
    case Kind::FMOD:
      return std::fmod(a, b);
    case Kind::PRELU:
      return a < 0.0f ? a * b : a;
    case Kind::BIT_AND:
    case Kind::BIT_OR:
    case Kind::BIT_XOR:
    case Kind::SHIFT_LEFT:
    case Kind::SHIFT_RIGHT:
      break;
    case Kind::AND:
      return a != 0.0f && b != 0.0f ? 1.0f : 0.0f;
    case Kind::OR:
      return a != 0.0f || b != 0.0f ? 1.0f : 0.0f;
    case Kind::XOR:
      return (a != 0.0f) != (b != 0.0f) ? 1.0f : 0.0f;
    case Kind::EQUAL:
      return a == b ? 1.0f : 0.0f;
    case Kind::LESS:
      return a < b ? 1.0f : 0.0f;
    case Kind::LESS_EQUAL:
      return a <= b ? 1.0f : 0.0f;
    case Kind::GREATER:
      return a > b ? 1.0f : 0.0f;
    case Kind::GREATER_EQUAL:
      return a >= b ? 1.0f : 0.0f;
  }
  return a;
}

}  // namespace octet
