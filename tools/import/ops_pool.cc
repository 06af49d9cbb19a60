#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"

namespace octet::importer {
namespace {

// How far the window reaches past x in dimension `i` when the number of outputs is rounded up. A
// window that would start in the padding at the end is left out.
absl::StatusOr<int64_t> ExtraPad(const Value& x, const Window& w, size_t i) {
  const int64_t stride = w.strides[i];
  const int64_t extent = int64_t{w.dilations[i]} * (w.kernel[i] - 1) + 1;
  if (!x.fixed(i + 2)) {
    // stride - 1 rounds every size up, as long as no window starts beyond x.
    if (extent >= w.pads_end[i] + stride) return stride - 1;
    return absl::UnimplementedError(
        "rounds a size up that is known only when the model runs; export the model with fixed "
        "sizes");
  }
  const int64_t size = x.shape[0][i + 2];
  const int64_t span = size + w.pads_begin[i] + w.pads_end[i] - extent;
  if (span < 0) return 0;
  int64_t last = (span + stride - 1) / stride * stride;
  if (last >= size + w.pads_begin[i]) last -= stride;
  return std::max<int64_t>(last - span, 0);
}

absl::Status ImportPool(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const bool average = c.node.op_type() == "AveragePool";
  if (c.node.output_size() > 1 && !c.node.output(1).empty()) {
    return absl::UnimplementedError("gives the indices of the maxima as its second output");
  }
  const std::vector<int64_t> kernel = c.attributes.Ints("kernel_shape");
  if (kernel.empty()) return absl::InvalidArgumentError("lacks the attribute 'kernel_shape'");
  auto window = ReadWindow(c, c.value(0), kernel);
  if (!window.ok()) return window.status();
  c.attributes.Ignore("storage_order");
  const bool count_pad = average && c.attributes.Int("count_include_pad", 0) != 0;
  if (c.attributes.Int("ceil_mode", 0) != 0) {
    for (size_t i = 0; i < window->kernel.size(); ++i) {
      auto extra = ExtraPad(c.value(0), *window, i);
      if (!extra.ok()) return extra.status();
      const bool pads = window->pads_begin[i] + window->pads_end[i] > 0;
      if (*extra > 0 && count_pad && (pads || window->kernel.size() > 1)) {
        return absl::UnimplementedError("combines ceil_mode with count_include_pad");
      }
      window->pads_end[i] += static_cast<int>(*extra);
    }
  }
  for (size_t i = 0; i < window->kernel.size(); ++i) {
    if (average && window->dilations[i] != 1) {
      return absl::UnimplementedError("averages over a dilated window");
    }
  }
  schema::PoolOptionsT options;
  options.kind = average ? schema::PoolKind::AVERAGE : schema::PoolKind::MAXIMUM;
  options.kernel = window->kernel;
  options.strides = window->strides;
  options.dilations = window->dilations;
  options.pads_begin = window->pads_begin;
  options.pads_end = window->pads_end;
  options.count_include_pad = count_pad;
  return c.Finish(std::move(options), {*x});
}

absl::Status ImportGlobalPool(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  schema::GlobalPoolOptionsT options;
  options.kind = c.node.op_type() == "GlobalAveragePool" ? schema::PoolKind::AVERAGE
                                                         : schema::PoolKind::MAXIMUM;
  return c.Finish(std::move(options), {*x});
}

constexpr OpRow kRows[] = {
    {"MaxPool", ImportPool, 1, ""},
    {"AveragePool", ImportPool, 1, ""},
    {"GlobalAveragePool", ImportGlobalPool, 1, ""},
    {"GlobalMaxPool", ImportGlobalPool, 1, ""},
};

}  // namespace

absl::Span<const OpRow> PoolOps() { return kRows; }

}  // namespace octet::importer
