#include "tools/import/onnx_importer.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate.h"
#include "tools/import/fold.h"
#include "tools/import/input_shapes.h"
#include "tools/import/issues.h"
#include "tools/import/onnx_file.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

namespace octet {
namespace importer {
namespace {

using FilePtr = std::shared_ptr<const OnnxFile>;

// One attempt at a model, with one set of probes.
class Importer {
 public:
  Importer(FilePtr file, int opset, const ImportOptions& options, const ProbeRules& rules)
      : file_(std::move(file)),
        source_(file_->model.graph()),
        opset_(opset),
        shapes_(source_, options.input_shapes),
        builder_(rules) {}

  absl::Status Run(const std::vector<int>& order);

  const Issues& issues() const { return issues_; }
  // Whether some size of the inputs is open, so that other probes may fare better.
  bool has_open_sizes() const { return has_open_sizes_; }
  Graph& graph() { return builder_.graph(); }
  std::string probes() { return builder_.probes().ToString(); }

 private:
  absl::Status ReadInitializers();
  absl::Status ReadInputs();
  absl::Status ReadInput(const onnx::ValueInfoProto& input);
  int64_t ChannelsOf(const std::string& input) const;
  absl::Status ImportNode(const onnx::NodeProto& node);
  absl::StatusOr<std::vector<Value>> Evaluate(const onnx::NodeProto& node, Attributes& attributes,
                                              const std::vector<Value*>& inputs, FoldFunction fold);
  absl::StatusOr<std::vector<Value>> Convert(const onnx::NodeProto& node, Attributes& attributes,
                                             const std::vector<Value*>& inputs);
  absl::Status Store(const onnx::NodeProto& node, absl::StatusOr<std::vector<Value>> outputs);
  absl::Status BindOutputs();

