#include "kernels/slices.h"

#include <algorithm>
#include <numeric>

#include "schema/model_generated.h"

namespace octet {
namespace {

constexpr int64_t kWhole = -1;

bool Broadcasts(OpType type) {
  return type == OpType::UnaryOptions || type == OpType::BinaryOptions ||
         type == OpType::WhereOptions;
}

// Whether an index along dimension `d` of the output needs that index of the first input only.
bool IsIndependent(const KernelContext& context, int64_t d) {
  const Node& node = *context.node;
  switch (node.type()) {
    case OpType::UnaryOptions:
    case OpType::BinaryOptions:
    case OpType::WhereOptions:
      return true;
    case OpType::SoftmaxOptions:
      return d != node.as<schema::SoftmaxOptionsT>().axis;
    case OpType::CumulateOptions:
      return d != node.as<schema::CumulateOptionsT>().axis;
    case OpType::NormalizationOptions: {
      const auto& options = node.as<schema::NormalizationOptionsT>();
      return options.kind == schema::NormalizationKind::GROUP ? d == 0 : d < options.axis;
    }
    case OpType::ReduceOptions: {
      const auto& options = node.as<schema::ReduceOptionsT>();
      if (options.axes.empty()) return false;
      if (!options.keep_dims) return d < options.axes.front();
      return std::find(options.axes.begin(), options.axes.end(), d) == options.axes.end();
    }
    case OpType::PoolOptions:
    case OpType::GlobalPoolOptions:
    case OpType::LrnOptions:
      return d == 0;
    default:
      return false;
  }
}

// The dimension of input `i` that dimension `d` of the output runs along, or kWhole.
int64_t InputDimension(const KernelContext& context, size_t i, int64_t d) {
  const Shape& x = context.inputs[i].shape;
  if (Broadcasts(context.node->type())) {
    const auto lead = static_cast<int64_t>(context.output().shape.size() - x.size());
    return d >= lead && x[static_cast<size_t>(d - lead)] != 1 ? d - lead : kWhole;
  }
  return i == 0 ? d : kWhole;
}

// Dimensions as they lie in memory, outermost first.
std::vector<int64_t> MemoryOrder(const Operand& o) {
  const Shape strides = Strides(o.shape, o.layout);
  std::vector<int64_t> order(o.shape.size());
  std::iota(order.begin(), order.end(), 0);
  if (o.layout == Layout::kChannelsLast && order.size() >= 3) {
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  }
  return order;
}

// `shape` in which the outer dimensions are 1 and the one that is cut is `indices`.
template <typename DimensionOf>
Shape Cut(const Slices& slices, Shape shape, int64_t indices, const DimensionOf& dimension_of) {
  for (int64_t d : slices.outer_dimensions) {
    const int64_t at = dimension_of(d);
    if (at != kWhole) shape[static_cast<size_t>(at)] = 1;
  }
  const int64_t at = dimension_of(slices.cut_dimension);
  if (at != kWhole) shape[static_cast<size_t>(at)] = indices;
  return shape;
}

// Whether a box of `shape` within `o` is one piece of memory.
bool IsOnePiece(const Operand& o, const Shape& shape) {
  const Shape box = Strides(shape, o.layout), whole = Strides(o.shape, o.layout);
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] > 1 && box[d] != whole[d]) return false;
  }
  return true;
}

template <typename DimensionOf>
Slices::Steps StepsOf(const Slices& slices, const Operand& o, const DimensionOf& dimension_of) {
  Slices::Steps steps;
  const Shape strides = Strides(o.shape, o.layout);
  const auto stride = [&](int64_t d) {
    const int64_t at = dimension_of(d);
    if (at == kWhole) return int64_t{0};
    steps.varies = true;
    return strides[static_cast<size_t>(at)];
  };
  for (int64_t d : slices.outer_dimensions) steps.outer.push_back(stride(d));
  steps.cut = stride(slices.cut_dimension);
  return steps;
}

// Which dimensions are outer ones and which one is cut, so that a slice has about `elements`
// elements.
absl::optional<Slices> Choose(const KernelContext& context, int64_t elements) {
  const Operand& y = context.output();
  Slices slices;
  int64_t inner = NumElements(y.shape);
  if (inner == 0) return absl::nullopt;
  for (int64_t d : MemoryOrder(y)) {
    if (!IsIndependent(context, d)) break;
    if (slices.cut_size > 1) {
      slices.outer_dimensions.push_back(slices.cut_dimension);
      slices.outer_sizes.push_back(slices.cut_size);
    }
    slices.cut_dimension = d;
    slices.cut_size = y.shape[static_cast<size_t>(d)];
    inner /= slices.cut_size;
    if (inner <= elements && slices.cut_size > 1) break;
  }
  slices.group = std::clamp<int64_t>(elements / std::max<int64_t>(inner, 1), 1, slices.cut_size);
  slices.per_line = (slices.cut_size + slices.group - 1) / slices.group;
  slices.count = slices.per_line;
  for (int64_t size : slices.outer_sizes) slices.count *= size;
  if (slices.count < 2) return absl::nullopt;
  return slices;
}

}  // namespace

int64_t Slices::Offset(const Steps& steps, int64_t i) const {
  int64_t offset = i % per_line * group * steps.cut;
  int64_t line = i / per_line;
  for (size_t d = outer_sizes.size(); d-- > 0;) {
    offset += line % outer_sizes[d] * steps.outer[d];
    line /= outer_sizes[d];
  }
  return offset;
}

std::vector<Shape> Slices::InputShapes(const KernelContext& context, int64_t indices) const {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const Operand& x = context.inputs[i];
    shapes.push_back(!x.present() ? x.shape : Cut(*this, x.shape, indices, [&](int64_t d) {
      return InputDimension(context, i, d);
    }));
  }
  return shapes;
}

Shape Slices::OutputShape(const KernelContext& context, int64_t indices) const {
  return Cut(*this, context.output().shape, indices, [](int64_t d) { return d; });
}

absl::optional<Slices> MakeSlices(const KernelContext& context, int64_t elements) {
  if (context.outputs.size() != 1) return absl::nullopt;
  absl::optional<Slices> slices = Choose(context, elements);
  if (!slices) return absl::nullopt;
  const std::vector<Shape> shapes = slices->InputShapes(context, slices->group);
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const Operand& x = context.inputs[i];
    slices->inputs.push_back(!x.present() ? Slices::Steps() : StepsOf(*slices, x, [&](int64_t d) {
      return InputDimension(context, i, d);
    }));
    if (slices->inputs.back().varies && !IsOnePiece(x, shapes[i])) return absl::nullopt;
    if (!slices->inputs.back().varies) {
      slices->inputs.back().outer.assign(slices->outer_sizes.size(), 0);
    }
  }
  slices->output = StepsOf(*slices, context.output(), [](int64_t d) { return d; });
  if (!IsOnePiece(context.output(), slices->OutputShape(context, slices->group))) {
    return absl::nullopt;
  }
  return slices;
}

}  // namespace octet
