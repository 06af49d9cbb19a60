#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"
#include "tools/import/tflite_weights.h"

// Operators that change the type of elements.

namespace octet::importer {
namespace {

absl::Status ImportQuantize(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  if (!op.out().quant) return absl::InvalidArgumentError("makes a tensor without a scale");
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  if (op.in(0).quant) return op.Finish(schema::RequantizeOptionsT(), {*x}, order);
  return op.Finish(schema::QuantizeOptionsT(), {*x}, order);
}

// Constants become constants, so that they may be weights. 16-bit floats stay as they are: they are
// widened when the model is loaded.
absl::Status ImportDequantize(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  TfliteValue& x = op.in(0);
  if (x.is_constant()) {
    const Array& array = x.value().arrays[0];
    auto s = op.builder.Charge(8 * static_cast<int64_t>(array.data.size()));
    if (!s.ok()) return s;
    op.Define(0, x.quant ? Value::Of(Dequantized(array, *x.quant)) : x.value(), x.home);
    op.out().type = op.out().value().type;
    return absl::OkStatus();
  }
  if (!x.quant) return absl::InvalidArgumentError("reads a tensor without a scale");
  const absl::StatusOr<TensorId> id = op.Tensor(0, x.home);
  if (!id.ok()) return id.status();
  return op.Finish(schema::DequantizeOptionsT(), {*id}, x.home);
}

constexpr TfliteRow kRows[] = {
    {tflite::BuiltinOperator::QUANTIZE, ImportQuantize},
    {tflite::BuiltinOperator::DEQUANTIZE, ImportDequantize},
};

}  // namespace

absl::Span<const TfliteRow> TfliteTypeOps() { return kRows; }

}  // namespace octet::importer
