#include "tools/import/opset6.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace octet::importer {
namespace {

bool Broadcasts(const std::string& op) {
  static constexpr const char* kOps[] = {"Add", "Sub", "Mul",   "Div",     "Pow", "And",
                                         "Or",  "Xor", "Equal", "Greater", "Less"};
  return std::find(std::begin(kOps), std::end(kOps), op) != std::end(kOps);
}

// Input 1 with `ones` dimensions of size 1 behind its own.
absl::Status AddDimensions(OpContext& c, size_t ones, Value& reshaped) {
  const Value& value = c.value(1);
  if (value.is_constant()) {
    Array array = value.arrays[0];
    array.shape.insert(array.shape.end(), ones, 1);
    reshaped = Value::Of(std::move(array));
  } else {
    const absl::StatusOr<TensorId> tensor = c.Tensor(1);
    if (!tensor.ok()) return tensor.status();
    schema::ReshapeOptionsT options;
    options.shape.assign(value.rank(), 0);
    options.shape.insert(options.shape.end(), ones, 1);
    absl::StatusOr<Value> result = c.Step("aligned", std::move(options), {*tensor});
    if (!result.ok()) return result.status();
    reshaped = *std::move(result);
  }
  c.inputs[1] = &reshaped;
  return absl::OkStatus();
}

absl::Status AlignOperand(OpContext& c, Value& reshaped) {
  const bool broadcast = c.attributes.Int("broadcast", 0) != 0;
  const bool has_axis = c.attributes.Has("axis");
  int64_t axis = c.attributes.Int("axis", 0);
  if (!broadcast || !has_axis || !c.has(0) || !c.has(1)) return absl::OkStatus();
  const auto rank = static_cast<int64_t>(c.value(0).rank());
  if (axis < 0) axis += rank;
  const int64_t ones = rank - axis - static_cast<int64_t>(c.value(1).rank());
  if (axis < 0 || ones < 0) {
    return absl::InvalidArgumentError(absl::StrCat("has axis ", c.attributes.Int("axis", 0),
                                                   ", where the second input does not fit"));
  }
  return ones == 0 ? absl::OkStatus() : AddDimensions(c, static_cast<size_t>(ones), reshaped);
}

// A slope per channel was a vector, whatever the rank of the first input.
absl::Status AlignSlope(OpContext& c, Value& reshaped) {
  if (!c.has(0) || !c.has(1) || c.value(0).rank() < 2 || c.value(1).rank() != 1) {
    return absl::OkStatus();
  }
  return AddDimensions(c, c.value(0).rank() - 2, reshaped);
}

absl::Status CheckIsTest(OpContext& c) {
  if (c.attributes.Int("is_test", 0) != 0) return absl::OkStatus();
  return absl::UnimplementedError("is in training mode (is_test is 0)");
}

}  // namespace

absl::Status AdaptOpset6(OpContext& context, Value& reshaped) {
  const std::string& op = context.node.op_type();
  if (Broadcasts(op)) return AlignOperand(context, reshaped);
  if (op == "PRelu") return AlignSlope(context, reshaped);
  if (op == "Gemm") context.attributes.Ignore("broadcast");
  if (op == "BatchNormalization" || op == "Dropout") return CheckIsTest(context);
  return absl::OkStatus();
}

}  // namespace octet::importer
