#include "tools/import/tflite_weights.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "tools/simplify/constants.h"

namespace octet::importer {
namespace {

// The scale and zero point of each element of a constant: the index along `quant.axis`.
class Channels {
 public:
  Channels(const Shape& shape, const QuantParams& quant) {
    if (quant.axis < 0) return;
    const auto axis = static_cast<size_t>(quant.axis);
    count_ = static_cast<size_t>(shape[axis]);
    for (size_t d = axis + 1; d < shape.size(); ++d) inner_ *= static_cast<size_t>(shape[d]);
  }
  size_t operator()(size_t element) const { return element / inner_ % count_; }

 private:
  size_t inner_ = 1, count_ = 1;
};

// u8 weights with their zero points taken off, so that s8 holds them.
absl::StatusOr<Array> Symmetric(const Array& array, QuantParams& quant) {
  const bool zero = std::all_of(quant.zero_points.begin(), quant.zero_points.end(),
                                [](int32_t z) { return z == 0; });
  if (array.type == DataType::kS8 && zero) return array;
  const Channels channel(array.shape, quant);
  std::vector<int64_t> values = array.ints();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] -= quant.zero_points[channel(i)];
    if (values[i] >= -128 && values[i] <= 127) continue;
    return absl::UnimplementedError(absl::StrCat(
        "has ", Name(array.type), " weights with the zero point ", quant.zero_points[channel(i)],
        "; without it, ", values[i], " does not fit s8"));
  }
  quant.zero_points.assign(quant.zero_points.size(), 0);
  return Array::OfInts(DataType::kS8, array.shape, values);
}

bool IsIdentity(const std::vector<int>& permutation) {
  for (size_t d = 0; d < permutation.size(); ++d) {
    if (permutation[d] != static_cast<int>(d)) return false;
  }
  return true;
}

}  // namespace

Array Dequantized(const Array& array, const QuantParams& quant) {
  const Channels channel(array.shape, quant);
  std::vector<double> values = array.doubles();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = channel(i);
    values[i] = double{quant.scales[c]} * (values[i] - quant.zero_points[c]);
  }
  return Array::OfDoubles(DataType::kF32, array.shape, values);
}

absl::StatusOr<TfliteWeights> ImportWeights(TfliteOp& op, size_t i,
                                            const std::vector<int>& permutation, bool integers) {
  const TfliteValue& value = op.in(i);
  if (!value.is_constant()) {
    return absl::UnimplementedError(
        absl::StrCat("computes its weights '", value.name, "' while the model runs"));
  }
  Array array = value.value().arrays[0];
  TfliteWeights weights;
  weights.quant = value.quant;
  // Widened or moved elements are copies.
  if (absl::Status s = op.builder.Charge(8 * static_cast<int64_t>(array.data.size())); !s.ok()) {
    return s;
  }
  if (weights.quant && !integers) {
    array = Dequantized(array, *weights.quant);
    weights.quant.reset();
  } else if (weights.quant) {
    absl::StatusOr<Array> symmetric = Symmetric(array, *weights.quant);
    if (!symmetric.ok()) return symmetric.status();
    array = *std::move(symmetric);
  }
  if (!IsIdentity(permutation)) {
    array = Permuted(array, permutation);
    if (weights.quant && weights.quant->axis >= 0) {
      const auto found = std::find(permutation.begin(), permutation.end(), weights.quant->axis);
      weights.quant->axis = static_cast<int>(found - permutation.begin());
    }
  }
  const absl::StatusOr<TensorId> id = op.builder.AddConstant(value.name, array, weights.quant);
  if (!id.ok()) return id.status();
  weights.tensor = *id;
  weights.shape = array.shape;
  return weights;
}

absl::Status ImportBias(TfliteOp& op, size_t i, const TfliteWeights& weights,
                        std::vector<TensorId>& inputs) {
  if (!op.has(i)) return absl::OkStatus();
  const TfliteValue& value = op.in(i);
  if (!value.is_constant()) {
    return absl::UnimplementedError(
        absl::StrCat("computes its bias '", value.name, "' while the model runs"));
  }
  Array array = value.value().arrays[0];
  const int64_t elements = NumElements(array.shape);
  array.shape = {elements};
  absl::optional<QuantParams> quant;
  if (weights.quant) {
    const bool words = op.in(0).type == DataType::kS16;
    if (array.type != DataType::kS32 && !(words && array.type == DataType::kS64)) {
      return absl::UnimplementedError(absl::StrCat("has a bias of ", Name(array.type), "; s32 is ",
                                                   "supported, and s64 with an x of s16"));
    }
    quant = weights.quant;
    quant->axis = weights.quant->per_tensor() ? -1 : 0;
    const double x_scale = op.in(0).quant->scale();
    for (float& scale : quant->scales) scale = static_cast<float>(x_scale * scale);
  } else if (value.quant) {
    array = Dequantized(array, *value.quant);
  }
  const absl::StatusOr<TensorId> id = op.builder.AddConstant(value.name, array, quant);
  if (!id.ok()) return id.status();
  inputs.push_back(*id);
  return absl::OkStatus();
}

absl::StatusOr<Window> PaddedWindow(Window window, tflite::Padding padding, const Value& x) {
  for (size_t d = 0; d < window.kernel.size(); ++d) {
    for (const int size : {window.kernel[d], window.strides[d], window.dilations[d]}) {
      if (size >= 1 && size <= kMaxWindow) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("has a kernel size, stride or dilation of ", size));
    }
  }
  window.pads_begin.assign(window.kernel.size(), 0);
  window.pads_end.assign(window.kernel.size(), 0);
  if (padding == tflite::Padding::VALID) return window;
  if (padding != tflite::Padding::SAME) return absl::InvalidArgumentError("has unknown padding");
  if (absl::Status s = PadToSame(x, false, window); !s.ok()) return s;
  return window;
}

}  // namespace octet::importer
