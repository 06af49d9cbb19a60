#include "tools/import/tflite_importer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate.h"
#include "runtime/core/validate_rules.h"
#include "tools/import/issues.h"
#include "tools/import/tflite_file.h"
#include "tools/import/tflite_fold.h"
#include "tools/import/tflite_op.h"

namespace octet {
namespace importer {
namespace {

using FilePtr = std::shared_ptr<const TfliteFile>;

// Bytes of constants that may be copied: each weight a few times, whatever shares them.
int64_t CopyBudget(size_t file_size) {
  return (int64_t{64} << 20) + 32 * static_cast<int64_t>(file_size);
}

// One attempt at a model, with one set of probes.
class Importer {
 public:
  Importer(FilePtr file, const ImportOptions& options, const ProbeRules& rules)
      : file_(std::move(file)),
        network_(file_->network()),
        options_(options),
        builder_(rules, CopyBudget(file_->size())),
        values_(network_.tensors()->size()) {}

  absl::Status Run();

  const Issues& issues() const { return issues_; }
  bool has_open_sizes() const { return has_open_sizes_; }
  Graph& graph() { return builder_.graph(); }
  std::string probes() { return builder_.base().probes().ToString(); }

 private:
  absl::Status ReadTensor(int32_t index);
  absl::Status ReadConstant(const tflite::Tensor& tensor, TfliteValue& value);
  absl::Status ReadInputs();
  absl::Status ReadInput(int32_t index);
  absl::Status ImportOperator(const tflite::Operator& source);
  absl::Status Convert(TfliteOp& op);
  absl::Status BindOutputs();
  TfliteValue& At(int32_t index) { return values_[static_cast<size_t>(index)]; }

