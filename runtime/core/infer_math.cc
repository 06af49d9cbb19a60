#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

// Matrix products, elementwise operators and reductions.

namespace octet::infer {
namespace {

absl::Status CheckParameters(const schema::UnaryOptionsT& options) {
  const float alpha = options.alpha, beta = options.beta;
  switch (options.kind) {
    case schema::UnaryKind::CLIP:
      if (!(alpha <= beta)) {
        return Invalid("it clips to [", alpha, ", ", beta,
                       "]; the bounds must be numbers in order");
      }
      return absl::OkStatus();
    case schema::UnaryKind::CELU:
      if (alpha == 0 || !std::isfinite(alpha))
        return Invalid("alpha is ", alpha, "; expected a number other than 0");
      return absl::OkStatus();
    case schema::UnaryKind::SELU:
    case schema::UnaryKind::SHRINK:
    case schema::UnaryKind::HARD_SIGMOID:
      if (!std::isfinite(beta)) return Invalid("beta is ", beta, ", not finite");
      [[fallthrough]];
    case schema::UnaryKind::LEAKY_RELU:
    case schema::UnaryKind::ELU:
    case schema::UnaryKind::THRESHOLDED_RELU:
      if (!std::isfinite(alpha)) return Invalid("alpha is ", alpha, ", not finite");
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<Shape> Broadcast(absl::Span<const int64_t> a, absl::Span<const int64_t> b) {
  if (a.size() < b.size()) std::swap(a, b);
  Shape result(a.begin(), a.end());
  const size_t lead = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t& size = result[lead + i];
    if (size == b[i] || b[i] == 1) continue;
    if (size != 1) {
      return Invalid("the shapes ", ToString(Shape(a.begin(), a.end())), " and ",
                     ToString(Shape(b.begin(), b.end())), " do not broadcast: sizes ", size,
                     " and ", b[i], " are neither equal nor 1");
    }
    size = b[i];
  }
  return result;
}

absl::Status CheckActivation(float min, float max) {
  if (min <= max) return absl::OkStatus();
  return Invalid("the activation range is [", min, ", ", max,
                 "]; the bounds must be numbers in ascending order");
}

absl::Status CheckAxis(int axis, const Shape& x) {
  if (axis >= 0 && static_cast<size_t>(axis) < x.size()) return absl::OkStatus();
  return Invalid("axis is ", axis, ", but x is ", ToString(x), " of rank ", x.size());
}

absl::Status CheckBiasAndResidual(const Node& node, absl::Span<const Shape> inputs,
                                  int64_t channels, const Shape& output) {
  if (node.input(2) != kNoTensor && inputs[2] != Shape{channels}) {
    return Invalid("bias is ", ToString(inputs[2]), ", but there are ", channels,
                   " output channels");
  }
  if (node.input(3) != kNoTensor && inputs[3] != output) {
    return Invalid("residual is ", ToString(inputs[3]), ", but the output is ", ToString(output));
  }
  return absl::OkStatus();
}

Shapes MatMul(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::MatMulOptionsT>();
  const Shape& a = inputs[0];
  const Shape& b = inputs[1];
  if (a.empty() || b.size() < 2 || (a.size() == 1 && options.transpose_a)) {
    return Invalid("a is ", ToString(a), " and b is ", ToString(b), "; expected [..., M, K] or [K]",
                   options.transpose_a ? " (not with transpose_a)" : "", " and [..., K, N]");
  }
  const bool has_rows = a.size() >= 2;
  int64_t rows = has_rows ? a[a.size() - 2] : 1, depth_a = a.back();
  if (options.transpose_a) std::swap(rows, depth_a);
  int64_t depth_b = b[b.size() - 2], columns = b.back();
  if (options.transpose_b) std::swap(depth_b, columns);
  if (depth_a != depth_b || depth_a == 0) {
    return Invalid("a is ", ToString(a), options.transpose_a ? " (transposed)" : "", " and b is ",
                   ToString(b), options.transpose_b ? " (transposed)" : "",
                   "; the inner sizes must be equal and above 0, not ", depth_a, " and ", depth_b);
  }
  const size_t matrix_rank = has_rows ? 2 : 1;
  absl::StatusOr<Shape> y = Broadcast(absl::MakeConstSpan(a).subspan(0, a.size() - matrix_rank),
                                      absl::MakeConstSpan(b).subspan(0, b.size() - 2));
  if (!y.ok()) return y.status();
  if (has_rows) y->push_back(rows);
  y->push_back(columns);
  absl::Status status = CheckActivation(options.activation_min, options.activation_max);
  status.Update(CheckBiasAndResidual(node, inputs, columns, *y));
  if (!status.ok()) return status;
  return std::vector<Shape>{*y};
}

Shapes Binary(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::BinaryOptionsT>();
  if (options.kind > schema::BinaryKind::GREATER_EQUAL) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  absl::Status status = CheckActivation(options.activation_min, options.activation_max);
  if (!status.ok()) return status;
  const absl::StatusOr<Shape> y = Broadcast(inputs[0], inputs[1]);
  if (!y.ok()) return y.status();
  return std::vector<Shape>{*y};
}

Shapes Unary(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::UnaryOptionsT>();
  if (options.kind > schema::UnaryKind::SHRINK) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (absl::Status status = CheckParameters(options); !status.ok()) return status;
  return std::vector<Shape>{inputs[0]};
}

Shapes Softmax(const Node& node, absl::Span<const Shape> inputs) {
  const int axis = node.as<schema::SoftmaxOptionsT>().axis;
  if (absl::Status status = CheckAxis(axis, inputs[0]); !status.ok()) return status;
  return std::vector<Shape>{inputs[0]};
}

Shapes Reduce(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ReduceOptionsT>();
  const Shape& x = inputs[0];
  if (options.kind > schema::ReduceKind::PRODUCT) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (options.axes.empty() && !options.empty_is_none) return Invalid("axes is empty");
  int previous = -1;
  std::vector<bool> reduced(x.size(), false);
  for (int axis : options.axes) {
    if (absl::Status status = CheckAxis(axis, x); !status.ok()) return status;
    if (axis <= previous) return Invalid("axes has ", axis, " after ", previous, "; not ascending");
    reduced[static_cast<size_t>(axis)] = true;
    previous = axis;
  }
  Shape y;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!reduced[i]) {
      y.push_back(x[i]);
    } else if (options.keep_dims) {
      y.push_back(1);
    }
  }
  return std::vector<Shape>{y};
}

}  // namespace octet::infer
