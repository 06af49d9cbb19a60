#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "tools/import/quantization.h"
#include "tools/simplify/constants.h"

// Operators on quantized tensors that are a real operator between Dequantize and Quantize: ONNX's
// QLinear operators and those of ONNX Runtime (domain com.microsoft).

namespace octet::importer {
namespace {

// Real values of the operand whose integers, scale and zero point are inputs i, i + 1 and i + 2.
absl::StatusOr<Value> Operand(OpContext& c, size_t i, int64_t axis = 0) {
  if (!c.has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  absl::StatusOr<QuantParams> quant = ConstantScales(c, {i + 1, i + 2}, c.value(i).shape[0], axis);
  if (!quant.ok()) return quant.status();
  return Dequantized(c, i, *quant);
}

// The node's output: `x` with the scale and zero point that inputs i and i + 1 are.
absl::Status FinishQuantized(OpContext& c, Value& x, size_t i, DataType type) {
  absl::StatusOr<QuantParams> quant = ConstantScales(c, {i, i + 1}, x.shape[0], 0);
  if (!quant.ok()) return quant.status();
  absl::StatusOr<TensorId> real = c.builder.TensorOf(x, c.Intermediate("result"));
  if (!real.ok()) return real.status();
  absl::StatusOr<Value> y = Quantized(c, *real, c.has(i + 1) ? c.value(i + 1).type : type, *quant);
  if (!y.ok()) return y.status();
  c.outputs = {*std::move(y)};
  return absl::OkStatus();
}

// `op` on real operands, its result quantized as inputs i and i + 1 say.
absl::Status ImportBetween(OpContext& c, const std::string& op, std::vector<Value> operands,
                           size_t i, int opset = 0) {
  std::vector<Value*> inputs;
  for (Value& value : operands) inputs.push_back(&value);
  absl::StatusOr<std::vector<Value>> result = ImportInner(c, op, inputs, opset);
  if (!result.ok()) return result.status();
  return FinishQuantized(c, (*result)[0], i, c.value(0).type);
}

// A bias of s32 with the scale of the products of x and w, `factor` times.
absl::StatusOr<Value> Bias(OpContext& c, size_t bias, size_t x_scale, size_t w_scale,
                           float factor = 1.0f) {
  const Value& value = c.value(bias);
  const absl::StatusOr<QuantParams> x = ConstantScales(c, {x_scale, c.inputs.size()}, {}, 0);
  if (!x.ok()) return x.status();
  if (!x->per_tensor()) return absl::UnimplementedError("has scales along an axis for its input");
  absl::StatusOr<QuantParams> scales = ConstantScales(c, {w_scale, c.inputs.size()}, value.shape[0],
                                                      static_cast<int64_t>(value.rank()) - 1);
  if (!scales.ok()) return scales.status();
  for (float& scale : scales->scales) scale = factor * x->scale() * scale;
  return Dequantized(c, bias, *scales);
}

absl::Status ImportQLinearConv(OpContext& c) {
  constexpr size_t kX = 0, kW = 3, kY = 6, kBias = 8;
  absl::StatusOr<Value> x = Operand(c, kX);
  if (!x.ok()) return x.status();
  absl::StatusOr<Value> w = Operand(c, kW);
  if (!w.ok()) return w.status();
  std::vector<Value> operands = {*std::move(x), *std::move(w)};
  if (c.has(kBias)) {
    absl::StatusOr<Value> bias = Bias(c, kBias, kX + 1, kW + 1);
    if (!bias.ok()) return bias.status();
    operands.push_back(*std::move(bias));
  }
  return ImportBetween(c, "Conv", std::move(operands), kY);
}

// Operators of `kOperands` operands whose inputs stand before those of the result.
template <int kOperands>
absl::Status ImportSimple(OpContext& c, const std::string& op, int opset = 0) {
  std::vector<Value> operands;
  for (size_t i = 0; i < kOperands; ++i) {
    absl::StatusOr<Value> operand = Operand(c, 3 * i, -1);
    if (!operand.ok()) return operand.status();
    operands.push_back(*std::move(operand));
  }
  return ImportBetween(c, op, std::move(operands), 3 * kOperands, opset);
}

absl::Status ImportQLinearMatMul(OpContext& c) { return ImportSimple<2>(c, "MatMul"); }
absl::Status ImportQLinearAdd(OpContext& c) { return ImportSimple<2>(c, "Add"); }
absl::Status ImportQLinearMul(OpContext& c) { return ImportSimple<2>(c, "Mul"); }
absl::Status ImportQLinearSigmoid(OpContext& c) { return ImportSimple<1>(c, "Sigmoid"); }
absl::Status ImportQLinearLeakyRelu(OpContext& c) { return ImportSimple<1>(c, "LeakyRelu"); }

absl::Status CheckChannelsFirst(OpContext& c) {
  if (c.attributes.Int("channels_last", 0) == 0) return absl::OkStatus();
  return absl::UnimplementedError(
      "has attribute channels_last 1, which ONNX Runtime sets when it optimizes a model for "
      "itself; "
      "save the model without that");
}

absl::Status ImportQLinearAveragePool(OpContext& c) {
  if (absl::Status status = CheckChannelsFirst(c); !status.ok()) return status;
  return ImportSimple<1>(c, "AveragePool");
}

absl::Status ImportQLinearGlobalAveragePool(OpContext& c) {
  if (absl::Status status = CheckChannelsFirst(c); !status.ok()) return status;
  return ImportSimple<1>(c, "GlobalAveragePool");
}

// The attribute `opset` says which version of Softmax is meant.
absl::Status ImportQLinearSoftmax(OpContext& c) {
  return ImportSimple<1>(c, "Softmax", static_cast<int>(c.attributes.Int("opset", 13)));
}

absl::Status ImportQLinearConcat(OpContext& c) {
  std::vector<Value> operands;
  for (size_t i = 2; i < c.inputs.size(); i += 3) {
    absl::StatusOr<Value> operand = Operand(c, i);
    if (!operand.ok()) return operand.status();
    operands.push_back(*std::move(operand));
  }
  if (operands.empty()) return absl::InvalidArgumentError("joins nothing");
  std::vector<Value*> inputs;
  for (Value& value : operands) inputs.push_back(&value);
  absl::StatusOr<std::vector<Value>> result = ImportInner(c, "Concat", inputs);
  if (!result.ok()) return result.status();
  return FinishQuantized(c, (*result)[0], 0, c.value(2).type);
}

absl::Status ImportQGemm(OpContext& c) {
  constexpr size_t kA = 0, kB = 3, kC = 6, kY = 7;
  const int64_t b_channels = c.attributes.Int("transB", 0) != 0 ? 0 : 1;
  absl::StatusOr<Value> a = Operand(c, kA);
  if (!a.ok()) return a.status();
  absl::StatusOr<Value> b = Operand(c, kB, b_channels);
  if (!b.ok()) return b.status();
  std::vector<Value> operands = {*std::move(a), *std::move(b)};
  if (c.has(kC)) {
    absl::StatusOr<Value> bias = Bias(c, kC, kA + 1, kB + 1, c.attributes.Float("alpha", 1.0f));
    if (!bias.ok()) return bias.status();
    operands.push_back(*std::move(bias));
  }
  if (c.has(kY)) return ImportBetween(c, "Gemm", std::move(operands), kY);
  std::vector<Value*> inputs;
  for (Value& value : operands) inputs.push_back(&value);
  absl::StatusOr<std::vector<Value>> result = ImportInner(c, "Gemm", inputs);
  if (!result.ok()) return result.status();
  c.outputs = *std::move(result);
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"QLinearConv", ImportQLinearConv, 10, ""},
    {"QLinearMatMul", ImportQLinearMatMul, 10, ""},
};

constexpr OpRow kMicrosoftRows[] = {
    {"QLinearAdd", ImportQLinearAdd, 1, ""},
    {"QLinearMul", ImportQLinearMul, 1, ""},
    {"QLinearSigmoid", ImportQLinearSigmoid, 1, ""},
    {"QLinearLeakyRelu", ImportQLinearLeakyRelu, 1, ""},
    {"QLinearAveragePool", ImportQLinearAveragePool, 1, ""},
    {"QLinearGlobalAveragePool", ImportQLinearGlobalAveragePool, 1, ""},
    {"QLinearSoftmax", ImportQLinearSoftmax, 1, ""},
    {"QLinearConcat", ImportQLinearConcat, 1, ""},
    {"QGemm", ImportQGemm, 1, ""},
};

}  // namespace

absl::Span<const OpRow> QuantizedOperatorOps() { return kRows; }
absl::Span<const OpRow> MicrosoftQuantizedOps() { return kMicrosoftRows; }

}  // namespace octet::importer
