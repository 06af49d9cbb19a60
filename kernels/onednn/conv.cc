#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/onednn/engine.h"
#include "kernels/onednn/epilogue.h"
#include "kernels/onednn/padded_kernel.h"
#include "kernels/onednn/primitive_kernel.h"
#include "kernels/onednn/rows.h"
#include "kernels/onednn/saturation.h"

namespace octet {
namespace {

using onednn::Engine;
using onednn::Epilogue;
using onednn::PrimitiveKernel;
using onednn::ProductOperands;
using onednn::ToDnnl;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

constexpr int kX = 0, kW = 1, kBias = 2, kResidual = 3;

// Products below which handing work to a second thread costs more than it saves.
constexpr int64_t kMinProductsForPool = 100 * 1000;

ProductOperands Operands(const KernelContext& context) {
  const auto& options = context.node->as<schema::ConvOptionsT>();
  const Operand& y = context.output();
  return {context.input(kX),
          context.input(kW),
          context.input(kBias),
          context.input(kResidual),
          y,
          y.shape[1],
          /*channel_axis=*/0,
          options.activation_min,
          options.activation_max,
          context.post};
}

Dims ToDims(const Shape& shape) { return Dims(shape.begin(), shape.end()); }

// The filter [M, C / groups, kernel...] as oneDNN wants it: with a leading dimension for groups.
Dims FilterDims(const Shape& w, int64_t groups) {
  Dims dims = ToDims(w);
  if (groups > 1) {
    dims[0] /= groups;
    dims.insert(dims.begin(), groups);
  }
  return dims;
}

Tag ChannelsLast(size_t rank) { return rank == 3 ? Tag::nwc : rank == 4 ? Tag::nhwc : Tag::ndhwc; }

Tag RowMajor(size_t rank) {
  constexpr Tag kTags[] = {Tag::abc, Tag::abcd, Tag::abcde, Tag::abcdef};
  return kTags[rank - 3];
}

absl::Status CheckLayout(const Operand& o) {
  const size_t rank = o.shape.size();
  if (rank < 3 || rank > 5) {
    return absl::UnimplementedError(absl::StrCat("1 to 3 spatial dimensions, not ", rank, " - 2"));
  }
  if (o.layout != Layout::kChannelsLast) {
    return absl::UnimplementedError("activations must be channels last");
  }
  return absl::OkStatus();
}

absl::Status Check(const KernelContext& context) {
  if (context.deterministic) {
    return absl::UnimplementedError("its bits may differ from the reference's");
  }
  for (const Operand* o : {&context.input(kX), &context.input(kResidual), &context.output()}) {
    if (!o->present()) continue;
    if (absl::Status s = CheckLayout(*o); !s.ok()) return s;
  }
  if (context.input(kW).data == nullptr)
    return absl::UnimplementedError("weights must be constant");
  return CheckOperands(context, Operands(context));
}

// Geometry of the convolution in oneDNN's terms: a dilation of 1 is 0 there.
struct Window {
  Dims strides, dilations, pads_begin, pads_end;

