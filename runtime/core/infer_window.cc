#include <algorithm>
#include <cstdint>
#include <limits>

#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

// Operators that slide a window over the spatial dimensions.

namespace octet::infer {
namespace {

// The window along one spatial dimension.
struct Window {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;

  // From the first to the last element under the window.
  int64_t extent() const { return dilation * (kernel - 1) + 1; }
};

absl::Status CheckVector(absl::string_view name, const std::vector<int32_t>& values, size_t count,
                         int64_t least) {
  if (values.size() != count) {
    return Invalid(name, " has ", values.size(), " entries, but there are ", count,
                   " spatial dimensions");
  }
  for (int32_t value : values) {
    if (value < least || value > kMaxWindow) {
      return Invalid(name, " has the entry ", value, ", outside [", least, ", ", kMaxWindow, "]");
    }
  }
  return absl::OkStatus();
}

// Options is ConvOptionsT or PoolOptionsT.
template <typename Options>
absl::Status CheckVectors(const Options& options, size_t spatial) {
  absl::Status status = CheckVector("strides", options.strides, spatial, 1);
  status.Update(CheckVector("dilations", options.dilations, spatial, 1));
  status.Update(CheckVector("pads_begin", options.pads_begin, spatial, 0));
  status.Update(CheckVector("pads_end", options.pads_end, spatial, 0));
  return status;
}

template <typename Options>
Window WindowOf(const Options& options, int64_t kernel, size_t i) {
  return {kernel, options.strides[i], options.dilations[i], options.pads_begin[i],
          options.pads_end[i]};
}

absl::StatusOr<int64_t> OutputSize(int64_t size, const Window& window) {
  const int64_t padded = size + window.pad_begin + window.pad_end;
  if (window.extent() > padded) {
    return Invalid("the kernel spans ", window.extent(),
                   " elements, but x with its padding has only ", padded,
                   " along a spatial dimension (", size, " without padding)");
  }
  return (padded - window.extent()) / window.stride + 1;
}

absl::Status CheckSpatialInput(const Shape& x) {
  if (x.size() < 3 || x.size() > 5) {
    return Invalid("x is ", ToString(x),
                   "; expected [N, C, spatial...] with 1 to 3 spatial dimensions");
  }
  if (std::find(x.begin() + 1, x.end(), 0) != x.end()) {
    return Invalid("x is ", ToString(x), "; only the batch may be empty");
  }
  return absl::OkStatus();
}

// Whether the window that starts at `start` has an element inside [0, size).
bool Touches(int64_t start, int64_t size, const Window& window) {
  const int64_t skipped = start >= 0 ? 0 : (-start + window.dilation - 1) / window.dilation;
  return skipped < window.kernel && start + skipped * window.dilation < size;
}

// A maximum or an average over padding alone has no value.
absl::Status CheckWindowsTouch(int64_t size, int64_t output, const Window& window) {
  bool all = Touches((output - 1) * window.stride - window.pad_begin, size, window);
  // Windows that start inside x, or on the way to the last one, are covered by the first and the
  // last; those before it need a look each.
  for (int64_t i = 0; all && i < output; ++i) {
    const int64_t start = i * window.stride - window.pad_begin;
    all = Touches(start, size, window);
    if (start >= 0) break;
  }
  if (!all) return Invalid("a window lies in the padding alone; reduce pads_begin or pads_end");
  return absl::OkStatus();
}

}  // namespace

Shapes Conv(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ConvOptionsT>();
  const Shape& x = inputs[0];
  const Shape& w = inputs[1];
  if (absl::Status status = CheckSpatialInput(x); !status.ok()) return status;
  if (w.size() != x.size()) {
    return Invalid("w is ", ToString(w), " and x is ", ToString(x), "; their ranks must be equal");
  }
  if (absl::Status status = CheckVectors(options, x.size() - 2); !status.ok()) return status;
  if (std::find(w.begin(), w.end(), 0) != w.end()) return Invalid("w is ", ToString(w), ", empty");
  if (options.groups < 1 || x[1] % options.groups != 0 || w[0] % options.groups != 0) {
    return Invalid("groups is ", options.groups, ", which must divide the ", x[1],
                   " channels of x and the ", w[0], " of w");
  }
  if (w[1] != x[1] / options.groups) {
    return Invalid("w is ", ToString(w), ", which takes ", w[1], " channels per group, but x is ",
                   ToString(x), " with ", x[1] / options.groups, " in each of ", options.groups,
                   " groups");
  }
  Shape y = {x[0], w[0]};
  for (size_t i = 2; i < x.size(); ++i) {
    if (w[i] > kMaxWindow)
      return Invalid("w is ", ToString(w), "; a kernel size exceeds ", kMaxWindow);
    const absl::StatusOr<int64_t> size = OutputSize(x[i], WindowOf(options, w[i], i - 2));
    if (!size.ok()) return size.status();
    y.push_back(*size);
  }
  absl::Status status = CheckActivation(options.activation_min, options.activation_max);
  status.Update(CheckBiasAndResidual(node, inputs, w[0], y));
  if (!status.ok()) return status;
  return std::vector<Shape>{y};
}

Shapes Pool(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::PoolOptionsT>();
  const Shape& x = inputs[0];
  if (options.kind > schema::PoolKind::AVERAGE) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (options.ties > schema::TieRule::AWAY_FROM_ZERO) {
    return Invalid("ties ", static_cast<int>(options.ties), " is unknown");
  }
  if (absl::Status status = CheckSpatialInput(x); !status.ok()) return status;
  const size_t spatial = x.size() - 2;
  absl::Status status = CheckVectors(options, spatial);
  status.Update(CheckVector("kernel", options.kernel, spatial, 1));
  if (!status.ok()) return status;
  Shape y = {x[0], x[1]};
  for (size_t i = 0; i < spatial; ++i) {
    const Window window = WindowOf(options, options.kernel[i], i);
    if (window.pad_begin >= window.extent()) {
      return Invalid("pads_begin has the entry ", window.pad_begin,
                     ", not less than the extent of the kernel, ", window.extent());
    }
    const absl::StatusOr<int64_t> size = OutputSize(x[i + 2], window);
    if (!size.ok()) return size.status();
    if (status = CheckWindowsTouch(x[i + 2], *size, window); !status.ok()) return status;
    y.push_back(*size);
  }
  return std::vector<Shape>{y};
}

Shapes GlobalPool(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::GlobalPoolOptionsT>();
  const Shape& x = inputs[0];
  if (options.kind > schema::PoolKind::AVERAGE) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (absl::Status status = CheckSpatialInput(x); !status.ok()) return status;
  Shape y(x.size(), 1);
  y[0] = x[0];
  y[1] = x[1];
  return std::vector<Shape>{y};
}

Shapes ConvTranspose(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ConvTransposeOptionsT>();
  const Shape &x = inputs[0], &w = inputs[1];
  if (absl::Status status = CheckSpatialInput(x); !status.ok()) return status;
  const size_t spatial = x.size() - 2;
  absl::Status status = CheckVectors(options, spatial);
  status.Update(CheckVector("output_padding", options.output_padding, spatial, 0));
  status.Update(CheckActivation(options.activation_min, options.activation_max));
  if (!status.ok()) return status;
  if (w.size() != x.size() || std::find(w.begin(), w.end(), 0) != w.end() || w[0] != x[1] ||
      options.groups < 1 || x[1] % options.groups != 0) {
    return Invalid("x is ", ToString(x), ", w is ", ToString(w), " and groups ", options.groups,
                   "; expected x [N, C, ...] and w [C, M / groups, kernel...]");
  }
  Shape y = {x[0], w[1] * options.groups};
  for (size_t i = 0; i < spatial; ++i) {
    const Window window = WindowOf(options, w[i + 2], i);
    const int64_t size = (x[i + 2] - 1) * window.stride + options.output_padding[i] +
                         window.extent() - window.pad_begin - window.pad_end;
    if (size < 1) return Invalid("pads are larger than the output along a spatial dimension");
    y.push_back(size);
  }
  if (absl::Status bias = CheckBiasAndResidual(node, inputs, y[1], y); !bias.ok()) return bias;
  return std::vector<Shape>{y};
}

Shapes RoiAlign(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::RoiAlignOptionsT>();
  const Shape &x = inputs[0], &rois = inputs[1];
  if (options.mode > schema::RoiAlignMode::MAXIMUM) {
    return Invalid("mode ", static_cast<int>(options.mode), " is unknown");
  }
  if (x.size() != 4 || rois.size() != 2 || rois[1] != 4 || inputs[2] != Shape{rois[0]}) {
    return Invalid("x is ", ToString(x), ", rois are ", ToString(rois), " and batch indices ",
                   ToString(inputs[2]), "; expected [N, C, H, W], [R, 4] and [R]");
  }
  const bool in_range = options.output_height >= 1 && options.output_height <= kMaxWindow &&
                        options.output_width >= 1 && options.output_width <= kMaxWindow &&
                        options.sampling_ratio >= 0 && options.sampling_ratio <= kMaxWindow &&
                        options.spatial_scale > 0;
  if (!in_range) return Invalid("sizes, sampling ratio or scale are out of range");
  return std::vector<Shape>{{rois[0], x[1], options.output_height, options.output_width}};
}

}  // namespace octet::infer
