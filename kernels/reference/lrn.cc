#include <algorithm>
#include <cmath>

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

// Of an even size, one channel more lies behind than before.
void Compute(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::LrnOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const int64_t before = (options.size - 1) / 2, behind = options.size - 1 - before;
  const int64_t channels = x.shape()[1], stride = x.strides()[1];
  ForEachIndex(x.shape(), [&](const Shape& at) {
    const int64_t offset = x.Offset(at), channel = at[1];
    const int64_t begin = std::max<int64_t>(channel - before, 0);
    const int64_t end = std::min(channel + behind + 1, channels);
    double squares = 0;
    for (int64_t c = begin; c < end; ++c) {
      const double v = x.Real(offset + (c - channel) * stride);
      squares += v * v;
    }
    const double base = options.bias + static_cast<double>(options.alpha) / options.size * squares;
    const double divisor = std::pow(base, static_cast<double>(options.beta));
    y.SetReal(y.Offset(at), static_cast<float>(x.Real(offset) / divisor));
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceLrn = {"reference", CheckF32,
                                   reference::PrepareWith<reference::Compute>};

}  // namespace octet
