#ifndef OCTET_KERNELS_SIMD_CONV_KERNEL_H_
#define OCTET_KERNELS_SIMD_CONV_KERNEL_H_

#include <string>
#include <vector>

#include "kernels/generic/post_functions.h"
#include "kernels/kernel.h"
#include "kernels/simd/gemm_pack.h"
#include "kernels/simd/isa.h"
#include "kernels/simd/patches.h"
#include "kernels/simd/quantized_op.h"

namespace octet {
namespace simd {

// A convolution of bytes, or a matrix product seen as one of 1x1 whose pixels are the rows of the
// left matrix.
class ByteConv {
 public:
  // `x_flip`: 0x80 for s8 inputs. `post` is applied to an f32 result.
  ByteConv(Isa isa, const ConvGeometry& geometry, uint8_t x_flip, int threads,
           std::vector<GemmBlock> blocks, const PackedGemm& packed, OwnedEpilogue epilogue,
           generic::PostFunctions post);
  ByteConv(const ByteConv&) = delete;  // its parts point to each other
  ByteConv& operator=(const ByteConv&) = delete;

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

  Isa isa() const { return isa_; }
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

  const Isa isa_;
  const GemmCode& code_;
  const ConvGeometry g_;
  const Patches patches_;
  const uint8_t x_flip_;
  const std::vector<GemmBlock> blocks_;
  const int8_t* weights_;
  OwnedEpilogue epilogue_;
  const generic::PostFunctions post_;
  int64_t row_bytes_;                                // of a patch, and of a channel's weights
  int64_t chunk_;                                    // pixels whose patches are found at once
  int64_t pixel_parts_, block_parts_;                // the tasks are their product
  size_t table_bytes_, numbers_bytes_, task_bytes_;  // of scratch, per task
};

// Quantized inputs: x, weights, bias and residual.
class ConvKernel final : public Kernel {
 public:
  ConvKernel(Isa isa, const ConvGeometry& geometry, DataType x_type, uint8_t x_zero_point,
             const KernelContext& context, std::vector<GemmBlock> blocks, const PackedGemm& packed,
             OwnedEpilogue epilogue);

  void Run(const RunArgs& args) const override;
  size_t scratch_bytes() const override { return conv_.scratch_bytes(); }
  std::string detail() const override { return Name(conv_.isa()); }

 private:
  const ByteConv conv_;
  const std::vector<uint8_t> padding_;
};

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_CONV_KERNEL_H_