  const FilePtr file_;
  const tflite::SubGraph& network_;
  const ImportOptions& options_;
  TfliteBuilder builder_;
  std::vector<TfliteValue> values_;  // per tensor of the file
  Issues issues_;
  bool has_open_sizes_ = false;
};

// The quantization of a tensor of integers; none where it has no scale. Unimplemented for other
// ways to quantize, InvalidArgument where the numbers do not fit the shape.
absl::StatusOr<absl::optional<QuantParams>> ReadQuantization(const tflite::Tensor& tensor,
                                                             DataType type) {
  const tflite::QuantizationParameters* source = tensor.quantization();
  const bool integers = type == DataType::kS8 || type == DataType::kU8 || type == DataType::kS16 ||
                        type == DataType::kS32;
  if (source == nullptr || !integers) return absl::nullopt;
  if (source->details_type() != 0) {
    return absl::UnimplementedError("has quantization of its own kind");
  }
  const size_t count = source->scale() == nullptr ? 0 : source->scale()->size();
  if (count == 0) return absl::nullopt;
  const size_t zeros = source->zero_point() == nullptr ? 0 : source->zero_point()->size();
  if (zeros > 1 && zeros != count) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", count, " scales and ", zeros, " zero points; the file is damaged"));
  }
  QuantParams quant;
  quant.scales.assign(source->scale()->begin(), source->scale()->end());
  for (size_t i = 0; i < count; ++i) {
    const int64_t zero =
        zeros == 0 ? 0 : source->zero_point()->Get(static_cast<uint32_t>(zeros == 1 ? 0 : i));
    if (zero < INT32_MIN || zero > INT32_MAX) {
      return absl::InvalidArgumentError(absl::StrCat("has the zero point ", zero));
    }
    quant.zero_points.push_back(static_cast<int32_t>(zero));
  }
  if (count > 1) quant.axis = source->quantized_dimension();
  return quant;
}

absl::Status Importer::ReadConstant(const tflite::Tensor& source, TfliteValue& value) {
  Array array;
  array.type = value.type;
  for (size_t d = 0; source.shape() != nullptr && d < source.shape()->size(); ++d) {
    array.shape.push_back(source.shape()->Get(static_cast<uint32_t>(d)));
  }
  array.data = file_->DataOf(source);
  if (!array.data) array.data = Constant::Own({});
  const auto needed = static_cast<uint64_t>(NumElements(array.shape)) * SizeOf(array.type);
  if (array.data.size() != needed) {
    return absl::InvalidArgumentError(absl::StrCat("holds ", array.data.size(), " bytes, but its ",
                                                   "shape ", ToString(array.shape), " needs ",
                                                   needed, "; the file is damaged"));
  }
  // Elements are read in place.
  if (reinterpret_cast<uintptr_t>(array.data.data()) % SizeOf(array.type) != 0) {
    const auto bytes = array.data.as<uint8_t>();
    if (auto s = builder_.Charge(static_cast<int64_t>(bytes.size())); !s.ok()) return s;
    array.data = Constant::Own(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  }
  octet::Tensor checked;
  checked.type = array.type;
  checked.shape = array.shape;
  checked.quant = value.quant;
  checked.data = array.data;
  if (absl::Status s = validate::CheckTensor(checked); !s.ok()) return s;
  value.forms[0] = Value::Of(std::move(array));
  value.defined = true;
  return absl::OkStatus();
}

// What the file says of a tensor; its elements, if it is a constant.
absl::Status Importer::ReadTensor(int32_t index) {
  const tflite::Tensor& source = file_->tensor(index);
  TfliteValue& value = At(index);
  value.name = file_->NameOf(index);
  value.type = TypeOfTflite(source.type());
  const bool constant = file_->DataOf(source) || IsEmpty(source);
  if (value.type == DataType::kUnknown) {
    const char* type = tflite::EnumNameTensorType(source.type());
    issues_.Add("tensor", value.name, absl::StrCat("holds ", *type ? type : "an unknown type"), "");
    value.broken = true;
    return absl::OkStatus();
  }
  absl::Status status;
  absl::StatusOr<absl::optional<QuantParams>> quant = ReadQuantization(source, value.type);
  if (quant.ok()) {
    value.quant = *std::move(quant);
    if (!constant && value.quant && !value.quant->per_tensor()) {
      status = absl::UnimplementedError("is computed, but has scales along an axis");
    } else if (source.sparsity() != nullptr) {
      status = absl::UnimplementedError("is stored without its zeros; dense tensors are supported");
    } else if (source.is_variable()) {
      status = absl::UnimplementedError("is a variable that keeps its value between runs");
    } else if (constant) {
      status = ReadConstant(source, value);
    }
  } else {
    status = quant.status();
  }
  if (status.ok()) return status;
  if (!absl::IsUnimplemented(status)) {
    return absl::InvalidArgumentError(absl::StrCat("tensor '", value.name, "' ", status.message()));
  }
  issues_.Add("tensor", value.name, status.message(), "");
  value.broken = true;
  return absl::OkStatus();
}

absl::Status Importer::ReadInput(int32_t index) {
  const tflite::Tensor& source = file_->tensor(index);
  TfliteValue& value = At(index);
  const auto* signature = source.shape_signature();
  const auto* dims = source.shape();
  if (signature != nullptr && signature->size() > 0) dims = signature;
  Shape shape;
  for (size_t d = 0; dims != nullptr && d < dims->size(); ++d) {
    shape.push_back(dims->Get(static_cast<uint32_t>(d)));
  }
  const auto given = options_.input_shapes.find(value.name);
  if (given != options_.input_shapes.end()) {
    if (given->second.size() != shape.size()) {
      return absl::InvalidArgumentError(absl::StrCat("input '", value.name, "' has ", shape.size(),
                                                     " dimensions; the given shape ",
                                                     ToString(given->second), " does not"));
    }
    shape = given->second;
  }
  if (absl::Status s = CheckShape(shape, true); !s.ok()) return s;
  std::vector<std::string> symbols(shape.size());
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] >= 0) continue;
    symbols[d] = d == 0 ? "batch" : absl::StrCat(value.name, "_", d);
    has_open_sizes_ = true;
  }
  if (value.broken) return absl::OkStatus();
  value.forms[0] = builder_.base().AddInput(value.name, value.type, shape, symbols);
  builder_.SetType(value.forms[0], value.type, value.quant);
  value.defined = true;
  return absl::OkStatus();
}

absl::Status Importer::ReadInputs() {
  std::vector<std::string> names;
  for (size_t i = 0; network_.inputs() != nullptr && i < network_.inputs()->size(); ++i) {
    const int32_t index = network_.inputs()->Get(static_cast<uint32_t>(i));
    if (absl::Status s = ReadInput(index); !s.ok()) return s;
    names.push_back(At(index).name);
  }
  for (const auto& [name, shape] : options_.input_shapes) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no input '", name, "'; the inputs are '", absl::StrJoin(names, "', '"), "'"));
  }
  return absl::OkStatus();
}

