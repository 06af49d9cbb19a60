#include "tools/simplify/edit.h"

#include <utility>

namespace octet {
namespace {

template <typename OptionsT>
ActivationBounds BoundsIn(Node& node) {
  auto& options = node.as<OptionsT>();
  return {&options.activation_min, &options.activation_max};
}

}  // namespace

bool Bypass(Graph& graph, TensorId to, TensorId from) {
  if (IsOutput(graph, to)) {
    const bool computed = Producers(graph)[static_cast<size_t>(from)] >= 0;
    if (!computed || IsOutput(graph, from)) return false;
    std::swap(graph.tensor(to).name, graph.tensor(from).name);
  }
  ReplaceUses(graph, to, from);
  return true;
}

void EraseNode(Graph& graph, int index) { graph.nodes.erase(graph.nodes.begin() + index); }

ActivationBounds ActivationOf(Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return BoundsIn<schema::ConvOptionsT>(node);
    case OpType::MatMulOptions:
      return BoundsIn<schema::MatMulOptionsT>(node);
    case OpType::ConvTransposeOptions:
      return BoundsIn<schema::ConvTransposeOptionsT>(node);
    case OpType::BinaryOptions:
      return BoundsIn<schema::BinaryOptionsT>(node);
    default:
      return {nullptr, nullptr};
  }
}

}  // namespace octet
