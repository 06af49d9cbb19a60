#include "runtime/lower/placement.h"

#include <algorithm>

#include "runtime/core/infer.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

constexpr size_t kAlignment = 64;

bool SameNumbers(const Tensor& a, const Tensor& b) {
  return a.type == b.type && a.quant == b.quant;
}

// Whether dimension `axis` is the outermost in memory but for dimensions of size 1.
bool IsOutermost(const Shape& shape, Layout layout, int axis) {
  const Shape strides = Strides(shape, layout);
  const auto at = static_cast<size_t>(axis);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i != at && shape[i] != 1 && strides[i] >= strides[at]) return false;
  }
  return true;
}

// Dimensions of size other than 1, outermost in memory first.
std::vector<int> MemoryOrder(const Shape& shape, Layout layout) {
  const Shape strides = Strides(shape, layout);
  std::vector<int> order;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1) order.push_back(static_cast<int>(i));
  }
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return strides[static_cast<size_t>(a)] > strides[static_cast<size_t>(b)];
  });
  return order;
}

// Whether the permuted elements already lie in memory as the output needs them.
bool KeepsBytes(const Node& transpose, const Shape& x, const Shape& y, const NodeLayouts& layouts) {
  const std::vector<int32_t>& permutation = transpose.as<schema::TransposeOptionsT>().permutation;
  std::vector<int> order = MemoryOrder(y, layouts.outputs[0]);
  for (int& dimension : order) dimension = permutation[static_cast<size_t>(dimension)];
  return order == MemoryOrder(x, layouts.inputs[0]);
}

// Where in x a slice begins, in elements, when it is one piece of memory; else -1.
int64_t PieceBegin(const Node& slice, const Shape& x, Layout layout) {
  const std::vector<SliceRange> ranges = SliceRanges(slice.as<schema::SliceOptionsT>(), x);
  const Shape strides = Strides(x, layout);
  int64_t begin = 0;
  bool inner = false;  // within a dimension of which more than one index is taken
  for (int dimension : MemoryOrder(x, layout)) {
    const auto d = static_cast<size_t>(dimension);
    const SliceRange& range = ranges[d];
    const bool whole = range.start == 0 && range.step == 1 && range.count == x[d];
    if (range.count == 0 || (inner && !whole) || (range.count > 1 && range.step != 1)) return -1;
    begin += range.start * strides[d];
    inner = inner || range.count > 1;
  }
  return begin;
}

class Placer {
 public:
  Placer(const Graph& graph, absl::Span<const Shape> shapes, absl::Span<const NodeLayouts> layouts)
      : graph_(graph), shapes_(shapes), layouts_(layouts) {
    result_.places.resize(graph.tensors.size());
    result_.is_view.resize(graph.nodes.size(), false);
    is_bound_.resize(graph.tensors.size(), false);
    for (TensorId id : graph.inputs) is_bound_[static_cast<size_t>(id)] = true;
    for (TensorId id : graph.outputs) is_bound_[static_cast<size_t>(id)] = true;
  }

