#ifndef OCTET_TOOLS_IMPORT_TFLITE_OP_H_
#define OCTET_TOOLS_IMPORT_TFLITE_OP_H_

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/import/op.h"
#include "tools/import/tflite_file.h"
#include "tools/import/tflite_value.h"

namespace octet::importer {

// The real numbers that a fused activation lets through.
struct ActivationBounds {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();

  bool none() const { return *this == ActivationBounds(); }
  bool operator==(const ActivationBounds& o) const { return min == o.min && max == o.max; }
};

// Unimplemented for functions that are no range.
absl::StatusOr<ActivationBounds> BoundsOf(tflite::ActivationFunction function);

// One TFLite operator on its way into the graph.
struct TfliteOp {
  const tflite::Operator& source;
  tflite::BuiltinOperator code;
  TfliteBuilder& builder;
  std::string name;                   // of the first output: operators have none of their own
  std::vector<TfliteValue*> inputs;   // null: absent
  std::vector<TfliteValue*> outputs;  // their types are known, their values are for the function

  bool has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  // Requires has(i).
  TfliteValue& in(size_t i) const { return *inputs[i]; }
  TfliteValue& out(size_t i = 0) const { return *outputs[i]; }

  // InvalidArgument unless the first `required` inputs are there, and `results` outputs.
  absl::Status CheckCounts(size_t required, size_t results = 1) const;

  // The operator's options, or the defaults where it has none.
  template <typename OptionsT>
  typename OptionsT::NativeTableType Options() const {
    typename OptionsT::NativeTableType options;
    if (const auto* table = source.builtin_options_as<OptionsT>()) table->UnPackTo(&options);
    return options;
  }

  // Numbers of input `i`, which must be integers that do not depend on the model's inputs.
  absl::StatusOr<std::vector<int64_t>> Numbers(size_t i) const;
  // The same for one number.
  absl::StatusOr<int64_t> Number(size_t i) const;

  // The order in which computed inputs of four dimensions are there already.
  Order CommonOrder() const;

  // The graph tensor of input `i`; with `rank`, after dimensions of size 1 are put before its own,
  // as broadcasting does.
  absl::StatusOr<TensorId> Tensor(size_t i, Order order) const;
  absl::StatusOr<TensorId> Broadcast(size_t i, size_t rank, Order order) const;

  // Emits the node that makes output `i`, in `order`. Its type is what the file says.
  template <typename OptionsT>
  absl::Status Finish(OptionsT options, std::vector<TensorId> in_ids, Order order, size_t i = 0) {
    TfliteValue& result = out(i);
    auto values = builder.Emit(name, std::move(options), std::move(in_ids), {result.name},
                               result.type, result.quant);
    if (!values.ok()) return values.status();
    Define(i, (*values)[0], order);
    return absl::OkStatus();
  }
  // The same for operators that cannot clamp their result themselves.
  template <typename OptionsT>
  absl::Status FinishBounded(OptionsT options, std::vector<TensorId> in_ids, Order order,
                             const ActivationBounds& bounds) {
    if (bounds.none()) return Finish(std::move(options), std::move(in_ids), order);
    auto inner = Step("unbounded", std::move(options), std::move(in_ids), out().type, out().quant);
    if (!inner.ok()) return inner.status();
    schema::UnaryOptionsT clip;
    clip.kind = schema::UnaryKind::CLIP;
    clip.alpha = bounds.min;
    clip.beta = bounds.max;
    return Finish(std::move(clip), {inner->tensor}, order);
  }
  // Emits a node whose output another one of this operator reads.
  template <typename OptionsT>
  absl::StatusOr<Value> Step(const std::string& suffix, OptionsT options,
                             std::vector<TensorId> in_ids, DataType type,
                             const absl::optional<QuantParams>& quant) {
    const std::string step = name + "/" + suffix;
    auto values = builder.Emit(step, std::move(options), std::move(in_ids), {step}, type, quant);
    if (!values.ok()) return values.status();
    return (*values)[0];
  }
  // Says that output `i` is `value`, in `order`.
  void Define(size_t i, const Value& value, Order order);

  // For functions that integers do not have: input `i` as real numbers, and a result that is
  // computed in real numbers and, if the file says so, quantized.
  absl::StatusOr<TensorId> Reals(size_t i, size_t rank, Order order);
  template <typename OptionsT>
  absl::StatusOr<TensorId> RealStep(const std::string& suffix, OptionsT options,
                                    std::vector<TensorId> in_ids) {
    auto value = Step(suffix, std::move(options), std::move(in_ids), DataType::kF32, absl::nullopt);
    if (!value.ok()) return value.status();
    return value->tensor;
  }
  template <typename OptionsT>
  absl::Status FinishReal(OptionsT options, std::vector<TensorId> in_ids, Order order) {
    if (!out().quant) return Finish(std::move(options), std::move(in_ids), order);
    auto real = RealStep("real", std::move(options), std::move(in_ids));
    if (!real.ok()) return real.status();
    return Finish(schema::QuantizeOptionsT(), {*real}, order);
  }
};

using TfliteFunction = absl::Status (*)(TfliteOp& op);

struct TfliteRow {
  tflite::BuiltinOperator code;
  TfliteFunction function;
};

// The operators that can be imported, by file.
absl::Span<const TfliteRow> TfliteConvOps();
absl::Span<const TfliteRow> TflitePoolOps();
absl::Span<const TfliteRow> TfliteMatMulOps();
absl::Span<const TfliteRow> TfliteElementwiseOps();
absl::Span<const TfliteRow> TfliteShapeOps();
absl::Span<const TfliteRow> TfliteDataOps();
absl::Span<const TfliteRow> TfliteReduceOps();
absl::Span<const TfliteRow> TfliteTypeOps();
absl::Span<const TfliteRow> TfliteSelectOps();
absl::Span<const TfliteRow> TfliteSpatialOps();

// Null when the operator cannot be imported.
TfliteFunction FindTfliteOp(tflite::BuiltinOperator code);

// An axis of `rank` dimensions, counted from 0.
absl::StatusOr<int> TfliteAxis(int64_t axis, size_t rank);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_TFLITE_OP_H_
