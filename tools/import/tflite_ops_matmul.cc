#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"
#include "tools/import/tflite_weights.h"

namespace octet::importer {
namespace {

// Input 0 as the rows of a matrix with `depth` columns; with `keep`, its leading dimensions stay.
absl::StatusOr<TensorId> Rows(TfliteOp& op, int64_t depth, bool keep) {
  absl::StatusOr<TensorId> x = op.Tensor(0, Order::kFile);
  if (!x.ok()) return x.status();
  const ProbedShape from = op.in(0).shape();
  if (from[0].size() >= 2 && from[0].back() == depth && (keep || from[0].size() == 2)) return x;
  ProbedShape to;
  for (size_t p = 0; p < kProbes; ++p) {
    const int64_t elements = NumElements(from[p]);
    if (depth < 1 || elements % depth != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("multiplies ", ToString(from[p]), " by weights for rows of ", depth));
    }
    to[p] = {elements / depth, depth};
  }
  auto reshape = ReshapeBetween(from, to);
  if (!reshape.ok()) return reshape.status();
  auto rows = op.Step("rows", *std::move(reshape), {*x}, op.in(0).type, op.in(0).quant);
  if (!rows.ok()) return rows.status();
  return rows->tensor;
}

absl::Status ImportFullyConnected(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  if (op.in(1).rank() != 2) {
    return absl::InvalidArgumentError("expected weights of 2 dimensions");
  }
  const auto options = op.Options<tflite::FullyConnectedOptions>();
  if (options.weights_format != tflite::WeightsFormat::DEFAULT) {
    return absl::UnimplementedError("has shuffled weights; convert the model without them");
  }
  const absl::StatusOr<ActivationBounds> bounds = BoundsOf(options.activation);
  if (!bounds.ok()) return bounds.status();
  const absl::StatusOr<TensorId> x = Rows(op, op.in(1).shape()[0][1], options.keep_num_dims);
  if (!x.ok()) return x.status();
  const absl::StatusOr<TfliteWeights> weights =
      ImportWeights(op, 1, {0, 1}, op.in(0).quant.has_value());
  if (!weights.ok()) return weights.status();
  std::vector<TensorId> inputs = {*x, weights->tensor};
  if (absl::Status s = ImportBias(op, 2, *weights, inputs); !s.ok()) return s;
  schema::MatMulOptionsT product;
  product.transpose_b = true;
  product.activation_min = bounds->min;
  product.activation_max = bounds->max;
  return op.Finish(std::move(product), std::move(inputs), Order::kFile);
}

absl::Status ImportBatchMatMul(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const auto options = op.Options<tflite::BatchMatMulOptions>();
  const absl::StatusOr<TensorId> a = op.Tensor(0, Order::kFile);
  const absl::StatusOr<TensorId> b = op.Tensor(1, Order::kFile);
  if (!a.ok()) return a.status();
  if (!b.ok()) return b.status();
  schema::MatMulOptionsT product;
  product.transpose_a = options.adj_x;
  product.transpose_b = options.adj_y;
  return op.Finish(std::move(product), {*a, *b}, Order::kFile);
}

constexpr TfliteRow kRows[] = {
    {tflite::BuiltinOperator::FULLY_CONNECTED, ImportFullyConnected},
    {tflite::BuiltinOperator::BATCH_MATMUL, ImportBatchMatMul},
};

}  // namespace

absl::Span<const TfliteRow> TfliteMatMulOps() { return kRows; }

}  // namespace octet::importer
