#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"
#include "tools/import/tflite_weights.h"

namespace octet::importer {
namespace {

absl::Status ImportPool(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  if (op.in(0).rank() != 4) return absl::InvalidArgumentError("expected x of 4 dimensions");
  const auto options = op.Options<tflite::Pool2DOptions>();
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kChannelsFirst);
  if (!x.ok()) return x.status();
  Window window;
  window.kernel = {options.filter_h, options.filter_w};
  window.strides = {options.stride_h, options.stride_w};
  window.dilations = {1, 1};
  absl::StatusOr<Window> padded = PaddedWindow(
      std::move(window), options.padding, op.in(0).forms[static_cast<int>(Order::kChannelsFirst)]);
  if (!padded.ok()) return padded.status();
  const absl::StatusOr<ActivationBounds> bounds = BoundsOf(options.activation);
  if (!bounds.ok()) return bounds.status();
  schema::PoolOptionsT pool;
  pool.kind = op.code == tflite::BuiltinOperator::MAX_POOL_2D ? schema::PoolKind::MAXIMUM
                                                              : schema::PoolKind::AVERAGE;
  pool.kernel = std::move(padded->kernel);
  pool.strides = std::move(padded->strides);
  pool.dilations = std::move(padded->dilations);
  pool.pads_begin = std::move(padded->pads_begin);
  pool.pads_end = std::move(padded->pads_end);
  // TFLite's averages of integers are the only ones that it rounds otherwise than Octet.
  const bool average = pool.kind == schema::PoolKind::AVERAGE;
  if (average && op.in(0).quant && op.in(0).quant == op.out().quant &&
      op.in(0).type == op.out().type) {
    pool.ties = schema::TieRule::AWAY_FROM_ZERO;
  }
  return op.FinishBounded(std::move(pool), {*x}, Order::kChannelsFirst, *bounds);
}

constexpr TfliteRow kRows[] = {
    {tflite::BuiltinOperator::AVERAGE_POOL_2D, ImportPool},
    {tflite::BuiltinOperator::MAX_POOL_2D, ImportPool},
};

}  // namespace

absl::Span<const TfliteRow> TflitePoolOps() { return kRows; }

}  // namespace octet::importer
