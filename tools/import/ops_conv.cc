#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"

namespace octet::importer {
namespace {

absl::Status ImportConv(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its weights");
  if (!c.value(1).is_constant()) {
    return absl::UnimplementedError(
        "computes its weights while the model runs; constants are supported");
  }
  if (c.has(2) && !c.value(2).is_constant()) {
    return absl::UnimplementedError(
        "computes its bias while the model runs; a constant is supported");
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
    absl::StatusOr<TensorId> constant = c.Tensor(i);
    if (!constant.ok()) return constant.status();
    inputs.push_back(*constant);
  }
  return c.Finish(std::move(options), std::move(inputs));
}

constexpr OpRow kRows[] = {{"Conv", ImportConv, 1, "constant weights and bias, 1 to 3 spatial dimensions"}};

}  // namespace

absl::Span<const OpRow> ConvOps() { return kRows; }

}  // namespace octet::importer
