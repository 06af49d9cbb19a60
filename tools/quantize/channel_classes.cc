#include "tools/quantize/channel_classes.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/precision.h"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Whether x -> min(max(x, low), high) commutes with positive factors but for `high`.
bool IsScalableClip(float low) { return low == 0 || low == -kInfinity; }

// Disjoint sets of the channels of all tensors. Set 0 is that of fixed ones.
class Sets {
 public:
  Sets(const Graph& graph, const std::vector<Shape>& shapes) : first_(graph.tensors.size()) {
    size_t next = 1;
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      first_[t] = next;
      const bool counts = !graph.tensors[t].is_constant() && shapes[t].size() >= 2;
      channels_.push_back(counts ? static_cast<size_t>(shapes[t][1]) : 0);
      next += channels_.back();
    }
    parents_.resize(next);
    std::iota(parents_.begin(), parents_.end(), size_t{0});
  }

  size_t channels(TensorId id) const { return channels_[static_cast<size_t>(id)]; }
  size_t Find(TensorId id, size_t channel) { return Root(Index(id, channel)); }

  void Join(TensorId a, size_t channel_a, TensorId b, size_t channel_b) {
    Link(Index(a, channel_a), Index(b, channel_b));
  }
  // All channels of two tensors, or none can be scaled.
  void Join(TensorId a, TensorId b) {
    if (channels(a) != channels(b)) {
      Fix(a);
      Fix(b);
      return;
    }
    for (size_t c = 0; c < channels(a); ++c) Join(a, c, b, c);
  }
  void Fix(TensorId id) {
    if (id == kNoTensor) return;
    for (size_t c = 0; c < channels(id); ++c) Link(Index(id, c), 0);
  }

 private:
  size_t Index(TensorId id, size_t channel) const {
    return first_[static_cast<size_t>(id)] + channel;
  }
  size_t Root(size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  // The smaller index becomes the root, so that 0 stays one.
  void Link(size_t a, size_t b) {
    a = Root(a);
    b = Root(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

  std::vector<size_t> first_;
  std::vector<size_t> channels_;
  std::vector<size_t> parents_;
};

class Classifier {
 public:
  Classifier(const Graph& graph, const std::vector<Shape>& shapes)
      : graph_(graph), shapes_(shapes), sets_(graph, shapes) {
    for (TensorId id : graph.inputs) sets_.Fix(id);
    for (TensorId id : graph.outputs) sets_.Fix(id);
    for (const Node& node : graph.nodes) {
      if (!Classify(node)) FixAll(node);
    }
  }

  Sets& sets() { return sets_; }

 private:
  void FixAll(const Node& node) {
    for (TensorId id : node.inputs) sets_.Fix(id);
    for (TensorId id : node.outputs) sets_.Fix(id);
  }

  // Joins what the node moves or adds; false when it does anything else.
  bool Classify(const Node& node) {
    switch (node.type()) {
      case OpType::ConvOptions:
      case OpType::MatMulOptions:
        return ClassifyLayer(node);
      case OpType::PoolOptions:
      case OpType::GlobalPoolOptions:
        return JoinWithOutput(node);
      case OpType::ReduceOptions:
        return IsSpatialMean(node) && JoinWithOutput(node);
      case OpType::ResizeOptions:
        return IsSpatial(node.as<schema::ResizeOptionsT>().axes) && JoinWithOutput(node);
      case OpType::UnaryOptions:
        return IsScalableUnary(node.as<schema::UnaryOptionsT>()) && JoinWithOutput(node);
      case OpType::BinaryOptions:
        return IsSum(node) && JoinWithOutput(node);
      case OpType::ConcatOptions:
        return ClassifyConcat(node);
      case OpType::ReshapeOptions:
        return IsFlattening(node) && JoinWithOutput(node);
      default:
        return false;
    }
  }

  bool ClassifyLayer(const Node& node) {
    if (!IsScalableLayer(graph_, node)) return false;
    const TensorId residual = node.input(3);
    if (residual == kNoTensor) return true;
    if (graph_.tensor(residual).is_constant()) return false;
    sets_.Join(residual, node.outputs[0]);
    return true;
  }

  // Joins the first input, and of a sum the second.
  bool JoinWithOutput(const Node& node) {
    sets_.Join(node.input(0), node.outputs[0]);
    if (node.type() == OpType::BinaryOptions) sets_.Join(node.input(1), node.outputs[0]);
    return true;
  }

  bool ClassifyConcat(const Node& node) {
    if (node.as<schema::ConcatOptionsT>().axis != 1) return false;
    size_t at = 0;
    for (TensorId id : node.inputs) {
      if (graph_.tensor(id).is_constant()) return false;
      for (size_t c = 0; c < sets_.channels(id); ++c) sets_.Join(id, c, node.outputs[0], at++);
    }
    return true;
  }

  bool IsSum(const Node& node) const {
    const auto& options = node.as<schema::BinaryOptionsT>();
    return options.kind == schema::BinaryKind::ADD && IsScalableClip(options.activation_min) &&
           !graph_.tensor(node.input(0)).is_constant() &&
           !graph_.tensor(node.input(1)).is_constant() &&
           ShapeOf(node.input(0)) == ShapeOf(node.input(1));
  }

  static bool IsScalableUnary(const schema::UnaryOptionsT& options) {
    using schema::UnaryKind;
    return options.kind == UnaryKind::IDENTITY || options.kind == UnaryKind::LEAKY_RELU ||
           (options.kind == UnaryKind::CLIP && IsScalableClip(options.alpha));
  }

  template <typename Axes>
  static bool IsSpatial(const Axes& axes) {
    return std::all_of(axes.begin(), axes.end(), [](auto axis) { return axis >= 2; });
  }

  bool IsSpatialMean(const Node& node) const {
    const auto& options = node.as<schema::ReduceOptionsT>();
    return options.kind == schema::ReduceKind::MEAN && node.input(1) == kNoTensor &&
           !options.axes.empty() && IsSpatial(options.axes);
  }

  // Whether [N, C, 1...] becomes [N, C, 1...] with more or fewer ones.
  bool IsFlattening(const Node& node) const {
    const Shape& from = ShapeOf(node.input(0));
    const Shape& to = ShapeOf(node.outputs[0]);
    return from.size() >= 2 && to.size() >= 2 && from[0] == to[0] && from[1] == to[1] &&
           NumElements(from) == from[0] * from[1];
  }

  const Shape& ShapeOf(TensorId id) const { return shapes_[static_cast<size_t>(id)]; }

  const Graph& graph_;
  const std::vector<Shape>& shapes_;
  Sets sets_;
};

}  // namespace

ChannelClasses::ChannelClasses(const Graph& graph, const std::vector<Shape>& shapes) {
  Classifier classifier(graph, shapes);
  Sets& sets = classifier.sets();
  std::map<size_t, int> numbers;
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const auto id = static_cast<TensorId>(t);
    std::vector<int> of_tensor;
    for (size_t c = 0; c < sets.channels(id); ++c) {
      const size_t set = sets.Find(id, c);
      of_tensor.push_back(
          set == 0 ? kFixed : numbers.emplace(set, static_cast<int>(numbers.size())).first->second);
    }
    classes_.push_back(std::move(of_tensor));
  }
  size_ = numbers.size();
}

