#include "runtime/core/infer.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

namespace octet {
namespace {

using infer::Shapes;

Shapes Same(const Node&, absl::Span<const Shape> inputs) { return std::vector<Shape>{inputs[0]}; }

Shapes Apply(const Node& node, absl::Span<const Shape> inputs) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return infer::Conv(node, inputs);
    case OpType::MatMulOptions:
      return infer::MatMul(node, inputs);
    case OpType::PoolOptions:
      return infer::Pool(node, inputs);
    case OpType::GlobalPoolOptions:
      return infer::GlobalPool(node, inputs);
    case OpType::BinaryOptions:
      return infer::Binary(node, inputs);
    case OpType::UnaryOptions:
      return infer::Unary(node, inputs);
    case OpType::ConcatOptions:
      return infer::Concat(node, inputs);
    case OpType::SplitOptions:
      return infer::Split(node, inputs);
    case OpType::ReshapeOptions:
      return infer::Reshape(node, inputs);
    case OpType::TransposeOptions:
      return infer::Transpose(node, inputs);
    case OpType::SoftmaxOptions:
      return infer::Softmax(node, inputs);
    case OpType::PadOptions:
      return infer::Pad(node, inputs);
    case OpType::ReduceOptions:
      return infer::Reduce(node, inputs);
    case OpType::QuantizeOptions:
    case OpType::DequantizeOptions:
    case OpType::RequantizeOptions:
      return Same(node, inputs);
    case OpType::NONE:
      break;
  }
  return infer::Invalid("unknown operator");
}

// Compares a tensor's declared shape with `shape`, and remembers what values named sizes take.
class DeclaredShapes {
 public:
  absl::Status Check(const Tensor& tensor, const Shape& shape) {
    bool same = tensor.shape.size() == shape.size();
    for (size_t i = 0; same && i < shape.size(); ++i) {
      same = tensor.shape[i] == -1 || tensor.shape[i] == shape[i];
    }
    if (!same) {
      return infer::Invalid("'", tensor.name, "' is declared as ", ToString(tensor.shape),
                            ", but it is ", ToString(shape));
    }
    for (size_t i = 0; i < tensor.symbols.size() && i < shape.size(); ++i) {
      const std::string& symbol = tensor.symbols[i];
      if (tensor.shape[i] != -1 || symbol.empty()) continue;
      const auto [known, is_new] = values_.try_emplace(symbol, shape[i]);
      if (!is_new && known->second != shape[i]) {
        return infer::Invalid("size '", symbol, "' is ", known->second, " elsewhere, but '",
                              tensor.name, "' is ", ToString(shape));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::flat_hash_map<absl::string_view, int64_t> values_;
};

absl::Status InNode(const absl::Status& status, const Node& node, size_t index) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("operator '", node.name, "' (", Name(node.type()),
                                                  ", number ", index, "): ", status.message()));
}

bool InRange(const Graph& graph, TensorId id) {
  return id >= 0 && static_cast<size_t>(id) < graph.tensors.size();
}

absl::Status InferNode(const Graph& graph, const Node& node, DeclaredShapes& declared,
                       std::vector<Shape>& shapes) {
  std::vector<Shape> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    if (!InRange(graph, node.inputs[i]))
      return infer::Invalid("there is no tensor ", node.inputs[i]);
    inputs[i] = shapes[static_cast<size_t>(node.inputs[i])];
  }
  Shapes outputs = InferShapes(node, inputs);
  if (!outputs.ok()) return outputs.status();
  for (size_t i = 0; i < outputs->size(); ++i) {
    const TensorId id = node.outputs[i];
    if (!InRange(graph, id)) return infer::Invalid("there is no tensor ", id);
    absl::Status status = declared.Check(graph.tensor(id), (*outputs)[i]);
    if (!status.ok()) return status;
    shapes[static_cast<size_t>(id)] = std::move((*outputs)[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Shape>> InferShapes(const Node& node, absl::Span<const Shape> inputs) {
  if (absl::Status status = CheckArity(node); !status.ok()) return status;
  if (inputs.size() != node.inputs.size()) {
    return infer::Invalid("there are ", inputs.size(), " shapes for ", node.inputs.size(),
                          " inputs");
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    absl::Status status = CheckShape(inputs[i], false);
    if (!status.ok()) return infer::Invalid(InputName(node.type(), i), ": ", status.message());
  }
  Shapes outputs = Apply(node, inputs);
  if (!outputs.ok()) return outputs;
  for (const Shape& shape : *outputs) {
    absl::Status status = CheckShape(shape, false);
    if (!status.ok()) return infer::Invalid("the output is too large: ", status.message());
  }
  return outputs;
}

absl::StatusOr<std::vector<Shape>> InferGraphShapes(const Graph& graph,
                                                    absl::Span<const Shape> inputs) {
  if (inputs.size() != graph.inputs.size()) {
    return infer::Invalid("there are ", inputs.size(), " shapes for ", graph.inputs.size(),
                          " inputs of the model");
  }
  DeclaredShapes declared;
  std::vector<Shape> shapes(graph.tensors.size());
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].is_constant()) shapes[i] = graph.tensors[i].shape;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorId id = graph.inputs[i];
    if (!InRange(graph, id)) return infer::Invalid("input ", i, ": there is no tensor ", id);
    absl::Status status = CheckShape(inputs[i], false);
    status.Update(declared.Check(graph.tensor(id), inputs[i]));
    if (!status.ok()) return infer::Invalid("input ", i, ": ", status.message());
    shapes[static_cast<size_t>(id)] = inputs[i];
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    absl::Status status = InNode(InferNode(graph, node, declared, shapes), node, i);
    if (!status.ok()) return status;
  }
  return shapes;
}

std::vector<Shape> DefaultInputShapes(const Graph& graph, int64_t symbols_value) {
  std::vector<Shape> shapes;
  shapes.reserve(graph.inputs.size());
  for (TensorId id : graph.inputs) {
    shapes.push_back(graph.tensor(id).shape);
    for (int64_t& size : shapes.back()) {
      if (size == -1) size = symbols_value;
    }
  }
  return shapes;
}

}  // namespace octet
