#ifndef OCTET_KERNELS_SIMD_CONV_KERNEL_H_
#define OCTET_KERNELS_SIMD_CONV_KERNEL_H_

#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "kernels/simd/gemm_pack.h"
#include "kernels/simd/isa.h"
#include "kernels/simd/patches.h"
#include "kernels/simd/quantized_op.h"

namespace octet {
namespace simd {

// A convolution, or a matrix product seen as one of 1x1 whose pixels are the rows of the left
// matrix. Inputs are x, weights, bias and residual.
class ConvKernel final : public Kernel {
 public:
  ConvKernel(Isa isa, const ConvGeometry& geometry, DataType x_type, uint8_t x_zero_point,
             int threads, std::vector<GemmBlock> blocks, const PackedGemm& packed,
             OwnedEpilogue epilogue);

  void Run(const RunArgs& args) const override;
  size_t scratch_bytes() const override { return static_cast<size_t>(tasks()) * task_bytes_; }
  std::string detail() const override { return Name(isa_); }

 private:
  int64_t tasks() const { return pixel_parts_ * block_parts_; }
  void SplitWork(int threads);
  void RunTask(const RunArgs& args, int64_t task) const;
  void RunChunk(const RunArgs& args, int64_t first, int64_t count, const GemmBlock* begin,
                const GemmBlock* end, const uint8_t** table, uint8_t* copies) const;

  const Isa isa_;
  const GemmCode& code_;
  const ConvGeometry g_;
  const Patches patches_;
  const uint8_t x_flip_;
  const std::vector<GemmBlock> blocks_;
  const int8_t* weights_;
  OwnedEpilogue epilogue_;
  int64_t row_bytes_;                  // of a patch, and of a channel's weights
  int64_t chunk_;                      // pixels whose patches are found at once
  int64_t pixel_parts_, block_parts_;  // the tasks are their product
  size_t table_bytes_, task_bytes_;    // of scratch, per task
};

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_CONV_KERNEL_H_
