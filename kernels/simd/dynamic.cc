#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "kernels/simd/conv_kernel.h"
#include "kernels/simd/packed_product.h"
#include "kernels/simd/row_quantizer.h"
#include "kernels/simd/simd.h"
#include "runtime/core/validate.h"

// Convolutions and matrix products of f32 activations with s8 weights: the activations are
// quantized first, row by row, then multiplied like any bytes.

namespace octet {
namespace simd {
namespace {

size_t RoundUp(size_t bytes) { return (bytes + 63) / 64 * 64; }

class DynamicKernel final : public Kernel {
 public:
  // Row r of x is what output pixels from r * pixels_per_row on are computed from.
  DynamicKernel(const KernelContext& context, PackedProduct product, OwnedEpilogue epilogue,
                int64_t rows, int64_t pixels_per_row, bool padded)
      : quantizer_(rows, rows == 0 ? 0 : NumElements(context.input(0).shape) / rows, context.cpu),
        pixels_per_row_(pixels_per_row),
        conv_(std::move(product), 0, context.pool->threads(), std::move(epilogue),
              {context.post, context.cpu}),
        padding_(padded ? conv_.padded_bytes() : 0) {
    bytes_ = RoundUp(static_cast<size_t>(NumElements(context.input(0).shape)));
    numbers_bytes_ = RoundUp(static_cast<size_t>(rows) * sizeof(RowNumbers));
    padding_bytes_ = RoundUp(static_cast<size_t>(rows * padding_));
  }

  void Run(const RunArgs& args) const override {
    uint8_t* x = args.scratch;
    auto* numbers = reinterpret_cast<RowNumbers*>(x + bytes_);
    uint8_t* padding = x + bytes_ + numbers_bytes_;
    uint8_t* scratch = padding + padding_bytes_;
    quantizer_.Run(static_cast<const float*>(args.inputs[0]), x, numbers, scratch, args.pool);
    for (int64_t i = 0; i < quantizer_.rows() && padding_ > 0; ++i) {
      std::memset(padding + i * padding_, numbers[i].zero_point, static_cast<size_t>(padding_));
    }
    const void* residual = conv_.has_residual() ? args.inputs[3] : nullptr;
    conv_.Run({x, {padding, padding_}, numbers, pixels_per_row_, residual, args.outputs[0]},
              scratch, args.pool);
  }
  size_t scratch_bytes() const override {
    return bytes_ + numbers_bytes_ + padding_bytes_ +
           std::max(quantizer_.scratch_bytes(), conv_.scratch_bytes());
  }
  std::string detail() const override { return Name(conv_.isa()); }

 private:
  const RowQuantizer quantizer_;
  const int64_t pixels_per_row_;
  const GemmConv conv_;
  const int64_t padding_;                         // bytes per row; 0: nothing reads them
  size_t bytes_, numbers_bytes_, padding_bytes_;  // of scratch
};

absl::Status CheckSums(int64_t depth) {
  if (MaxBias(depth) >= 0) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("sums of ", depth, " products may exceed 32 bits"));
}

absl::Status CheckMatMul(const KernelContext& context) {
  if (context.node->as<schema::MatMulOptionsT>().arithmetic != schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("its arithmetic is not dynamic");
  }
  if (absl::Status s = CheckMatMulForm(context); !s.ok()) return s;
  return CheckDynamicOp(QuantizedMatMulOf(context));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareMatMul(const KernelContext& context) {
  absl::StatusOr<PackedProduct> p = PackMatMul(context);
  if (!p.ok()) return p.status();
  if (absl::Status s = CheckSums(p->depth); !s.ok()) return s;
  OwnedEpilogue epilogue =
      MakeDynamicEpilogue(QuantizedMatMulOf(context), p->packed.sums, GemmOrder(p->blocks));
  const int64_t rows = p->geometry.w;
  return absl::make_unique<DynamicKernel>(context, *std::move(p), std::move(epilogue), rows,
                                          /*pixels_per_row=*/1, /*padded=*/false);
}

absl::Status CheckConv(const KernelContext& context) {
  if (context.node->as<schema::ConvOptionsT>().arithmetic != schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("its arithmetic is not dynamic");
  }
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  return CheckDynamicOp(QuantizedConvOf(context));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareConv(const KernelContext& context) {
  absl::StatusOr<PackedProduct> p = PackConv(context);
  if (!p.ok()) return p.status();
  if (absl::Status s = CheckSums(p->depth); !s.ok()) return s;
  OwnedEpilogue epilogue =
      MakeDynamicEpilogue(QuantizedConvOf(context), p->packed.sums, GemmOrder(p->blocks));
  const int64_t rows = p->geometry.n, pixels_per_row = p->geometry.oh * p->geometry.ow;
  return absl::make_unique<DynamicKernel>(context, *std::move(p), std::move(epilogue), rows,
                                          pixels_per_row, /*padded=*/true);
}

}  // namespace
}  // namespace simd

const KernelEntry kSimdMatMulDynamic = {"simd_matmul_dynamic", simd::CheckMatMul,
                                        simd::PrepareMatMul, /*applies_post=*/true};
const KernelEntry kSimdConvDynamic = {"simd_conv_dynamic", simd::CheckConv, simd::PrepareConv,
                                      /*applies_post=*/true};

}  // namespace octet