  const FilePtr file_;
  const onnx::GraphProto& source_;
  const int opset_;
  const InputShapes shapes_;
  GraphBuilder builder_;
  Issues issues_;
  bool has_open_sizes_ = false;
  absl::node_hash_map<std::string, Value> values_;
};

absl::Status Importer::ReadInitializers() {
  for (const onnx::TensorProto& tensor : source_.initializer()) {
    absl::StatusOr<Array> array = DecodeTensor(tensor, file_);
    if (array.ok()) {
      values_[tensor.name()] = Value::Of(*std::move(array));
    } else if (absl::IsUnimplemented(array.status())) {
      issues_.Add("initializer", tensor.name(), array.status().message(), "");
      values_[tensor.name()] = Value::Broken();
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("initializer '", tensor.name(), "' ", array.status().message()));
    }
  }
  for (const onnx::SparseTensorProto& tensor : source_.sparse_initializer()) {
    issues_.Add("initializer", tensor.values().name(), "is sparse; dense tensors are supported",
                "");
    values_[tensor.values().name()] = Value::Broken();
  }
  return absl::OkStatus();
}

// Input channels of a convolution that reads `input`, for files that leave them open; -1 without
// one.
int64_t Importer::ChannelsOf(const std::string& input) const {
  for (const onnx::NodeProto& node : source_.node()) {
    if (node.op_type() != "Conv" || node.input_size() < 2 || node.input(0) != input) continue;
    const auto weights = values_.find(node.input(1));
    if (weights == values_.end() || weights->second.rank() < 3) continue;
    Attributes attributes(node);
    const int64_t groups = attributes.Int("group", 1), per_group = weights->second.shape[0][1];
    if (per_group > 0 && groups > 0 && groups <= kMaxDimension / per_group) {
      return per_group * groups;
    }
  }
  return -1;
}

absl::Status Importer::ReadInput(const onnx::ValueInfoProto& input) {
  if (!input.type().has_tensor_type()) {
    issues_.Add("input", input.name(), "is not a tensor", "");
    values_[input.name()] = Value::Broken();
    return absl::OkStatus();
  }
  const int onnx_type = input.type().tensor_type().elem_type();
  DataType type = TypeOfOnnx(onnx_type);
  if (type == DataType::kUnknown) {
    issues_.Add("input", input.name(), absl::StrCat("has elements of ", NameOfOnnxType(onnx_type)),
                "");
    values_[input.name()] = Value::Broken();
    return absl::OkStatus();
  }
  if (IsFloat(type)) type = DataType::kF32;
  const auto shape =
      shapes_.Of(input, [this](const std::string& name) { return ChannelsOf(name); });
  if (!shape.ok()) return shape.status();
  values_[input.name()] = builder_.AddInput(input.name(), type, shape->shape, shape->symbols);
  for (const int64_t size : shape->shape) has_open_sizes_ = has_open_sizes_ || size < 0;
  return absl::OkStatus();
}

absl::Status Importer::ReadInputs() {
  if (absl::Status status = shapes_.Check(); !status.ok()) return status;
  for (const onnx::ValueInfoProto& input : source_.input()) {
    // Files of old versions list their weights as inputs too.
    if (values_.contains(input.name())) continue;
    if (absl::Status status = ReadInput(input); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Value>> Importer::Evaluate(const onnx::NodeProto& node,
                                                      Attributes& attributes,
                                                      const std::vector<Value*>& inputs,
                                                      FoldFunction fold) {
  const bool constant = std::all_of(inputs.begin(), inputs.end(), [](const Value* value) {
    return value == nullptr || value->is_constant();
  });
  std::vector<std::vector<Array>> outputs;  // per output, per probe
  for (size_t p = 0; p < (constant ? 1 : kProbes); ++p) {
    FoldContext context{node, attributes, opset_, {}, file_};
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
  for (std::vector<Array>& probed : outputs) values.push_back(Value::Of(std::move(probed)));
  return values;
}

absl::StatusOr<std::vector<Value>> Importer::Convert(const onnx::NodeProto& node,
                                                     Attributes& attributes,
                                                     const std::vector<Value*>& inputs) {
  const ImportFunction function = FindOp(node.op_type());
  if (function == nullptr) {
    return absl::UnimplementedError(FindFold(node.op_type()) == nullptr
                                        ? "is not supported"
                                        : "is supported for constants and shapes only");
  }
  OpContext context{node, attributes, opset_, NameOfNode(node), builder_, inputs, {}};
  if (absl::Status status = function(context); !status.ok()) return status;
  return std::move(context.outputs);
}

absl::Status Importer::Store(const onnx::NodeProto& node,
                             absl::StatusOr<std::vector<Value>> outputs) {
  if (!outputs.ok() && !absl::IsUnimplemented(outputs.status())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "node '", NameOfNode(node), "' (", node.op_type(), ") ", outputs.status().message()));
  }
  if (!outputs.ok()) {
    issues_.Add(node.op_type(), NameOfNode(node), outputs.status().message(),
                HintFor(node.op_type()));
  }
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    const auto index = static_cast<size_t>(i);
    const bool known = outputs.ok() && index < outputs->size();
    values_[node.output(i)] = known ? (*outputs)[index] : Value::Broken();
  }
  return absl::OkStatus();
}

absl::Status Importer::ImportNode(const onnx::NodeProto& node) {
  if (node.output_size() == 0) return absl::OkStatus();
  if (!node.domain().empty() && node.domain() != "ai.onnx") {
    return Store(node, absl::UnimplementedError(absl::StrCat("of operator set '", node.domain(),
                                                             "' is not part of ONNX")));
  }
  Attributes attributes(node);
  std::vector<Value*> inputs;
  bool known = true, broken = false;
  for (const std::string& name : node.input()) {
    inputs.push_back(name.empty() ? nullptr : &values_.at(name));
    if (inputs.back() == nullptr) continue;
    broken = broken || inputs.back()->broken;
    known = known && inputs.back()->is_known();
  }
  const FoldFunction fold = FindFold(node.op_type());
  if (broken) {
    // Without its inputs only the operator itself can be judged.
    std::vector<Value> unknown(static_cast<size_t>(node.output_size()), Value::Broken());
    if (fold != nullptr || FindOp(node.op_type()) != nullptr) return Store(node, unknown);
    return Store(node, absl::UnimplementedError("is not supported"));
  }
  auto outputs = known && fold != nullptr ? Evaluate(node, attributes, inputs, fold)
                                          : Convert(node, attributes, inputs);
  if (!attributes.status().ok()) outputs = attributes.status();
  const std::vector<std::string> unread = attributes.Unread();
  if (outputs.ok() && !unread.empty()) {
    outputs = absl::UnimplementedError(absl::StrCat("has the unknown attribute '", unread[0], "'"));
  }
  return Store(node, std::move(outputs));
}

// Makes every output of the model a tensor of its own with the right name.
absl::Status Importer::BindOutputs() {
  Graph& graph = builder_.graph();
  for (const onnx::ValueInfoProto& output : source_.output()) {
    const auto found = values_.find(output.name());
    if (found == values_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("output '", output.name(), "' is produced by no node"));
    }
    Value& value = found->second;
    if (value.broken) {
      if (!issues_.empty()) continue;
      return absl::UnimplementedError(
          absl::StrCat("output '", output.name(), "' is an optional output that is not supported"));
    }
    if (!IsFloat(value.type)) {
      issues_.Add("output", output.name(),
                  absl::StrCat("holds ", Name(value.type), "; only floats can be computed"), "");
      continue;
    }
    absl::StatusOr<TensorId> id = builder_.TensorOf(value, output.name());
    if (!id.ok()) return id.status();
    const bool computed = Producers(graph)[static_cast<size_t>(*id)] >= 0;
    if (!computed || IsOutput(graph, *id)) {
      schema::UnaryOptionsT copy;
      const std::string name = builder_.UniqueName(output.name());
      absl::StatusOr<Value> own = builder_.Emit(name, std::move(copy), {*id}, name);
      if (!own.ok()) return own.status();
      id = own->tensor;
    }
    graph.tensor(*id).name = output.name();
    graph.outputs.push_back(*id);
  }
  return absl::OkStatus();
}

absl::Status Importer::Run(const std::vector<int>& order) {
  builder_.graph().name = source_.name();
  if (absl::Status status = ReadInitializers(); !status.ok()) return status;
  if (absl::Status status = ReadInputs(); !status.ok()) return status;
  for (const int i : order) {
    if (absl::Status status = ImportNode(source_.node(i)); !status.ok()) return status;
  }
  return BindOutputs();
}

}  // namespace

absl::StatusOr<Graph> Import(const FilePtr& file, const std::string& path,
                             const ImportOptions& options) {
  const absl::StatusOr<int> opset = OpsetOf(file->model);
  if (!opset.ok()) return opset.status();
  const auto order = NodeOrder(file->model.graph());
  if (!order.ok()) return order.status();
  absl::Status first_error;
  for (const ProbeRules& rules : AllProbeRules()) {
    Importer importer(file, *opset, options, rules);
    const absl::Status status = importer.Run(*order);
    if (status.ok() && !importer.issues().empty()) {
      return importer.issues().ToStatus(path, absl::StrCat("operator set ", *opset));
    }
    if (status.ok()) {
      Graph graph = std::move(importer.graph());
      RemoveDead(graph);
      if (absl::Status valid = ValidateGraph(graph); !valid.ok()) return valid;
      return graph;
    }
    if (!importer.has_open_sizes()) return status;
    first_error.Update(absl::Status(
        status.code(),
        absl::StrCat(status.message(), " (sizes that the model leaves open were taken as ",
                     importer.probes(), ")")));
  }
  return first_error;
}

}  // namespace importer

absl::StatusOr<Graph> ImportOnnx(const std::string& path, const ImportOptions& options) {
  auto file = importer::ReadOnnxFile(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<Graph> graph = importer::Import(*file, path, options);
  if (graph.ok() || absl::StrContains(graph.status().message(), path)) return graph;
  return absl::Status(graph.status().code(), absl::StrCat(path, ": ", graph.status().message()));
}

}  // namespace octet
