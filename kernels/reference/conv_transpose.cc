#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/reference/window.h"

namespace octet {
namespace reference {
namespace {

constexpr size_t kX = 0, kW = 1, kBias = 2;

// Along one dimension: the element of x that reaches output position `at` through kernel index
// `tap`, or -1.
int64_t Source(const schema::ConvTransposeOptionsT& options, size_t d, int64_t at, int64_t tap,
               int64_t size) {
  const int64_t distance = at + options.pads_begin[d] - tap * options.dilations[d];
  if (distance < 0 || distance % options.strides[d] != 0) return -1;
  const int64_t source = distance / options.strides[d];
  return source < size ? source : -1;
}

void Compute(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::ConvTransposeOptionsT>();
  const Numbers x = problem.In(kX, args), w = problem.In(kW, args);
  Numbers y = problem.Out(0, args);
  const auto* bias =
      problem.has_input(kBias) ? static_cast<const float*>(args.inputs[kBias]) : nullptr;
  const Shape kernel = Spatial(w.shape());
  const int64_t inputs = x.shape()[1] / options.groups, outputs = w.shape()[1];
  ForEachIndex(y.shape(), [&](const Shape& at) {
    double sum = bias != nullptr ? bias[at[1]] : 0;
    const int64_t first = at[1] / outputs * inputs;
    Shape from = at, weight = at;
    weight[1] = at[1] % outputs;
    ForEachIndex(kernel, [&](const Shape& tap) {
      for (size_t d = 0; d < tap.size(); ++d) {
        from[d + 2] = Source(options, d, at[d + 2], tap[d], x.shape()[d + 2]);
        weight[d + 2] = tap[d];
        if (from[d + 2] < 0) return;
      }
      for (int64_t c = first; c < first + inputs; ++c) {
        from[1] = weight[0] = c;
        sum += static_cast<double>(x.Real(x.Offset(from))) * w.Real(w.Offset(weight));
      }
    });
    const auto value = static_cast<float>(sum);
    y.SetReal(y.Offset(at), ClampReal(value, options.activation_min, options.activation_max));
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceConvTranspose = {"reference", CheckF32,
                                             reference::PrepareWith<reference::Compute>};

}  // namespace octet
