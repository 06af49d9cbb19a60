#include "tools/import/onnx_importer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate.h"
#include "tools/import/graph_importer.h"
#include "tools/import/input_shapes.h"

namespace octet {
namespace importer {
namespace {

using FilePtr = std::shared_ptr<const OnnxFile>;

// One attempt at a model, with one set of probes.
class Attempt {
 public:
  Attempt(FilePtr file, const Opsets& opsets, const ImportOptions& options, const ProbeRules& rules,
          bool relaxed)
      : source_(file->model.graph()),
        shapes_(source_, options.input_shapes),
        builder_(rules, relaxed),
        scope_(builder_, nullptr),
        importer_(job_, scope_, opsets) {
    job_.file = std::move(file);
  }

  absl::Status Run();

  const Issues& issues() const { return job_.issues; }
  // Whether some size is open, so that other probes may fare better.
  bool has_open_sizes() { return !builder_.probes().empty(); }
  Graph& graph() { return builder_.graph(); }
  std::string probes() { return builder_.probes().ToString(); }

 private:
  absl::Status ReadInputs();
  absl::Status ReadInput(const onnx::ValueInfoProto& input);
  int64_t ChannelsOf(const std::string& input);
  absl::Status BindOutputs();

  const onnx::GraphProto& source_;
  const InputShapes shapes_;
  ImportJob job_;
  GraphBuilder builder_;
  Scope scope_;
  GraphImporter importer_;
};

// Input channels of a convolution that reads `input`, for files that leave them open; -1 without
// one.
int64_t Attempt::ChannelsOf(const std::string& input) {
  for (const onnx::NodeProto& node : source_.node()) {
    if (node.op_type() != "Conv" || node.input_size() < 2 || node.input(0) != input) continue;
    const Value* weights = scope_.Find(node.input(1));
    if (weights == nullptr || weights->broken || weights->rank() < 3) continue;
    Attributes attributes(node);
    const int64_t groups = attributes.Int("group", 1), per_group = weights->shape[0][1];
    if (per_group > 0 && groups > 0 && groups <= kMaxDimension / per_group) {
      return per_group * groups;
    }
  }
  return -1;
}

absl::Status Attempt::ReadInput(const onnx::ValueInfoProto& input) {
  if (!input.type().has_tensor_type()) {
    job_.issues.Add("input", input.name(), "is not a tensor", "");
    scope_.Set(input.name(), Value::Broken());
    return absl::OkStatus();
  }
  const int onnx_type = input.type().tensor_type().elem_type();
  const DataType type = TypeOfOnnx(onnx_type);
  if (type == DataType::kUnknown) {
    job_.issues.Add("input", input.name(),
                    absl::StrCat("has elements of ", NameOfOnnxType(onnx_type)), "");
    scope_.Set(input.name(), Value::Broken());
    return absl::OkStatus();
  }
  const auto shape =
      shapes_.Of(input, [this](const std::string& name) { return ChannelsOf(name); });
  if (!shape.ok()) return shape.status();
  scope_.Set(input.name(), builder_.AddInput(input.name(), type, shape->shape, shape->symbols));
  return absl::OkStatus();
}

absl::Status Attempt::ReadInputs() {
  if (absl::Status status = shapes_.Check(); !status.ok()) return status;
  for (const onnx::ValueInfoProto& input : source_.input()) {
    // Files of old versions list their weights as inputs too.
    if (scope_.Find(input.name()) != nullptr) continue;
    if (absl::Status status = ReadInput(input); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Real numbers come out as the type that the file declares.
absl::Status Attempt::BindOutputs() {
  for (const onnx::ValueInfoProto& output : source_.output()) {
    const Value* value = scope_.Find(output.name());
    DataType type = value == nullptr ? DataType::kUnknown : value->type;
    const DataType declared = TypeOfOnnx(output.type().tensor_type().elem_type());
    if (IsReal(type) && IsReal(declared)) type = declared;
    absl::Status status = importer_.BindOutput(output.name(), type);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Attempt::Run() {
  builder_.graph().name = source_.name();
  if (absl::Status status = importer_.ReadInitializers(source_); !status.ok()) return status;
  if (absl::Status status = ReadInputs(); !status.ok()) return status;
  if (absl::Status status = importer_.ImportNodes(source_.node()); !status.ok()) return status;
  return BindOutputs();
}

}  // namespace

absl::StatusOr<Graph> Import(const FilePtr& file, const std::string& path,
                             const ImportOptions& options) {
  const Opsets opsets = OpsetsOf(file->model.opset_import());
  absl::Status valid = CheckOpsets(opsets);
  valid.Update(CheckNames(file->model.graph()));
  if (!valid.ok()) return valid;
  absl::Status first_error;
  // What refuses all probes may fit when the model runs.
  const absl::Span<const ProbeRules> rules = AllProbeRules();
  for (size_t i = 0; i <= rules.size(); ++i) {
    const bool relaxed = i == rules.size();
    Attempt attempt(file, opsets, options, rules[relaxed ? 0 : i], relaxed);
    const absl::Status status = attempt.Run();
    if (status.ok() && !attempt.issues().empty()) {
      return attempt.issues().ToStatus(path, absl::StrCat("operator set ", opsets.at("")));
    }
    if (status.ok()) {
      Graph graph = std::move(attempt.graph());
      RemoveDead(graph);
      if (valid = ValidateGraph(graph); !valid.ok()) return valid;
      return graph;
    }
    if (!attempt.has_open_sizes()) return status;
    first_error.Update(absl::Status(
        status.code(),
        absl::StrCat(status.message(), " (sizes that the model leaves open were taken as ",
                     attempt.probes(), ")")));
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
