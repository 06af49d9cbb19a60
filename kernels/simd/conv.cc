#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernels/simd/conv_kernel.h"
#include "kernels/simd/geometry.h"
#include "kernels/simd/packed_product.h"
#include "kernels/simd/preference.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {
namespace {

absl::Status Check(const KernelContext& context) {
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  return CheckQuantizedOp(QuantizedConvOf(context));
}

// One channel's weights, stored [channel][tap], as [tap][channel] with each segment padded to whole
// groups.
template <typename From, typename To>
void FillRow(const void* weights, int64_t channel, const ConvGeometry& g, const Patches& patches,
             int8_t* row) {
  const int64_t channels = g.c / g.groups, taps = g.kh * g.kw;
  const int64_t taps_per_segment = taps / patches.segments();
  const From* w = static_cast<const From*>(weights) + channel * channels * taps;
  for (int64_t tap = 0; tap < taps; ++tap) {
    To* to = reinterpret_cast<To*>(row + tap / taps_per_segment * patches.padded_bytes()) +
             tap % taps_per_segment * channels;
    for (int64_t c = 0; c < channels; ++c) to[c] = w[c * taps + tap];
  }
}

absl::Status CheckPreferred(const KernelContext& context) {
  if (absl::Status s = Check(context); !s.ok()) return s;
  return CheckFasterThanOnednn(context);
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return MakeConvKernel(context, QuantizedConvOf(context), PackConv(context));
}

}  // namespace

absl::StatusOr<PackedProduct> PackConv(const KernelContext& context) {
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  const ConvGeometry& g = *geometry;
  const Operand& weights = context.input(1);
  const Isa isa = ChooseIsa(context.cpu);
  const GemmForm form = GemmFormOf(context);
  const int max_vectors = GemmCodeFor(isa, form).max_vectors;
  const Patches patches(g, BytesOf(form));
  PackedProduct p = {
      isa, form, g, g.c / g.groups * g.kh * g.kw, MakeGemmBlocks(g.oc, g.groups, max_vectors), {}};
  const auto fill = form == GemmForm::kBytes   ? FillRow<int8_t, int8_t>
                    : form == GemmForm::kWords ? FillRow<int8_t, int16_t>
                                               : FillRow<int16_t, int16_t>;
  const std::string key =
      absl::StrCat("simd_conv/", max_vectors, "/", static_cast<int>(form), "/",
                   reinterpret_cast<uintptr_t>(weights.data), "/", ToString(weights.shape), "/",
                   g.groups, "/", patches.segments());
  p.packed =
      PackGemm(context.packed, key, {form, patches.segments(), patches.padded_bytes() / 4},
               p.blocks, g.oc, [&](int64_t first, int64_t count, int8_t* rows, int64_t row_bytes) {
                 for (int64_t i = 0; i < count; ++i) {
                   fill(weights.data, first + i, g, patches, rows + i * row_bytes);
                 }
               });
  return p;
}

}  // namespace simd

const KernelEntry kSimdConv = {"simd_conv", simd::CheckPreferred, simd::Prepare};
const KernelEntry kSimdConvExact = {"simd_conv_exact", simd::Check, simd::Prepare};

}  // namespace octet
