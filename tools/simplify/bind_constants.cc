#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/core/bind.h"
#include "runtime/core/operators.h"
#include "tools/simplify/passes.h"

namespace octet {
namespace {

// Whether all value inputs that are present are constants, and there is one.
bool IsKnown(const Graph& graph, const Node& node) {
  bool any = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor || !IsValueInput(node.type(), i)) continue;
    if (!graph.tensor(node.inputs[i]).is_constant()) return false;
    any = true;
  }
  return any;
}

}  // namespace

absl::StatusOr<bool> BindConstants(Graph& graph) {
  bool changed = false;
  for (Node& node : graph.nodes) {
    if (!IsKnown(graph, node)) continue;
    std::vector<const Tensor*> values;
    for (const TensorId id : node.inputs) values.push_back(id < 0 ? nullptr : &graph.tensor(id));
    const Shape x = values[0] == nullptr ? Shape() : values[0]->shape;
    if (absl::Status status = BindValues(node, values, x); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("'", node.name, "': ", status.message()));
    }
    changed = true;
  }
  return changed;
}

}  // namespace octet