// Emits what an operator becomes, and checks that its operands have types that go together.
absl::Status Importer::Convert(TfliteOp& op) {
  const bool known = std::all_of(op.inputs.begin(), op.inputs.end(), [](const TfliteValue* value) {
    return value != nullptr && value->is_known();
  });
  if (known && op.outputs.size() == 1 && !op.out().quant) {
    absl::StatusOr<Value> folded = FoldTflite(op);
    if (folded.ok()) {
      op.Define(0, *folded, Order::kFile);
      return absl::OkStatus();
    }
    if (!absl::IsUnimplemented(folded.status())) return folded.status();
  }
  const TfliteFunction function = FindTfliteOp(op.code);
  if (function == nullptr) return absl::UnimplementedError("is not supported");
  const size_t first = graph().nodes.size();
  if (absl::Status s = function(op); !s.ok()) return s;
  for (size_t n = first; n < graph().nodes.size(); ++n) {
    absl::Status s = validate::CheckOperands(graph(), graph().nodes[n]);
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Importer::ImportOperator(const tflite::Operator& source) {
  if (source.outputs() == nullptr || source.outputs()->size() == 0) return absl::OkStatus();
  TfliteOp op{source, file_->CodeOf(source), builder_, file_->NameOf(source.outputs()->Get(0)), {},
              {}};
  bool broken = false;
  for (size_t i = 0; source.inputs() != nullptr && i < source.inputs()->size(); ++i) {
    const int32_t index = source.inputs()->Get(static_cast<uint32_t>(i));
    op.inputs.push_back(index < 0 ? nullptr : &At(index));
    broken = broken || (index >= 0 && At(index).broken);
  }
  for (const int32_t index : *source.outputs()) {
    op.outputs.push_back(&At(index));
    broken = broken || At(index).broken;
  }
  absl::Status status;
  if (!broken) {
    status = Convert(op);
  } else if (FindTfliteOp(op.code) == nullptr) {
    // Without its inputs only the operator itself can be judged.
    status = absl::UnimplementedError("is not supported");
  }
  if (!status.ok() && !absl::IsUnimplemented(status)) {
    return absl::InvalidArgumentError(
        absl::StrCat("operator '", op.name, "' (", file_->NameOf(source), ") ", status.message()));
  }
  if (!status.ok()) issues_.Add(file_->NameOf(source), op.name, status.message(), "");
  for (TfliteValue* output : op.outputs) {
    if (broken || !status.ok() || !output->defined) output->broken = true;
  }
  return absl::OkStatus();
}

// Makes every output of the model a tensor of its own, in the file's order and with the file's
// name.
absl::Status Importer::BindOutputs() {
  for (const int32_t index : *network_.outputs()) {
    TfliteValue& value = At(index);
    if (value.broken) continue;
    absl::StatusOr<TensorId> id = builder_.Tensor(value, Order::kFile);
    if (!id.ok()) return id.status();
    const bool computed = Producers(graph())[static_cast<size_t>(*id)] >= 0;
    if (!computed || IsOutput(graph(), *id)) {
      const std::string name = builder_.base().UniqueName(value.name);
      auto copy =
          builder_.Emit(name, schema::UnaryOptionsT(), {*id}, {name}, value.type, value.quant);
      if (!copy.ok()) return copy.status();
      id = (*copy)[0].tensor;
    } else if (value.home != Order::kFile && value.rank() == 4) {
      std::swap(graph().tensor(value.value().tensor).name, graph().tensor(*id).name);
    }
    graph().outputs.push_back(*id);
  }
  return absl::OkStatus();
}

absl::Status Importer::Run() {
  if (network_.name() != nullptr) graph().name = network_.name()->str();
  for (size_t i = 0; i < values_.size(); ++i) {
    if (absl::Status s = ReadTensor(static_cast<int32_t>(i)); !s.ok()) return s;
  }
  if (absl::Status s = ReadInputs(); !s.ok()) return s;
  for (size_t i = 0; network_.operators() != nullptr && i < network_.operators()->size(); ++i) {
    absl::Status s = ImportOperator(*network_.operators()->Get(static_cast<uint32_t>(i)));
    if (!s.ok()) return s;
  }
  return BindOutputs();
}

absl::StatusOr<Graph> Import(const FilePtr& file, const std::string& path,
                             const ImportOptions& options) {
  absl::Status first_error;
  for (const ProbeRules& rules : AllProbeRules()) {
    Importer importer(file, options, rules);
    const absl::Status status = importer.Run();
    if (status.ok() && !importer.issues().empty()) {
      return importer.issues().ToStatus(path, "TFLite");
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

absl::Status WithName(const absl::Status& status, const std::string& name) {
  if (status.ok() || absl::StrContains(status.message(), name)) return status;
  return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

}  // namespace
}  // namespace importer

absl::StatusOr<Graph> ImportTflite(const std::string& path, const ImportOptions& options) {
  const auto file = importer::TfliteFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<Graph> graph = importer::Import(*file, path, options);
  if (!graph.ok()) return importer::WithName(graph.status(), path);
  return graph;
}

absl::StatusOr<Graph> ImportTfliteBytes(absl::Span<const uint8_t> bytes,
                                        std::shared_ptr<const void> owner, const std::string& name,
                                        const ImportOptions& options) {
  const auto file = importer::TfliteFile::Parse(bytes, std::move(owner));
  if (!file.ok()) return importer::WithName(file.status(), name);
  absl::StatusOr<Graph> graph = importer::Import(*file, name, options);
  if (!graph.ok()) return importer::WithName(graph.status(), name);
  return graph;
}

}  // namespace octet
