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

struct Rule {
  OpType type;
  Shapes (*apply)(const Node& node, absl::Span<const Shape> inputs);
};

constexpr Rule kRules[] = {
    {OpType::ConvOptions, infer::Conv},
    {OpType::MatMulOptions, infer::MatMul},
    {OpType::PoolOptions, infer::Pool},
    {OpType::GlobalPoolOptions, infer::GlobalPool},
    {OpType::BinaryOptions, infer::Binary},
    {OpType::UnaryOptions, infer::Unary},
    {OpType::ConcatOptions, infer::Concat},
    {OpType::SplitOptions, infer::Split},
    {OpType::ReshapeOptions, infer::Reshape},
    {OpType::TransposeOptions, infer::Transpose},
    {OpType::SoftmaxOptions, infer::Softmax},
    {OpType::PadOptions, infer::Pad},
    {OpType::ReduceOptions, infer::Reduce},
    {OpType::QuantizeOptions, Same},
    {OpType::DequantizeOptions, Same},
    {OpType::RequantizeOptions, Same},
    {OpType::CastOptions, Same},
    {OpType::WhereOptions, infer::Where},
    {OpType::SliceOptions, infer::Slice},
    {OpType::GatherOptions, infer::Gather},
    {OpType::GatherElementsOptions, infer::GatherElements},
    {OpType::GatherNDOptions, infer::GatherND},
    {OpType::ScatterElementsOptions, infer::ScatterElements},
    {OpType::ScatterNDOptions, infer::ScatterND},
    {OpType::ExpandOptions, infer::Expand},
    {OpType::TileOptions, infer::Tile},
    {OpType::DepthToSpaceOptions, infer::DepthToSpace},
    {OpType::SpaceToDepthOptions, infer::SpaceToDepth},
    {OpType::ShapeOfOptions, infer::ShapeOf},
    {OpType::RangeOptions, infer::Range},
    {OpType::ArgOptions, infer::Arg},
    {OpType::TopKOptions, infer::TopK},
    {OpType::CumulateOptions, infer::Cumulate},
    {OpType::OneHotOptions, infer::OneHot},
    {OpType::TriluOptions, infer::Trilu},
    {OpType::ReverseSequenceOptions, infer::ReverseSequence},
    {OpType::EinsumOptions, infer::Einsum},
    {OpType::ConvTransposeOptions, infer::ConvTranspose},
    {OpType::NormalizationOptions, infer::Normalization},
    {OpType::LrnOptions, infer::Lrn},
    {OpType::ResizeOptions, infer::Resize},
    {OpType::GridSampleOptions, infer::GridSample},
    {OpType::RoiAlignOptions, infer::RoiAlign},
    {OpType::AttentionOptions, infer::Attention},
    {OpType::RecurrentOptions, infer::Recurrent},
};

Shapes Apply(const Node& node, absl::Span<const Shape> inputs) {
  for (const Rule& rule : kRules) {
    if (rule.type == node.type()) return rule.apply(node, inputs);
  }
  return infer::Invalid("its shapes are known only when it has run");
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

using KnownShapes = std::vector<absl::optional<Shape>>;

// Leaves the outputs unknown when a shape or number that they depend on is.
absl::Status InferNode(const Graph& graph, const Node& node, DeclaredShapes& declared,
                       KnownShapes& shapes) {
  std::vector<Shape> inputs(node.inputs.size());
  bool known = IsBound(node) && !HasOpenResult(node.type());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    if (!InRange(graph, node.inputs[i]))
      return infer::Invalid("there is no tensor ", node.inputs[i]);
    const absl::optional<Shape>& shape = shapes[static_cast<size_t>(node.inputs[i])];
    known = known && shape.has_value();
    if (shape) inputs[i] = *shape;
  }
  if (!known) return CheckArity(node);
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
  if (!IsBound(node)) return infer::Invalid("numbers that its shape depends on are not bound");
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

absl::StatusOr<std::vector<absl::optional<Shape>>> InferKnownShapes(
    const Graph& graph, absl::Span<const Shape> inputs) {
  if (inputs.size() != graph.inputs.size()) {
    return infer::Invalid("there are ", inputs.size(), " shapes for ", graph.inputs.size(),
                          " inputs of the model");
  }
  DeclaredShapes declared;
  KnownShapes shapes(graph.tensors.size());
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

absl::StatusOr<std::vector<Shape>> InferGraphShapes(const Graph& graph,
                                                    absl::Span<const Shape> inputs) {
  absl::StatusOr<KnownShapes> known = InferKnownShapes(graph, inputs);
  if (!known.ok()) return known.status();
  std::vector<Shape> shapes(known->size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (TensorId id : graph.nodes[i].outputs) {
      if ((*known)[static_cast<size_t>(id)]) continue;
      return InNode(infer::Invalid("the shape of '", graph.tensor(id).name,
                                   "' depends on elements that are known only when the model runs"),
                    graph.nodes[i], i);
    }
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    if ((*known)[i]) shapes[i] = *std::move((*known)[i]);
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
