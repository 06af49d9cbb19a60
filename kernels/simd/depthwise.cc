#include "kernels/simd/depthwise.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/simd/geometry.h"
#include "kernels/simd/isa.h"
#include "kernels/simd/parallel.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {

DepthwiseStrip ChooseDepthwiseStrip(int kh, int kw, int sh, int sw) {
  const bool square1 = kh == kw && sh == 1 && sw == 1;
  const bool square2 = kh == kw && sh == 2 && sw == 2;
  if (kh == 3 && square1) return {2, 1};
  if (kh == 5 && square1) return {4, 2};
  if (kh == 5 && square2) return {2, 2};
  return {1, (kh + 3) / 4};
}

int64_t CountChannelBlocks(int64_t channels, int min_width, int max_width) {
  const int64_t rest = channels % max_width;
  // 33 to 48 channels that remain of blocks of 64 make two blocks.
  const bool two = max_width == 64 && min_width == 16 && rest > 32 && rest <= 48;
  return channels / max_width + (rest == 0 ? 0 : two ? 2 : 1);
}

ChannelBlock ChannelBlockAt(int64_t index, int64_t channels, int min_width, int max_width) {
  const int64_t full = channels / max_width;
  if (index < full) return {index * max_width, max_width, max_width};
  int64_t begin = full * max_width;
  int rest = static_cast<int>(channels - begin);
  if (index > full) {  // the second one of two
    begin += 32;
    rest -= 32;
  } else if (CountChannelBlocks(channels, min_width, max_width) - full == 2) {
    return {begin, 32, 32};
  }
  int width = max_width;
  while (width > min_width && rest <= width / 2) width /= 2;
  return {begin, width, rest};
}

namespace {

const DepthwiseCode& CodeFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512Vnni:
      return kDepthwiseAvx512Vnni;
    case Isa::kAvxVnni:
      return kDepthwiseAvxVnni;
    case Isa::kAvx2:
      return kDepthwiseAvx2;
    default:
      return kDepthwiseScalar;
  }
}

// The channel within its block that lane `lane` of quarter `quarter` holds after interleaving.
int ChannelOfLane(int quarter, int lane) { return lane / 4 * 16 + quarter * 4 + lane % 4; }

std::vector<ChannelBlock> Blocks(int64_t channels, const DepthwiseCode& code) {
  std::vector<ChannelBlock> blocks;
  const int64_t count = CountChannelBlocks(channels, code.min_width, code.max_width);
  for (int64_t i = 0; i < count; ++i) {
    blocks.push_back(ChannelBlockAt(i, channels, code.min_width, code.max_width));
  }
  return blocks;
}

// The channel at each position of bias, multipliers and (per vector) weights.
std::vector<int64_t> ChannelOrder(int64_t channels, const DepthwiseCode& code) {
  std::vector<int64_t> order;
  for (const ChannelBlock& block : Blocks(channels, code)) {
    for (int i = 0; i < block.width; ++i) {
      const int quarter = i / (block.width / 4), lane = i % (block.width / 4);
      const int c = code.form == DepthwiseForm::kTaps ? i : ChannelOfLane(quarter, lane);
      order.push_back(c < block.count ? block.begin + c : -1);
    }
  }
  return order;
}

// One vector of weights: for each lane, the taps that its four bytes meet.
int8_t* PackVector(const ConvGeometry& g, DepthwiseForm form, const int8_t* w,
                   absl::Span<const int64_t> lanes, int64_t kx, int64_t first_tap, int8_t* to) {
  const auto tap = [&](int64_t channel, int byte) -> int8_t {
    const int64_t ky = first_tap + byte;
    return channel < 0 || ky < 0 || ky >= g.kh ? 0 : w[(channel * g.kh + ky) * g.kw + kx];
  };
  if (form == DepthwiseForm::kBytes) {
    for (int64_t channel : lanes) {
      for (int byte = 0; byte < 4; ++byte) *to++ = tap(channel, byte);
    }
    return to;
  }
  for (int odd = 0; odd < 2; ++odd) {
    for (int64_t channel : lanes) {
      for (int byte = odd; byte < 4; byte += 2) {
        const int8_t value = tap(channel, byte);
        *to++ = value;
        *to++ = value < 0 ? -1 : 0;  // the upper byte of an s16
      }
    }
  }
  return to;
}