  Placement Run() {
    for (TensorId id : graph_.inputs) NewBuffer(id);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      result_.is_view[i] = TryView(node, layouts_[i]);
      if (result_.is_view[i]) continue;
      for (TensorId id : node.outputs) NewBuffer(id);
    }
    return std::move(result_);
  }

 private:
  Place& PlaceOf(TensorId id) { return result_.places[static_cast<size_t>(id)]; }
  const Shape& ShapeOf(TensorId id) const { return shapes_[static_cast<size_t>(id)]; }
  size_t Bytes(TensorId id) const {
    return static_cast<size_t>(NumElements(ShapeOf(id))) * SizeOf(graph_.tensor(id).type);
  }
  // Graph inputs and outputs keep buffers of their own: their owners read and write them between
  // runs.
  bool IsBound(TensorId id) const { return is_bound_[static_cast<size_t>(id)]; }

  void NewBuffer(TensorId id) {
    PlaceOf(id) = {static_cast<int>(result_.buffer_sizes.size()), 0};
    result_.buffer_sizes.push_back(Bytes(id));
  }

  bool TryView(const Node& node, const NodeLayouts& layouts) {
    switch (node.type()) {
      case OpType::ReshapeOptions:
        return TryAlias(node);
      case OpType::TransposeOptions:
        return KeepsBytes(node, ShapeOf(node.inputs[0]), ShapeOf(node.outputs[0]), layouts) &&
               TryAlias(node);
      case OpType::UnaryOptions:
        return node.as<schema::UnaryOptionsT>().kind == schema::UnaryKind::IDENTITY &&
               layouts.inputs[0] == layouts.outputs[0] && TryAlias(node);
      case OpType::SplitOptions:
        return TrySplit(node, layouts.inputs[0]);
      case OpType::ConcatOptions:
        return TryConcat(node, layouts.outputs[0]);
      case OpType::SliceOptions:
        return layouts.inputs[0] == layouts.outputs[0] && TrySlice(node, layouts.inputs[0]);
      case OpType::CastOptions:
      case OpType::ExpandOptions:
      case OpType::TileOptions:
      case OpType::PadOptions:
        return layouts.inputs[0] == layouts.outputs[0] &&
               NumElements(ShapeOf(node.inputs[0])) == NumElements(ShapeOf(node.outputs[0])) &&
               TryAlias(node);
      default:
        return false;
    }
  }

  bool CanView(TensorId input, TensorId output) const {
    return !graph_.tensor(input).is_constant() && !IsBound(output) &&
           SameNumbers(graph_.tensor(input), graph_.tensor(output));
  }

  bool TryAlias(const Node& node) {
    const TensorId x = node.inputs[0], y = node.outputs[0];
    if (!CanView(x, y)) return false;
    PlaceOf(y) = PlaceOf(x);
    return true;
  }

  bool TrySplit(const Node& node, Layout layout) {
    const TensorId x = node.inputs[0];
    if (!IsOutermost(ShapeOf(x), layout, node.as<schema::SplitOptionsT>().axis)) return false;
    size_t offset = PlaceOf(x).offset;
    for (TensorId y : node.outputs) {
      if (!CanView(x, y) || offset % kAlignment != 0) return false;
      offset += Bytes(y);
    }
    offset = PlaceOf(x).offset;
    for (TensorId y : node.outputs) {
      PlaceOf(y) = {PlaceOf(x).buffer, offset};
      offset += Bytes(y);
    }
    return true;
  }

  bool TrySlice(const Node& node, Layout layout) {
    const TensorId x = node.inputs[0], y = node.outputs[0];
    if (!CanView(x, y)) return false;
    const int64_t begin = PieceBegin(node, ShapeOf(x), layout);
    if (begin < 0) return false;
    const size_t offset =
        PlaceOf(x).offset + static_cast<size_t>(begin) * SizeOf(graph_.tensor(x).type);
    if (offset % kAlignment != 0) return false;
    PlaceOf(y) = {PlaceOf(x).buffer, offset};
    return true;
  }

  // The inputs' buffers move into the output's. Each must be the whole of its buffer, and there
  // once.
  bool TryConcat(const Node& node, Layout layout) {
    const TensorId y = node.outputs[0];
    if (IsBound(y) || !IsOutermost(ShapeOf(y), layout, node.as<schema::ConcatOptionsT>().axis)) {
      return false;
    }
    std::vector<int> sources;
    size_t offset = 0;
    for (TensorId x : node.inputs) {
      if (!CanView(x, y) || offset % kAlignment != 0) return false;
      const Place place = PlaceOf(x);
      if (place.offset != 0 ||
          result_.buffer_sizes[static_cast<size_t>(place.buffer)] != Bytes(x) ||
          HoldsBound(place.buffer) ||
          std::find(sources.begin(), sources.end(), place.buffer) != sources.end()) {
        return false;
      }
      sources.push_back(place.buffer);
      offset += Bytes(x);
    }
    NewBuffer(y);
    offset = 0;
    for (size_t i = 0; i < sources.size(); ++i) {
      for (Place& place : result_.places) {
        if (place.buffer == sources[i]) place = {PlaceOf(y).buffer, place.offset + offset};
      }
      result_.buffer_sizes[static_cast<size_t>(sources[i])] = 0;
      offset += Bytes(node.inputs[i]);
    }
    return true;
  }

  bool HoldsBound(int buffer) const {
    for (size_t id = 0; id < result_.places.size(); ++id) {
      if (result_.places[id].buffer == buffer && is_bound_[id]) return true;
    }
    return false;
  }

  const Graph& graph_;
  absl::Span<const Shape> shapes_;
  absl::Span<const NodeLayouts> layouts_;
  std::vector<bool> is_bound_;
  Placement result_;
};

}  // namespace

Placement PlaceTensors(const Graph& graph, absl::Span<const Shape> shapes,
                       absl::Span<const NodeLayouts> layouts) {
  return Placer(graph, shapes, layouts).Run();
}

std::vector<Lifetime> BufferLifetimes(const Graph& graph, const Placement& placement) {
  const int end = static_cast<int>(graph.nodes.size());
  std::vector<Lifetime> lifetimes(placement.buffer_sizes.size(), Lifetime{end, -1});
  const auto use = [&](TensorId id, int node) {
    if (id == kNoTensor) return;
    const int buffer = placement.places[static_cast<size_t>(id)].buffer;
    if (buffer < 0) return;
    Lifetime& life = lifetimes[static_cast<size_t>(buffer)];
    life.first = std::min(life.first, node);
    life.last = std::max(life.last, node);
  };
  for (int i = 0; i < end; ++i) {
    for (TensorId id : graph.nodes[static_cast<size_t>(i)].inputs) use(id, i);
    for (TensorId id : graph.nodes[static_cast<size_t>(i)].outputs) use(id, i);
  }
  for (TensorId id : graph.inputs) {
    use(id, -1);
    use(id, end);
  }
  for (TensorId id : graph.outputs) use(id, end);
  return lifetimes;
}

}  // namespace octet
