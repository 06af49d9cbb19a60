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
#include "kernels/onednn/primitive_kernel.h"
#include "kernels/onednn/rows.h"
#include "kernels/operands.h"

// Pooling of elements of 16 bits, which are summed in f32 and rounded once.

namespace octet {
namespace {

using onednn::Engine;
using onednn::PrimitiveKernel;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

// Elements read below which handing work to a second thread costs more than it saves.
constexpr int64_t kMinElementsForPool = 64 * 1024;

struct Window {
  dnnl::algorithm algorithm;
  Dims kernel, strides, dilations, pads_begin, pads_end;
};

Window GlobalWindow(const KernelContext& context) {
  const Shape& x = context.input(0).shape;
  const bool maximum =
      context.node->as<schema::GlobalPoolOptionsT>().kind == schema::PoolKind::MAXIMUM;
  const Dims kernel(x.begin() + 2, x.end()), zeros(kernel.size(), 0);
  return {maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding,
          kernel,
          kernel,
          zeros,
          zeros,
          zeros};
}

Window WindowOf(const KernelContext& context) {
  if (context.node->type() == OpType::GlobalPoolOptions) return GlobalWindow(context);
  const auto& o = context.node->as<schema::PoolOptionsT>();
  Window w;
  w.algorithm = o.kind == schema::PoolKind::MAXIMUM ? dnnl::algorithm::pooling_max
                : o.count_include_pad               ? dnnl::algorithm::pooling_avg_include_padding
                                                    : dnnl::algorithm::pooling_avg_exclude_padding;
  w.kernel.assign(o.kernel.begin(), o.kernel.end());
  w.strides.assign(o.strides.begin(), o.strides.end());
  for (int64_t d : o.dilations) w.dilations.push_back(d - 1);
  w.pads_begin.assign(o.pads_begin.begin(), o.pads_begin.end());
  // What the last window really sees: rounding the number of windows up makes it reach beyond the
  // padding, rounding down leaves some out.
  for (size_t d = 0; d < w.kernel.size(); ++d) {
    const int64_t extent = (w.kernel[d] - 1) * o.dilations[d] + 1;
    w.pads_end.push_back((context.output().shape[d + 2] - 1) * w.strides[d] + extent -
                         context.input(0).shape[d + 2] - w.pads_begin[d]);
  }
  return w;
}

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (context.deterministic) {
    return absl::UnimplementedError("its bits may differ from the reference's");
  }
  if (!IsHalf(x) || y.type != x.type)
    return absl::UnimplementedError("operands are not of 16 bits");
  if (absl::Status s = onednn::CheckFactors(context, x.type); !s.ok()) return s;
  const size_t rank = x.shape.size();
  if (rank < 3 || rank > 5) {
    return absl::UnimplementedError(absl::StrCat("1 to 3 spatial dimensions, not ", rank, " - 2"));
  }
  if (x.layout != Layout::kChannelsLast || y.layout != Layout::kChannelsLast) {
    return absl::UnimplementedError("operands must be channels last");
  }
  if (NumElements(x.shape) == 0 || NumElements(y.shape) == 0) {
    return absl::UnimplementedError("an operand is empty");
  }
  const Window window = WindowOf(context);
  for (size_t d = 0; d < window.kernel.size(); ++d) {
    const int64_t extent = (window.kernel[d] - 1) * (window.dilations[d] + 1) + 1;
    if (window.pads_end[d] >= extent || window.pads_begin[d] >= extent) {
      return absl::UnimplementedError("a window lies in the padding altogether");
    }
    // Windows that reach beyond the padding average over fewer elements than oneDNN counts.
    if (window.algorithm == dnnl::algorithm::pooling_avg_include_padding &&
        window.pads_end[d] > context.node->as<schema::PoolOptionsT>().pads_end[d]) {
      return absl::UnimplementedError("a window reaches beyond the padding");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Create(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const Window w = WindowOf(context);
  constexpr Tag kTags[] = {Tag::nwc, Tag::nhwc, Tag::ndhwc};
  const Tag tag = kTags[x.shape.size() - 3];
  PrimitiveKernel::Parts parts;
  parts.on_pool = context.pool->threads() > 1 && NumElements(x.shape) >= kMinElementsForPool;
  const onednn::CreationThreads threads(parts.on_pool ? context.pool->threads() : 1);
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::pooling_forward::primitive_desc description(
      Engine(), dnnl::prop_kind::forward_inference, w.algorithm,
      {Dims(x.shape.begin(), x.shape.end()), onednn::ToDnnl(x.type), tag},
      {Dims(y.shape.begin(), y.shape.end()), onednn::ToDnnl(y.type), tag}, w.strides, w.kernel,
      w.dilations, w.pads_begin, w.pads_end, attr);
  parts.detail = description.impl_info_str();
  if (absl::StartsWith(parts.detail, "ref") || absl::StartsWith(parts.detail, "simple")) {
    return absl::UnimplementedError("oneDNN has only a slow implementation for this");
  }
  parts.primitive = dnnl::pooling_forward(description);
  parts.scratch_bytes = description.scratchpad_desc().get_size();
  parts.inputs.emplace_back(DNNL_ARG_SRC, 0);
  return std::make_unique<PrimitiveKernel>(std::move(parts));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return onednn::GuardedKernel([&] { return Create(context); });
}

}  // namespace

const KernelEntry kOnednnPool = {"onednn_pool", Check, Prepare};

}  // namespace octet
