#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

// Operators that select, place or repeat elements.

namespace octet {

SliceRange ResolveSlice(int64_t size, int64_t start, int64_t end, int64_t step) {
  // Ends beyond the dimension, such as INT64_MAX for "to the end", are cut before anything is
  // added.
  const auto resolve = [size](int64_t i, int64_t low, int64_t high) {
    if (i < 0) i = i < -size ? -1 : i + size;
    return std::min(std::max(i, low), high);
  };
  if (step > 0) {
    const int64_t first = resolve(start, 0, size);
    const int64_t last = resolve(end, 0, size);
    return {first, step, last > first ? (last - first - 1) / step + 1 : 0};
  }
  const int64_t first = resolve(start, -1, size - 1);
  const int64_t last = resolve(end, -1, size - 1);
  if (first <= last) return {0, step, 0};
  // -step would overflow for the lowest step, which takes one element like any long step.
  const int64_t stride = step < -size ? size + 1 : -step;
  return {first, step, (first - last - 1) / stride + 1};
}

std::vector<SliceRange> SliceRanges(const schema::SliceOptionsT& options, const Shape& x) {
  std::vector<SliceRange> ranges;
  for (int64_t size : x) ranges.push_back({0, 1, size});
  for (size_t i = 0; i < options.axes.size(); ++i) {
    const auto axis = static_cast<size_t>(options.axes[i]);
    ranges[axis] = ResolveSlice(x[axis], options.starts[i], options.ends[i],
                                options.steps.empty() ? 1 : options.steps[i]);
  }
  return ranges;
}

namespace infer {
namespace {

absl::Status CheckDistinctAxes(const std::vector<int32_t>& axes, const Shape& x) {
  std::vector<bool> seen(x.size(), false);
  for (int axis : axes) {
    if (absl::Status status = CheckAxis(axis, x); !status.ok()) return status;
    if (seen[static_cast<size_t>(axis)]) return Invalid("axes has ", axis, " twice");
    seen[static_cast<size_t>(axis)] = true;
  }
  return absl::OkStatus();
}

}  // namespace

Shapes Where(const Node&, absl::Span<const Shape> inputs) {
  absl::StatusOr<Shape> y = Broadcast(inputs[1], inputs[2]);
  if (y.ok()) y = Broadcast(inputs[0], *y);
  if (!y.ok()) return y.status();
  return std::vector<Shape>{*y};
}

Shapes Slice(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::SliceOptionsT>();
  const size_t count = options.axes.size();
  if (absl::Status status = CheckDistinctAxes(options.axes, inputs[0]); !status.ok()) return status;
  if (options.starts.size() != count || options.ends.size() != count ||
      (!options.steps.empty() && options.steps.size() != count)) {
    return Invalid("there are ", count, " axes, but ", options.starts.size(), " starts, ",
                   options.ends.size(), " ends and ", options.steps.size(), " steps");
  }
  if (std::find(options.steps.begin(), options.steps.end(), 0) != options.steps.end()) {
    return Invalid("a step is 0");
  }
  Shape y;
  for (const SliceRange& range : SliceRanges(options, inputs[0])) y.push_back(range.count);
  return std::vector<Shape>{y};
}

Shapes Gather(const Node& node, absl::Span<const Shape> inputs) {
  const int axis = node.as<schema::GatherOptionsT>().axis;
  const Shape &x = inputs[0], &indices = inputs[1];
  if (absl::Status status = CheckAxis(axis, x); !status.ok()) return status;
  Shape y(x.begin(), x.begin() + axis);
  y.insert(y.end(), indices.begin(), indices.end());
  y.insert(y.end(), x.begin() + axis + 1, x.end());
  return std::vector<Shape>{y};
}

Shapes GatherElements(const Node& node, absl::Span<const Shape> inputs) {
  const int axis = node.as<schema::GatherElementsOptionsT>().axis;
  const Shape &x = inputs[0], &indices = inputs[1];
  if (absl::Status status = CheckAxis(axis, x); !status.ok()) return status;
  bool fits = indices.size() == x.size();
  for (size_t i = 0; fits && i < x.size(); ++i) {
    fits = i == static_cast<size_t>(axis) || indices[i] <= x[i];
  }
  if (!fits) {
    return Invalid("indices are ", ToString(indices), ", which does not fit x, ", ToString(x),
                   ", along axes other than ", axis);
  }
  return std::vector<Shape>{indices};
}

Shapes GatherND(const Node& node, absl::Span<const Shape> inputs) {
  const int batch_dims = node.as<schema::GatherNDOptionsT>().batch_dims;
  const Shape &x = inputs[0], &indices = inputs[1];
  const auto batch = static_cast<size_t>(std::max(batch_dims, 0));
  if (batch_dims < 0 || indices.empty() || batch >= indices.size() || batch > x.size() ||
      !std::equal(x.begin(), x.begin() + batch_dims, indices.begin())) {
    return Invalid("batch_dims is ", batch_dims, ", but x is ", ToString(x), " and indices are ",
                   ToString(indices));
  }
  const int64_t depth = indices.back();
  if (depth > static_cast<int64_t>(x.size() - batch)) {
    return Invalid("indices name ", depth, " dimensions, but x has ", x.size() - batch,
                   " behind the batch");
  }
  Shape y(indices.begin(), indices.end() - 1);
  y.insert(y.end(), x.begin() + batch_dims + depth, x.end());
  return std::vector<Shape>{y};
}

Shapes ScatterElements(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ScatterElementsOptionsT>();
  const Shape &x = inputs[0], &indices = inputs[1];
  if (options.reduction > schema::ScatterReduction::MINIMUM) {
    return Invalid("reduction ", static_cast<int>(options.reduction), " is unknown");
  }
  if (absl::Status status = CheckAxis(options.axis, x); !status.ok()) return status;
  bool fits = indices.size() == x.size() && indices == inputs[2];
  for (size_t i = 0; fits && i < x.size(); ++i) {
    fits = i == static_cast<size_t>(options.axis) || indices[i] <= x[i];
  }
  if (!fits) {
    return Invalid("indices are ", ToString(indices), " and updates ", ToString(inputs[2]),
                   "; they must be equal, and no larger than x, ", ToString(x),
                   ", along axes other than ", options.axis);
  }
  return std::vector<Shape>{x};
}

Shapes ScatterND(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ScatterNDOptionsT>();
  const Shape &x = inputs[0], &indices = inputs[1];
  if (options.reduction > schema::ScatterReduction::MINIMUM) {
    return Invalid("reduction ", static_cast<int>(options.reduction), " is unknown");
  }
  if (indices.empty() || indices.back() > static_cast<int64_t>(x.size())) {
    return Invalid("indices are ", ToString(indices), ", but x is ", ToString(x));
  }
  Shape updates(indices.begin(), indices.end() - 1);
  updates.insert(updates.end(), x.begin() + indices.back(), x.end());
  if (updates != inputs[2]) {
    return Invalid("updates are ", ToString(inputs[2]), "; expected ", ToString(updates));
  }
  return std::vector<Shape>{x};
}

Shapes Expand(const Node& node, absl::Span<const Shape> inputs) {
  const std::vector<int64_t>& shape = node.as<schema::ExpandOptionsT>().shape;
  const Shape wanted(shape.begin(), shape.end());
  if (absl::Status status = CheckShape(wanted, false); !status.ok()) {
    return Invalid("shape: ", status.message());
  }
  absl::StatusOr<Shape> y = Broadcast(inputs[0], wanted);
  if (!y.ok()) return y.status();
  return std::vector<Shape>{*y};
}

Shapes Tile(const Node& node, absl::Span<const Shape> inputs) {
  const std::vector<int64_t>& repeats = node.as<schema::TileOptionsT>().repeats;
  Shape y = inputs[0];
  if (repeats.size() != y.size()) {
    return Invalid("repeats has ", repeats.size(), " entries, but x is ", ToString(y));
  }
  for (size_t i = 0; i < y.size(); ++i) {
    if (repeats[i] < 0 || (repeats[i] > 0 && y[i] > kMaxDimension / repeats[i])) {
      return Invalid("repeats has the entry ", repeats[i], " for the size ", y[i]);
    }
    y[i] *= repeats[i];
  }
  return std::vector<Shape>{y};
}

Shapes DepthToSpace(const Node& node, absl::Span<const Shape> inputs) {
  const int64_t block = node.as<schema::DepthToSpaceOptionsT>().block_size;
  const Shape& x = inputs[0];
  if (x.size() != 4 || block < 1 || block > kMaxWindow || x[1] % (block * block) != 0) {
    return Invalid("x is ", ToString(x), " and the block size ", block,
                   "; expected [N, C * block^2, H, W]");
  }
  return std::vector<Shape>{{x[0], x[1] / (block * block), x[2] * block, x[3] * block}};
}

Shapes SpaceToDepth(const Node& node, absl::Span<const Shape> inputs) {
  const int64_t block = node.as<schema::SpaceToDepthOptionsT>().block_size;
  const Shape& x = inputs[0];
  if (x.size() != 4 || block < 1 || block > kMaxWindow || x[2] % block != 0 || x[3] % block != 0) {
    return Invalid("x is ", ToString(x), " and the block size ", block,
                   "; expected [N, C, H, W] with sizes that the block divides");
  }
  return std::vector<Shape>{{x[0], x[1] * block * block, x[2] / block, x[3] / block}};
}

Shapes ShapeOf(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ShapeOfOptionsT>();
  const auto rank = static_cast<int>(inputs[0].size());
  if (options.start < 0 || options.end < options.start || options.end > rank) {
    return Invalid("it takes dimensions ", options.start, " to ", options.end, " of ", rank);
  }
  return std::vector<Shape>{{options.end - options.start}};
}

Shapes Range(const Node& node, absl::Span<const Shape>) {
  const auto& options = node.as<schema::RangeOptionsT>();
  if (!std::isfinite(options.start) || !std::isfinite(options.limit) || options.delta == 0 ||
      !std::isfinite(options.delta)) {
    return Invalid("it goes from ", options.start, " to ", options.limit, " in steps of ",
                   options.delta);
  }
  const double count = std::ceil((options.limit - options.start) / options.delta);
  if (!(count <= static_cast<double>(kMaxDimension))) {
    return Invalid("it has ", count, " elements");
  }
  return std::vector<Shape>{{static_cast<int64_t>(std::max(count, 0.0))}};
}

Shapes OneHot(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::OneHotOptionsT>();
  Shape y = inputs[0];
  if (inputs[1] != Shape{2}) return Invalid("values are ", ToString(inputs[1]), ", not off and on");
  if (options.axis < 0 || static_cast<size_t>(options.axis) > y.size() || options.depth < 0) {
    return Invalid("axis is ", options.axis, " and depth ", options.depth, ", but indices are ",
                   ToString(y));
  }
  y.insert(y.begin() + options.axis, options.depth);
  return std::vector<Shape>{y};
}

Shapes Trilu(const Node&, absl::Span<const Shape> inputs) {
  if (inputs[0].size() < 2) return Invalid("x is ", ToString(inputs[0]), ", not matrices");
  return std::vector<Shape>{inputs[0]};
}

Shapes ReverseSequence(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ReverseSequenceOptionsT>();
  const Shape& x = inputs[0];
  absl::Status status = CheckAxis(options.batch_axis, x);
  status.Update(CheckAxis(options.time_axis, x));
  if (!status.ok()) return status;
  if (options.batch_axis == options.time_axis) return Invalid("batch and time are one axis");
  const int64_t batch = x[static_cast<size_t>(options.batch_axis)];
  if (inputs[1] != Shape{batch}) {
    return Invalid("lengths are ", ToString(inputs[1]), ", but the batch is ", batch);
  }
  return std::vector<Shape>{x};
}

Shapes Arg(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ArgOptionsT>();
  Shape y = inputs[0];
  if (options.kind > schema::ArgKind::MINIMUM) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (absl::Status status = CheckAxis(options.axis, y); !status.ok()) return status;
  const auto axis = y.begin() + options.axis;
  if (*axis == 0) return Invalid("x is ", ToString(y), ", which has no extreme");
  *axis = 1;
  if (!options.keep_dims) y.erase(axis);
  return std::vector<Shape>{y};
}

Shapes TopK(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::TopKOptionsT>();
  Shape y = inputs[0];
  if (absl::Status status = CheckAxis(options.axis, y); !status.ok()) return status;
  int64_t& size = y[static_cast<size_t>(options.axis)];
  if (options.k < 0 || options.k > size) {
    return Invalid("k is ", options.k, ", but x is ", ToString(inputs[0]));
  }
  size = options.k;
  return std::vector<Shape>{y, y};
}

Shapes Cumulate(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::CumulateOptionsT>();
  if (options.kind > schema::CumulateKind::PRODUCT) {
    return Invalid("kind ", static_cast<int>(options.kind), " is unknown");
  }
  if (absl::Status status = CheckAxis(options.axis, inputs[0]); !status.ok()) return status;
  return std::vector<Shape>{inputs[0]};
}

}  // namespace infer
}  // namespace octet
