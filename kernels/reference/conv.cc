#include "kernels/reference/product.h"
#include "kernels/reference/reference.h"
#include "kernels/reference/window.h"

namespace octet {
namespace reference {
namespace {

template <typename X, typename W>
void Convolve(const Problem& problem, const RunArgs& args) {
  using Sum = typename SumOf<X>::type;
  const auto& options = problem.node->as<schema::ConvOptionsT>();
  const Numbers x = problem.In(0, args), w = problem.In(1, args), y = problem.Out(0, args);
  Product product(problem, args, options.activation_min, options.activation_max);
  const Window window{Spatial(w.shape()), &options.strides, &options.dilations, &options.pads_begin,
                      &options.pads_end};
  const Shape x_spatial = Spatial(x.shape());
  const int64_t inputs = w.shape()[1], outputs = w.shape()[0] / options.groups;
  const auto* x_data = reinterpret_cast<const X*>(x.data());
  const auto* w_data = reinterpret_cast<const W*>(w.data());
  const auto zx = static_cast<Sum>(product.x_zero_point());
  const auto zw = static_cast<Sum>(product.w_zero_point());
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const int64_t channel = at[1];
    const X* x_image =
        x_data + at[0] * x.strides()[0] + channel / outputs * inputs * x.strides()[1];
    const W* w_row = w_data + channel * w.strides()[0];
    Sum sum{};
    window.ForEachTap(x_spatial, Spatial(at), [&](const Shape& tap, const Shape& position) {
      const X* from = x_image + SpatialOffset(x.strides(), position);
      const W* weights = w_row + SpatialOffset(w.strides(), tap);
      for (int64_t c = 0; c < inputs; ++c) {
        sum += (static_cast<Sum>(from[c * x.strides()[1]]) - zx) *
               (static_cast<Sum>(weights[c * w.strides()[1]]) - zw);
      }
    });
    product.Store(at, channel, sum);
  });
}

// Samples are quantized one by one.
void ConvolveDynamic(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::ConvOptionsT>();
  const Numbers x = problem.In(0, args), w = problem.In(1, args), y = problem.Out(0, args);
  Product product(problem, args, options.activation_min, options.activation_max);
  const Window window{Spatial(w.shape()), &options.strides, &options.dilations, &options.pads_begin,
                      &options.pads_end};
  const Shape x_spatial = Spatial(x.shape());
  const int64_t inputs = w.shape()[1], outputs = w.shape()[0] / options.groups;
  const int64_t sample = x.shape()[0] == 0 ? 0 : NumElements(x.shape()) / x.shape()[0];
  DynamicRow row;
  int64_t quantized = -1;
  ForEachIndex(y.shape(), [&](const Shape& at) {
    if (at[0] != quantized) {
      quantized = at[0];
      row.Quantize(reinterpret_cast<const float*>(x.data()) + at[0] * x.strides()[0], sample, 1);
    }
    const int64_t channel = at[1];
    int64_t sum = 0;
    window.ForEachTap(x_spatial, Spatial(at), [&](const Shape& tap, const Shape& position) {
      const int64_t from =
          channel / outputs * inputs * x.strides()[1] + SpatialOffset(x.strides(), position);
      const int64_t weights = channel * w.strides()[0] + SpatialOffset(w.strides(), tap);
      for (int64_t c = 0; c < inputs; ++c) {
        sum += static_cast<int64_t>(row.offsets[static_cast<size_t>(from + c * x.strides()[1])]) *
               w.Int(weights + c * w.strides()[1]);
      }
    });
    product.StoreDynamic(at, channel, sum, row.scale);
  });
}

void Compute(const Problem& problem, const RunArgs& args) {
  if (problem.node->as<schema::ConvOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC) {
    return ConvolveDynamic(problem, args);
  }
  DispatchTypes(problem.inputs[0].type, problem.inputs[1].type,
                [&](auto x, auto w) { Convolve<decltype(x), decltype(w)>(problem, args); });
}

absl::Status Check(const KernelContext& context) {
  return CheckProduct(context, 0, context.node->as<schema::ConvOptionsT>().arithmetic);
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceConv = {"reference", reference::Check,
                                    reference::PrepareWith<reference::Compute>};

}  // namespace octet
