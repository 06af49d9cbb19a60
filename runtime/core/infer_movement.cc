#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

// Operators that move elements without looking at them.

namespace octet::infer {

Shapes Concat(const Node& node, absl::Span<const Shape> inputs) {
  const int axis = node.as<schema::ConcatOptionsT>().axis;
  Shape y = inputs[0];
  if (absl::Status status = CheckAxis(axis, y); !status.ok()) return status;
  const size_t along = static_cast<size_t>(axis);
  for (size_t i = 1; i < inputs.size(); ++i) {
    Shape alike = inputs[i];
    if (alike.size() == y.size()) alike[along] = y[along];
    if (alike != y) {
      return Invalid("input 0 is ", ToString(inputs[0]), " and input ", i, " is ",
                     ToString(inputs[i]), "; they may differ along axis ", axis, " only");
    }
    y[along] += inputs[i][along];
    if (y[along] > kMaxDimension) return Invalid("the sum of sizes exceeds ", kMaxDimension);
  }
  return std::vector<Shape>{y};
}

std::vector<int64_t> SplitSizes(const schema::SplitOptionsT& options, int64_t size, size_t parts) {
  if (!options.sizes.empty()) return options.sizes;
  const auto count = static_cast<int64_t>(parts);
  const int64_t part = (size + count - 1) / count;
  std::vector<int64_t> sizes;
  for (int64_t left = size; sizes.size() < parts; left -= sizes.back()) {
    sizes.push_back(std::min(part, left));
  }
  return sizes;
}

Shapes Split(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::SplitOptionsT>();
  const Shape& x = inputs[0];
  if (absl::Status status = CheckAxis(options.axis, x); !status.ok()) return status;
  const size_t along = static_cast<size_t>(options.axis);
  const std::vector<int64_t> sizes = SplitSizes(options, x[along], node.outputs.size());
  if (sizes.size() != node.outputs.size()) {
    return Invalid("sizes has ", sizes.size(), " entries for ", node.outputs.size(), " outputs");
  }
  int64_t rest = x[along];
  std::vector<Shape> outputs;
  outputs.reserve(sizes.size());
  for (int64_t size : sizes) {
    if (size < 0 || size > rest) {
      return Invalid("sizes has the entry ", size, ", but ", rest, " of the ", x[along],
                     " indices along axis ", options.axis, " are left");
    }
    rest -= size;
    outputs.push_back(x);
    outputs.back()[along] = size;
  }
  if (rest != 0) {
    return Invalid("sizes cover ", x[along] - rest, " of the ", x[along], " indices along axis ",
                   options.axis);
  }
  return outputs;
}

namespace {

// The size that -1 stands for, given that the other sizes are in `y`.
absl::StatusOr<int64_t> Remaining(const Shape& x, const std::vector<int64_t>& wanted,
                                  const Shape& y) {
  int64_t known = 1;
  for (size_t i = 0; i < y.size(); ++i) {
    if (wanted[i] != -1) known *= y[i];
  }
  const int64_t elements = NumElements(x);
  if (known == 0 || elements % known != 0) {
    return Invalid("x is ", ToString(x), " with ", elements, " elements, which ", known,
                   " elements of the known sizes do not divide");
  }
  return elements / known;
}

}  // namespace

Shapes Reshape(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::ReshapeOptionsT>();
  const std::vector<int64_t>& wanted = options.shape;
  const Shape& x = inputs[0];
  if (wanted.size() > kMaxRank) return Invalid("shape has ", wanted.size(), " entries");
  Shape y;
  int open = -1;
  for (size_t i = 0; i < wanted.size(); ++i) {
    int64_t size = wanted[i];
    if (size == -1) {
      if (open >= 0) return Invalid("shape has more than one -1");
      open = static_cast<int>(i);
      size = 1;
    } else if (size < -1 || (size == 0 && !options.allow_zero)) {
      const uint64_t source = size == 0 ? i : static_cast<uint64_t>(-(size + 2));
      if (source >= x.size()) {
        return Invalid("shape copies size ", source, " of x, but x is ", ToString(x));
      }
      size = x[static_cast<size_t>(source)];
    }
    y.push_back(size);
  }
  if (absl::Status status = CheckShape(y, false); !status.ok()) return status;
  if (open >= 0) {
    const absl::StatusOr<int64_t> rest = Remaining(x, wanted, y);
    if (!rest.ok()) return rest.status();
    y[static_cast<size_t>(open)] = *rest;
  }
  if (NumElements(y) != NumElements(x)) {
    return Invalid("x is ", ToString(x), " with ", NumElements(x), " elements, but the new shape ",
                   ToString(y), " has ", NumElements(y));
  }
  return std::vector<Shape>{y};
}

Shapes Transpose(const Node& node, absl::Span<const Shape> inputs) {
  const std::vector<int32_t>& permutation = node.as<schema::TransposeOptionsT>().permutation;
  const Shape& x = inputs[0];
  if (permutation.size() != x.size()) {
    return Invalid("permutation has ", permutation.size(), " entries, but x is ", ToString(x),
                   " of rank ", x.size());
  }
  std::vector<bool> seen(x.size(), false);
  Shape y;
  for (int axis : permutation) {
    if (axis < 0 || static_cast<size_t>(axis) >= x.size() || seen[static_cast<size_t>(axis)]) {
      return Invalid("permutation has the entry ", axis, "; each of 0 to ",
                     static_cast<int>(x.size()) - 1, " must occur once");
    }
    seen[static_cast<size_t>(axis)] = true;
    y.push_back(x[static_cast<size_t>(axis)]);
  }
  return std::vector<Shape>{y};
}

Shapes Pad(const Node& node, absl::Span<const Shape> inputs) {
  const auto& options = node.as<schema::PadOptionsT>();
  Shape y = inputs[0];
  if (options.mode > schema::PadMode::WRAP) {
    return Invalid("mode ", static_cast<int>(options.mode), " is unknown");
  }
  if (std::isnan(options.value)) return Invalid("the value to pad with is not a number");
  if (options.pads_begin.size() != y.size() || options.pads_end.size() != y.size()) {
    return Invalid("pads_begin has ", options.pads_begin.size(), " and pads_end ",
                   options.pads_end.size(), " entries, but x is ", ToString(y), " of rank ",
                   y.size());
  }
  for (size_t i = 0; i < y.size(); ++i) {
    for (int64_t pad : {options.pads_begin[i], options.pads_end[i]}) {
      if (pad < 0 || pad > kMaxDimension) {
        return Invalid("pads have the entry ", pad, ", outside [0, ", kMaxDimension, "]");
      }
      const int64_t size = inputs[0][i];
      const bool copies =
          options.mode == schema::PadMode::EDGE || options.mode == schema::PadMode::WRAP;
      const bool lacks =
          (options.mode == schema::PadMode::REFLECT && pad >= size) || (copies && size == 0);
      if (pad > 0 && lacks) {
        return Invalid("pads have the entry ", pad, " for a size of ", size, ", from which mode ",
                       schema::EnumNamePadMode(options.mode), " cannot take them");
      }
      y[i] += pad;
    }
  }
  return std::vector<Shape>{y};
}

}  // namespace octet::infer
