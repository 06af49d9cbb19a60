#include "tools/simplify/constants.h"
#include "tools/simplify/edit.h"
#include "tools/simplify/match.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::NormalizationKind;

constexpr size_t kScale = 1, kBias = 2;

// Whether the constant has sizes other than 1 only where the normalization runs.
bool RunsAlong(const Graph& graph, TensorId constant, const Node& normalization) {
  const auto& options = normalization.as<schema::NormalizationOptionsT>();
  if (options.kind == NormalizationKind::GROUP) return false;
  const Tensor& tensor = graph.tensor(constant);
  if (!tensor.is_constant() || !IsFloat(tensor.type)) return false;
  const Shape& shape = graph.tensor(normalization.inputs[0]).shape;
  if (tensor.shape.size() > shape.size()) return false;
  const size_t lead = shape.size() - tensor.shape.size();
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    const bool inside = lead + i >= static_cast<size_t>(options.axis);
    if (tensor.shape[i] != 1 && (!inside || tensor.shape[i] != shape[lead + i])) return false;
  }
  return true;
}

// Moves the constant of node `index` into the normalization before it.
bool Fold(Graph& graph, const Uses& uses, int index) {
  const Node& node = graph.nodes[static_cast<size_t>(index)];
  const bool scale = BinaryOf(&node, BinaryKind::MUL) != nullptr;
  if (!scale && BinaryOf(&node, BinaryKind::ADD) == nullptr) return false;
  const int at = uses.OnlyFor(node.inputs[0], OpType::NormalizationOptions);
  if (at < 0) return false;
  Node& normalization = graph.nodes[static_cast<size_t>(at)];
  if (!RunsAlong(graph, node.inputs[1], normalization)) return false;
  if (normalization.input(kBias) != kNoTensor) return false;
  if (scale && normalization.input(kScale) != kNoTensor) return false;
  normalization.inputs.resize(kBias + 1, kNoTensor);
  normalization.inputs[scale ? kScale : kBias] = node.inputs[1];
  normalization.outputs = node.outputs;
  EraseNode(graph, index);
  return true;
}

}  // namespace

bool FoldNormalizationAffine(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (uses.Note(Fold(graph, uses.get(), i))) --i;  // what moved here may fold as well
  }
  return uses.any();
}

}  // namespace octet