void PackInterleaved(const ConvGeometry& g, const DepthwiseStrip& strip, const DepthwiseCode& code,
                     const int8_t* w, absl::Span<const int64_t> order, int8_t* to) {
  for (const ChannelBlock& block : Blocks(g.c, code)) {
    const size_t lanes = static_cast<size_t>(block.width / 4);
    for (size_t quarter = 0; quarter < 4; ++quarter) {
      const auto channels =
          order.subspan(static_cast<size_t>(block.begin) + quarter * lanes, lanes);
      for (int64_t kx = 0; kx < g.kw; ++kx) {
        for (int group = 0; group < strip.groups; ++group) {
          for (int row = 0; row < strip.rows; ++row) {
            to = PackVector(g, code.form, w, channels, kx, 4 * group - row * g.sh, to);
          }
        }
      }
    }
  }
}

void PackTaps(const ConvGeometry& g, const int8_t* w, int8_t* to) {
  for (int64_t tap = 0; tap < g.kh * g.kw; ++tap) {
    for (int64_t c = 0; c < g.c; ++c) *to++ = w[c * g.kh * g.kw + tap];
  }
}

std::vector<int32_t> WeightSums(const ConvGeometry& g, const int8_t* w) {
  std::vector<int32_t> sums(static_cast<size_t>(g.c), 0);
  for (int64_t c = 0; c < g.c; ++c) {
    for (int64_t tap = 0; tap < g.kh * g.kw; ++tap) sums[static_cast<size_t>(c)] += *w++;
  }
  return sums;
}

class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(Isa isa, DepthwiseArgs args, OwnedEpilogue epilogue)
      : isa_(isa), code_(CodeFor(isa)), args_(args), epilogue_(std::move(epilogue)) {
    epilogue_.epilogue.bias = epilogue_.bias.data();
    epilogue_.epilogue.multiplier = epilogue_.multiplier.data();
    args_.epilogue = &epilogue_.epilogue;
    padding_.assign(static_cast<size_t>(args.w * args.c), args.x_zero ^ args.x_flip);
    args_.padding = padding_.data();
    const int64_t strips = (args.oh + args.rows - 1) / args.rows;
    units_ = args.n * strips * CountChannelBlocks(args.c, code_.min_width, code_.max_width);
    const int64_t products = args.n * args.oh * args.ow * args.c * args.kh * args.kw;
    cost_ns_ = products / kProductsPerNs[static_cast<int>(isa)];
  }

  void Run(const RunArgs& run) const override {
    DepthwiseArgs args = args_;
    args.x = static_cast<const uint8_t*>(run.inputs[0]);
    args.residual = args_.epilogue->has_residual ? run.inputs[3] : nullptr;
    args.y = run.outputs[0];
    ParallelRanges(run.pool, units_, cost_ns_,
                   [&](int64_t begin, int64_t end) { code_.run(args, begin, end); });
  }

  std::string detail() const override { return Name(isa_); }

 private:
  // Rough speeds of the instruction sets, for deciding how many threads a layer is worth.
  static constexpr int64_t kProductsPerNs[] = {1, 25, 50, 100};

  const Isa isa_;
  const DepthwiseCode& code_;
  DepthwiseArgs args_;
  OwnedEpilogue epilogue_;
  std::vector<uint8_t> padding_;
  int64_t units_;
  int64_t cost_ns_;
};

