#include "tools/import/graph_importer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/validate_rules.h"
#include "tools/import/functions.h"
#include "tools/import/opset6.h"
#include "tools/import/settle.h"
#include "tools/simplify/constants.h"

namespace octet::importer {
namespace {

// Subgraphs and functions within each other, at most.
constexpr int kMaxDepth = 32;

std::string FullName(const onnx::NodeProto& node) {
  const std::string domain = DomainOf(node.domain());
  return domain.empty() ? node.op_type() : absl::StrCat(domain, ".", node.op_type());
}

// Whether the nodes that were added since `first` compute with types that they can.
absl::Status CheckNewNodes(const Graph& graph, size_t first) {
  for (size_t i = first; i < graph.nodes.size(); ++i) {
    absl::Status status = validate::CheckTypes(graph, graph.nodes[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Whether the operator is one of those made for sequences.
bool TakesSequences(const std::string& op_type) {
  const auto rows = SequenceOps();
  return std::any_of(rows.begin(), rows.end(), [&](const OpRow& row) { return op_type == row.op; });
}

// For the graph to compute.
absl::Status Uncertain() {
  return absl::UnimplementedError(
      "depends on sizes that are known only when the model runs in a way that no number stands "
      "for");
}

}  // namespace

int GraphImporter::OpsetOf(const std::string& domain) const {
  const auto found = opsets_.find(domain);
  return found == opsets_.end() ? 0 : found->second;
}

absl::Status GraphImporter::ReadInitializers(const onnx::GraphProto& graph) {
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    absl::StatusOr<Array> array = DecodeTensor(tensor, job_.file);
    if (array.ok()) {
      scope_.Set(tensor.name(), Value::Of(*std::move(array)));
    } else if (absl::IsUnimplemented(array.status())) {
      job_.issues.Add("initializer", tensor.name(), array.status().message(), "");
      scope_.Set(tensor.name(), Value::Broken());
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("initializer '", tensor.name(), "' ", array.status().message()));
    }
  }
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer()) {
    job_.issues.Add("initializer", tensor.values().name(), "is sparse; dense tensors are supported",
                    "");
    scope_.Set(tensor.values().name(), Value::Broken());
  }
  return absl::OkStatus();
}

absl::Status GraphImporter::ImportNodes(
    const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  if (++job_.depth > kMaxDepth) {
    return absl::InvalidArgumentError("subgraphs or functions lie too deep in each other");
  }
  const auto order =
      NodeOrder(nodes, [this](const std::string& name) { return scope_.Find(name) != nullptr; });
  if (!order.ok()) return order.status();
  for (const int i : *order) {
    if (--job_.nodes_left < 0) return absl::InvalidArgumentError("has too many nodes");
    if (absl::Status status = ImportNode(nodes[i]); !status.ok()) return status;
  }
  --job_.depth;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Value>> GraphImporter::Evaluate(const onnx::NodeProto& node,
                                                           Attributes& attributes,
                                                           const std::vector<Value*>& inputs,
                                                           FoldFunction fold) {
  const bool constant = std::all_of(inputs.begin(), inputs.end(), [](const Value* value) {
    return value == nullptr || value->is_constant();
  });
  if (!constant && !CanProbe(node, inputs)) return Uncertain();
  if (OpsetOf("") == 6) attributes.Ignore("broadcast");  // as in numpy, where there is no axis
  std::vector<std::vector<Array>> outputs;               // per output, per probe
  for (size_t p = 0; p < (constant ? 1 : kProbes); ++p) {
    FoldContext context{node, attributes, OpsetOf(""), {}, job_.file};
    if (!constant) context.limit = kMaxProbedElements;
    for (const Value* value : inputs) {
      context.inputs.push_back(value == nullptr ? nullptr : &value->array(p));
    }
    Folded folded = fold(context);
    if (!folded.ok()) return folded.status();
    outputs.resize(folded->size());
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i].push_back(std::move((*folded)[i]));
  }
  std::vector<Value> values;
  for (std::vector<Array>& probed : outputs) {
    const auto rank = [&](const Array& array) {
      return array.shape.size() == probed[0].shape.size();
    };
    if (!std::all_of(probed.begin(), probed.end(), rank)) {
      return absl::UnimplementedError("makes a tensor whose rank depends on the model's inputs");
    }
  }
  for (std::vector<Array>& probed : outputs) {
    if (!constant && !Settle(node, inputs, scope_.builder().probes(), probed)) return Uncertain();
    values.push_back(Value::Of(std::move(probed)));
  }
  return values;
}

absl::StatusOr<std::vector<Value>> GraphImporter::Convert(const onnx::NodeProto& node,
                                                          Attributes& attributes,
                                                          const std::vector<Value*>& inputs) {
  const std::string domain = DomainOf(node.domain());
  const ImportFunction function = FindOp(domain, node.op_type());
  if (function == nullptr) return absl::UnimplementedError("is not supported");
  GraphBuilder& builder = scope_.builder();
  const size_t before = builder.graph().nodes.size();
  OpContext context{node,    attributes, OpsetOf(domain), NameOfNode(node),
                    builder, *this,      inputs,          {}};
  Value reshaped;
  if (domain.empty() && OpsetOf("") == 6) {
    if (absl::Status status = AdaptOpset6(context, reshaped); !status.ok()) return status;
  }
  if (absl::Status status = function(context); !status.ok()) return status;
  if (absl::Status s = CheckNewNodes(builder.graph(), before); !s.ok()) return s;
  return std::move(context.outputs);
}

// Nodes whose inputs are numbers: constants become constants. What follows from open sizes is kept
// as numbers under each probe, and computed by the graph for those who need it as a tensor.
absl::StatusOr<std::vector<Value>> GraphImporter::ImportKnown(const onnx::NodeProto& node,
                                                              Attributes& attributes,
                                                              const std::vector<Value*>& inputs) {
  auto folded = Evaluate(node, attributes, inputs, FindFold(node.op_type()));
  if (!folded.ok() && !absl::IsUnimplemented(folded.status())) return folded;
  const auto is_constant = [](const Value& value) { return value.is_constant(); };
  if (folded.ok() && std::all_of(folded->begin(), folded->end(), is_constant)) return folded;
  const bool has_op = FindOp("", node.op_type()) != nullptr;
  if (!has_op) return folded;
  auto computed = Convert(node, attributes, inputs);
  if (!folded.ok() || !computed.ok()) return folded.ok() ? folded : computed;
  for (size_t i = 0; i < folded->size() && i < computed->size(); ++i) {
    Value& value = (*folded)[i];
    const Value& tensor = (*computed)[i];
    if (value.is_constant() || tensor.tensor == kNoTensor) continue;
    value.tensor = tensor.tensor;
    scope_.builder().Know(value.tensor, value.arrays);
  }
  return folded;
}

absl::Status GraphImporter::Store(const onnx::NodeProto& node,
                                  absl::StatusOr<std::vector<Value>> outputs) {
  if (!outputs.ok() && !absl::IsUnimplemented(outputs.status())) {
    // What lies in a subgraph or function names its place already.
    return absl::InvalidArgumentError(absl::StrCat(
        "node '", NameOfNode(node), "' (", FullName(node), ") ", outputs.status().message()));
  }
  if (!outputs.ok()) {
    job_.issues.Add(FullName(node), NameOfNode(node), outputs.status().message(),
                    HintFor(node.op_type()));
  }
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    const auto index = static_cast<size_t>(i);
    const bool known = outputs.ok() && index < outputs->size();
    scope_.Set(node.output(i), known ? (*outputs)[index] : Value::Broken());
  }
  return absl::OkStatus();
}

const onnx::FunctionProto* GraphImporter::FindFunction(const onnx::NodeProto& node) const {
  for (const onnx::FunctionProto& function : job_.file->model.functions()) {
    if (function.name() == node.op_type() &&
        DomainOf(function.domain()) == DomainOf(node.domain())) {
      return &function;
    }
  }
  return nullptr;
}

absl::StatusOr<std::vector<Value>> GraphImporter::Inline(const onnx::FunctionProto& function,
                                                         const onnx::NodeProto& node,
                                                         const std::vector<Value*>& inputs) {
  auto body = FunctionBody(function, node);
  if (!body.ok()) return body.status();
  Scope scope(scope_.builder(), nullptr);
  for (int i = 0; i < function.input_size(); ++i) {
    const auto index = static_cast<size_t>(i);
    scope.SetAlias(function.input(i), index < inputs.size() ? inputs[index] : nullptr);
  }
  Opsets opsets = OpsetsOf(function.opset_import());
  GraphImporter importer(job_, scope, opsets);
  job_.file->expanded.push_back(*std::move(body));
  absl::Status status = importer.ImportNodes(job_.file->expanded.back());
  if (!status.ok()) return status;
  std::vector<Value> outputs;
  for (const std::string& name : function.output()) {
    const Value* value = scope.Find(name);
    outputs.push_back(value == nullptr ? Value::Broken() : *value);
  }
  return outputs;
}

absl::Status GraphImporter::ImportNode(const onnx::NodeProto& node) {
  if (node.output_size() == 0) return absl::OkStatus();
  std::vector<Value*> inputs;
  bool known = true, broken = false, sequence = false;
  for (const std::string& name : node.input()) {
    inputs.push_back(name.empty() ? nullptr : scope_.Find(name));
    if (inputs.back() == nullptr) continue;
    broken = broken || inputs.back()->broken;
    sequence = sequence || inputs.back()->is_sequence;
    known = known && inputs.back()->is_known();
  }
  const std::string domain = DomainOf(node.domain());
  const onnx::FunctionProto* function = FindFunction(node);
  const FoldFunction fold = domain.empty() ? FindFold(node.op_type()) : nullptr;
  if (broken) {
    // Without its inputs only the operator itself can be judged.
    std::vector<Value> unknown(static_cast<size_t>(node.output_size()), Value::Broken());
    const bool supported =
        function != nullptr || fold != nullptr || FindOp(domain, node.op_type()) != nullptr;
    if (supported) return Store(node, unknown);
    return Store(node, absl::UnimplementedError("is not supported"));
  }
  if (function != nullptr) return Store(node, Inline(*function, node, inputs));
  if (sequence && !(domain.empty() && TakesSequences(node.op_type()))) {
    return Store(node, absl::UnimplementedError("takes a sequence; tensors are supported"));
  }
  Attributes attributes(node);
  auto outputs = known && fold != nullptr ? ImportKnown(node, attributes, inputs)
                                          : Convert(node, attributes, inputs);
  if (!attributes.status().ok()) outputs = attributes.status();
  const std::vector<std::string> unread = attributes.Unread();
  if (outputs.ok() && !unread.empty()) {
    outputs = absl::UnimplementedError(absl::StrCat("has the unknown attribute '", unread[0], "'"));
  }
  return Store(node, std::move(outputs));
}

absl::Status GraphImporter::BindOutput(const std::string& name, DataType type) {
  GraphBuilder& builder = scope_.builder();
  Graph& graph = builder.graph();
  Value* value = scope_.Find(name);
  if (value == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("output '", name, "' is produced by no node"));
  }
  if (value->broken) {
    if (!job_.issues.empty()) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrCat("output '", name, "' is an optional output that is not supported"));
  }
  if (value->is_sequence) {
    return absl::UnimplementedError(
        absl::StrCat("output '", name, "' is a sequence; tensors are supported"));
  }
  absl::StatusOr<TensorId> id = builder.TensorOf(*value, name);
  if (!id.ok()) return id.status();
  if (type == DataType::kUnknown) type = graph.tensor(*id).type;
  const bool stored = value->stored != kNoTensor && value->type == type;
  if (stored) id = value->stored;
  const bool computed = Producers(graph)[static_cast<size_t>(*id)] >= 0;
  const std::string own = builder.UniqueName(name);
  absl::StatusOr<Value> copy = Value();
  if (stored || type != graph.tensor(*id).type) {
    copy = builder.Emit(own, schema::CastOptionsT(), {*id}, own, type);
    // A result of the model is what it says, not what numbers are computed in.
    if (copy.ok()) graph.tensor(copy->tensor).type = type;
  } else if (!computed || IsOutput(graph, *id)) {
    copy = builder.Emit(own, Unary(schema::UnaryKind::IDENTITY), {*id}, own);
  }
  if (!copy.ok()) return copy.status();
  if (copy->tensor != kNoTensor) id = copy->tensor;
  graph.tensor(*id).name = name;
  graph.outputs.push_back(*id);
  return absl::OkStatus();
}

}  // namespace octet::importer
