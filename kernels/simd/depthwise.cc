#include "kernels/simd/depthwise.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/simd/geometry.h"
#include "kernels/simd/isa.h"
#include "kernels/simd/packed_product.h"
#include "kernels/simd/parallel.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {

DepthwiseStrip ChooseDepthwiseStrip(int group_rows, int kh, int kw, int sh, int sw) {
  const bool square1 = kh == kw && sh == 1 && sw == 1;
  const bool square2 = kh == kw && sh == 2 && sw == 2;
  int rows = 1;
  if (kh == 3 && square1) rows = 2;
  if (kh == 5 && square1) rows = group_rows == 4 ? 4 : 2;
  if (kh == 5 && square2 && group_rows == 4) rows = 2;
  return {rows, (kh + (rows - 1) * sh + group_rows - 1) / group_rows};
}

namespace {

// Channels are cut into `max_width` blocks; what remains, into the fewest narrower ones.
int64_t CountChannelBlocks(int64_t channels, int min_width, int max_width) {
  const int64_t rest = channels % max_width;
  // Slightly more than a half that remains, like 33 to 48 channels of blocks of 64, makes two
  // blocks.
  const bool two =
      max_width == 4 * min_width && rest > max_width / 2 && rest <= max_width / 2 + min_width;
  return channels / max_width + (rest == 0 ? 0 : two ? 2 : 1);
}

ChannelBlock ChannelBlockAt(int64_t index, int64_t channels, int min_width, int max_width) {
  const int64_t full = channels / max_width;
  if (index < full) return {index * max_width, max_width, max_width};
  int64_t begin = full * max_width;
  int rest = static_cast<int>(channels - begin);
  if (index > full) {  // the second one of two
    begin += max_width / 2;
    rest -= max_width / 2;
  } else if (CountChannelBlocks(channels, min_width, max_width) - full == 2) {
    return {begin, max_width / 2, max_width / 2};
  }
  int width = max_width;
  while (width > min_width && rest <= width / 2) width /= 2;
  return {begin, width, rest};
}

// The code for x of 8 bits, or of 16 with weights of one or two terms.
const DepthwiseCode& CodeFor(Isa isa, GemmForm form) {
  static const DepthwiseCode* const kCodes[][3] = {
      {&kDepthwiseScalar, &kDepthwiseWordsScalar, &kDepthwiseSplitWordsScalar},
      {&kDepthwiseAvx2, &kDepthwiseWordsAvx2, &kDepthwiseSplitWordsAvx2},
      {&kDepthwiseAvxVnni, &kDepthwiseWordsAvxVnni, &kDepthwiseSplitWordsAvxVnni},
      {&kDepthwiseAvx512Vnni, &kDepthwiseWordsAvx512Vnni, &kDepthwiseSplitWordsAvx512Vnni},
  };
  return *kCodes[static_cast<size_t>(isa)][static_cast<size_t>(form)];
}

// Input rows that are interleaved, and vectors that a block's channels are spread over.
int GroupRows(DepthwiseForm form) { return IsWords(form) ? 2 : 4; }

// The channel within its block that lane `lane` of vector `vector` holds after interleaving.
int ChannelOfLane(int vectors, int vector, int lane) {
  return lane / 4 * 4 * vectors + vector * 4 + lane % 4;
}

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
    const int vectors = GroupRows(code.form), lanes = block.width / vectors;
    for (int i = 0; i < block.width; ++i) {
      const int c =
          code.form == DepthwiseForm::kTaps ? i : ChannelOfLane(vectors, i / lanes, i % lanes);
      order.push_back(c < block.count ? block.begin + c : -1);
    }
  }
  return order;
}

int32_t WeightAt(const Operand& w, int64_t i) {
  if (w.type == DataType::kS16) return static_cast<const int16_t*>(w.data)[i];
  return static_cast<const int8_t*>(w.data)[i];
}

// Writes weights as vectors of taps.
class Packer {
 public:
  Packer(const ConvGeometry& g, const DepthwiseStrip& strip, const DepthwiseCode& code,
         const Operand& w)
      : g_(g), strip_(strip), code_(code), w_(w) {}

