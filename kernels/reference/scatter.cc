#include <algorithm>

#include "kernels/indices.h"
#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/scatter_functions.h"

// ScatterElements and ScatterND. Quantized numbers are combined as the reals that they stand for,
// rounded each time.

namespace octet {
namespace reference {
namespace {

using Reduction = schema::ScatterReduction;
constexpr size_t kX = 0, kIndices = 1, kUpdates = 2;

absl::Status Check(const KernelContext& context) {
  const Operand& y = context.output();
  absl::Status status = CheckCopy(context.input(kX), y);
  status.Update(CheckCopy(context.input(kUpdates), y));
  return status;
}

float CombineReal(Reduction reduction, float a, float b) {
  switch (reduction) {
    case Reduction::ADD:
      return a + b;
    case Reduction::MUL:
      return a * b;
    case Reduction::MAXIMUM:
      return std::max(a, b);
    case Reduction::MINIMUM:
      return std::min(a, b);
    case Reduction::NONE:
      break;
  }
  return b;
}

// Starts with y = x, then combines each update with the element of y that target(at, to) sets `to`
// to; there is none when that returns false.
template <typename Fn>
void Scatter(const Problem& problem, const RunArgs& args, Reduction reduction, const Fn& target) {
  const Numbers x = problem.In(kX, args), updates = problem.In(kUpdates, args);
  Numbers y = problem.Out(0, args);
  const ElementCopy keep(problem.inputs[kX], problem.outputs[0]);
  ForEachIndex(y.shape(), [&](const Shape& at) { keep(x, x.Offset(at), y, y.Offset(at)); });
  const ElementCopy overwrite(problem.inputs[kUpdates], problem.outputs[0]);
  const bool quantized = problem.outputs[0].quant != nullptr;
  const CombineFunction combine = CombineFor(reduction, y.type());
  const auto bytes = static_cast<int64_t>(SizeOf(y.type()));
  Shape to(y.shape().size(), 0);
  ForEachIndex(updates.shape(), [&](const Shape& at) {
    if (!target(at, to)) return;
    const int64_t from_offset = updates.Offset(at), to_offset = y.Offset(to);
    if (reduction == Reduction::NONE) {
      overwrite(updates, from_offset, y, to_offset);
    } else if (quantized) {
      y.SetReal(to_offset, CombineReal(reduction, y.Real(to_offset), updates.Real(from_offset)));
    } else {
      combine(y.data() + to_offset * bytes, updates.data() + from_offset * bytes, 1);
    }
  });
}

void ComputeScatterElements(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::ScatterElementsOptionsT>();
  const auto axis = static_cast<size_t>(options.axis);
  const Indices indices(problem.inputs[kIndices].type, args.inputs[kIndices]);
  const Numbers list = problem.In(kIndices, args);
  Scatter(problem, args, options.reduction, [&](const Shape& at, Shape& to) {
    to = at;
    to[axis] = ResolveIndex(indices[list.Offset(at)], problem.outputs[0].shape[axis], args.error);
    return to[axis] >= 0;
  });
}

void ComputeScatterND(const Problem& problem, const RunArgs& args) {
  const Indices indices(problem.inputs[kIndices].type, args.inputs[kIndices]);
  const Numbers list = problem.In(kIndices, args);
  const Shape& y = problem.outputs[0].shape;
  const size_t vectors = list.shape().size() - 1;
  const auto depth = static_cast<size_t>(list.shape().back());
  const Reduction reduction = problem.node->as<schema::ScatterNDOptionsT>().reduction;
  Scatter(problem, args, reduction, [&](const Shape& at, Shape& to) {
    int64_t offset = 0;
    for (size_t d = 0; d < vectors; ++d) offset += at[d] * list.strides()[d];
    for (size_t d = 0; d < y.size(); ++d) {
      to[d] = d < depth ? ResolveIndex(indices[offset + static_cast<int64_t>(d)], y[d], args.error)
                        : at[vectors + d - depth];
      if (to[d] < 0) return false;
    }
    return true;
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceScatterElements = {
    "reference", reference::Check, reference::PrepareWith<reference::ComputeScatterElements>};
const KernelEntry kReferenceScatterND = {"reference", reference::Check,
                                         reference::PrepareWith<reference::ComputeScatterND>};

}  // namespace octet
