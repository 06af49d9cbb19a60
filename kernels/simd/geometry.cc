#include "kernels/simd/geometry.h"

#include "absl/strings/str_cat.h"

namespace octet {
namespace simd {
namespace {

// Whether the elements of `operand` lie with channels innermost.
bool IsChannelsLast(const Operand& operand) {
  if (operand.layout == Layout::kChannelsLast || operand.shape[1] == 1) return true;
  for (size_t i = 2; i < operand.shape.size(); ++i) {
    if (operand.shape[i] != 1) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<ConvGeometry> ConvGeometryOf(const KernelContext& context) {
  const auto& options = context.node->as<schema::ConvOptionsT>();
  const Operand& x = context.input(0);
  const Operand& w = context.input(1);
  const Operand& y = context.output();
  const size_t rank = x.shape.size();
  if (rank != 3 && rank != 4) {
    return absl::UnimplementedError(
        absl::StrCat("the image has ", rank, " dimensions, not 3 or 4"));
  }
  if (!IsChannelsLast(x) || !IsChannelsLast(y)) {
    return absl::UnimplementedError("images are not channels last");
  }
  ConvGeometry g = {};
  g.n = x.shape[0], g.c = x.shape[1], g.oc = y.shape[1], g.groups = options.groups;
  const size_t last = rank - 3;
  g.w = x.shape[rank - 1], g.ow = y.shape[rank - 1], g.kw = w.shape[rank - 1];
  g.sw = options.strides[last], g.dw = options.dilations[last],
  g.pad_left = options.pads_begin[last];
  g.h = g.oh = g.kh = g.sh = g.dh = 1;
  if (rank == 4) {
    g.h = x.shape[2], g.oh = y.shape[2], g.kh = w.shape[2];
    g.sh = options.strides[0], g.dh = options.dilations[0], g.pad_top = options.pads_begin[0];
  }
  return g;
}

QuantizedOp QuantizedConvOf(const KernelContext& context) {
  const auto& options = context.node->as<schema::ConvOptionsT>();
  return {context.input(0), context.input(1),   context.input(2),       context.input(3),
          context.output(), /*channel_axis=*/0, options.activation_min, options.activation_max};
}

}  // namespace simd
}  // namespace octet
