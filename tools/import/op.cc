#include "tools/import/op.h"

#include "absl/strings/str_cat.h"
#include "tools/simplify/constants.h"

namespace octet::importer {

absl::StatusOr<TensorId> OpContext::Tensor(size_t i) {
  if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  return builder.TensorOf(value(i), input_name(i));
}

absl::StatusOr<std::vector<TensorId>> OpContext::Tensors(size_t required) {
  std::vector<TensorId> tensors;
  for (size_t i = 0; i < inputs.size() || i < required; ++i) {
    if (i >= required && !has(i)) {
      tensors.push_back(kNoTensor);
      continue;
    }
    absl::StatusOr<TensorId> tensor = Tensor(i);
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(*tensor);
  }
  while (!tensors.empty() && tensors.back() == kNoTensor) tensors.pop_back();
  return tensors;
}

TensorId OpContext::Constant(const std::string& suffix, const Array& array) {
  return builder.AddConstant(Intermediate(suffix), array).tensor;
}

TensorId OpContext::Number(const std::string& suffix, DataType type, double number) {
  return Constant(suffix, Array::OfDoubles(type, {}, {number}));
}

std::vector<std::string> OpContext::OutputNames(int count) const {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.push_back(wants(i) ? node.output(i) : Intermediate(absl::StrCat("output", i)));
  }
  return names;
}

absl::Status OpContext::Forward(size_t i) {
  if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  outputs = {value(i)};
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> OpContext::Numbers(const std::string& attribute, size_t index,
                                                        int since) {
  if (opset < since) return attributes.Ints(attribute);
  if (!has(index)) return std::vector<int64_t>{};
  if (!value(index).is_constant()) {
    return absl::UnimplementedError(
        absl::StrCat("computes its ", attribute, " ('", input_name(index),
                     "') while the model runs; a constant is supported"));
  }
  return value(index).arrays[0].ints();
}

absl::StatusOr<float> OpContext::Scalar(size_t index, float absent) {
  if (!has(index)) return absent;
  if (!value(index).is_constant() || NumElements(value(index).shape[0]) != 1) {
    return absl::UnimplementedError(
        absl::StrCat("'", input_name(index), "' must be one constant number"));
  }
  return static_cast<float>(value(index).arrays[0].doubles()[0]);
}

std::vector<OpTable> OpTables() {
  std::vector<OpTable> tables;
  for (const auto& rows : {ConvOps(),        PoolOps(),
                           MatMulOps(),      UnaryOps(),
                           BinaryOps(),      ReduceOps(),
                           ShapeOps(),       DataOps(),
                           SliceOps(),       NormalizationOps(),
                           TypeOps(),        SoftmaxOps(),
                           SelectOps(),      ResizeOps(),
                           VisionOps(),      AttentionOps(),
                           RecurrentOps(),   ControlOps(),
                           LossOps(),        SequenceOps(),
                           QuantLinearOps(), QuantizedOperatorOps(),
                           IntegerOps()}) {
    tables.push_back({"", rows});
  }
  for (const auto& rows : {MicrosoftQuantLinearOps(), MicrosoftQuantizedOps(),
                           MicrosoftIntegerOps(), MicrosoftMatMulOps(), MicrosoftFusedOps()}) {
    tables.push_back({"com.microsoft", rows});
  }
  tables.push_back({"org.openvinotoolkit", OpenVinoOps()});
  return tables;
}

ImportFunction FindOp(const std::string& domain, const std::string& op_type) {
  for (const OpTable& table : OpTables()) {
    if (domain != table.domain) continue;
    for (const OpRow& row : table.rows) {
      if (op_type == row.op) return row.function;
    }
  }
  return nullptr;
}

std::string HintFor(const std::string& op_type) {
  struct Hint {
    const char* op;
    const char* text;
  };
  static constexpr Hint kHints[] = {
      {"QuantizeLinear", "import the float model and use `octet quantize`"},
      {"DequantizeLinear", "import the float model and use `octet quantize`"},
      {"DynamicQuantizeLinear", "import the float model and use `octet quantize`"},
      {"QLinearConv", "import the float model and use `octet quantize`"},
      {"QLinearMatMul", "import the float model and use `octet quantize`"},
      {"ConvInteger", "import the float model and use `octet quantize`"},
      {"MatMulInteger", "import the float model and use `octet quantize`"},
      {"Optional", "export the model without optional values"},
      {"SequenceMap", "export the model with tensors instead of sequences"},
      {"STFT", "compute the spectrogram before the model"},
      {"DFT", "compute the spectrum before the model"},
      {"MaxUnpool", "Resize is supported"},
  };
  for (const Hint& hint : kHints) {
    if (op_type == hint.op) return hint.text;
  }
  return "";
}

}  // namespace octet::importer
