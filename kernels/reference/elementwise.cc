#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/scalar_functions.h"

namespace octet {
namespace reference {
namespace {

void ComputeUnary(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::UnaryOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  ForEachIndex(y.shape(), [&](const Shape& at) {
    y.SetReal(y.Offset(at), UnaryValue(options, x.Real(x.Offset(at))));
  });
}

// The offset of the element of `x` that broadcasts to `at`.
int64_t BroadcastOffset(const Numbers& x, const Shape& at) {
  const size_t lead = at.size() - x.shape().size();
  int64_t offset = 0;
  for (size_t i = 0; i < x.shape().size(); ++i) {
    if (x.shape()[i] != 1) offset += at[lead + i] * x.strides()[i];
  }
  return offset;
}

// The output in units of its scale, before rounding, of two integers without their zero points.
float Combine(schema::BinaryKind kind, int32_t a, float a_scale, int32_t b, float b_scale,
              float y_scale) {
  const float a_ratio = ScaleRatio(a_scale, y_scale), b_ratio = ScaleRatio(b_scale, y_scale);
  switch (kind) {
    case schema::BinaryKind::ADD:
      return static_cast<float>(a) * a_ratio + static_cast<float>(b) * b_ratio;
    case schema::BinaryKind::SUB:
      return static_cast<float>(a) * a_ratio - static_cast<float>(b) * b_ratio;
    case schema::BinaryKind::MUL:
      return static_cast<float>(a * b) * RequantMultiplier(a_scale, b_scale, y_scale);
    default:
      return BinaryValue(kind, DequantizeValue(a, a_scale, 0), DequantizeValue(b, b_scale, 0)) /
             y_scale;
  }
}

void ComputeBinary(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::BinaryOptionsT>();
  const Numbers a = problem.In(0, args), b = problem.In(1, args);
  Numbers y = problem.Out(0, args);
  const bool integers =
      IsInt8(problem.inputs[0]) && IsInt8(problem.inputs[1]) && IsInt8(problem.outputs[0]);
  IntRange range{};
  if (IsQuantized(problem.outputs[0])) {
    range = ActivationRange(options.activation_min, options.activation_max, y.scale(),
                            y.zero_point(), y.type());
  }
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const int64_t i = BroadcastOffset(a, at), j = BroadcastOffset(b, at), to = y.Offset(at);
    if (!integers) {
      const float v = BinaryValue(options.kind, a.Real(i), b.Real(j));
      return y.SetReal(to, ClampReal(v, options.activation_min, options.activation_max));
    }
    const float v = Combine(options.kind, a.Int(i) - a.zero_point(), a.scale(),
                            b.Int(j) - b.zero_point(), b.scale(), y.scale());
    y.SetInt(to, RoundAndClamp(v, y.zero_point(), range));
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceUnary = {"reference", CheckReal,
                                     reference::PrepareWith<reference::ComputeUnary>};
const KernelEntry kReferenceBinary = {"reference", CheckReal,
                                      reference::PrepareWith<reference::ComputeBinary>};

}  // namespace octet
