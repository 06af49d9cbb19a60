#include "tools/quantize/range_sets.h"

#include <algorithm>
#include <utility>

#include "tools/quantize/scheme.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

bool Holds(const std::vector<TensorId>& tensors, TensorId id) {
  return std::find(tensors.begin(), tensors.end(), id) != tensors.end();
}

// Whether a node reads input `index` as 8-bit integers, if it is an activation. Operators of 16
// bits read other integers, which have a range of their own.
bool IsReadAsInteger(Precision precision, size_t index) {
  return precision == Precision::kInt8 || (precision == Precision::kInt8ToFloat && index == 0);
}

void FindReaders(const Graph& graph, const std::vector<Precision>& precision, RangeSet& set) {
  std::vector<TensorId> made;      // as integers
  std::set<TensorId> dequantized;  // because somebody reads real numbers
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    RangeReader reader = {static_cast<int>(i), {}};
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const TensorId id = node.inputs[k];
      if (!Holds(set.members, id)) continue;
      if (IsReadAsInteger(precision[i], k)) {
        reader.tensors.push_back(id);
      } else if (Holds(made, id) && !IsInt16(precision[i])) {
        dequantized.insert(id);
      }
    }
    const bool integer = precision[i] == Precision::kInt8;
    const bool moves = integer && RoleOf(graph, node) == Int8Role::kMovement;
    if (!reader.tensors.empty() && !moves) set.readers.push_back(std::move(reader));
    if (integer) made.insert(made.end(), node.outputs.begin(), node.outputs.end());
  }
  for (TensorId id : graph.outputs) {
    if (Holds(set.members, id) && Holds(made, id)) dequantized.insert(id);
  }
  if (!dequantized.empty()) set.readers.push_back({-1, {dequantized.begin(), dequantized.end()}});
}

}  // namespace

std::vector<RangeSet> FindRangeSets(const Graph& graph, const std::vector<Precision>& precision,
                                    const std::map<TensorId, Range>& ranges,
                                    const std::set<TensorId>& fixed) {
  const std::vector<TensorId> set_of = RangeSets(graph, precision);
  std::map<TensorId, RangeSet> sets;
  std::set<TensorId> stay;
  for (const auto& [id, range] : ShareRanges(graph, precision, ranges)) {
    const TensorId root = set_of[static_cast<size_t>(id)];
    if (fixed.count(id) > 0) stay.insert(root);
    sets[root].range = range;
    if (!graph.tensor(id).is_constant()) sets[root].members.push_back(id);
  }
  std::vector<RangeSet> result;
  for (auto& [root, set] : sets) {
    if (set.members.empty() || stay.count(root) > 0) continue;
    FindReaders(graph, precision, set);
    if (!set.readers.empty()) result.push_back(std::move(set));
  }
  const auto first_reader = [](const RangeSet& set) { return set.readers[0].node; };
  std::stable_sort(result.begin(), result.end(), [&](const RangeSet& a, const RangeSet& b) {
    return first_reader(a) < first_reader(b);
  });
  return result;
}

Graph WithRoundedSet(const Graph& graph, const std::vector<Precision>& precision,
                     const RangeSet& set, const Range& range, DataType type) {
  Graph result = graph;
  result.nodes.clear();
  const QuantParams params = ActivationParams(range, type);
  std::map<TensorId, TensorId> rounded;
  const auto round = [&](TensorId id) {
    const auto [place, is_new] = rounded.emplace(id, kNoTensor);
    if (!is_new) return place->second;
    Tensor integer = graph.tensor(id), real = graph.tensor(id);
    integer.name += "_quantized";
    integer.type = type;
    integer.quant = params;
    real.name += "_rounded";
    const std::string names[] = {integer.name, real.name};
    const TensorId q = result.AddTensor(std::move(integer));
    place->second = result.AddTensor(std::move(real));
    result.AddNode(names[0], schema::QuantizeOptionsT(), {id}, {q});
    result.AddNode(names[1], schema::DequantizeOptionsT(), {q}, {place->second});
    return place->second;
  };
  const RangeReader& last = set.readers.back();
  const std::vector<TensorId> dequantized = last.node < 0 ? last.tensors : std::vector<TensorId>();
  std::map<int, const RangeReader*> readers;
  for (const RangeReader& reader : set.readers) readers[reader.node] = &reader;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node node = graph.nodes[i];
    const auto reader = readers.find(static_cast<int>(i));
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const TensorId id = node.inputs[k];
      const bool as_integer = reader != readers.end() && IsReadAsInteger(precision[i], k) &&
                              Holds(reader->second->tensors, id);
      const bool as_real =
          !IsReadAsInteger(precision[i], k) && !IsInt16(precision[i]) && Holds(dequantized, id);
      if (as_integer || as_real) node.inputs[k] = round(id);
    }
    result.nodes.push_back(std::move(node));
  }
  for (TensorId& id : result.outputs) {
    if (Holds(dequantized, id)) id = round(id);
  }
  return result;
}

}  // namespace octet
