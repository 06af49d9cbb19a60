#include <algorithm>
#include <utility>

#include "tools/simplify/absorb_quantization.h"
#include "tools/simplify/edit.h"
#include "tools/simplify/quantized.h"

namespace octet {
namespace {

// Quantize(Dequantize(q)).
bool Cancel(Graph& graph, const Uses& uses, Node& node) {
  if (node.type() != OpType::QuantizeOptions) return false;
  const TensorId y = node.outputs[0];
  const TensorId q = DequantizedFrom(uses, node.inputs[0]);
  if (q == kNoTensor || uses.Readers(y) == 0) return false;
  if (SameScale(graph.tensor(q), graph.tensor(y))) return Bypass(graph, y, q);
  if (!IsQuantizedByte(graph.tensor(q)) || !IsQuantizedByte(graph.tensor(y)) ||
      graph.tensor(q).is_constant()) {
    return false;
  }
  node = Graph::MakeNode(node.name, schema::RequantizeOptionsT(), {q}, {y});
  return true;
}

// A Cast of a view casts what is viewed; a view of itself is nothing.
bool CancelView(Graph& graph, const Uses& uses, Node& node) {
  if (node.type() != OpType::CastOptions) return false;
  const TensorId y = node.outputs[0];
  if (uses.Readers(y) == 0) return false;
  const Node* before = uses.Producer(node.inputs[0]);
  bool changed = false;
  if (before != nullptr && IsView(graph, *before)) {
    node.inputs[0] = before->inputs[0];
    changed = true;
  }
  const TensorId x = node.inputs[0];
  if (SameScale(graph.tensor(x), graph.tensor(y))) return Bypass(graph, y, x) || changed;
  // Outputs of the model may be quantized.
  const bool only_output = IsOutput(graph, y) && uses.Readers(y) == 1;
  const bool drops = IsView(graph, node) && !graph.tensor(y).quant;
  return (drops && only_output && Bypass(graph, y, x)) || changed;
}

// An input of the model that is read as quantized integers alone is quantized.
bool AdoptScale(Graph& graph, const Uses& uses, Node& node) {
  if (!IsView(graph, node)) return false;
  const TensorId x = node.inputs[0], y = node.outputs[0];
  const bool input = std::find(graph.inputs.begin(), graph.inputs.end(), x) != graph.inputs.end();
  if (!input || graph.tensor(x).quant || IsOutput(graph, y) || uses.OnlyReader(x) < 0) {
    return false;
  }
  graph.tensor(x).quant = graph.tensor(y).quant;
  ReplaceUses(graph, y, x);
  return true;
}

// Whether node `b` computes again what the earlier node `a` has computed.
bool Repeats(const Graph& graph, const Node& a, const Node& b) {
  if (a.type() != b.type() || a.inputs[0] != b.inputs[0]) return false;
  switch (a.type()) {
    case OpType::QuantizeOptions:
    case OpType::RequantizeOptions:
    case OpType::CastOptions:
      return SameScale(graph.tensor(a.outputs[0]), graph.tensor(b.outputs[0]));
    default:
      return a.type() == OpType::DequantizeOptions;
  }
}

// Lets readers of a repeated conversion read the first one.
bool Share(Graph& graph, const Uses& uses, size_t index,
           const std::vector<std::vector<int>>& readers) {
  const Node& node = graph.nodes[index];
  for (const int other : readers[static_cast<size_t>(node.inputs[0])]) {
    if (other >= static_cast<int>(index)) return false;
    const Node& first = graph.nodes[static_cast<size_t>(other)];
    if (!Repeats(graph, first, node)) continue;
    const TensorId y = node.outputs[0];
    return uses.Readers(y) > 0 && Bypass(graph, y, first.outputs[0]);
  }
  return false;
}

}  // namespace

bool CancelConversions(Graph& graph) {
  CurrentUses uses(graph);
  for (Node& node : graph.nodes) {
    uses.Note(Cancel(graph, uses.get(), node) || CancelView(graph, uses.get(), node) ||
              AdoptScale(graph, uses.get(), node));
  }
  // Sharing moves no edge that leads into a conversion's input before it comes to that conversion
  // again in the next call.
  const std::vector<std::vector<int>> readers = Consumers(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const bool converts =
        IsConversion(graph.nodes[i]) || graph.nodes[i].type() == OpType::CastOptions;
    if (converts) uses.Note(Share(graph, uses.get(), i, readers));
  }
  return uses.any();
}

}  // namespace octet