  void Interleave(absl::Span<const int64_t> order, int8_t* to) const {
    const int terms = code_.form == DepthwiseForm::kSplitWords ? 2 : 1;
    const int vectors = GroupRows(code_.form);
    for (const ChannelBlock& block : Blocks(g_.c, code_)) {
      const auto lanes = static_cast<size_t>(block.width / vectors);
      for (int i = 0; i < vectors * terms; ++i) {
        const auto channels = order.subspan(
            static_cast<size_t>(block.begin) + static_cast<size_t>(i / terms) * lanes, lanes);
        for (int64_t kx = 0; kx < g_.kw; ++kx) {
          for (int group = 0; group < strip_.groups; ++group) {
            for (int row = 0; row < strip_.rows; ++row) {
              to = PackVector(channels, kx, vectors * group - row * g_.sh, i % terms, to);
            }
          }
        }
      }
    }
  }

  // [tap][channel].
  template <typename T>
  void Taps(T* to) const {
    for (int64_t tap = 0; tap < g_.kh * g_.kw; ++tap) {
      for (int64_t c = 0; c < g_.c; ++c) {
        *to++ = static_cast<T>(WeightAt(w_, c * g_.kh * g_.kw + tap));
      }
    }
  }

 private:
  int32_t Tap(int64_t channel, int64_t ky, int64_t kx) const {
    if (channel < 0 || ky < 0 || ky >= g_.kh) return 0;
    return WeightAt(w_, (channel * g_.kh + ky) * g_.kw + kx);
  }

  // For each lane, the taps that its four bytes meet.
  int8_t* PackVector(absl::Span<const int64_t> lanes, int64_t kx, int64_t ky, int term,
                     int8_t* to) const {
    const auto put = [&to](int32_t value, size_t bytes) {
      std::memcpy(to, &value, bytes);
      to += bytes;
    };
    if (code_.form == DepthwiseForm::kPairs) {
      for (int odd = 0; odd < 2; ++odd) {
        for (int64_t channel : lanes) {
          for (int i = odd; i < 4; i += 2) put(Tap(channel, ky + i, kx), 2);
        }
      }
      return to;
    }
    const int rows = GroupRows(code_.form);
    for (int64_t channel : lanes) {
      for (int i = 0; i < rows; ++i) {
        int32_t value = Tap(channel, ky + i, kx);
        if (code_.form == DepthwiseForm::kSplitWords) {
          const Terms terms = SplitTerms(static_cast<int16_t>(value));
          value = term == 0 ? terms.low : terms.high;
        }
        put(value, static_cast<size_t>(4 / rows));
      }
    }
    return to;
  }

  const ConvGeometry& g_;
  const DepthwiseStrip& strip_;
  const DepthwiseCode& code_;
  const Operand& w_;
};

// Of each channel's weights, or of their magnitudes. Sums of at most 7 x 7 terms always fit one
// part.
std::vector<int32_t> WeightSums(const ConvGeometry& g, const Operand& w, bool magnitudes) {
  std::vector<int32_t> sums(static_cast<size_t>(g.c), 0);
  const int64_t taps = g.kh * g.kw;
  for (int64_t i = 0; i < g.c * taps; ++i) {
    const int32_t weight = WeightAt(w, i);
    sums[static_cast<size_t>(i / taps)] += magnitudes ? std::abs(weight) : weight;
  }
  return sums;
}

