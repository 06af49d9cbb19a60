#include <algorithm>

#include "tools/simplify/edit.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/quantized.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

const schema::UnaryOptionsT* ClipOf(const Node& node) {
  if (node.type() != OpType::UnaryOptions) return nullptr;
  const auto& options = node.as<schema::UnaryOptionsT>();
  const bool clip = options.kind == schema::UnaryKind::CLIP && options.alpha <= options.beta;
  return clip ? &options : nullptr;
}

// The range of an operator that can clamp its output; null pointers for others.
ActivationBounds RangeOfOutput(Node& node) {
  if (ClipOf(node) != nullptr) {
    auto& options = node.as<schema::UnaryOptionsT>();
    return {&options.alpha, &options.beta};
  }
  return ActivationOf(node);
}

bool Try(Graph& graph, const Uses& uses, int index) {
  const Node& node = graph.nodes[static_cast<size_t>(index)];
  const schema::UnaryOptionsT* clip = ClipOf(node);
  if (clip == nullptr) return false;
  const int at = uses.ProducerIndex(node.inputs[0]);
  if (at < 0 || uses.OnlyReader(node.inputs[0]) < 0) return false;
  // Rounding keeps the order of numbers, so that it may come before or after the Clip, but not
  // twice.
  if (!SameScale(graph.tensor(node.inputs[0]), graph.tensor(node.outputs[0]))) return false;
  Node& before = graph.nodes[static_cast<size_t>(at)];
  const ActivationBounds range = RangeOfOutput(before);
  if (range.min == nullptr) return false;
  // Clamping to [a, b] and then to [c, d] is clamping to [clamp(a), clamp(b)].
  *range.min = std::min(std::max(*range.min, clip->alpha), clip->beta);
  *range.max = std::min(std::max(*range.max, clip->alpha), clip->beta);
  before.outputs = node.outputs;
  EraseNode(graph, index);
  return true;
}

}  // namespace

bool FuseActivation(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (uses.Note(Try(graph, uses.get(), i))) --i;
  }
  return uses.any();
}

}  // namespace octet
