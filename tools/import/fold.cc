#include "tools/import/fold.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace octet::importer {

FoldFunction FindFold(const std::string& op_type) {
  const FoldFunction elementwise = FindElementwiseFold(op_type);
  return elementwise ? elementwise : FindMovementFold(op_type);
}

absl::StatusOr<size_t> NormalizeAxis(int64_t axis, size_t rank) {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " does not exist in a tensor of ", rank, " dimensions"));
  }
  return static_cast<size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::vector<int64_t> AttributeOrInput(FoldContext& context, const std::string& name, size_t index,
                                      int since) {
  if (context.opset < since) return context.attributes.Ints(name);
  return context.input(index) ? context.input(index)->ints() : std::vector<int64_t>{};
}

absl::StatusOr<Shape> ReshapedShape(const Shape& shape, absl::Span<const int64_t> target,
                                    bool allow_zero) {
  const auto error = [&](absl::string_view why) {
    const Shape wish(target.begin(), target.end());
    return absl::InvalidArgumentError(
        absl::StrCat("cannot reshape ", ToString(shape), " to ", ToString(wish), ": ", why));
  };
  Shape result;
  int open = -1;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] == -1) {
      if (open >= 0) return error("more than one size is -1");
      open = static_cast<int>(i);
      result.push_back(1);
    } else if (target[i] == 0 && !allow_zero) {
      if (i >= shape.size()) return error("0 copies a dimension that does not exist");
      result.push_back(shape[i]);
    } else if (target[i] < 0) {
      return error("a size is negative");
    } else {
      result.push_back(target[i]);
    }
  }
  const int64_t from = CheckedElements(shape);
  const int64_t known = CheckedElements(result);
  if (known < 0 || from < 0) return error("the sizes are too large");
  if (open >= 0) {
    if (known == 0 || from % known != 0) return error("the numbers of elements differ");
    result[static_cast<size_t>(open)] = from / known;
  } else if (known != from) {
    return error("the numbers of elements differ");
  }
  return result;
}

absl::StatusOr<Shape> SqueezedShape(const Shape& shape, absl::Span<const int64_t> axes) {
  std::vector<bool> drop(shape.size(), false);
  for (size_t i = 0; i < shape.size() && axes.empty(); ++i) drop[i] = shape[i] == 1;
  for (const int64_t axis : axes) {
    const auto i = NormalizeAxis(axis, shape.size());
    if (!i.ok()) return i.status();
    if (shape[*i] != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot drop dimension ", *i, " of ", ToString(shape), ": it is not 1"));
    }
    drop[*i] = true;
  }
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!drop[i]) result.push_back(shape[i]);
  }
  return result;
}

absl::StatusOr<Shape> UnsqueezedShape(const Shape& shape, absl::Span<const int64_t> axes) {
  const size_t rank = shape.size() + axes.size();
  std::vector<bool> insert(rank, false);
  for (const int64_t axis : axes) {
    const auto i = NormalizeAxis(axis, rank);
    if (!i.ok()) return i.status();
    if (insert[*i]) return absl::InvalidArgumentError("names an axis twice");
    insert[*i] = true;
  }
  Shape result;
  size_t next = 0;
  for (size_t i = 0; i < rank; ++i) result.push_back(insert[i] ? 1 : shape[next++]);
  return result;
}

absl::StatusOr<Shape> FlattenedShape(const Shape& shape, int64_t axis) {
  const auto rank = static_cast<int64_t>(shape.size());
  if (axis < -rank || axis > rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " does not exist in a tensor of ", rank, " dimensions"));
  }
  const int64_t split = axis < 0 ? axis + rank : axis;
  const auto product = [&](int64_t begin, int64_t end) {
    return CheckedElements(absl::MakeConstSpan(shape).subspan(static_cast<size_t>(begin),
                                                              static_cast<size_t>(end - begin)));
  };
  return Shape{product(0, split), product(split, rank)};
}

std::vector<int64_t> BroadcastIndices(const Shape& from, const Shape& to) {
  Shape strides(to.size(), 0);
  const size_t offset = to.size() - from.size();
  int64_t stride = 1;
  for (size_t i = from.size(); i-- > 0;) {
    if (from[i] != 1) strides[offset + i] = stride;
    stride *= from[i];
  }
  const int64_t count = NumElements(to);
  std::vector<int64_t> indices(static_cast<size_t>(count));
  Shape position(to.size(), 0);
  int64_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    indices[static_cast<size_t>(i)] = at;
    for (size_t d = to.size(); d-- > 0;) {
      at += strides[d];
      if (++position[d] < to[d]) break;
      at -= strides[d] * to[d];
      position[d] = 0;
    }
  }
  return indices;
}

}  // namespace octet::importer