bool IsScalableLayer(const Graph& graph, const Node& node) {
  if (RoleOf(graph, node) != Int8Role::kAnchor) return false;
  if (node.type() == OpType::ConvOptions)
    return IsScalableClip(node.as<schema::ConvOptionsT>().activation_min);
  return IsScalableClip(node.as<schema::MatMulOptionsT>().activation_min) &&
         graph.tensor(node.input(0)).shape.size() == 2;
}

LayerChannels LayerChannelsOf(const Graph& graph, const Node& node) {
  const LayerMatrix matrix = LayerMatrixOf(graph, node);
  const bool is_conv = node.type() == OpType::ConvOptions;
  const size_t inputs =
      is_conv ? static_cast<size_t>(graph.tensor(node.input(1)).shape[1]) : matrix.depth;
  return {matrix.groups, matrix.outputs, inputs, matrix.depth / std::max<size_t>(inputs, 1)};
}

float UpperBoundOf(const Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return node.as<schema::ConvOptionsT>().activation_max;
    case OpType::MatMulOptions:
      return node.as<schema::MatMulOptionsT>().activation_max;
    case OpType::BinaryOptions:
      return node.as<schema::BinaryOptionsT>().activation_max;
    case OpType::UnaryOptions: {
      const auto& options = node.as<schema::UnaryOptionsT>();
      return options.kind == schema::UnaryKind::CLIP ? options.beta : kInfinity;
    }
    default:
      return kInfinity;
  }
}

}  // namespace octet
