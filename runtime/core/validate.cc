#include "runtime/core/validate.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/core/infer.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate_rules.h"

namespace octet {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status Prefixed(const absl::Status& status, const std::string& place) {
  return absl::Status(status.code(), absl::StrCat(place, ": ", status.message()));
}

// Walks the graph in its order and keeps track of which tensors have a value.
class OrderCheck {
 public:
  explicit OrderCheck(const Graph& graph) : graph_(graph), ready_(graph.tensors.size(), false) {}

  absl::Status Run() {
    for (size_t i = 0; i < ready_.size(); ++i) ready_[i] = graph_.tensors[i].is_constant();
    if (absl::Status status = AddInputs(); !status.ok()) return status;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      absl::Status status = CheckNode(node);
      if (status.ok()) continue;
      return Prefixed(status, absl::StrCat("operator '", node.name, "' (", Name(node.type()),
                                           ", number ", i, ")"));
    }
    return CheckOutputs();
  }

 private:
  absl::Status AddInputs() {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const TensorId id = graph_.inputs[i];
      if (!InRange(id)) return Invalid("input ", i, " of the model is tensor ", id, NotInModel());
      if (graph_.tensor(id).is_constant()) {
        return Invalid("input ", i, " of the model, '", graph_.tensor(id).name, "', is a constant");
      }
      if (IsReady(id)) {
        return Invalid("'", graph_.tensor(id).name, "' is an input of the model more than once");
      }
      ready_[static_cast<size_t>(id)] = true;
    }
    return absl::OkStatus();
  }

  absl::Status CheckNode(const Node& node) {
    if (absl::Status status = CheckArity(node); !status.ok()) return status;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const TensorId id = node.inputs[i];
      if (id == kNoTensor) continue;
      const std::string name = InputName(node.type(), i);
      if (!InRange(id)) return Invalid(name, " is tensor ", id, NotInModel());
      if (!IsReady(id)) {
        return Invalid(name, ", '", graph_.tensor(id).name,
                       "', is used before an operator has computed it");
      }
    }
    for (TensorId id : node.outputs) {
      if (!InRange(id)) return Invalid("an output is tensor ", id, NotInModel());
      if (IsReady(id)) {
        return Invalid("its output '", graph_.tensor(id).name,
                       "' is a constant, an input of the model or computed before");
      }
      ready_[static_cast<size_t>(id)] = true;
    }
    return validate::CheckOperands(graph_, node);
  }

  absl::Status CheckOutputs() const {
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      if (InRange(graph_.outputs[i])) continue;
      return Invalid("output ", i, " of the model is tensor ", graph_.outputs[i], NotInModel());
    }
    const auto missing = std::find(ready_.begin(), ready_.end(), false);
    if (missing == ready_.end()) return absl::OkStatus();
    const auto index = static_cast<size_t>(missing - ready_.begin());
    return Invalid("tensor ", index, " '", graph_.tensors[index].name,
                   "' is neither constant nor input, and no operator computes it");
  }

  bool InRange(TensorId id) const { return id >= 0 && static_cast<size_t>(id) < ready_.size(); }
  bool IsReady(TensorId id) const { return ready_[static_cast<size_t>(id)]; }
  std::string NotInModel() const { return absl::StrCat(", but the model has ", ready_.size()); }

  const Graph& graph_;
  std::vector<bool> ready_;
};

// Whether the graph leaves sizes open other than the first of an input, the batch, which may be
// anything.
bool HasOpenSizes(const Graph& graph) {
  return std::any_of(graph.inputs.begin(), graph.inputs.end(), [&graph](TensorId id) {
    const Shape& shape = graph.tensor(id).shape;
    return std::find(shape.begin() + (shape.empty() ? 0 : 1), shape.end(), -1) != shape.end();
  });
}

// Sizes that the model leaves open may have to fit each other in ways that no guess meets: they are
// checked when they are known. An error that is the same for all guesses is not about them.
absl::Status CheckShapes(const Graph& graph) {
  const absl::Status status = InferKnownShapes(graph, DefaultInputShapes(graph)).status();
  if (status.ok() || !HasOpenSizes(graph)) return status;
  for (int64_t size : {32, 224, 512}) {
    const absl::Status other = InferKnownShapes(graph, DefaultInputShapes(graph, size)).status();
    if (other != status) return absl::OkStatus();
  }
  return status;
}

absl::Status Validate(const Graph& graph, int depth) {
  if (depth > kMaxSubgraphDepth) return Invalid("subgraphs lie too deep in each other");
  for (const Graph& subgraph : graph.subgraphs) {
    absl::Status status = Validate(subgraph, depth + 1);
    if (!status.ok()) return Prefixed(status, absl::StrCat("subgraph '", subgraph.name, "'"));
  }
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    absl::Status status = validate::CheckTensor(graph.tensors[i]);
    if (status.ok()) continue;
    return Prefixed(status, absl::StrCat("tensor ", i, " '", graph.tensors[i].name, "'"));
  }
  absl::Status status = OrderCheck(graph).Run();
  if (status.ok()) status = validate::CheckMetadata(graph);
  if (status.ok()) status = CheckShapes(graph);
  return status;
}

}  // namespace

absl::Status ValidateGraph(const Graph& graph) { return Validate(graph, 0); }

}  // namespace octet
