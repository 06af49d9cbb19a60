#include "tools/quantize/sharing.h"

#include <algorithm>
#include <numeric>

#include "runtime/core/half.h"

namespace octet {
namespace {

// Disjoint sets of tensors, each named by one of its members.
class Sets {
 public:
  explicit Sets(size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), TensorId{0});
  }

  TensorId Find(TensorId id) {
    TensorId& parent = parent_[static_cast<size_t>(id)];
    if (parent != id) parent = Find(parent);
    return parent;
  }
  void Join(TensorId a, TensorId b) { parent_[static_cast<size_t>(Find(a))] = Find(b); }

 private:
  std::vector<TensorId> parent_;
};

bool MovesIntegers(const Graph& graph, const Node& node, Precision precision) {
  return YieldsIntegers(precision) && RoleOf(graph, node) == Int8Role::kMovement;
}

Range RangeOfValues(absl::Span<const float> values) {
  Range range;
  for (float v : values) range = Union(range, {v, v});
  return range;
}

}  // namespace

std::vector<float> RealValues(const Tensor& constant) {
  if (constant.type == DataType::kF32) {
    absl::Span<const float> values = constant.data.as<float>();
    return std::vector<float>(values.begin(), values.end());
  }
  std::vector<float> result;
  for (uint16_t half : constant.data.as<uint16_t>()) result.push_back(HalfToFloat(half));
  return result;
}

std::vector<TensorId> IntegerTensors(const Graph& graph, const std::vector<Precision>& precision) {
  std::vector<TensorId> result;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!IsStatic(precision[i])) continue;
    const Node& node = graph.nodes[i];
    for (TensorId id : ActivationInputs(graph, node)) {
      // The residual of a product that yields f32 is added as a real number.
      if (!YieldsIntegers(precision[i]) && id != node.input(0)) continue;
      result.push_back(id);
    }
    if (YieldsIntegers(precision[i])) {
      result.insert(result.end(), node.outputs.begin(), node.outputs.end());
    }
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

std::vector<TensorId> RangeSets(const Graph& graph, const std::vector<Precision>& precision) {
  Sets sets(graph.tensors.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!MovesIntegers(graph, node, precision[i])) continue;
    for (TensorId id : ActivationInputs(graph, node)) sets.Join(id, node.outputs[0]);
    for (TensorId id : node.outputs) sets.Join(id, node.outputs[0]);
  }
  std::vector<TensorId> result(graph.tensors.size());
  for (size_t t = 0; t < result.size(); ++t) result[t] = sets.Find(static_cast<TensorId>(t));
  return result;
}

std::vector<bool> WrittenIn16Bits(const Graph& graph, const std::vector<Precision>& precision) {
  std::vector<bool> read(graph.tensors.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!IsInt16(precision[i])) continue;
    for (TensorId id : ActivationInputs(graph, graph.nodes[i])) {
      if (ReadsAsInteger(graph.nodes[i], precision[i], id)) read[static_cast<size_t>(id)] = true;
    }
  }
  std::vector<bool> result(graph.tensors.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool moves = MovesIntegers(graph, node, precision[i]);
    for (TensorId id : node.outputs) {
      const auto t = static_cast<size_t>(id);
      result[t] = moves ? IsInt16(precision[i]) : YieldsIntegers(precision[i]) && read[t];
    }
  }
  return result;
}

std::map<TensorId, Range> ShareRanges(const Graph& graph, const std::vector<Precision>& precision,
                                      const std::map<TensorId, Range>& observed) {
  const std::vector<TensorId> sets = RangeSets(graph, precision);
  std::map<TensorId, Range> of_set;
  const auto include = [&](TensorId id, const Range& range) {
    const auto [place, is_new] = of_set.emplace(sets[static_cast<size_t>(id)], range);
    if (!is_new) place->second = Union(place->second, range);
  };
  const std::vector<TensorId> tensors = IntegerTensors(graph, precision);
  for (TensorId id : tensors) {
    const Tensor& t = graph.tensor(id);
    const auto seen = observed.find(id);
    if (t.is_constant()) include(id, RangeOfValues(RealValues(t)));
    if (seen != observed.end()) include(id, seen->second);
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.type() != OpType::PadOptions || !MovesIntegers(graph, node, precision[i])) continue;
    const float value = node.as<schema::PadOptionsT>().value;
    include(node.outputs[0], {std::min(value, 0.0f), std::max(value, 0.0f)});
  }
  std::map<TensorId, Range> result;
  for (TensorId id : tensors) result[id] = of_set[sets[static_cast<size_t>(id)]];
  return result;
}

}  // namespace octet