absl::Status Check(const KernelContext& context) {
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  const ConvGeometry& g = *geometry;
  if (g.groups != g.c || g.oc != g.c) {
    return absl::UnimplementedError(absl::StrCat("not depthwise: ", g.groups, " groups for ", g.c,
                                                 " input and ", g.oc, " output channels"));
  }
  if (g.kh > 7 || g.kw > 7) {
    return absl::UnimplementedError(
        absl::StrCat("kernel is ", g.kh, "x", g.kw, ", at most 7x7 here"));
  }
  if (g.dh != 1 || g.dw != 1) return absl::UnimplementedError("dilated");
  if (g.sh > 8 || g.sw > 8) return absl::UnimplementedError("stride above 8");
  return CheckQuantizedOp(QuantizedConvOf(context));
}

const int8_t* Pack(const KernelContext& context, const ConvGeometry& g, const DepthwiseStrip& strip,
                   Isa isa, absl::Span<const int64_t> order) {
  const DepthwiseCode& code = CodeFor(isa);
  const auto* w = static_cast<const int8_t*>(context.input(1).data);
  const std::string key =
      absl::StrCat("simd_depthwise/", Name(isa), "/", reinterpret_cast<uintptr_t>(w), "/",
                   strip.rows, "/", strip.groups, "/", g.sh, "/", ToString(context.input(1).shape));
  if (code.form == DepthwiseForm::kTaps) {
    return reinterpret_cast<const int8_t*>(context.packed->GetOrPack(
        key, static_cast<size_t>(g.c * g.kh * g.kw),
        [&](uint8_t* to) { PackTaps(g, w, reinterpret_cast<int8_t*>(to)); }));
  }
  const size_t bytes_per_lane = code.form == DepthwiseForm::kPairs ? 8 : 4;
  const size_t size =
      order.size() * bytes_per_lane * static_cast<size_t>(g.kw * strip.rows * strip.groups);
  return reinterpret_cast<const int8_t*>(context.packed->GetOrPack(key, size, [&](uint8_t* to) {
    PackInterleaved(g, strip, code, w, order, reinterpret_cast<int8_t*>(to));
  }));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  const ConvGeometry& g = *geometry;
  const QuantizedOp op = QuantizedConvOf(context);
  const Isa isa = ChooseIsa(context.cpu);
  const DepthwiseCode& code = CodeFor(isa);
  const std::vector<int64_t> order = ChannelOrder(g.c, code);
  const auto sums = WeightSums(g, static_cast<const int8_t*>(op.w.data));
  absl::StatusOr<OwnedEpilogue> epilogue = MakeEpilogue(op, g.kh * g.kw, sums, order);
  if (!epilogue.ok()) return epilogue.status();

  DepthwiseStrip strip = ChooseDepthwiseStrip(static_cast<int>(g.kh), static_cast<int>(g.kw),
                                              static_cast<int>(g.sh), static_cast<int>(g.sw));
  if (code.form == DepthwiseForm::kTaps) strip = {1, 0};
  DepthwiseArgs args = {};
  args.n = g.n, args.c = g.c, args.h = g.h, args.w = g.w, args.oh = g.oh, args.ow = g.ow;
  args.kh = static_cast<int32_t>(g.kh), args.kw = static_cast<int32_t>(g.kw);
  args.sh = static_cast<int32_t>(g.sh), args.sw = static_cast<int32_t>(g.sw);
  args.pad_top = static_cast<int32_t>(g.pad_top), args.pad_left = static_cast<int32_t>(g.pad_left);
  args.x_flip = FlipOf(op.x.type);
  args.x_zero = static_cast<uint8_t>(ZeroPointAsU8(op.x));
  args.rows = strip.rows, args.groups = strip.groups;
  args.weights = Pack(context, g, strip, isa, order);
  return absl::make_unique<DepthwiseKernel>(isa, args, *std::move(epilogue));
}

}  // namespace
}  // namespace simd

const KernelEntry kSimdDepthwise = {"simd_depthwise", simd::Check, simd::Prepare};

}  // namespace octet
