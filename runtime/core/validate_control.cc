#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/validate_rules.h"

// If and Loop: what they pass to their subgraphs and take from them.

namespace octet::validate {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::StatusOr<const Graph*> SubgraphAt(const Graph& graph, int index) {
  if (index >= 0 && static_cast<size_t>(index) < graph.subgraphs.size()) {
    return &graph.subgraphs[static_cast<size_t>(index)];
  }
  return Invalid("it refers to subgraph ", index, ", but there are ", graph.subgraphs.size());
}

bool SameElements(const Tensor& a, const Tensor& b) {
  return a.type == b.type && a.quant == b.quant;
}

// Whether tensors outside and inside of a subgraph that stand for each other hold the same type.
absl::Status CheckAlike(const Graph& graph, absl::Span<const TensorId> outside, const Graph& inner,
                        absl::Span<const TensorId> inside, const char* what) {
  if (outside.size() != inside.size()) {
    return Invalid("subgraph '", inner.name, "' has ", inside.size(), " ", what, ", not ",
                   outside.size());
  }
  for (size_t i = 0; i < inside.size(); ++i) {
    const Tensor &a = graph.tensor(outside[i]), &b = inner.tensor(inside[i]);
    if (SameElements(a, b)) continue;
    return Invalid("subgraph '", inner.name, "': '", b.name, "' is ", Name(b.type), ", but '",
                   a.name, "' is ", Name(a.type));
  }
  return absl::OkStatus();
}

absl::Status CheckIf(const Graph& graph, const Node& node) {
  const auto& options = node.as<schema::IfOptionsT>();
  const absl::Span<const TensorId> captured = absl::MakeConstSpan(node.inputs).subspan(1);
  for (const int index : {options.then_graph, options.else_graph}) {
    const absl::StatusOr<const Graph*> inner = SubgraphAt(graph, index);
    if (!inner.ok()) return inner.status();
    absl::Status status = CheckAlike(graph, captured, **inner, (*inner)->inputs, "inputs");
    status.Update(CheckAlike(graph, node.outputs, **inner, (*inner)->outputs, "outputs"));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// A tensor of the body with these elements.
bool Is(const Graph& body, TensorId id, DataType type) {
  return body.tensor(id).type == type && !body.tensor(id).quant;
}

absl::Status CheckLoop(const Graph& graph, const Node& node) {
  const auto& options = node.as<schema::LoopOptionsT>();
  const absl::StatusOr<const Graph*> found = SubgraphAt(graph, options.body);
  if (!found.ok()) return found.status();
  const Graph& body = **found;
  const auto carried = static_cast<size_t>(std::max(options.carried, 0));
  const bool counts =
      options.carried >= 0 && node.inputs.size() >= 2 + carried && node.outputs.size() >= carried &&
      body.outputs.size() == node.outputs.size() + 1 && body.inputs.size() == node.inputs.size();
  if (!counts) {
    return Invalid("it has ", node.inputs.size(), " inputs, ", node.outputs.size(),
                   " outputs and carries ", options.carried, " tensors, which does not fit the ",
                   body.inputs.size(), " inputs and ", body.outputs.size(), " outputs of '",
                   body.name, "'");
  }
  if (!Is(body, body.inputs[0], DataType::kS64) || !Is(body, body.inputs[1], DataType::kBool) ||
      !Is(body, body.outputs[0], DataType::kBool)) {
    return Invalid("the body '", body.name,
                   "' must take a round (s64) and a condition (bool), and ",
                   "yield a condition first");
  }
  absl::Status status =
      CheckAlike(graph, absl::MakeConstSpan(node.inputs).subspan(2), body,
                 absl::MakeConstSpan(body.inputs).subspan(2), "inputs behind the condition");
  status.Update(CheckAlike(graph, node.outputs, body, absl::MakeConstSpan(body.outputs).subspan(1),
                           "outputs behind the condition"));
  for (size_t i = 0; status.ok() && i < carried; ++i) {
    if (SameElements(body.tensor(body.inputs[2 + i]), body.tensor(body.outputs[1 + i]))) continue;
    status = Invalid("carried tensor ", i, " changes its type in the body");
  }
  return status;
}

}  // namespace

absl::Status CheckControl(const Graph& graph, const Node& node) {
  if (std::find(node.inputs.begin(), node.inputs.end(), kNoTensor) != node.inputs.end()) {
    return Invalid("an input is absent");
  }
  return node.type() == OpType::IfOptions ? CheckIf(graph, node) : CheckLoop(graph, node);
}

}  // namespace octet::validate
