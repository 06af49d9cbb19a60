#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

// Larger parts of networks: normalization, attention, recurrence, resampling.

namespace octet::infer {

Shapes Normalization(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::NormalizationOptionsT>();
  const Shape& x = inputs[0];
  if (options.kind > schema::NormalizationKind::GROUP) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (!(options.epsilon >= 0) || !std::isfinite(options.epsilon)) {
    return Invalid("epsilon is ", options.epsilon);
  }
  if (options.kind == schema::NormalizationKind::GROUP) {
    if (x.size() < 2 || options.groups < 1 || x[1] % options.groups != 0) {
      return Invalid("x is ", ToString(x), ", which ", options.groups, " groups do not divide");
    }
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (node.inputs[i] == kNoTensor || inputs[i] == Shape{x[1]}) continue;
      return Invalid(InputName(node.type(), i), " is ", ToString(inputs[i]), ", but there are ",
                     x[1], " channels");
    }
    return std::vector<Shape>{x};
  }
  if (absl::Status status = CheckAxis(options.axis, x); !status.ok()) return status;
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    const absl::StatusOr<Shape> together = Broadcast(x, inputs[i]);
    if (together.ok() && *together == x) continue;
    return Invalid(InputName(node.type(), i), " is ", ToString(inputs[i]),
                   ", which does not broadcast to x, ", ToString(x));
  }
  return std::vector<Shape>{x};
}

Shapes Lrn(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::LrnOptionsT>();
  if (inputs[0].size() < 2) return Invalid("x is ", ToString(inputs[0]), "; expected [N, C, ...]");
  if (options.size < 1 || options.size > kMaxWindow || !std::isfinite(options.alpha) ||
      !std::isfinite(options.beta) || !std::isfinite(options.bias)) {
    return Invalid("size is ", options.size, ", alpha ", options.alpha, ", beta ", options.beta,
                   ", bias ", options.bias);
  }
  return std::vector<Shape>{inputs[0]};
}

Shapes GridSample(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::GridSampleOptionsT>();
  const Shape &x = inputs[0], &grid = inputs[1];
  if (options.mode > schema::GridMode::CUBIC || options.padding > schema::GridPadding::REFLECTION) {
    return Invalid("mode or padding is unknown");
  }
  if (x.size() < 3 || grid.size() != x.size() || grid[0] != x[0] ||
      grid.back() != static_cast<int64_t>(x.size()) - 2) {
    return Invalid("x is ", ToString(x), " and grid ", ToString(grid),
                   "; expected [N, C, spatial...] and [N, out spatial..., rank - 2]");
  }
  Shape y = {x[0], x[1]};
  y.insert(y.end(), grid.begin() + 1, grid.end() - 1);
  return std::vector<Shape>{y};
}

namespace {

absl::Status CheckResize(const schema::ResizeOptionsT& options, const Shape& x) {
  if (options.mode > schema::ResizeMode::CUBIC ||
      options.coordinates > schema::ResizeCoordinates::TF_CROP_AND_RESIZE ||
      options.nearest > schema::ResizeNearest::CEIL ||
      options.keep_aspect > schema::ResizeAspect::NOT_SMALLER) {
    return Invalid("mode, coordinates or rounding are unknown");
  }
  const size_t count = options.axes.size();
  std::vector<bool> seen(x.size(), false);
  for (int axis : options.axes) {
    if (absl::Status status = CheckAxis(axis, x); !status.ok()) return status;
    if (seen[static_cast<size_t>(axis)]) return Invalid("axes has ", axis, " twice");
    seen[static_cast<size_t>(axis)] = true;
  }
  const bool by_scale = !options.scales.empty();
  if ((by_scale ? options.scales.size() : options.sizes.size()) != count ||
      (by_scale && !options.sizes.empty())) {
    return Invalid("there are ", count, " axes, ", options.scales.size(), " scales and ",
                   options.sizes.size(), " sizes; expected either one scale or one size per axis");
  }
  const bool crops = options.coordinates == schema::ResizeCoordinates::TF_CROP_AND_RESIZE;
  if (crops && options.roi.size() != 2 * count) {
    return Invalid("the region of interest has ", options.roi.size(), " numbers for ", count,
                   " axes");
  }
  return absl::OkStatus();
}

}  // namespace

Shapes Resize(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ResizeOptionsT>();
  const Shape& x = inputs[0];
  if (absl::Status status = CheckResize(options, x); !status.ok()) return status;
  const bool by_scale = !options.scales.empty();
  const bool common = options.keep_aspect != schema::ResizeAspect::STRETCH;
  for (int axis : options.axes) {
    if (x[static_cast<size_t>(axis)] == 0) return Invalid("x is ", ToString(x), ", empty");
  }
  Shape y = x;
  for (size_t i = 0; i < options.axes.size(); ++i) {
    int64_t& size = y[static_cast<size_t>(options.axes[i])];
    double wanted;
    if (by_scale) {
      // Half the extent of the region of interest is what TF_CROP_AND_RESIZE scales.
      const bool crops = options.coordinates == schema::ResizeCoordinates::TF_CROP_AND_RESIZE;
      const double part =
          crops ? static_cast<double>(options.roi[options.axes.size() + i]) - options.roi[i] : 1.0;
      wanted = std::floor(static_cast<double>(size) * part * options.scales[i]);
    } else {
      wanted = common ? std::floor(ResizeScale(options, x, i) * static_cast<double>(size) + 0.5)
                      : static_cast<double>(options.sizes[i]);
    }
    if (!(wanted >= 0) || wanted > static_cast<double>(kMaxDimension)) {
      return Invalid("the new size along axis ", options.axes[i], " is ", wanted);
    }
    size = static_cast<int64_t>(wanted);
  }
  return std::vector<Shape>{y};
}

