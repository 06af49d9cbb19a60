#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "tools/import/op.h"

namespace octet::importer {
namespace {

absl::Status ImportConv(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its weights");
  for (size_t d = 0; d < c.value(1).rank(); ++d) {
    if (c.value(1).fixed(d)) continue;
    return absl::UnimplementedError(
        "has weights whose sizes are known only when the model runs; fixed sizes are supported");
  }
  const Shape& w = c.value(1).shape[0];
  if (w.size() != c.value(0).rank()) {
    return absl::InvalidArgumentError(absl::StrCat("has weights ", ToString(w), " for an input of ",
                                                   c.value(0).rank(), " dimensions"));
  }
  if (w.size() > 5) return absl::UnimplementedError("has more than 3 spatial dimensions");
  const std::vector<int64_t> kernel(w.begin() + std::min<long>(2, static_cast<long>(w.size())),
                                    w.end());
  const std::vector<int64_t> declared = c.attributes.Ints("kernel_shape");
  if (!declared.empty() && declared != kernel) {
    return absl::InvalidArgumentError("attribute 'kernel_shape' contradicts its weights " +
                                      ToString(w));
  }
  auto window = ReadWindow(c, c.value(0), kernel);
  if (!window.ok()) return window.status();
  const int64_t groups = c.attributes.Int("group", 1);
  if (groups < 1 || groups > w[0]) {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'group' is ", groups));
  }
  schema::ConvOptionsT options;
  options.strides = window->strides;
  options.dilations = window->dilations;
  options.pads_begin = window->pads_begin;
  options.pads_end = window->pads_end;
  options.groups = static_cast<int>(groups);
  std::vector<TensorId> inputs = {*x};
  for (size_t i = 1; i <= 2 && c.has(i); ++i) {
    absl::StatusOr<TensorId> operand = c.Tensor(i);
    if (!operand.ok()) return operand.status();
    inputs.push_back(*operand);
  }
  return c.Finish(std::move(options), std::move(inputs));
}

// Pads and output_padding of a transposed convolution, given attributes output_shape or auto_pad.
absl::Status FitOutput(OpContext& c, const std::string& auto_pad, Window& window,
                       std::vector<int>& output_padding) {
  const std::vector<int64_t> wanted = c.attributes.Ints("output_shape");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (wanted.empty() && !same) return absl::OkStatus();
  const size_t n = window.kernel.size();
  if (!wanted.empty() && wanted.size() != n) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'output_shape' has ", wanted.size(), " entries, expected ", n));
  }
  for (size_t i = 0; i < n; ++i) {
    const int64_t extent = int64_t{window.dilations[i]} * (window.kernel[i] - 1) + 1;
    // What must go of stride * (x - 1) + output_padding + extent, to leave stride * x.
    int64_t total = output_padding[i] + extent - window.strides[i];
    if (!wanted.empty()) {
      if (!c.value(0).fixed(i + 2)) {
        return absl::UnimplementedError(
            "has an output_shape for an input of open size; explicit pads are supported");
      }
      total += window.strides[i] * c.value(0).shape[0][i + 2] - wanted[i];
    }
    if (total < 0) {
      output_padding[i] -= static_cast<int>(std::max<int64_t>(total, -kMaxWindow));
      total = 0;
    }
    const int64_t small = total / 2;
    const bool upper = auto_pad == "SAME_UPPER";
    window.pads_begin[i] = static_cast<int>(upper ? small : total - small);
    window.pads_end[i] = static_cast<int>(upper ? total - small : small);
  }
  return absl::OkStatus();
}

absl::StatusOr<schema::ConvTransposeOptionsT> ReadConvTranspose(OpContext& c) {
  const Shape& w = c.value(1).shape[0];
  if (w.size() != c.value(0).rank() || w.size() < 3 || w.size() > 5) {
    return absl::InvalidArgumentError(absl::StrCat("has weights ", ToString(w), " for an input of ",
                                                   c.value(0).rank(), " dimensions"));
  }
  const std::vector<int64_t> kernel(w.begin() + 2, w.end());
  const std::vector<int64_t> declared = c.attributes.Ints("kernel_shape");
  if (!declared.empty() && declared != kernel) {
    return absl::InvalidArgumentError("attribute 'kernel_shape' contradicts its weights " +
                                      ToString(w));
  }
  const std::string auto_pad = c.attributes.String("auto_pad", "NOTSET");
  auto window = ReadWindow(c, c.value(0), kernel, false);
  if (!window.ok()) return window.status();
  std::vector<int> output_padding(kernel.size(), 0);
  const std::vector<int64_t> given = c.attributes.Ints("output_padding");
  for (size_t i = 0; i < given.size() && i < kernel.size(); ++i) {
    if (given[i] < 0 || given[i] > kMaxWindow) {
      return absl::InvalidArgumentError(absl::StrCat("has output_padding ", given[i]));
    }
    output_padding[i] = static_cast<int>(given[i]);
  }
  if (absl::Status s = FitOutput(c, auto_pad, *window, output_padding); !s.ok()) return s;
  schema::ConvTransposeOptionsT options;
  options.strides = window->strides;
  options.dilations = window->dilations;
  options.pads_begin = window->pads_begin;
  options.pads_end = window->pads_end;
  options.output_padding = output_padding;
  options.groups = static_cast<int>(c.attributes.Int("group", 1));
  return options;
}

absl::Status ImportConvTranspose(OpContext& c) {
  auto tensors = c.Tensors(2);
  if (!tensors.ok()) return tensors.status();
  auto options = ReadConvTranspose(c);
  if (!options.ok()) return options.status();
  return c.Finish(*std::move(options), *std::move(tensors));
}

constexpr OpRow kRows[] = {
    {"Conv", ImportConv, 1, "weights of fixed sizes, 1 to 3 spatial dimensions"},
    {"ConvTranspose", ImportConvTranspose, 1, "1 to 3 spatial dimensions"},
};

}  // namespace

absl::Span<const OpRow> ConvOps() { return kRows; }

}  // namespace octet::importer
