#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"

// Operators that pick elements by numbers, and those that repeat them.

namespace octet::importer {
namespace {

using Code = tflite::BuiltinOperator;

absl::Status ImportGather(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const auto options = op.Options<tflite::GatherOptions>();
  if (options.batch_dims != 0) return absl::UnimplementedError("has batch_dims");
  const absl::StatusOr<int> axis = TfliteAxis(options.axis, op.in(0).rank());
  if (!axis.ok()) return axis.status();
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kFile);
  const absl::StatusOr<TensorId> indices = op.Tensor(1, Order::kFile);
  if (!x.ok()) return x.status();
  if (!indices.ok()) return indices.status();
  schema::GatherOptionsT gather;
  gather.axis = *axis;
  return op.Finish(std::move(gather), {*x, *indices}, Order::kFile);
}

absl::Status ImportGatherNd(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kFile);
  const absl::StatusOr<TensorId> indices = op.Tensor(1, Order::kFile);
  if (!x.ok()) return x.status();
  if (!indices.ok()) return indices.status();
  auto wide = op.Step("indices", schema::CastOptionsT(), {*indices}, DataType::kS64, absl::nullopt);
  if (!wide.ok()) return wide.status();
  return op.Finish(schema::GatherNDOptionsT(), {*x, wide->tensor}, Order::kFile);
}

// The place of the extreme element along one dimension, without that dimension.
absl::Status ImportArg(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const absl::StatusOr<int64_t> number = op.Number(1);
  if (!number.ok()) return number.status();
  const absl::StatusOr<int> axis = TfliteAxis(*number, op.in(0).rank());
  if (!axis.ok()) return axis.status();
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kFile);
  if (!x.ok()) return x.status();
  schema::ArgOptionsT options;
  options.kind = op.code == Code::ARG_MAX ? schema::ArgKind::MAXIMUM : schema::ArgKind::MINIMUM;
  options.axis = *axis;
  options.keep_dims = false;
  if (op.out().type == DataType::kS64) return op.Finish(std::move(options), {*x}, Order::kFile);
  auto wide = op.Step("wide", std::move(options), {*x}, DataType::kS64, absl::nullopt);
  if (!wide.ok()) return wide.status();
  return op.Finish(schema::CastOptionsT(), {wide->tensor}, Order::kFile);
}

absl::Status ImportCast(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  if (op.in(0).quant || op.out().quant) {
    return absl::UnimplementedError("casts quantized numbers; Quantize and Dequantize do");
  }
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  return op.Finish(schema::CastOptionsT(), {*x}, order);
}

// SELECT's condition may be a vector of rows; only the broadcasting kind is imported.
absl::Status ImportSelect(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(3); !s.ok()) return s;
  size_t rank = 0;
  for (size_t i = 0; i < 3; ++i) rank = std::max(rank, op.in(i).rank());
  const size_t condition = op.in(0).rank();
  if (op.code == Code::SELECT && condition != rank && condition != 0) {
    return absl::UnimplementedError("selects whole rows");
  }
  const Order order = rank == 4 ? op.CommonOrder() : Order::kFile;
  std::vector<TensorId> ids;
  for (size_t i = 0; i < 3; ++i) {
    const absl::StatusOr<TensorId> id = op.Broadcast(i, rank, order);
    if (!id.ok()) return id.status();
    ids.push_back(*id);
  }
  return op.Finish(schema::WhereOptionsT(), std::move(ids), order);
}

absl::Status ImportTile(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const Order order = op.in(0).home;
  const size_t rank = op.in(0).rank();
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  const absl::StatusOr<std::vector<int64_t>> repeats = op.Numbers(1);
  if (!repeats.ok()) return repeats.status();
  if (repeats->size() != rank) return absl::InvalidArgumentError("must repeat each dimension");
  schema::TileOptionsT options;
  options.repeats.resize(rank);
  for (size_t d = 0; d < rank; ++d) {
    options.repeats[static_cast<size_t>(MapAxis(static_cast<int>(d), rank, order))] = (*repeats)[d];
  }
  return op.Finish(std::move(options), {*x}, order);
}

absl::Status ImportBroadcastTo(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kFile);
  if (!x.ok()) return x.status();
  absl::StatusOr<std::vector<int64_t>> shape = op.Numbers(1);
  if (!shape.ok()) return shape.status();
  schema::ExpandOptionsT options;
  options.shape = *std::move(shape);
  return op.Finish(std::move(options), {*x}, Order::kFile);
}

absl::Status ImportCumsum(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const absl::StatusOr<int64_t> number = op.Number(1);
  if (!number.ok()) return number.status();
  const absl::StatusOr<int> axis = TfliteAxis(*number, op.in(0).rank());
  if (!axis.ok()) return axis.status();
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kFile);
  if (!x.ok()) return x.status();
  const auto source = op.Options<tflite::CumsumOptions>();
  schema::CumulateOptionsT options;
  options.axis = *axis;
  options.exclusive = source.exclusive;
  options.reverse = source.reverse;
  return op.Finish(std::move(options), {*x}, Order::kFile);
}

// The dimensions named, from their ends to their beginnings.
absl::Status ImportReverse(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  const absl::StatusOr<std::vector<int64_t>> axes = op.Numbers(1);
  if (!axes.ok()) return axes.status();
  schema::SliceOptionsT options;
  for (const int64_t a : *axes) {
    const absl::StatusOr<int> axis = TfliteAxis(a, op.in(0).rank());
    if (!axis.ok()) return axis.status();
    options.axes.push_back(MapAxis(*axis, op.in(0).rank(), order));
    options.starts.push_back(std::numeric_limits<int32_t>::max());
    options.ends.push_back(-std::numeric_limits<int32_t>::max());
    options.steps.push_back(-1);
  }
  return op.Finish(std::move(options), {*x}, order);
}

constexpr TfliteRow kRows[] = {
    {Code::GATHER, ImportGather},
    {Code::GATHER_ND, ImportGatherNd},
    {Code::ARG_MAX, ImportArg},
    {Code::ARG_MIN, ImportArg},
    {Code::CAST, ImportCast},
    {Code::SELECT, ImportSelect},
    {Code::SELECT_V2, ImportSelect},
    {Code::TILE, ImportTile},
    {Code::BROADCAST_TO, ImportBroadcastTo},
    {Code::CUMSUM, ImportCumsum},
    {Code::REVERSE_V2, ImportReverse},
};

}  // namespace

absl::Span<const TfliteRow> TfliteSelectOps() { return kRows; }

}  // namespace octet::importer
