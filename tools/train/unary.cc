#include <cmath>

#include "absl/strings/str_cat.h"
#include "kernels/scalar_functions.h"
#include "tools/train/op.h"

namespace octet {
namespace {

using Kind = schema::UnaryKind;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The derivative of the normal distribution's part of GELU.
double GeluDerivative(double x) {
  constexpr double kSqrtHalf = 0.70710678118654752440, kDensity = 0.39894228040143267794;
  return 0.5 * (1 + std::erf(x * kSqrtHalf)) + x * kDensity * std::exp(-0.5 * x * x);
}

double GeluTanhDerivative(double x) {
  constexpr double kSqrt2OverPi = 0.79788456080286535588, kCubic = 0.044715;
  const double t = std::tanh(kSqrt2OverPi * (x + kCubic * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kSqrt2OverPi * (1 + 3 * kCubic * x * x);
}

bool HasDerivative(Kind kind) {
  switch (kind) {
    case Kind::IDENTITY:
    case Kind::CLIP:
    case Kind::SIGMOID:
    case Kind::TANH:
    case Kind::EXP:
    case Kind::LOG:
    case Kind::SQRT:
    case Kind::RECIPROCAL:
    case Kind::ABS:
    case Kind::NEG:
    case Kind::ERF:
    case Kind::LEAKY_RELU:
    case Kind::ELU:
    case Kind::HARD_SIGMOID:
    case Kind::HARD_SWISH:
    case Kind::SWISH:
    case Kind::GELU:
    case Kind::GELU_TANH:
    case Kind::SOFTPLUS:
      return true;
    default:
      return false;
  }
}

double Derivative(const schema::UnaryOptionsT& o, double x) {
  switch (o.kind) {
    case Kind::CLIP:
      return x >= o.alpha && x <= o.beta ? 1 : 0;
    case Kind::SIGMOID:
      return Sigmoid(x) * (1 - Sigmoid(x));
    case Kind::TANH:
      return 1 - std::tanh(x) * std::tanh(x);
    case Kind::EXP:
      return std::exp(x);
    case Kind::LOG:
      return 1 / x;
    case Kind::SQRT:
      return 0.5 / std::sqrt(x);
    case Kind::RECIPROCAL:
      return -1 / (x * x);
    case Kind::ABS:
      return (x > 0) - (x < 0);
    case Kind::NEG:
      return -1;
    case Kind::ERF:
      return 1.12837916709551257390 * std::exp(-x * x);
    case Kind::LEAKY_RELU:
      return x < 0 ? o.alpha : 1;
    case Kind::ELU:
      return x < 0 ? o.alpha * std::exp(x) : 1;
    case Kind::HARD_SIGMOID:
      return o.alpha * x + o.beta > 0 && o.alpha * x + o.beta < 1 ? o.alpha : 0;
    case Kind::HARD_SWISH:
      return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5;
    case Kind::SWISH:
      return Sigmoid(x) * (1 + x * (1 - Sigmoid(x)));
    case Kind::GELU:
      return GeluDerivative(x);
    case Kind::GELU_TANH:
      return GeluTanhDerivative(x);
    case Kind::SOFTPLUS:
      return Sigmoid(x);
    default:
      return 1;
  }
}

class Unary final : public TrainOp {
 public:
  explicit Unary(const OpContext& context)
      : options_(context.node.as<schema::UnaryOptionsT>()), size_(NumElements(context.inputs[0])) {}

  bool moves() const override { return options_.kind == Kind::IDENTITY; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float y_scale = args.output_scales[0] == 0 ? 1.0f : args.output_scales[0];
    for (int64_t i = 0; i < size_; ++i) {
      args.outputs[0][i] = UnaryValue(options_, x.scale() * x.data[i]) / y_scale;
    }
  }

  void Backward(const BackwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    for (int64_t i = 0; i < size_; ++i) {
      const double slope = Derivative(options_, x.scale() * x.data[i]);
      args.input_gradients[0][i] += static_cast<float>(args.output_gradients[0][i] * slope);
    }
  }

 private:
  const schema::UnaryOptionsT options_;
  const int64_t size_;
};

// Real numbers that change the way they are stored.
class Conversion final : public TrainOp {
 public:
  explicit Conversion(const OpContext& context) : size_(NumElements(context.inputs[0])) {}

  bool reads_inputs() const override { return false; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float y_scale = args.output_scales[0] == 0 ? 1.0f : args.output_scales[0];
    for (int64_t i = 0; i < size_; ++i) args.outputs[0][i] = x.scale() * x.data[i] / y_scale;
  }

  void Backward(const BackwardArgs& args) const override {
    for (int64_t i = 0; i < size_; ++i) {
      args.input_gradients[0][i] += args.output_gradients[0][i];
    }
  }

 private:
  const int64_t size_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeUnary(const OpContext& context) {
  const Kind kind = context.node.as<schema::UnaryOptionsT>().kind;
  if (HasDerivative(kind)) return std::make_unique<Unary>(context);
  return absl::UnimplementedError(
      absl::StrCat(schema::EnumNameUnaryKind(kind), " has no derivative here"));
}

absl::StatusOr<std::unique_ptr<TrainOp>> MakeConversion(const OpContext& context) {
  return std::make_unique<Conversion>(context);
}

}  // namespace octet
