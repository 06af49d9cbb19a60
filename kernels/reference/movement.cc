#include <algorithm>
#include <cstring>

#include "kernels/pad_value.h"
#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

absl::Status CheckMovement(const KernelContext& context) {
  for (const Operand& x : context.inputs) {
    for (const Operand& y : context.outputs) {
      if (absl::Status s = CheckCopy(x, y); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

void ComputeConcat(const Problem& problem, const RunArgs& args) {
  const auto axis = static_cast<size_t>(problem.node->as<schema::ConcatOptionsT>().axis);
  Numbers y = problem.Out(0, args);
  int64_t begin = 0;
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    const Numbers x = problem.In(i, args);
    const ElementCopy copy(problem.inputs[i], problem.outputs[0]);
    ForEachIndex(x.shape(), [&](const Shape& at) {
      copy(x, x.Offset(at), y, y.Offset(at) + begin * y.strides()[axis]);
    });
    begin += x.shape()[axis];
  }
}

void ComputeSplit(const Problem& problem, const RunArgs& args) {
  const auto axis = static_cast<size_t>(problem.node->as<schema::SplitOptionsT>().axis);
  const Numbers x = problem.In(0, args);
  int64_t begin = 0;
  for (size_t i = 0; i < problem.outputs.size(); ++i) {
    Numbers y = problem.Out(i, args);
    const ElementCopy copy(problem.inputs[0], problem.outputs[i]);
    ForEachIndex(y.shape(), [&](const Shape& at) {
      copy(x, x.Offset(at) + begin * x.strides()[axis], y, y.Offset(at));
    });
    begin += y.shape()[axis];
  }
}

// The offset of the element that is the `position`-th in row-major order.
int64_t OffsetAt(const Numbers& x, int64_t position) {
  int64_t offset = 0;
  for (size_t d = x.shape().size(); d-- > 0;) {
    offset += position % x.shape()[d] * x.strides()[d];
    position /= x.shape()[d];
  }
  return offset;
}

void ComputeReshape(const Problem& problem, const RunArgs& args) {
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const ElementCopy copy(problem.inputs[0], problem.outputs[0]);
  const int64_t count = NumElements(y.shape());
  for (int64_t i = 0; i < count; ++i) copy(x, OffsetAt(x, i), y, OffsetAt(y, i));
}

void ComputeTranspose(const Problem& problem, const RunArgs& args) {
  const std::vector<int32_t>& permutation =
      problem.node->as<schema::TransposeOptionsT>().permutation;
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const ElementCopy copy(problem.inputs[0], problem.outputs[0]);
  Shape from(y.shape().size());
  ForEachIndex(y.shape(), [&](const Shape& at) {
    for (size_t d = 0; d < at.size(); ++d) from[static_cast<size_t>(permutation[d])] = at[d];
    copy(x, x.Offset(from), y, y.Offset(at));
  });
}

// The index into a dimension of `size` elements that lies at `i`, which is before its begin or
// beyond its end. REFLECT mirrors at the outermost elements, again and again when the padding is
// long; WRAP repeats x.
int64_t Outside(schema::PadMode mode, int64_t i, int64_t size) {
  if (mode == schema::PadMode::WRAP) return (i % size + size) % size;
  if (mode == schema::PadMode::EDGE || size == 1) {
    return std::min(std::max<int64_t>(i, 0), size - 1);
  }
  const int64_t period = 2 * (size - 1);
  const int64_t phase = (i % period + period) % period;
  return phase < size ? phase : period - phase;
}

void ComputePad(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::PadOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const ElementCopy copy(problem.inputs[0], problem.outputs[0]);
  const size_t bytes = SizeOf(y.type());
  uint8_t value[8];
  if (problem.has_input(kPadValueInput)) {
    std::memcpy(value, args.inputs[kPadValueInput], bytes);
  } else {
    StorePadValue(options.value, problem.outputs[0], value);
  }
  Shape from(y.shape().size());
  ForEachIndex(y.shape(), [&](const Shape& at) {
    bool inside = true;
    for (size_t d = 0; d < at.size(); ++d) {
      from[d] = at[d] - options.pads_begin[d];
      if (from[d] >= 0 && from[d] < x.shape()[d]) continue;
      inside = false;
      if (options.mode != schema::PadMode::CONSTANT) {
        from[d] = Outside(options.mode, from[d], x.shape()[d]);
      }
    }
    if (!inside && options.mode == schema::PadMode::CONSTANT) {
      std::memcpy(y.data() + static_cast<size_t>(y.Offset(at)) * bytes, value, bytes);
      return;
    }
    copy(x, x.Offset(from), y, y.Offset(at));
  });
}

absl::Status CheckPad(const KernelContext& context) {
  return CheckCopy(context.input(0), context.output());
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceConcat = {"reference", reference::CheckMovement,
                                      reference::PrepareWith<reference::ComputeConcat>};
const KernelEntry kReferenceSplit = {"reference", reference::CheckMovement,
                                     reference::PrepareWith<reference::ComputeSplit>};
const KernelEntry kReferenceReshape = {"reference", reference::CheckMovement,
                                       reference::PrepareWith<reference::ComputeReshape>};
const KernelEntry kReferenceTranspose = {"reference", reference::CheckMovement,
                                         reference::PrepareWith<reference::ComputeTranspose>};
const KernelEntry kReferencePad = {"reference", reference::CheckPad,
                                   reference::PrepareWith<reference::ComputePad>};

}  // namespace octet
