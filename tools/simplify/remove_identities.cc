#include <limits>

#include "tools/simplify/edit.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/quantized.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

bool IsIdentityUnary(const schema::UnaryOptionsT& options) {
  if (options.kind == schema::UnaryKind::IDENTITY) return true;
  return options.kind == schema::UnaryKind::CLIP &&
         options.alpha == -std::numeric_limits<float>::infinity() &&
         options.beta == std::numeric_limits<float>::infinity();
}

bool IsIdentityTranspose(const schema::TransposeOptionsT& options) {
  for (size_t i = 0; i < options.permutation.size(); ++i) {
    if (options.permutation[i] != static_cast<int>(i)) return false;
  }
  return true;
}

bool IsIdentityPad(const schema::PadOptionsT& options) {
  for (const auto* pads : {&options.pads_begin, &options.pads_end}) {
    for (const int64_t pad : *pads) {
      if (pad != 0) return false;
    }
  }
  return true;
}

bool IsIdentityPool(const schema::PoolOptionsT& options) {
  for (size_t i = 0; i < options.kernel.size(); ++i) {
    if (options.kernel[i] != 1 || options.strides[i] != 1 || options.pads_begin[i] != 0 ||
        options.pads_end[i] != 0) {
      return false;
    }
  }
  return true;
}

// x + 0 and x * 1, where the constant does not broadcast x.
bool IsIdentityBinary(const Graph& graph, const Node& node) {
  const auto kind = node.as<schema::BinaryOptionsT>().kind;
  const absl::optional<double> constant = UniformValue(graph, node.inputs[1]);
  if (!constant || !HasNoActivation(node)) return false;
  return (kind == schema::BinaryKind::ADD && *constant == 0.0) ||
         (kind == schema::BinaryKind::MUL && *constant == 1.0);
}

bool IsIdentity(const Graph& graph, const Node& node) {
  switch (node.type()) {
    case OpType::UnaryOptions:
      return IsIdentityUnary(node.as<schema::UnaryOptionsT>());
    case OpType::ReshapeOptions:
      return true;  // if the shapes are equal, as for all of these
    case OpType::TransposeOptions:
      return IsIdentityTranspose(node.as<schema::TransposeOptionsT>());
    case OpType::PadOptions:
      return IsIdentityPad(node.as<schema::PadOptionsT>());
    case OpType::PoolOptions:
      return IsIdentityPool(node.as<schema::PoolOptionsT>());
    case OpType::ConcatOptions:
      return node.inputs.size() == 1;
    case OpType::SplitOptions:
      return node.outputs.size() == 1;
    case OpType::BinaryOptions:
      return IsIdentityBinary(graph, node);
    case OpType::ReduceOptions:
      return node.as<schema::ReduceOptionsT>().axes.empty();
    default:
      return false;
  }
}

}  // namespace

bool RemoveIdentities(Graph& graph) {
  CurrentUses uses(graph);
  for (const Node& node : graph.nodes) {
    if (node.inputs.empty() || node.inputs[0] < 0 || !IsIdentity(graph, node)) continue;
    const TensorId from = node.inputs[0], to = node.outputs[0];
    if (!SameShape(graph.tensor(from), graph.tensor(to)) ||
        !SameScale(graph.tensor(from), graph.tensor(to))) {
      continue;
    }
    // Nodes that nobody reads are dead already.
    uses.Note(uses.get().Readers(to) > 0 && Bypass(graph, to, from));
  }
  return uses.any();
}

}  // namespace octet
