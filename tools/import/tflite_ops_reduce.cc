#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"

namespace octet::importer {
namespace {

using Code = tflite::BuiltinOperator;

schema::ReduceKind KindOf(Code code) {
  switch (code) {
    case Code::SUM:
      return schema::ReduceKind::SUM;
    case Code::REDUCE_MAX:
      return schema::ReduceKind::MAXIMUM;
    case Code::REDUCE_MIN:
      return schema::ReduceKind::MINIMUM;
    default:
      return schema::ReduceKind::MEAN;
  }
}

// Reduced dimensions stay at first, so that the order of the others does not matter; a Reshape then
// drops them.
absl::Status ImportReduce(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  TfliteValue& x = op.in(0);
  const Order order = x.home;
  const absl::StatusOr<TensorId> id = op.Tensor(0, order);
  if (!id.ok()) return id.status();
  const absl::StatusOr<std::vector<int64_t>> axes = op.Numbers(1);
  if (!axes.ok()) return axes.status();
  std::set<int> reduced, placed;
  for (const int64_t a : *axes) {
    const absl::StatusOr<int> axis = TfliteAxis(a, x.rank());
    if (!axis.ok()) return axis.status();
    reduced.insert(*axis);
    placed.insert(MapAxis(*axis, x.rank(), order));
  }
  if (reduced.empty()) return op.Finish(schema::UnaryOptionsT(), {*id}, order);
  schema::ReduceOptionsT options;
  options.kind = KindOf(op.code);
  options.axes.assign(placed.begin(), placed.end());
  options.keep_dims = true;
  if (op.Options<tflite::ReducerOptions>().keep_dims) {
    return op.Finish(std::move(options), {*id}, order);
  }
  TfliteValue kept;
  kept.name = op.name + "/kept";
  kept.type = op.out().type;
  kept.quant = op.out().quant;
  kept.home = order;
  auto value = op.Step("kept", std::move(options), {*id}, kept.type, kept.quant);
  if (!value.ok()) return value.status();
  kept.forms[static_cast<int>(order)] = *value;
  ProbedShape to = kept.shape();
  for (Shape& shape : to) {
    for (auto axis = reduced.rbegin(); axis != reduced.rend(); ++axis) {
      shape.erase(shape.begin() + *axis);
    }
  }
  const absl::StatusOr<TensorId> in_file_order = op.builder.Tensor(kept, Order::kFile);
  if (!in_file_order.ok()) return in_file_order.status();
  auto reshape = ReshapeBetween(kept.shape(), to);
  if (!reshape.ok()) return reshape.status();
  return op.Finish(*std::move(reshape), {*in_file_order}, Order::kFile);
}

absl::Status ImportSoftmax(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  TfliteValue& x = op.in(0);
  if (x.rank() == 0) return absl::InvalidArgumentError("reads a scalar");
  const Order order = x.home;
  schema::SoftmaxOptionsT softmax;
  softmax.axis = MapAxis(static_cast<int>(x.rank()) - 1, x.rank(), order);
  const float beta = op.Options<tflite::SoftmaxOptions>().beta;
  if (beta == 1.0f) {
    const absl::StatusOr<TensorId> id = op.Tensor(0, order);
    if (!id.ok()) return id.status();
    return op.Finish(std::move(softmax), {*id}, order);
  }
  const absl::StatusOr<TensorId> real = op.Reals(0, x.rank(), order);
  if (!real.ok()) return real.status();
  const auto factor = op.builder.AddConstant(
      op.name + "/beta", Array::OfDoubles(DataType::kF32, {}, {double{beta}}), absl::nullopt);
  if (!factor.ok()) return factor.status();
  schema::BinaryOptionsT product;
  product.kind = schema::BinaryKind::MUL;
  const auto scaled = op.RealStep("scaled", std::move(product), {*real, *factor});
  if (!scaled.ok()) return scaled.status();
  return op.FinishReal(std::move(softmax), {*scaled}, order);
}

absl::Status ImportLogSoftmax(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  TfliteValue& x = op.in(0);
  if (x.rank() == 0) return absl::InvalidArgumentError("reads a scalar");
  const absl::StatusOr<TensorId> real = op.Reals(0, x.rank(), x.home);
  if (!real.ok()) return real.status();
  schema::SoftmaxOptionsT softmax;
  softmax.axis = MapAxis(static_cast<int>(x.rank()) - 1, x.rank(), x.home);
  softmax.log = true;
  return op.FinishReal(std::move(softmax), {*real}, x.home);
}

constexpr TfliteRow kRows[] = {
    {Code::MEAN, ImportReduce},       {Code::SUM, ImportReduce},
    {Code::REDUCE_MAX, ImportReduce}, {Code::REDUCE_MIN, ImportReduce},
    {Code::SOFTMAX, ImportSoftmax},   {Code::LOG_SOFTMAX, ImportLogSoftmax},
};

}  // namespace

absl::Span<const TfliteRow> TfliteReduceOps() { return kRows; }

}  // namespace octet::importer
