#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"

// Operators on pictures that are no convolutions or pools.

namespace octet::importer {
namespace {

using Code = tflite::BuiltinOperator;

absl::Status CheckPicture(const TfliteOp& op) {
  if (op.in(0).rank() == 4) return absl::OkStatus();
  return absl::InvalidArgumentError("expected x of 4 dimensions");
}

// Where TFLite's three ways to place pixels lie.
struct Pixels {
  bool align_corners;
  bool half_pixel_centers;

  schema::ResizeCoordinates coordinates() const {
    if (align_corners) return schema::ResizeCoordinates::ALIGN_CORNERS;
    return half_pixel_centers ? schema::ResizeCoordinates::HALF_PIXEL
                              : schema::ResizeCoordinates::ASYMMETRIC;
  }
};

absl::Status FinishResize(TfliteOp& op, schema::ResizeMode mode, const Pixels& pixels) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  if (absl::Status s = CheckPicture(op); !s.ok()) return s;
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kChannelsFirst);
  if (!x.ok()) return x.status();
  absl::StatusOr<std::vector<int64_t>> sizes = op.Numbers(1);
  if (!sizes.ok()) return sizes.status();
  if (sizes->size() != 2) return absl::InvalidArgumentError("expected a height and a width");
  schema::ResizeOptionsT options;
  options.mode = mode;
  options.coordinates = pixels.coordinates();
  // TFLite rounds half up, but takes the pixel to the left where centres are not halves.
  options.nearest = options.coordinates == schema::ResizeCoordinates::ASYMMETRIC
                        ? schema::ResizeNearest::FLOOR
                        : schema::ResizeNearest::ROUND_PREFER_CEIL;
  options.axes = {2, 3};
  options.sizes = *std::move(sizes);
  return op.Finish(std::move(options), {*x}, Order::kChannelsFirst);
}

absl::Status ImportResizeBilinear(TfliteOp& op) {
  const auto options = op.Options<tflite::ResizeBilinearOptions>();
  return FinishResize(op, schema::ResizeMode::LINEAR,
                      {options.align_corners, options.half_pixel_centers});
}

absl::Status ImportResizeNearest(TfliteOp& op) {
  const auto options = op.Options<tflite::ResizeNearestNeighborOptions>();
  return FinishResize(op, schema::ResizeMode::NEAREST,
                      {options.align_corners, options.half_pixel_centers});
}

template <typename OptionsT>
absl::Status FinishBlocks(TfliteOp& op, int block_size) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  if (absl::Status s = CheckPicture(op); !s.ok()) return s;
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kChannelsFirst);
  if (!x.ok()) return x.status();
  OptionsT options;
  options.block_size = block_size;
  return op.Finish(std::move(options), {*x}, Order::kChannelsFirst);
}

absl::Status ImportDepthToSpace(TfliteOp& op) {
  return FinishBlocks<schema::DepthToSpaceOptionsT>(
      op, op.Options<tflite::DepthToSpaceOptions>().block_size);
}

absl::Status ImportSpaceToDepth(TfliteOp& op) {
  return FinishBlocks<schema::SpaceToDepthOptionsT>(
      op, op.Options<tflite::SpaceToDepthOptions>().block_size);
}

absl::Status ImportLocalResponse(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  if (absl::Status s = CheckPicture(op); !s.ok()) return s;
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kChannelsFirst);
  if (!x.ok()) return x.status();
  const auto source = op.Options<tflite::LocalResponseNormalizationOptions>();
  if (source.radius < 0 || source.radius > 1 << 16) {
    return absl::InvalidArgumentError(absl::StrCat("has a radius of ", source.radius));
  }
  schema::LrnOptionsT options;
  options.size = 2 * source.radius + 1;
  // TFLite multiplies the sum by alpha, Octet the mean.
  options.alpha = source.alpha * static_cast<float>(options.size);
  options.beta = source.beta;
  options.bias = source.bias;
  return op.Finish(std::move(options), {*x}, Order::kChannelsFirst);
}

constexpr TfliteRow kRows[] = {
    {Code::RESIZE_BILINEAR, ImportResizeBilinear},
    {Code::RESIZE_NEAREST_NEIGHBOR, ImportResizeNearest},
    {Code::DEPTH_TO_SPACE, ImportDepthToSpace},
    {Code::SPACE_TO_DEPTH, ImportSpaceToDepth},
    {Code::LOCAL_RESPONSE_NORMALIZATION, ImportLocalResponse},
};

}  // namespace

absl::Span<const TfliteRow> TfliteSpatialOps() { return kRows; }

}  // namespace octet::importer
