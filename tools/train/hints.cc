#include "tools/train/hints.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace octet {
namespace {

bool IsProduct(OpType type) {
  return type == OpType::ConvOptions || type == OpType::MatMulOptions ||
         type == OpType::ConvTransposeOptions;
}

std::map<std::string, TensorId> RealResults(const Graph& graph) {
  std::map<std::string, TensorId> results;
  for (const Node& node : graph.nodes) {
    for (TensorId id : node.outputs) {
      if (id == kNoTensor) continue;
      const Tensor& t = graph.tensor(id);
      if (!t.quant && t.type == DataType::kF32) results.emplace(t.name, id);
    }
  }
  return results;
}

// An open size counts as 1.
int64_t KnownElements(const Shape& shape) {
  int64_t elements = 1;
  for (int64_t size : shape) elements *= size > 0 ? size : 1;
  return elements;
}

}  // namespace

std::vector<Hint> ChooseHints(const Graph& graph, const Graph& teacher, int most) {
  const std::map<std::string, TensorId> known = RealResults(teacher);
  std::vector<Hint> candidates;
  for (const Node& node : graph.nodes) {
    if (!IsProduct(node.type()) || IsOutput(graph, node.outputs[0])) continue;
    const Tensor& t = graph.tensor(node.outputs[0]);
    const auto twin = known.find(t.name);
    if (twin == known.end() || teacher.tensor(twin->second).shape != t.shape) continue;
    candidates.push_back({node.outputs[0], twin->second});
  }
  const size_t count = candidates.size();
  const size_t stretches = std::min(count, static_cast<size_t>(most));
  std::vector<Hint> hints;
  for (size_t s = 0; s < stretches; ++s) {
    const size_t first = s * count / stretches, end = (s + 1) * count / stretches;
    const auto elements = [&](size_t i) {
      return KnownElements(graph.tensor(candidates[i].tensor).shape);
    };
    size_t smallest = first;
    for (size_t i = first; i < end; ++i) {
      if (elements(i) <= elements(smallest)) smallest = i;
    }
    hints.push_back(candidates[smallest]);
  }
  return hints;
}

}  // namespace octet
