#include "tools/quantize/layer_matrix.h"

#include <limits>

namespace octet {
namespace {

constexpr size_t kSpatial = 3;
constexpr size_t kOutside = std::numeric_limits<size_t>::max();

bool IsTransposed(const Node& node) {
  return node.type() == OpType::MatMulOptions && !node.as<schema::MatMulOptionsT>().transpose_b;
}

// `values` for three spatial dimensions; those that are missing come first.
template <typename Values>
std::vector<int64_t> Widen(const Values& values, size_t skip, int64_t filler) {
  std::vector<int64_t> result(kSpatial - (values.size() - skip), filler);
  result.insert(result.end(), values.begin() + static_cast<std::ptrdiff_t>(skip), values.end());
  return result;
}

}  // namespace

LayerMatrix LayerMatrixOf(const Graph& graph, const Node& node) {
  const Shape& shape = graph.tensor(node.input(1)).shape;
  LayerMatrix matrix;
  if (node.type() == OpType::ConvOptions) {
    matrix.groups = static_cast<size_t>(node.as<schema::ConvOptionsT>().groups);
    matrix.outputs = static_cast<size_t>(shape[0]) / matrix.groups;
    matrix.depth = static_cast<size_t>(NumElements(shape) / shape[0]);
    return matrix;
  }
  const bool transposed = IsTransposed(node);
  matrix.outputs = static_cast<size_t>(shape[transposed ? 1 : 0]);
  matrix.depth = static_cast<size_t>(shape[transposed ? 0 : 1]);
  return matrix;
}

template <typename T>
std::vector<T> ToRows(const Node& node, const LayerMatrix& matrix, absl::Span<const T> weights) {
  if (!IsTransposed(node)) return std::vector<T>(weights.begin(), weights.end());
  std::vector<T> rows(weights.size());
  for (size_t d = 0; d < matrix.depth; ++d) {
    for (size_t o = 0; o < matrix.outputs; ++o)
      rows[o * matrix.depth + d] = weights[d * matrix.outputs + o];
  }
  return rows;
}

template <typename T>
std::vector<T> FromRows(const Node& node, const LayerMatrix& matrix, absl::Span<const T> rows) {
  if (!IsTransposed(node)) return std::vector<T>(rows.begin(), rows.end());
  std::vector<T> weights(rows.size());
  for (size_t d = 0; d < matrix.depth; ++d) {
    for (size_t o = 0; o < matrix.outputs; ++o)
      weights[d * matrix.outputs + o] = rows[o * matrix.depth + d];
  }
  return weights;
}

template std::vector<float> ToRows(const Node&, const LayerMatrix&, absl::Span<const float>);
template std::vector<int8_t> ToRows(const Node&, const LayerMatrix&, absl::Span<const int8_t>);
template std::vector<int16_t> ToRows(const Node&, const LayerMatrix&, absl::Span<const int16_t>);
template std::vector<float> FromRows(const Node&, const LayerMatrix&, absl::Span<const float>);
template std::vector<int16_t> FromRows(const Node&, const LayerMatrix&, absl::Span<const int16_t>);

PatchReader::PatchReader(const Graph& graph, const Node& node, const Shape& input)
    : is_conv_(node.type() == OpType::ConvOptions) {
  if (!is_conv_) {
    depth_ = LayerMatrixOf(graph, node).depth;
    positions_ = static_cast<size_t>(NumElements(input)) / depth_;
    return;
  }
  const auto& options = node.as<schema::ConvOptionsT>();
  const Shape& weights = graph.tensor(node.input(1)).shape;
  extents_ = Widen(input, 2, 1);
  kernel_ = Widen(weights, 2, 1);
  strides_ = Widen(options.strides, 0, 1);
  dilations_ = Widen(options.dilations, 0, 1);
  pads_ = Widen(options.pads_begin, 0, 0);
  const std::vector<int64_t> pads_end = Widen(options.pads_end, 0, 0);
  channels_ = static_cast<size_t>(input[1]);
  depth_ = channels_ * static_cast<size_t>(kernel_[0] * kernel_[1] * kernel_[2]);
  positions_ = static_cast<size_t>(input[0]);
  for (size_t d = 0; d < kSpatial; ++d) {
    const int64_t reach = dilations_[d] * (kernel_[d] - 1) + 1;
    out_.push_back((extents_[d] + pads_[d] + pads_end[d] - reach) / strides_[d] + 1);
    positions_ *= static_cast<size_t>(out_[d]);
  }
}

void PatchReader::ReadRows(absl::Span<const float> input, absl::Span<const size_t> positions,
                           float* out, size_t stride) const {
  for (size_t i = 0; i < positions.size(); ++i) {
    const float* row = input.data() + positions[i] * depth_;
    for (size_t d = 0; d < depth_; ++d) out[d * stride + i] = row[d];
  }
}

void PatchReader::Read(absl::Span<const float> input, absl::Span<const size_t> positions,
                       float* out, size_t stride) const {
  if (!is_conv_) return ReadRows(input, positions, out, stride);
  const auto plane = static_cast<size_t>(extents_[0] * extents_[1] * extents_[2]);
  const auto taps = static_cast<size_t>(kernel_[0] * kernel_[1] * kernel_[2]);
  std::vector<size_t> source(positions.size());  // of channel 0, for one tap
  for (size_t tap = 0; tap < taps; ++tap) {
    const auto t = static_cast<int64_t>(tap);
    const int64_t at[kSpatial] = {t / (kernel_[1] * kernel_[2]), t / kernel_[2] % kernel_[1],
                                  t % kernel_[2]};
    for (size_t i = 0; i < positions.size(); ++i) {
      auto rest = static_cast<int64_t>(positions[i]);
      int64_t offset = 0, step = 1;
      bool inside = true;
      for (size_t d = kSpatial; d-- > 0;) {
        const int64_t x = rest % out_[d] * strides_[d] - pads_[d] + at[d] * dilations_[d];
        rest /= out_[d];
        inside = inside && x >= 0 && x < extents_[d];
        offset += x * step;
        step *= extents_[d];
      }
      offset += rest * static_cast<int64_t>(channels_ * plane);
      source[i] = inside ? static_cast<size_t>(offset) : kOutside;
    }
    for (size_t c = 0; c < channels_; ++c) {
      float* to = out + (c * taps + tap) * stride;
      const float* from = input.data() + c * plane;
      for (size_t i = 0; i < positions.size(); ++i)
        to[i] = source[i] == kOutside ? 0.0f : from[source[i]];
    }
  }
}

}  // namespace octet