Shapes Attention(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::AttentionOptionsT>();
  const Shape &q = inputs[0], &k = inputs[1], &v = inputs[2];
  const auto fail = [&] {
    return Invalid("q is ", ToString(q), ", k is ", ToString(k), " and v is ", ToString(v),
                   options.heads_last ? "; expected [B, S, H, D], [B, T, G, D] and [B, T, G, E]"
                                      : "; expected [B, H, S, D], [B, G, T, D] and [B, G, T, E]");
  };
  if (q.size() != 4 || k.size() != 4 || v.size() != 4) return fail();
  const size_t head = options.heads_last ? 2 : 1, time = options.heads_last ? 1 : 2;
  const bool fits = q[0] == k[0] && k[0] == v[0] && q[3] == k[3] && k[head] == v[head] &&
                    k[time] == v[time] && k[head] > 0 && q[head] % k[head] == 0;
  if (!fits) return fail();
  if (!std::isfinite(options.scale) || !(options.softcap >= 0)) {
    return Invalid("scale is ", options.scale, " and softcap ", options.softcap);
  }
  if (node.input(3) != kNoTensor) {
    const Shape scores = {q[0], q[head], q[time], k[time]};
    const absl::StatusOr<Shape> together = Broadcast(scores, inputs[3]);
    if (!together.ok() || *together != scores) {
      return Invalid("mask is ", ToString(inputs[3]), ", which does not broadcast to ",
                     ToString(scores));
    }
  }
  Shape y = q;
  y[3] = v[3];
  return std::vector<Shape>{y};
}

namespace {

int GatesOf(schema::RecurrentKind kind) {
  return kind == schema::RecurrentKind::LSTM ? 4 : kind == schema::RecurrentKind::GRU ? 3 : 1;
}

absl::Status CheckActivations(const schema::RecurrentOptionsT& options, int64_t directions) {
  const int per_direction = options.kind == schema::RecurrentKind::LSTM  ? 3
                            : options.kind == schema::RecurrentKind::GRU ? 2
                                                                         : 1;
  if (options.activations.size() != static_cast<size_t>(per_direction * directions)) {
    return Invalid("there are ", options.activations.size(), " activations; expected ",
                   per_direction * directions);
  }
  for (const auto& activation : options.activations) {
    if (activation == nullptr || activation->kind > schema::UnaryKind::SHRINK) {
      return Invalid("an activation is unknown");
    }
  }
  return absl::OkStatus();
}

}  // namespace

Shapes Recurrent(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::RecurrentOptionsT>();
  if (options.kind > schema::RecurrentKind::LSTM ||
      options.direction > schema::RecurrentDirection::BIDIRECTIONAL || !(options.clip > 0)) {
    return Invalid("kind, direction or clip are out of range");
  }
  const bool lstm = options.kind == schema::RecurrentKind::LSTM;
  const int64_t directions = options.direction == schema::RecurrentDirection::BIDIRECTIONAL ? 2 : 1;
  if (absl::Status status = CheckActivations(options, directions); !status.ok()) return status;
  if (node.outputs.size() != (lstm ? 3u : 2u)) {
    return Invalid("it has ", node.outputs.size(), " outputs, not ", lstm ? 3 : 2);
  }
  const Shape& x = inputs[0];
  const int64_t hidden = options.hidden_size;
  if (x.size() != 3 || hidden < 1 || hidden > kMaxDimension / 8) {
    return Invalid("x is ", ToString(x), " and the hidden size ", hidden, "; expected [T, N, I]");
  }
  const int64_t gates = GatesOf(options.kind) * hidden;
  const Shape state = {directions, x[1], hidden};
  const Shape expected[] = {x,
                            {directions, gates, x[2]},
                            {directions, gates, hidden},
                            {directions, 2 * gates},
                            {x[1]},
                            state,
                            state,
                            {directions, 3 * hidden}};
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor || inputs[i] == expected[i]) continue;
    return Invalid(InputName(node.type(), i), " is ", ToString(inputs[i]), "; expected ",
                   ToString(expected[i]));
  }
  std::vector<Shape> outputs = {{x[0], directions, x[1], hidden}, state};
  if (lstm) outputs.push_back(state);
  return outputs;
}

}  // namespace octet::infer

namespace octet {

double ResizeScale(const schema::ResizeOptionsT& options, const Shape& x, size_t i) {
  if (!options.scales.empty()) return static_cast<double>(options.scales[i]);
  const auto own = [&](size_t k) {
    const int64_t size = x[static_cast<size_t>(options.axes[k])];
    return static_cast<double>(options.sizes[k]) / static_cast<double>(size);
  };
  double scale = own(i);
  for (size_t k = 0; k < options.axes.size(); ++k) {
    if (options.keep_aspect == schema::ResizeAspect::NOT_LARGER) scale = std::min(scale, own(k));
    if (options.keep_aspect == schema::ResizeAspect::NOT_SMALLER) scale = std::max(scale, own(k));
  }
  return scale;
}

}  // namespace octet
