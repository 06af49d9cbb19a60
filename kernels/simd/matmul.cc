#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernels/simd/conv_kernel.h"
#include "kernels/simd/packed_product.h"
#include "kernels/simd/preference.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {
namespace {

// The dimension of b that output channels run along: its N.
int ChannelAxis(const KernelContext& context) {
  const bool transposed = context.node->as<schema::MatMulOptionsT>().transpose_b;
  return static_cast<int>(context.input(1).shape.size()) - (transposed ? 2 : 1);
}

absl::Status Check(const KernelContext& context) {
  if (absl::Status s = CheckMatMulForm(context); !s.ok()) return s;
  return CheckQuantizedOp(QuantizedMatMulOf(context));
}

// The product as a 1x1 convolution of an image with one line.
ConvGeometry GeometryOf(const KernelContext& context) {
  const Operand& a = context.input(0);
  const Operand& b = context.input(1);
  const bool transposed = context.node->as<schema::MatMulOptionsT>().transpose_b;
  const size_t rank = b.shape.size();
  ConvGeometry g = {};
  g.c = b.shape[rank - (transposed ? 1 : 2)];
  g.oc = b.shape[rank - (transposed ? 2 : 1)];
  g.w = g.ow = g.c == 0 ? 0 : NumElements(a.shape) / g.c;
  g.n = g.h = g.oh = g.kh = g.kw = g.sh = g.sw = g.dh = g.dw = g.groups = 1;
  return g;
}

// Columns [first, first + count) of b as rows.
template <typename From, typename To>
void FillColumns(const void* matrix, const ConvGeometry& g, bool transposed, int64_t first,
                 int64_t count, int8_t* rows, int64_t row_bytes) {
  const auto* b = static_cast<const From*>(matrix);
  const auto row = [&](int64_t i) { return reinterpret_cast<To*>(rows + i * row_bytes); };
  if (transposed) {
    for (int64_t i = 0; i < count; ++i) std::copy_n(b + (first + i) * g.c, g.c, row(i));
    return;
  }
  for (int64_t k = 0; k < g.c; ++k) {
    for (int64_t i = 0; i < count; ++i) row(i)[k] = b[k * g.oc + first + i];
  }
}

absl::Status CheckPreferred(const KernelContext& context) {
  if (absl::Status s = Check(context); !s.ok()) return s;
  return CheckFasterThanOnednn(context);
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return MakeConvKernel(context, QuantizedMatMulOf(context), PackMatMul(context));
}

}  // namespace

QuantizedOp QuantizedMatMulOf(const KernelContext& context) {
  const auto& options = context.node->as<schema::MatMulOptionsT>();
  return {context.input(0), context.input(1),     context.input(2),       context.input(3),
          context.output(), ChannelAxis(context), options.activation_min, options.activation_max};
}

absl::Status CheckMatMulForm(const KernelContext& context) {
  const auto& options = context.node->as<schema::MatMulOptionsT>();
  const Operand& a = context.input(0);
  const Operand& b = context.input(1);
  if (options.transpose_a && a.shape.size() > 1) {
    return absl::UnimplementedError("the left side is transposed");
  }
  if (b.shape.size() < 2) return absl::UnimplementedError("the right side is a vector");
  if (NumElements(b.shape) != b.shape[b.shape.size() - 1] * b.shape[b.shape.size() - 2]) {
    return absl::UnimplementedError(
        absl::StrCat("the right side is ", ToString(b.shape), ", more than one matrix"));
  }
  if (a.layout != Layout::kPlain || context.output().layout != Layout::kPlain) {
    return absl::UnimplementedError("operands are not row-major");
  }
  return absl::OkStatus();
}

absl::StatusOr<PackedProduct> PackMatMul(const KernelContext& context) {
  const ConvGeometry g = GeometryOf(context);
  if (g.c == 0 || g.oc == 0) return absl::UnimplementedError("an empty matrix");
  const Operand& weights = context.input(1);
  const bool transposed = context.node->as<schema::MatMulOptionsT>().transpose_b;
  const Isa isa = ChooseIsa(context.cpu);
  const GemmForm form = GemmFormOf(context);
  const int max_vectors = GemmCodeFor(isa, form).max_vectors;
  PackedProduct p = {isa, form, g, g.c, MakeGemmBlocks(g.oc, 1, max_vectors), {}};
  const auto fill = form == GemmForm::kBytes   ? FillColumns<int8_t, int8_t>
                    : form == GemmForm::kWords ? FillColumns<int8_t, int16_t>
                                               : FillColumns<int16_t, int16_t>;
  const std::string key = absl::StrCat("simd_matmul/", max_vectors, "/", static_cast<int>(form),
                                       "/", reinterpret_cast<uintptr_t>(weights.data), "/",
                                       ToString(weights.shape), "/", transposed);
  p.packed =
      PackGemm(context.packed, key, {form, 1, Patches(g, BytesOf(form)).padded_bytes() / 4},
               p.blocks, g.oc, [&](int64_t first, int64_t count, int8_t* rows, int64_t row_bytes) {
                 fill(weights.data, g, transposed, first, count, rows, row_bytes);
               });
  return p;
}

}  // namespace simd

const KernelEntry kSimdMatMul = {"simd_matmul", simd::CheckPreferred, simd::Prepare};
const KernelEntry kSimdMatMulExact = {"simd_matmul_exact", simd::Check, simd::Prepare};

}  // namespace octet
