#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"

// Strides, dilations and pads of convolutions and pools.

namespace octet::importer {
namespace {

absl::StatusOr<std::vector<int>> Small(const std::vector<int64_t>& values, size_t count, int absent,
                                       int64_t least, absl::string_view name) {
  if (values.empty()) return std::vector<int>(count, absent);
  if (values.size() != count) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute '", name, "' has ", values.size(), " entries, expected ", count));
  }
  std::vector<int> result;
  for (const int64_t v : values) {
    if (v < least || v > std::numeric_limits<int32_t>::max() / 4) {
      if (name == "pads" && v < 0) {
        return absl::UnimplementedError("has negative pads; crop with Slice instead");
      }
      return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' holds ", v));
    }
    result.push_back(static_cast<int>(v));
  }
  return result;
}

}  // namespace

absl::Status PadToSame(const Value& x, bool lower, Window& window) {
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t stride = window.strides[i];
    const int64_t extent = int64_t{window.dilations[i]} * (window.kernel[i] - 1) + 1;
    int64_t total = std::max<int64_t>(extent - 1, 0);
    if (stride != 1) {
      if (!x.fixed(i + 2)) {
        return absl::UnimplementedError(
            "pads to the same size (auto_pad, SAME) with a stride above 1, which depends on a size "
            "known only when "
            "the model runs; export the model with fixed input sizes or explicit pads");
      }
      const int64_t size = x.shape[0][i + 2];
      total = std::max<int64_t>(((size + stride - 1) / stride - 1) * stride + extent - size, 0);
    }
    const int64_t small = total / 2;
    window.pads_begin[i] = static_cast<int>(lower ? total - small : small);
    window.pads_end[i] = static_cast<int>(lower ? small : total - small);
  }
  return absl::OkStatus();
}

absl::StatusOr<Window> ReadWindow(OpContext& c, const Value& x, const std::vector<int64_t>& kernel,
                                  bool pads_to_same) {
  if (x.rank() < 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("reads a tensor of ", x.rank(), " dimensions, expected [N, C, spatial...]"));
  }
  const size_t n = x.rank() - 2;
  Window window;
  auto sizes = Small(kernel, n, 1, 1, "kernel_shape");
  auto strides = Small(c.attributes.Ints("strides"), n, 1, 1, "strides");
  auto dilations = Small(c.attributes.Ints("dilations"), n, 1, 1, "dilations");
  auto pads = Small(c.attributes.Ints("pads"), 2 * n, 0, 0, "pads");
  for (const auto* part : {&sizes, &strides, &dilations, &pads}) {
    if (!part->ok()) return part->status();
  }
  window.kernel = *sizes;
  window.strides = *strides;
  window.dilations = *dilations;
  window.pads_begin.assign(n, 0);
  window.pads_end.assign(n, 0);
  for (size_t i = 0; i < n; ++i) {
    if (int64_t{window.kernel[i]} * window.dilations[i] > std::numeric_limits<int32_t>::max() / 4) {
      return absl::InvalidArgumentError("has a window that is too large");
    }
  }
  const std::string auto_pad = c.attributes.String("auto_pad", "NOTSET");
  if (auto_pad == "VALID") return window;
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    if (!pads_to_same) return window;
    if (absl::Status s = PadToSame(x, auto_pad == "SAME_LOWER", window); !s.ok()) return s;
    return window;
  }
  if (auto_pad != "NOTSET" && !auto_pad.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'auto_pad' is '", auto_pad, "'"));
  }
  window.pads_begin.assign(pads->begin(), pads->begin() + static_cast<long>(n));
  window.pads_end.assign(pads->begin() + static_cast<long>(n), pads->end());
  return window;
}

}  // namespace octet::importer
