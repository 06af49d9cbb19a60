#include "tools/train/node_ops.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/train/quantizers.h"

namespace octet {
namespace {

absl::Status CheckOperands(const Graph& graph, const Node& node) {
  for (const std::vector<TensorId>* ids : {&node.inputs, &node.outputs}) {
    for (TensorId id : *ids) {
      if (id == kNoTensor || graph.tensor(id).is_constant()) continue;
      const Tensor& t = graph.tensor(id);
      const bool is_input = std::count(graph.inputs.begin(), graph.inputs.end(), id) > 0;
      const bool real = is_input ? t.type == DataType::kF32 && !t.quant : IsRealType(t);
      if (real || (IsNarrow(t) && t.quant->per_tensor())) continue;
      // Which computed booleans there are to read, the given part decides.
      const bool mask = node.type() == OpType::AttentionOptions && t.type == DataType::kBool;
      if (mask && !is_input) continue;
      return absl::UnimplementedError(absl::StrCat("'", t.name, "' is ", Name(t.type),
                                                   t.quant ? " with a scale per channel" : ""));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TrainOp>> MakeOp(const Graph& graph, const Node& node,
                                                const std::vector<Shape>& shapes) {
  absl::Status status = CheckOperands(graph, node);
  if (!status.ok()) return status;
  OpContext context{graph, node, {}, {}};
  for (TensorId id : node.inputs) {
    context.inputs.push_back(id == kNoTensor ? Shape() : shapes[static_cast<size_t>(id)]);
  }
  for (TensorId id : node.outputs) context.outputs.push_back(shapes[static_cast<size_t>(id)]);
  return MakeTrainOp(context);
}

bool HasParameters(const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorId id = node.inputs[i];
    if (id != kNoTensor && graph.tensor(id).is_constant() && IsParameter(node, i)) return true;
  }
  // Scales of what is computed are trained, too.
  return std::any_of(node.outputs.begin(), node.outputs.end(),
                     [&](TensorId id) { return IsNarrow(graph.tensor(id)); });
}

}  // namespace

bool HasWeights(const Node& node) {
  return IsProduct(node) || node.type() == OpType::ConvTransposeOptions;
}

bool IsProduct(const Node& node) {
  return node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
}

bool IsParameter(const Node& node, size_t input) {
  if (HasWeights(node)) return input == 1 || input == 2;
  return node.type() == OpType::NormalizationOptions && input > 0;
}

bool IsRealType(const Tensor& t) {
  return !t.quant && (t.type == DataType::kF32 || t.type == DataType::kF16);
}

absl::StatusOr<NodeOps> MakeNodeOps(const Graph& graph, const std::vector<Shape>& shapes) {
  NodeOps result;
  std::vector<bool> trained, refused;
  std::vector<std::string> reasons;
  for (const Node& node : graph.nodes) {
    absl::StatusOr<std::unique_ptr<TrainOp>> op = MakeOp(graph, node, shapes);
    trained.push_back(HasParameters(graph, node));
    refused.push_back(!op.ok());
    reasons.push_back(absl::StrCat("'", node.name, "': ", op.status().message()));
    result.ops.push_back(op.ok() ? *std::move(op) : nullptr);
  }
  const std::vector<bool> dependent = DependentNodes(graph, trained);
  std::vector<std::string> problems;
  for (size_t n = 0; n < refused.size(); ++n) {
    if (refused[n] && dependent[n]) problems.push_back(reasons[n]);
  }
  if (!problems.empty()) {
    return absl::UnimplementedError(
        absl::StrCat("operators that cannot be trained: ", absl::StrJoin(problems, "; ")));
  }
  absl::StatusOr<GivenPart> given = MakeGivenPart(graph, WithAncestors(graph, std::move(refused)));
  if (!given.ok()) return given.status();
  result.given = *std::move(given);
  return result;
}

}  // namespace octet
