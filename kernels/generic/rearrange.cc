#include <memory>

#include "kernels/generic/generic.h"
#include "kernels/generic/movement.h"
#include "kernels/generic/nest.h"
#include "runtime/core/infer.h"

// Slice, Expand, Tile, DepthToSpace and SpaceToDepth: every element of y is one of x, at a place
// that is linear in indices. Each is one strided copy.

namespace octet {
namespace generic {
namespace {

absl::Status Check(const KernelContext& context) {
  return CheckMovement(context.input(0), context.output());
}

absl::StatusOr<std::unique_ptr<Kernel>> OneCopy(const KernelContext& context, const Shape& box,
                                                StridedCopy::Side from, StridedCopy::Side to) {
  auto kernel = std::make_unique<MovementKernel>();
  kernel->Add(
      MakeCopy(context, box, context.input(0), std::move(from), context.output(), std::move(to)), 0,
      0);
  return kernel;
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareSlice(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const std::vector<SliceRange> ranges =
      SliceRanges(context.node->as<schema::SliceOptionsT>(), x.shape);
  StridedCopy::Side from{Strides(x.shape, x.layout)};
  for (size_t d = 0; d < ranges.size(); ++d) {
    from.offset += ranges[d].start * from.strides[d];
    // A lone element has no neighbour, whatever the step.
    from.strides[d] *= ranges[d].count > 1 ? ranges[d].step : 1;
  }
  return OneCopy(context, y.shape, std::move(from), {Strides(y.shape, y.layout)});
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareExpand(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  return OneCopy(context, y.shape,
                 {BroadcastStrides(x.shape, Strides(x.shape, x.layout), y.shape.size())},
                 {Strides(y.shape, y.layout)});
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareTile(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto& repeats = context.node->as<schema::TileOptionsT>().repeats;
  const Shape x_strides = Strides(x.shape, x.layout), y_strides = Strides(y.shape, y.layout);
  // Each dimension twice: the repetitions and what is repeated.
  Shape box;
  StridedCopy::Side from, to;
  for (size_t d = 0; d < repeats.size(); ++d) {
    box.insert(box.end(), {repeats[d], x.shape[d]});
    from.strides.insert(from.strides.end(), {0, x_strides[d]});
    to.strides.insert(to.strides.end(), {x.shape[d] * y_strides[d], y_strides[d]});
  }
  return OneCopy(context, box, std::move(from), std::move(to));
}

// Blocks of pixels, [block, block], as part of the depth of one side and of the picture on the
// other. The box is [N, C, H, W, block, block] with H and W those of the smaller picture.
struct Blocks {
  StridedCopy::Side deep, wide;
};

Blocks BlockSides(const Operand& deep, const Operand& wide, int64_t block, bool column_row) {
  const Shape d = Strides(deep.shape, deep.layout), w = Strides(wide.shape, wide.layout);
  const int64_t channels = wide.shape[1];
  const int64_t pixel = column_row ? d[1] : d[1] * channels;
  const int64_t channel = column_row ? d[1] * block * block : d[1];
  return {{{d[0], channel, d[2], d[3], pixel * block, pixel}},
          {{w[0], w[1], block * w[2], block * w[3], w[2], w[3]}}};
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareDepthToSpace(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto& options = context.node->as<schema::DepthToSpaceOptionsT>();
  const int64_t block = options.block_size;
  const Blocks sides = BlockSides(x, y, block, options.column_row);
  return OneCopy(context, {x.shape[0], y.shape[1], x.shape[2], x.shape[3], block, block},
                 sides.deep, sides.wide);
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareSpaceToDepth(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const int64_t block = context.node->as<schema::SpaceToDepthOptionsT>().block_size;
  const Blocks sides = BlockSides(y, x, block, false);
  return OneCopy(context, {x.shape[0], x.shape[1], y.shape[2], y.shape[3], block, block},
                 sides.wide, sides.deep);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericSlice = {"generic", generic::Check, generic::PrepareSlice};
const KernelEntry kGenericExpand = {"generic", generic::Check, generic::PrepareExpand};
const KernelEntry kGenericTile = {"generic", generic::Check, generic::PrepareTile};
const KernelEntry kGenericDepthToSpace = {"generic", generic::Check, generic::PrepareDepthToSpace};
const KernelEntry kGenericSpaceToDepth = {"generic", generic::Check, generic::PrepareSpaceToDepth};

}  // namespace octet