  explicit Window(const schema::ConvOptionsT& o)
      : strides(o.strides.begin(), o.strides.end()),
        dilations(o.dilations.begin(), o.dilations.end()),
        pads_begin(o.pads_begin.begin(), o.pads_begin.end()),
        pads_end(o.pads_end.begin(), o.pads_end.end()) {
    for (int64_t& d : dilations) --d;
  }
};

dnnl::convolution_forward::primitive_desc Describe(const KernelContext& context,
                                                   const Epilogue& epilogue) {
  const auto& options = context.node->as<schema::ConvOptionsT>();
  const Operand& x = context.input(kX);
  const Operand& w = context.input(kW);
  const Operand& y = context.output();
  const Tag tag = ChannelsLast(x.shape.size());
  const Window window(options);
  dnnl::memory::desc bias;
  if (epilogue.with_bias) bias = {{y.shape[1]}, dnnl::memory::data_type::f32, Tag::a};
  return dnnl::convolution_forward::primitive_desc(
      Engine(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      {ToDims(x.shape), ToDnnl(x.type), tag},
      {FilterDims(w.shape, options.groups), ToDnnl(w.type), Tag::any}, bias,
      {ToDims(y.shape), ToDnnl(y.type), tag}, window.strides, window.dilations, window.pads_begin,
      window.pads_end, epilogue.attr);
}

absl::Span<const int8_t> WeightsOf(const Operand& w) {
  return {static_cast<const int8_t*>(w.data), static_cast<size_t>(NumElements(w.shape))};
}

bool HasPads(const schema::ConvOptionsT& o) {
  const auto positive = [](int32_t pad) { return pad > 0; };
  return std::any_of(o.pads_begin.begin(), o.pads_begin.end(), positive) ||
         std::any_of(o.pads_end.begin(), o.pads_end.end(), positive);
}

absl::Status CheckChoice(const KernelContext& context, const std::string& implementation) {
  const ProductOperands operands = Operands(context);
  if (!operands.quantized()) return CheckImplementation(implementation, operands, true);
  const bool depthwise = operands.w.shape[1] == 1;
  // oneDNN's depthwise kernels of AVX2 compensate padding wrongly for some shapes (4x2 taps, 56
  // channels).
  if (depthwise && absl::StartsWith(implementation, "jit_uni_int8") &&
      operands.x.quant->zero_point() != 0 && HasPads(context.node->as<schema::ConvOptionsT>())) {
    return absl::UnimplementedError(
        absl::StrCat(implementation, " is wrong at borders when the zero point is not 0"));
  }
  bool fit = true;
  if (!onednn::SumsExactly(implementation)) {
    const int64_t groups = context.node->as<schema::ConvOptionsT>().groups;
    fit = PairSumsFit(onednn::ConvWeightRows(operands.w.shape, groups), WeightsOf(operands.w));
  }
  return CheckImplementation(implementation, operands, fit);
}

bool OnPool(const KernelContext& context) {
  const Shape& w = context.input(kW).shape;
  const int64_t products = NumElements(context.output().shape) * (NumElements(w) / w[0]);
  return context.pool->threads() > 1 && products >= kMinProductsForPool;
}

absl::StatusOr<std::unique_ptr<Kernel>> Create(const KernelContext& context) {
  const ProductOperands operands = Operands(context);
  const int64_t groups = context.node->as<schema::ConvOptionsT>().groups;
  PrimitiveKernel::Parts parts;
  parts.on_pool = OnPool(context);
  const onednn::CreationThreads threads(parts.on_pool ? context.pool->threads() : 1);

  Epilogue epilogue = MakeEpilogue(operands, groups > 1 ? 3 : 1);
  const auto description = Describe(context, epilogue);
  parts.detail = description.impl_info_str();
  if (absl::Status s = CheckChoice(context, parts.detail); !s.ok()) return s;

  parts.primitive = dnnl::convolution_forward(description);
  parts.scratch_bytes = description.scratchpad_desc().get_size();
  parts.constants = std::move(epilogue.constants);
  const Dims filter = FilterDims(operands.w.shape, groups);
  parts.constants.emplace_back(
      DNNL_ARG_WEIGHTS,
      onednn::PackedMemory(context, operands.w.data,
                           {filter, ToDnnl(operands.w.type), RowMajor(filter.size())},
                           description.weights_desc()));
  parts.inputs.emplace_back(DNNL_ARG_SRC, kX);
  if (epilogue.bias) {
    parts.constants.emplace_back(DNNL_ARG_BIAS, epilogue.bias);
  } else if (epilogue.with_bias) {
    parts.inputs.emplace_back(DNNL_ARG_BIAS, kBias);
  }
  if (operands.residual.present()) parts.in_place_input = kResidual;
  return std::make_unique<PrimitiveKernel>(std::move(parts));
}

// Padding stands for the real value 0, whose integer is the zero point. oneDNN pads with the
// integer 0 and corrects the sums at the borders, in every execution anew; for s8 inputs it does so
// always, since it shifts them to u8. Copying the input into a frame of zero points takes a
// fraction of that.
bool WantsFrame(const KernelContext& context) {
  const Operand& x = context.input(kX);
  const auto& options = context.node->as<schema::ConvOptionsT>();
  const bool depthwise = context.input(kW).shape[1] == 1 && options.groups > 1;
  return x.quant != nullptr && HasPads(options) && !depthwise &&
         (x.type == DataType::kS8 || x.quant->zero_point() != 0);
}

absl::StatusOr<std::unique_ptr<Kernel>> CreateFramed(const KernelContext& context) {
  Node node = *context.node;
  auto& options = node.as<schema::ConvOptionsT>();
  onednn::Padding padding;
  padding.shape = context.input(kX).shape;
  padding.begin.assign(options.pads_begin.begin(), options.pads_begin.end());
  padding.end.assign(options.pads_end.begin(), options.pads_end.end());
  padding.value = static_cast<uint8_t>(context.input(kX).quant->zero_point());
  padding.on_pool = OnPool(context);
  std::fill(options.pads_begin.begin(), options.pads_begin.end(), 0);
  std::fill(options.pads_end.begin(), options.pads_end.end(), 0);
  std::vector<Operand> inputs(context.inputs.begin(), context.inputs.end());
  inputs[kX].shape = padding.padded_shape();
  KernelContext framed = context;
  framed.node = &node;
  framed.inputs = inputs;
  absl::StatusOr<std::unique_ptr<Kernel>> inner = Create(framed);
  if (!inner.ok()) return inner;
  return std::make_unique<onednn::PaddedKernel>(std::move(padding), static_cast<int>(inputs.size()),
                                                *std::move(inner));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return onednn::GuardedKernel(
      [&] { return WantsFrame(context) ? CreateFramed(context) : Create(context); });
}

}  // namespace

const KernelEntry kOnednnConv = {"onednn_conv", Check, Prepare, /*applies_post=*/true};

}  // namespace octet
