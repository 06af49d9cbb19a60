#include "tools/import/open_shapes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace octet::importer {
namespace {

constexpr ProbedSize Fixed(int64_t size) {
  ProbedSize sizes{};
  for (int64_t& s : sizes) s = size;
  return sizes;
}

OpenShape Known(const ProbedShape& shape) {
  OpenShape result;
  for (size_t i = 0; i < shape[0].size(); ++i) result.push_back(SizeAt(shape, i));
  return result;
}

OpenShape AllOpen(size_t rank) { return OpenShape(rank); }

OpenShape OpenAlong(const ProbedShape& shape, int64_t axis) {
  OpenShape result = Known(shape);
  if (axis >= 0 && static_cast<size_t>(axis) < result.size()) {
    result[static_cast<size_t>(axis)] = absl::nullopt;
  }
  return result;
}

template <typename Axes>
OpenShape OpenAlongAll(const ProbedShape& shape, const Axes& axes) {
  OpenShape result = Known(shape);
  for (const auto axis : axes) {
    if (axis >= 0 && static_cast<size_t>(axis) < result.size()) {
      result[static_cast<size_t>(axis)] = absl::nullopt;
    }
  }
  return result;
}

absl::Status OpenRank() {
  return absl::UnimplementedError(
      "makes a tensor whose rank is known only when the model runs; the rank must be fixed");
}

// How many numbers a value input has, or -1.
int64_t LengthOf(const ProbedShape& shape) {
  return shape[0].size() == 1 && IsFixed(SizeAt(shape, 0)) ? shape[0][0] : -1;
}

using Result = absl::StatusOr<std::vector<OpenShape>>;

Result One(OpenShape shape) { return std::vector<OpenShape>{std::move(shape)}; }

Result OfReduce(const Node& node, absl::Span<const ProbedShape> inputs) {
  const auto& options = node.as<schema::ReduceOptionsT>();
  const size_t rank = inputs[0][0].size();
  if (options.keep_dims) return One(AllOpen(rank));
  const int64_t count = LengthOf(inputs[1]);
  // No axes means all of them, or none.
  if (count <= 0 || count > static_cast<int64_t>(rank)) return OpenRank();
  return One(AllOpen(rank - static_cast<size_t>(count)));
}

Result OfSlice(const Node& node, absl::Span<const ProbedShape> inputs) {
  const auto& options = node.as<schema::SliceOptionsT>();
  if (!options.axes.empty()) return One(OpenAlongAll(inputs[0], options.axes));
  const int64_t count = node.input(3) == kNoTensor && node.input(1) != kNoTensor
                            ? LengthOf(inputs[1])
                            : static_cast<int64_t>(options.starts.size());
  if (count <= 0 || node.input(3) != kNoTensor) return One(AllOpen(inputs[0][0].size()));
  OpenShape shape = Known(inputs[0]);
  for (size_t i = 0; i < shape.size() && i < static_cast<size_t>(count); ++i) {
    shape[i] = absl::nullopt;
  }
  return One(std::move(shape));
}

// Unlike the size of a result, the number of elements of its counterpart is known.
Result OfUnique(const Node& node, absl::Span<const ProbedShape> inputs) {
  const int axis = node.as<schema::UniqueOptionsT>().axis;
  OpenShape vector = AllOpen(1), inverse = AllOpen(1);
  ProbedSize elements;
  for (size_t p = 0; p < kProbes; ++p) elements[p] = NumElements(inputs[0][p]);
  inverse[0] = axis < 0 ? elements : SizeAt(inputs[0], static_cast<size_t>(axis));
  return std::vector<OpenShape>{axis < 0 ? vector : OpenAlong(inputs[0], axis), vector, inverse,
                                vector};
}

Result OfTopK(const Node& node, absl::Span<const ProbedShape> inputs) {
  const OpenShape shape = OpenAlong(inputs[0], node.as<schema::TopKOptionsT>().axis);
  return std::vector<OpenShape>{shape, shape};
}

Result OfOneHot(const Node& node, absl::Span<const ProbedShape> inputs) {
  OpenShape shape = Known(inputs[0]);
  const auto axis = static_cast<size_t>(node.as<schema::OneHotOptionsT>().axis);
  shape.insert(shape.begin() + static_cast<ptrdiff_t>(std::min(axis, shape.size())), absl::nullopt);
  return One(std::move(shape));
}

Result OfLength(const ProbedShape& numbers, size_t least) {
  const int64_t length = LengthOf(numbers);
  if (length < 0) return OpenRank();
  return One(AllOpen(std::max(least, static_cast<size_t>(length))));
}

// numpy's broadcast of what is known; empty where fixed sizes contradict each other.
absl::optional<OpenShape> Broadcast(const OpenShape& a, const OpenShape& b) {
  OpenShape result(std::max(a.size(), b.size()), Fixed(1));
  for (size_t i = 0; i < result.size(); ++i) {
    const size_t from_end = result.size() - i;
    const OpenSize one = Fixed(1);
    const OpenSize x = from_end <= a.size() ? a[a.size() - from_end] : one;
    const OpenSize y = from_end <= b.size() ? b[b.size() - from_end] : one;
    const bool x_fixed = x && IsFixed(*x), y_fixed = y && IsFixed(*y);
    if (x == y || y == one) {
      result[i] = x;
    } else if (x == one) {
      result[i] = y;
    } else if (x_fixed && y_fixed) {
      return absl::nullopt;
    } else {
      // One of them is 1, or both are equal: then the fixed one wins.
      result[i] = x_fixed ? x : y_fixed ? y : absl::nullopt;
    }
  }
  return result;
}

absl::optional<OpenShape> RelaxedMatMul(const Node& node, const OpenShape& a, const OpenShape& b) {
  const auto& options = node.as<schema::MatMulOptionsT>();
  if (a.empty() || b.size() < 2) return absl::nullopt;
  const size_t matrix = a.size() == 1 ? 1 : 2;
  const OpenSize rows = matrix == 1 ? OpenSize() : a[a.size() - (options.transpose_a ? 1 : 2)];
  const OpenSize columns = b[b.size() - (options.transpose_b ? 2 : 1)];
  auto result = Broadcast(OpenShape(a.begin(), a.end() - static_cast<ptrdiff_t>(matrix)),
                          OpenShape(b.begin(), b.end() - 2));
  if (!result) return result;
  if (matrix == 2) result->push_back(rows);
  result->push_back(columns);
  return result;
}

// The inputs are alike but along `axis`.
absl::optional<OpenShape> RelaxedConcat(int axis, const std::vector<OpenShape>& inputs) {
  OpenShape result = inputs[0];
  for (const OpenShape& input : inputs) {
    if (input.size() != result.size()) return absl::nullopt;
    for (size_t i = 0; i < result.size(); ++i) {
      if (!result[i] || (input[i] && IsFixed(*input[i]) && !IsFixed(*result[i]))) {
        result[i] = input[i];
      }
    }
  }
  if (axis >= 0 && static_cast<size_t>(axis) < result.size()) {
    result[static_cast<size_t>(axis)] = absl::nullopt;
  }
  return result;
}

// [N, channels, spatial...]
OpenShape RelaxedWindow(const OpenShape& x, const OpenSize& channels) {
  OpenShape result = AllOpen(x.size());
  if (x.size() > 1) {
    result[0] = x[0];
    result[1] = channels;
  }
  return result;
}

// Fixed sizes that a Reshape names; the others are open.
OpenShape RelaxedReshape(const schema::ReshapeOptionsT& options) {
  OpenShape result;
  for (const int64_t size : options.shape) {
    result.push_back(size > 0 ? OpenSize(Fixed(size)) : OpenSize());
  }
  return result;
}

// Nothing where fixed sizes contradict each other.
absl::optional<OpenShape> Relaxed(const Node& node, const std::vector<OpenShape>& inputs) {
  switch (node.type()) {
    case OpType::BinaryOptions:
      return Broadcast(inputs[0], inputs[1]);
    case OpType::WhereOptions: {
      const auto both = Broadcast(inputs[1], inputs[2]);
      return both ? Broadcast(inputs[0], *both) : both;
    }
    case OpType::MatMulOptions:
      return RelaxedMatMul(node, inputs[0], inputs[1]);
    case OpType::ConvOptions:
      return RelaxedWindow(inputs[0], inputs[1][0]);
    case OpType::PoolOptions:
      return RelaxedWindow(inputs[0], inputs[0].size() > 1 ? inputs[0][1] : OpenSize());
    case OpType::ConcatOptions:
      return RelaxedConcat(node.as<schema::ConcatOptionsT>().axis, inputs);
    case OpType::ReshapeOptions:
      return RelaxedReshape(node.as<schema::ReshapeOptionsT>());
    case OpType::GatherElementsOptions:
      return inputs[1];
    case OpType::ScatterElementsOptions:
    case OpType::ScatterNDOptions:
    case OpType::NormalizationOptions:
    case OpType::ReverseSequenceOptions:
      return inputs[0];
    case OpType::ExpandOptions:
      return AllOpen(std::max(inputs[0].size(), node.as<schema::ExpandOptionsT>().shape.size()));
    case OpType::SliceOptions:
    case OpType::PadOptions:
    case OpType::DepthToSpaceOptions:
    case OpType::SpaceToDepthOptions:
    case OpType::AttentionOptions:
      return AllOpen(inputs[0].size());
    default:
      return absl::nullopt;
  }
}

}  // namespace

