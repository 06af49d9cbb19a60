#ifndef OCTET_KERNELS_SIMD_CONV_KERNEL_H_
#define OCTET_KERNELS_SIMD_CONV_KERNEL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/generic/post_functions.h"
#include "kernels/kernel.h"
#include "kernels/simd/gemm_pack.h"
#include "kernels/simd/isa.h"
#include "kernels/simd/packed_product.h"
#include "kernels/simd/patches.h"
#include "kernels/simd/quantized_op.h"

namespace octet {
namespace simd {

// A convolution of integers, or a matrix product seen as one of 1x1 whose pixels are the rows of
// the left matrix.
class GemmConv {
 public:
  // `x_flip`: 0x80 for s8 inputs. `post` is applied to an f32 result.
  GemmConv(PackedProduct product, uint8_t x_flip, int threads, OwnedEpilogue epilogue,
           generic::PostFunctions post);
  GemmConv(const GemmConv&) = delete;  // its parts point to each other
  GemmConv& operator=(const GemmConv&) = delete;

  struct Operands {
    const uint8_t* x;
    Patches::Padding padding;
    // Where inputs are quantized when the kernel runs: numbers[p / pixels_per_row] is how those of
    // output pixel p were. Null: others.
    const RowNumbers* numbers;
    int64_t pixels_per_row;
    const void* residual;  // null: none
    void* y;
  };
  void Run(const Operands& operands, uint8_t* scratch, ThreadPool* pool) const;
  size_t scratch_bytes() const { return static_cast<size_t>(tasks()) * task_bytes_; }

  Isa isa() const { return product_.isa; }
  // The instruction set, and how sums of 16-bit products stay exact.
  std::string detail() const;
  bool has_residual() const { return epilogue_.epilogue.has_residual; }
  // Of a segment: see Patches.
  int64_t padded_bytes() const { return patches_.padded_bytes(); }

 private:
  // The working memory of a task.
  struct Scratch {
    const uint8_t** table;
    RowNumbers* numbers;
    uint8_t* copies;
  };

  int64_t tasks() const { return pixel_parts_ * block_parts_; }
  void SplitWork(int threads);
  void RunTask(const Operands& operands, int64_t task, uint8_t* scratch) const;
  void RunChunk(const Operands& operands, int64_t first, int64_t count, const GemmBlock* begin,
                const GemmBlock* end, const Scratch& scratch) const;
  void ApplyPost(float* y, int64_t first, int64_t count, const GemmBlock* begin,
                 const GemmBlock* end) const;

  const PackedProduct product_;
  const ConvGeometry& g_;  // the product's
  const GemmCode& code_;
  const Patches patches_;
  const GemmRows rows_;
  const std::vector<GemmPart> parts_;
  const uint8_t x_flip_;
  OwnedEpilogue epilogue_;
  const generic::PostFunctions post_;
  int64_t chunk_;                                    // pixels whose patches are found at once
  int64_t pixel_parts_, block_parts_;                // the tasks are their product
  size_t table_bytes_, numbers_bytes_, task_bytes_;  // of scratch, per task
};

// The kernel of a convolution or matrix product all of whose inputs are quantized. The context's
// operands are those of `op`. The error of `product`, and Unimplemented as by MakeEpilogue.
absl::StatusOr<std::unique_ptr<Kernel>> MakeConvKernel(const KernelContext& context,
                                                       const QuantizedOp& op,
                                                       absl::StatusOr<PackedProduct> product);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_CONV_KERNEL_H_
