#include <algorithm>

#include "kernels/indices.h"
#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "runtime/core/infer.h"

// Operators whose result consists of elements of x, each found by a function of its index.

namespace octet {
namespace reference {
namespace {

absl::Status Check(const KernelContext& context) {
  return CheckCopy(context.input(0), context.output());
}

// Fills y. source(at, from) sets `from`, of x's rank, to the index in x of y's element at `at`, or
// returns false when there is none.
template <typename Fn>
void CopyFrom(const Problem& problem, const RunArgs& args, const Fn& source) {
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const ElementCopy copy(problem.inputs[0], problem.outputs[0]);
  Shape from(x.shape().size(), 0);
  ForEachIndex(y.shape(), [&](const Shape& at) {
    if (source(at, from)) copy(x, x.Offset(from), y, y.Offset(at));
  });
}

void ComputeSlice(const Problem& problem, const RunArgs& args) {
  const std::vector<SliceRange> ranges =
      SliceRanges(problem.node->as<schema::SliceOptionsT>(), problem.inputs[0].shape);
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    for (size_t d = 0; d < at.size(); ++d) from[d] = ranges[d].start + at[d] * ranges[d].step;
    return true;
  });
}

void ComputeExpand(const Problem& problem, const RunArgs& args) {
  const Shape& x = problem.inputs[0].shape;
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    for (size_t d = 0; d < x.size(); ++d) {
      from[d] = x[d] == 1 ? 0 : at[at.size() - x.size() + d];
    }
    return true;
  });
}

void ComputeTile(const Problem& problem, const RunArgs& args) {
  const Shape& x = problem.inputs[0].shape;
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    for (size_t d = 0; d < at.size(); ++d) from[d] = at[d] % x[d];
    return true;
  });
}

void ComputeDepthToSpace(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::DepthToSpaceOptionsT>();
  const int64_t block = options.block_size;
  const int64_t channels = problem.outputs[0].shape[1];
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    const int64_t pixel = at[2] % block * block + at[3] % block;
    const int64_t depth =
        options.column_row ? at[1] * block * block + pixel : pixel * channels + at[1];
    from = {at[0], depth, at[2] / block, at[3] / block};
    return true;
  });
}

void ComputeSpaceToDepth(const Problem& problem, const RunArgs& args) {
  const int64_t block = problem.node->as<schema::SpaceToDepthOptionsT>().block_size;
  const int64_t channels = problem.inputs[0].shape[1];
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    const int64_t pixel = at[1] / channels;
    from = {at[0], at[1] % channels, at[2] * block + pixel / block, at[3] * block + pixel % block};
    return true;
  });
}

void ComputeGather(const Problem& problem, const RunArgs& args) {
  const auto axis = static_cast<size_t>(problem.node->as<schema::GatherOptionsT>().axis);
  const Shape& x = problem.inputs[0].shape;
  const Indices indices(problem.inputs[1].type, args.inputs[1]);
  const Numbers list = problem.In(1, args);
  const size_t rank = list.shape().size();
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    int64_t offset = 0;
    for (size_t d = 0; d < rank; ++d) offset += at[axis + d] * list.strides()[d];
    for (size_t d = 0; d < axis; ++d) from[d] = at[d];
    for (size_t d = axis + 1; d < x.size(); ++d) from[d] = at[d + rank - 1];
    from[axis] = ResolveIndex(indices[offset], x[axis], args.error);
    return from[axis] >= 0;
  });
}

void ComputeGatherElements(const Problem& problem, const RunArgs& args) {
  const auto axis = static_cast<size_t>(problem.node->as<schema::GatherElementsOptionsT>().axis);
  const Indices indices(problem.inputs[1].type, args.inputs[1]);
  const Numbers list = problem.In(1, args);
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    from = at;
    from[axis] = ResolveIndex(indices[list.Offset(at)], problem.inputs[0].shape[axis], args.error);
    return from[axis] >= 0;
  });
}

void ComputeGatherND(const Problem& problem, const RunArgs& args) {
  const auto batch = static_cast<size_t>(problem.node->as<schema::GatherNDOptionsT>().batch_dims);
  const Shape& x = problem.inputs[0].shape;
  const Indices indices(problem.inputs[1].type, args.inputs[1]);
  const Numbers list = problem.In(1, args);
  const size_t vectors = list.shape().size() - 1;
  const auto depth = static_cast<size_t>(list.shape().back());
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    int64_t offset = 0;
    for (size_t d = 0; d < vectors; ++d) offset += at[d] * list.strides()[d];
    for (size_t d = 0; d < x.size(); ++d) {
      const bool named = d >= batch && d < batch + depth;
      if (!named) {
        from[d] = d < batch ? at[d] : at[vectors + d - batch - depth];
        continue;
      }
      from[d] = ResolveIndex(indices[offset + static_cast<int64_t>(d - batch)], x[d], args.error);
      if (from[d] < 0) return false;
    }
    return true;
  });
}

void ComputeReverseSequence(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::ReverseSequenceOptionsT>();
  const auto batch = static_cast<size_t>(options.batch_axis);
  const auto time = static_cast<size_t>(options.time_axis);
  const int64_t steps = problem.inputs[0].shape[time];
  const Indices lengths(problem.inputs[1].type, args.inputs[1]);
  CopyFrom(problem, args, [&](const Shape& at, Shape& from) {
    const int64_t length = lengths[at[batch]];
    from = at;
    if (length < 0 || length > steps) {
      args.error->Report("a sequence length", length, 0, steps);
      return false;
    }
    if (at[time] < length) from[time] = length - 1 - at[time];
    return true;
  });
}

void ComputeShapeOf(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::ShapeOfOptionsT>();
  const Shape& x = problem.inputs[0].shape;
  std::copy(x.begin() + options.start, x.begin() + options.end,
            static_cast<int64_t*>(args.outputs[0]));
}

absl::Status CheckAnything(const KernelContext&) { return absl::OkStatus(); }

}  // namespace
}  // namespace reference

const KernelEntry kReferenceSlice = {"reference", reference::Check,
                                     reference::PrepareWith<reference::ComputeSlice>};
const KernelEntry kReferenceExpand = {"reference", reference::Check,
                                      reference::PrepareWith<reference::ComputeExpand>};
const KernelEntry kReferenceTile = {"reference", reference::Check,
                                    reference::PrepareWith<reference::ComputeTile>};
const KernelEntry kReferenceDepthToSpace = {"reference", reference::Check,
                                            reference::PrepareWith<reference::ComputeDepthToSpace>};
const KernelEntry kReferenceSpaceToDepth = {"reference", reference::Check,
                                            reference::PrepareWith<reference::ComputeSpaceToDepth>};
const KernelEntry kReferenceGather = {"reference", reference::Check,
                                      reference::PrepareWith<reference::ComputeGather>};
const KernelEntry kReferenceGatherElements = {
    "reference", reference::Check, reference::PrepareWith<reference::ComputeGatherElements>};
const KernelEntry kReferenceGatherND = {"reference", reference::Check,
                                        reference::PrepareWith<reference::ComputeGatherND>};
const KernelEntry kReferenceReverseSequence = {
    "reference", reference::Check, reference::PrepareWith<reference::ComputeReverseSequence>};
const KernelEntry kReferenceShapeOf = {"reference", reference::CheckAnything,
                                       reference::PrepareWith<reference::ComputeShapeOf>};

}  // namespace octet
