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

std::vector<TensorId> Int8Tensors(const Graph& graph, const std::vector<Precision>& precision) {
  std::vector<TensorId> result;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!IsStaticInt8(precision[i])) continue;
    const Node& node = graph.nodes[i];
    for (TensorId id : ActivationInputs(graph, node)) {
      // The residual of a product that yields f32 is added as a real number.
      if (precision[i] == Precision::kInt8ToFloat && id != node.input(0)) continue;
      result.push_back(id);
    }
    if (precision[i] == Precision::kInt8) {
      result.insert(result.end(), node.outputs.begin(), node.outputs.end());
    }
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

std::map<TensorId, Range> ShareRanges(const Graph& graph, const std::vector<Precision>& precision,
                                      const std::map<TensorId, Range>& observed) {
  Sets sets(graph.tensors.size());
  std::map<TensorId, Range> extra;  // by tensor, values beyond those observed
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (precision[i] != Precision::kInt8 || RoleOf(graph, node) != Int8Role::kMovement) continue;
    for (TensorId id : ActivationInputs(graph, node)) sets.Join(id, node.outputs[0]);
    for (TensorId id : node.outputs) sets.Join(id, node.outputs[0]);
    if (node.type() == OpType::PadOptions) {
      const float value = node.as<schema::PadOptionsT>().value;
      extra[node.outputs[0]] = {std::min(value, 0.0f), std::max(value, 0.0f)};
    }
  }
  const std::vector<TensorId> tensors = Int8Tensors(graph, precision);
  std::map<TensorId, Range> of_set;
  const auto include = [&](TensorId id, const Range& range) {
    const auto [place, is_new] = of_set.emplace(sets.Find(id), range);
    if (!is_new) place->second = Union(place->second, range);
  };
  for (TensorId id : tensors) {
    const Tensor& t = graph.tensor(id);
    const auto seen = observed.find(id);
    if (t.is_constant()) include(id, RangeOfValues(RealValues(t)));
    if (seen != observed.end()) include(id, seen->second);
  }
  for (const auto& [id, range] : extra) include(id, range);
  std::map<TensorId, Range> result;
  for (TensorId id : tensors) result[id] = of_set[sets.Find(id)];
  return result;
}

}  // namespace octet
