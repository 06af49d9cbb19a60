#ifndef OCTET_KERNELS_SIMD_GEOMETRY_H_
#define OCTET_KERNELS_SIMD_GEOMETRY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "kernels/kernel.h"
#include "kernels/simd/quantized_op.h"

namespace octet {
namespace simd {

// Sizes of a 2-D convolution over channels-last images; a 1-D convolution is one of height 1.
struct ConvGeometry {
  int64_t n, c, h, w;
  int64_t oc, oh, ow;
  int64_t kh, kw, sh, sw, dh, dw, pad_top, pad_left;
  int64_t groups;
};

// The geometry of the convolution in `context`. Unimplemented for 3-D convolutions and for layouts
// other than channels last.
absl::StatusOr<ConvGeometry> ConvGeometryOf(const KernelContext& context);

// The operands of the convolution in `context`, which must outlive the result.
QuantizedOp QuantizedConvOf(const KernelContext& context);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_GEOMETRY_H_
