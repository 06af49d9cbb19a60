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
  }
  return a;
}

}  // namespace octet
