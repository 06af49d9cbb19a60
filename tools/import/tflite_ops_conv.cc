#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "tools/import/tflite_op.h"
#include "tools/import/tflite_weights.h"

namespace octet::importer {
namespace {

// Padding, strides and dilations that the options of all convolutions have, as [height, width].
template <typename OptionsT>
absl::StatusOr<Window> ConvWindow(const OptionsT& options, const Value& x,
                                  const std::vector<int>& kernel) {
  Window window;
  window.kernel = kernel;
  window.strides = {options.stride_h, options.stride_w};
  window.dilations = {options.dilation_h, options.dilation_w};
  return PaddedWindow(std::move(window), options.padding, x);
}

schema::ConvOptionsT ConvOf(Window window, int64_t groups, const ActivationBounds& bounds) {
  schema::ConvOptionsT options;
  options.strides = std::move(window.strides);
  options.dilations = std::move(window.dilations);
  options.pads_begin = std::move(window.pads_begin);
  options.pads_end = std::move(window.pads_end);
  options.groups = static_cast<int>(groups);
  options.activation_min = bounds.min;
  options.activation_max = bounds.max;
  return options;
}

// What both kinds of convolution do: `permutation` takes the weights as the file has them to
// [M, C / groups, height, width], `groups_of` gives the groups for C channels of x.
template <typename OptionsTable>
absl::Status ImportConvolution(TfliteOp& op, const std::vector<int>& permutation,
                               absl::StatusOr<int64_t> (*groups_of)(const Shape& x,
                                                                    const Shape& w)) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  if (op.in(0).rank() != 4 || op.in(1).rank() != 4) {
    return absl::InvalidArgumentError("expected x and weights of 4 dimensions");
  }
  const auto options = op.template Options<OptionsTable>();
  const absl::StatusOr<TensorId> x = op.Tensor(0, Order::kChannelsFirst);
  if (!x.ok()) return x.status();
  auto weights = ImportWeights(op, 1, permutation, op.in(0).quant.has_value());
  if (!weights.ok()) return weights.status();
  const Value& x_value = op.in(0).forms[static_cast<int>(Order::kChannelsFirst)];
  const Shape& w = weights->shape;
  auto window = ConvWindow(options, x_value, {static_cast<int>(w[2]), static_cast<int>(w[3])});
  if (!window.ok()) return window.status();
  const absl::StatusOr<int64_t> groups = groups_of(x_value.shape[0], w);
  if (!groups.ok()) return groups.status();
  const absl::StatusOr<ActivationBounds> bounds = BoundsOf(options.activation);
  if (!bounds.ok()) return bounds.status();
  std::vector<TensorId> inputs = {*x, weights->tensor};
  if (absl::Status s = ImportBias(op, 2, *weights, inputs); !s.ok()) return s;
  return op.Finish(ConvOf(*std::move(window), *groups, *bounds), std::move(inputs),
                   Order::kChannelsFirst);
}

// The file has no number of groups: it follows from the channels that one filter reads.
absl::StatusOr<int64_t> GroupsOf(const Shape& x, const Shape& w) {
  if (w[1] > 0 && x[1] % w[1] == 0 && x[1] > 0) return x[1] / w[1];
  return absl::InvalidArgumentError(
      absl::StrCat("has filters for ", w[1], " channels, but x has ", x[1]));
}

absl::StatusOr<int64_t> DepthwiseGroups(const Shape& x, const Shape& w) {
  if (w[1] == 1 && x[1] > 0 && w[0] % x[1] == 0) return x[1];
  return absl::InvalidArgumentError(absl::StrCat("has depthwise weights ", ToString(w),
                                                 " (channels first) for ", x[1], " channels"));
}

absl::Status ImportConv2D(TfliteOp& op) {
  return ImportConvolution<tflite::Conv2DOptions>(op, {0, 3, 1, 2}, GroupsOf);
}

absl::Status ImportDepthwise(TfliteOp& op) {
  return ImportConvolution<tflite::DepthwiseConv2DOptions>(op, {3, 0, 1, 2}, DepthwiseGroups);
}

// The pads of a transposed convolution along one dimension, so that x elements become y.
struct TransposedPads {
  int begin, end, output;
};

absl::StatusOr<TransposedPads> PadsFor(int64_t x, int64_t y, int64_t kernel, int64_t stride) {
  if (kernel < 1 || kernel > kMaxWindow || stride < 1 || stride > kMaxWindow) {
    return absl::InvalidArgumentError(
        absl::StrCat("has a kernel size of ", kernel, " or a stride of ", stride));
  }
  const int64_t whole = (x - 1) * stride + kernel;
  if (y < 1 || whole - y > kMaxWindow || y - whole >= stride) {
    return absl::InvalidArgumentError(absl::StrCat("makes ", y, " elements of ", x));
  }
  const auto cut = static_cast<int>(std::max<int64_t>(whole - y, 0));
  return TransposedPads{cut / 2, cut - cut / 2, static_cast<int>(std::max<int64_t>(y - whole, 0))};
}

// Computed in real numbers, whatever the types: the weights are small beside what they make.
absl::Status ImportTransposeConv(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(3); !s.ok()) return s;
  const auto options = op.Options<tflite::TransposeConvOptions>();
  if (op.in(1).rank() != 4 || op.in(2).rank() != 4) {
    return absl::InvalidArgumentError("expected x and weights of 4 dimensions");
  }
  const absl::StatusOr<std::vector<int64_t>> shape = op.Numbers(0);
  if (!shape.ok()) return shape.status();
  if (shape->size() != 4) return absl::InvalidArgumentError("expected 4 output sizes");
  const absl::StatusOr<TensorId> x = op.Reals(2, 4, Order::kChannelsFirst);
  if (!x.ok()) return x.status();
  auto weights = ImportWeights(op, 1, {3, 0, 1, 2}, false);
  if (!weights.ok()) return weights.status();
  const absl::StatusOr<ActivationBounds> bounds = BoundsOf(options.activation);
  if (!bounds.ok()) return bounds.status();
  schema::ConvTransposeOptionsT conv;
  conv.strides = {options.stride_h, options.stride_w};
  conv.dilations = {1, 1};
  conv.activation_min = bounds->min;
  conv.activation_max = bounds->max;
  for (size_t d = 0; d < 2; ++d) {
    const ProbedSize size = SizeAt(op.in(2).shape(), d + 1);
    if (!IsFixed(size)) return absl::UnimplementedError("enlarges a picture of open size");
    const auto pads = PadsFor(size[0], (*shape)[d + 1], weights->shape[d + 2], conv.strides[d]);
    if (!pads.ok()) return pads.status();
    conv.pads_begin.push_back(pads->begin);
    conv.pads_end.push_back(pads->end);
    conv.output_padding.push_back(pads->output);
  }
  std::vector<TensorId> inputs = {*x, weights->tensor};
  if (absl::Status s = ImportBias(op, 3, *weights, inputs); !s.ok()) return s;
  return op.FinishReal(std::move(conv), std::move(inputs), Order::kChannelsFirst);
}

constexpr TfliteRow kRows[] = {
    {tflite::BuiltinOperator::TRANSPOSE_CONV, ImportTransposeConv},
    {tflite::BuiltinOperator::CONV_2D, ImportConv2D},
    {tflite::BuiltinOperator::DEPTHWISE_CONV_2D, ImportDepthwise},
};

}  // namespace

absl::Span<const TfliteRow> TfliteConvOps() { return kRows; }

}  // namespace octet::importer
