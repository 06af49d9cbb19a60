#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
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
void FillRow(const int8_t* w, const ConvGeometry& g, const Patches& patches, int8_t* row) {
  const int64_t channels = g.c / g.groups, taps = g.kh * g.kw;
  const int64_t taps_per_segment = taps / patches.segments();
  for (int64_t tap = 0; tap < taps; ++tap) {
    int8_t* to =
        row + tap / taps_per_segment * patches.padded_bytes() + tap % taps_per_segment * channels;
    for (int64_t c = 0; c < channels; ++c) to[c] = w[c * taps + tap];
  }
}

absl::Status CheckPreferred(const KernelContext& context) {
  if (absl::Status s = Check(context); !s.ok()) return s;
  return CheckFasterThanOnednn(context);
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  absl::StatusOr<PackedProduct> p = PackConv(context);
  if (!p.ok()) return p.status();
  const QuantizedOp op = QuantizedConvOf(context);
  absl::StatusOr<OwnedEpilogue> epilogue =
      MakeEpilogue(op, p->depth, p->packed.sums, GemmOrder(p->blocks));
  if (!epilogue.ok()) return epilogue.status();
  return absl::make_unique<ConvKernel>(p->isa, p->geometry, op.x.type,
                                       static_cast<uint8_t>(ZeroPointAsU8(op.x)), context,
                                       std::move(p->blocks), p->packed, *std::move(epilogue));
}

}  // namespace

absl::StatusOr<PackedProduct> PackConv(const KernelContext& context) {
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  const ConvGeometry& g = *geometry;
  const Operand& weights = context.input(1);
  const Isa isa = ChooseIsa(context.cpu);
  const Patches patches(g);
  PackedProduct p = {isa,
                     g,
                     g.c / g.groups * g.kh * g.kw,
                     MakeGemmBlocks(g.oc, g.groups, GemmCodeFor(isa).max_vectors),
                     {}};
  const auto* w = static_cast<const int8_t*>(weights.data);
  const std::string key =
      absl::StrCat("simd_conv/", GemmCodeFor(isa).max_vectors, "/", reinterpret_cast<uintptr_t>(w),
                   "/", ToString(weights.shape), "/", g.groups, "/", patches.segments());
  p.packed =
      PackGemm(context.packed, key, p.blocks, g.oc, patches.segments() * patches.padded_bytes(),
               [&](int64_t first, int64_t count, int8_t* rows, int64_t row_bytes) {
                 for (int64_t i = 0; i < count; ++i) {
                   FillRow(w + (first + i) * p.depth, g, patches, rows + i * row_bytes);
                 }
               });
  return p;
}

}  // namespace simd

const KernelEntry kSimdConv = {"simd_conv", simd::CheckPreferred, simd::Prepare};
const KernelEntry kSimdConvExact = {"simd_conv_exact", simd::Check, simd::Prepare};

}  // namespace octet