Result OpenShapes(const Node& node, absl::Span<const ProbedShape> inputs) {
  const size_t rank = inputs.empty() ? 0 : inputs[0][0].size();
  switch (node.type()) {
    case OpType::SplitOptions:
      return std::vector<OpenShape>(node.outputs.size(),
                                    OpenAlong(inputs[0], node.as<schema::SplitOptionsT>().axis));
    case OpType::ReshapeOptions:
      return OfLength(inputs[1], 0);
    case OpType::ExpandOptions:
      return OfLength(inputs[1], rank);
    case OpType::PadOptions:
    case OpType::TileOptions:
      return One(AllOpen(rank));
    case OpType::ReduceOptions:
      return OfReduce(node, inputs);
    case OpType::SliceOptions:
      return OfSlice(node, inputs);
    case OpType::RangeOptions:
      return One(AllOpen(1));
    case OpType::TopKOptions:
      return OfTopK(node, inputs);
    case OpType::CumulateOptions:
    case OpType::TriluOptions:
      return One(Known(inputs[0]));
    case OpType::OneHotOptions:
      return OfOneHot(node, inputs);
    case OpType::ResizeOptions:
      return One(OpenAlongAll(inputs[0], node.as<schema::ResizeOptionsT>().axes));
    case OpType::NonZeroOptions:
      return One({Fixed(static_cast<int64_t>(rank)), absl::nullopt});
    case OpType::CompressOptions: {
      const int axis = node.as<schema::CompressOptionsT>().axis;
      return One(axis < 0 ? AllOpen(1) : OpenAlong(inputs[0], axis));
    }
    case OpType::UniqueOptions:
      return OfUnique(node, inputs);
    case OpType::NonMaxSuppressionOptions:
      return One({absl::nullopt, Fixed(3)});
    default:
      return absl::UnimplementedError("its shape follows from numbers that are not known");
  }
}

Result RelaxedShapes(const Node& node, absl::Span<const ProbedShape> inputs,
                     const absl::Status& why) {
  std::vector<OpenShape> known;
  bool open = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    open = open || (node.inputs[i] >= 0 && inputs[i] != Unprobed(inputs[i][0]));
    known.push_back(Known(inputs[i]));
  }
  const absl::optional<OpenShape> shape = open ? Relaxed(node, known) : absl::nullopt;
  if (!shape) return why;
  return std::vector<OpenShape>(node.outputs.size(), *shape);
}

}  // namespace octet::importer
