#include "tools/import/op.h"

#include "absl/strings/str_cat.h"
#include "tools/simplify/constants.h"

namespace octet::importer {

absl::StatusOr<TensorId> OpContext::Tensor(size_t i) {
  if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  if (!IsFloat(value(i).type)) {
    return absl::UnimplementedError(absl::StrCat("reads '", input_name(i), "' of type ",
                                                 Name(value(i).type),
                                                 "; only tensors of floats can be computed with"));
  }
  return builder.TensorOf(value(i), input_name(i));
}

TensorId OpContext::Constant(const std::string& suffix, const Array& array) {
  return builder.AddConstant(Intermediate(suffix), array).tensor;
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

ImportFunction FindOp(const std::string& op_type) {
  for (const auto& rows : {ConvOps(), PoolOps(), MatMulOps(), ElementwiseOps(), ShapeOps(),
                           DataOps(), NormalizationOps()}) {
    for (const OpRow& row : rows) {
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
      {"If", "export the model without control flow, for example by tracing"},
      {"Loop", "export the model without control flow, for example by tracing"},
      {"Scan", "export the model without control flow, for example by tracing"},
      {"ReduceL2", "ReduceSum of the square and Sqrt are supported"},
      {"Einsum", "MatMul with Transpose is supported"},
  };
  for (const Hint& hint : kHints) {
    if (op_type == hint.op) return hint.text;
  }
  return "";
}

}  // namespace octet::importer