class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(Isa isa, GemmForm form, DepthwiseArgs args, OwnedEpilogue epilogue)
      : isa_(isa), code_(CodeFor(isa, form)), args_(args), epilogue_(std::move(epilogue)) {
    epilogue_.Bind();
    args_.epilogue = &epilogue_.epilogue;
    padding_.assign(static_cast<size_t>(args.w * args.c * BytesOf(form)),
                    args.x_zero ^ args.x_flip);
    args_.padding = padding_.data();
    blocks_ = Blocks(args.c, code_);
    const int64_t products = args.n * args.oh * args.ow * args.c * args.kh * args.kw;
    cost_ns_ = products * BytesOf(form) * TermsOf(form) / kProductsPerNs[static_cast<int>(isa)];
  }

  void Run(const RunArgs& run) const override {
    DepthwiseArgs args = args_;
    args.x = static_cast<const uint8_t*>(run.inputs[0]);
    args.residual = args_.epilogue->has_residual ? run.inputs[3] : nullptr;
    args.y = run.outputs[0];
    const auto blocks = static_cast<int64_t>(blocks_.size());
    const int64_t strips = (args.oh + args.rows - 1) / args.rows;
    ParallelRanges(run.pool, args.n * strips * blocks, cost_ns_, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t strip = unit / blocks % strips, image = unit / blocks / strips;
        code_.run(args, image, strip * args.rows, blocks_[static_cast<size_t>(unit % blocks)]);
      }
    });
  }

  std::string detail() const override { return Name(isa_); }

 private:
  // Rough speeds of the instruction sets with bytes, for deciding how many threads a layer is
  // worth.
  static constexpr int64_t kProductsPerNs[] = {1, 25, 50, 100};

  const Isa isa_;
  const DepthwiseCode& code_;
  DepthwiseArgs args_;
  OwnedEpilogue epilogue_;
  std::vector<uint8_t> padding_;
  std::vector<ChannelBlock> blocks_;
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
                   Isa isa, GemmForm form, absl::Span<const int64_t> order) {
  const DepthwiseCode& code = CodeFor(isa, form);
  const Operand& w = context.input(1);
  const Packer packer(g, strip, code, w);
  const std::string key = absl::StrCat("simd_depthwise/", Name(isa), "/", static_cast<int>(form),
                                       "/", reinterpret_cast<uintptr_t>(w.data), "/", strip.rows,
                                       "/", strip.groups, "/", g.sh, "/", ToString(w.shape));
  const auto bytes = static_cast<size_t>(BytesOf(form));
  const uint8_t* packed = nullptr;
  if (code.form == DepthwiseForm::kTaps) {
    packed = context.packed->GetOrPack(key, static_cast<size_t>(g.c * g.kh * g.kw) * bytes,
                                       [&](uint8_t* to) {
                                         if (bytes == 1)
                                           return packer.Taps(reinterpret_cast<int8_t*>(to));
                                         packer.Taps(reinterpret_cast<int16_t*>(to));
                                       });
  } else {
    const size_t bytes_per_lane =
        code.form == DepthwiseForm::kPairs || code.form == DepthwiseForm::kSplitWords ? 8 : 4;
    const size_t size =
        order.size() * bytes_per_lane * static_cast<size_t>(g.kw * strip.rows * strip.groups);
    packed = context.packed->GetOrPack(
        key, size, [&](uint8_t* to) { packer.Interleave(order, reinterpret_cast<int8_t*>(to)); });
  }
  return reinterpret_cast<const int8_t*>(packed);
}

DepthwiseArgs ArgsOf(const ConvGeometry& g, const QuantizedOp& op) {
  DepthwiseArgs args = {};
  args.n = g.n, args.c = g.c, args.h = g.h, args.w = g.w, args.oh = g.oh, args.ow = g.ow;
  args.kh = static_cast<int32_t>(g.kh), args.kw = static_cast<int32_t>(g.kw);
  args.sh = static_cast<int32_t>(g.sh), args.sw = static_cast<int32_t>(g.sw);
  args.pad_top = static_cast<int32_t>(g.pad_top), args.pad_left = static_cast<int32_t>(g.pad_left);
  args.x_flip = FlipOf(op.x.type);
  args.x_zero = static_cast<uint8_t>(ZeroPointAsU8(op.x));
  return args;
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  const absl::StatusOr<ConvGeometry> geometry = ConvGeometryOf(context);
  if (!geometry.ok()) return geometry.status();
  const ConvGeometry& g = *geometry;
  const QuantizedOp op = QuantizedConvOf(context);
  const Isa isa = ChooseIsa(context.cpu);
  const GemmForm form = GemmFormOf(context);
  const bool words = form != GemmForm::kBytes;
  const std::vector<int64_t> order = ChannelOrder(g.c, CodeFor(isa, form));
  const std::vector<int32_t> sums = WeightSums(g, op.w, words);
  absl::StatusOr<OwnedEpilogue> epilogue = words ? MakeWordEpilogue(op, g.kh * g.kw, sums, order)
                                                 : MakeEpilogue(op, g.kh * g.kw, sums, order);
  if (!epilogue.ok()) return epilogue.status();
  DepthwiseArgs args = ArgsOf(g, op);
  const DepthwiseCode& code = CodeFor(isa, form);
  DepthwiseStrip strip = {1, 0};
  if (code.form != DepthwiseForm::kTaps) {
    strip = ChooseDepthwiseStrip(GroupRows(code.form), args.kh, args.kw, args.sh, args.sw);
  }
  args.rows = strip.rows, args.groups = strip.groups;
  args.weights = Pack(context, g, strip, isa, form, order);
  return absl::make_unique<DepthwiseKernel>(isa, form, args, *std::move(epilogue));
}

}  // namespace
}  // namespace simd

const KernelEntry kSimdDepthwise = {"simd_depthwise", simd::Check, simd::Prepare};

}  // namespace octet
