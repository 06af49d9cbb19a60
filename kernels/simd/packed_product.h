#ifndef OCTET_KERNELS_SIMD_PACKED_PRODUCT_H_
#define OCTET_KERNELS_SIMD_PACKED_PRODUCT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/kernel.h"
#include "kernels/simd/gemm_pack.h"
#include "kernels/simd/geometry.h"
#include "kernels/simd/isa.h"

namespace octet {
namespace simd {

// A convolution or matrix product with its weights packed.
struct PackedProduct {
  Isa isa;
  GemmForm form;
  ConvGeometry geometry;
  int64_t depth;  // products in each sum
  std::vector<GemmBlock> blocks;
  PackedGemm packed;
};

// By the types of x and weights.
GemmForm GemmFormOf(const KernelContext& context);

// Of operators whose weights are constant s8, or s16 where x is. Unimplemented for geometries that
// ConvGeometryOf refuses, and for empty matrices.
absl::StatusOr<PackedProduct> PackConv(const KernelContext& context);
absl::StatusOr<PackedProduct> PackMatMul(const KernelContext& context);

// The operands of the matrix product in `context`, which must outlive the result.
QuantizedOp QuantizedMatMulOf(const KernelContext& context);
// Unimplemented, with the reason, unless the product is one of rows with one matrix.
absl::Status CheckMatMulForm(const KernelContext& context);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_PACKED_PRODUCT_H_
