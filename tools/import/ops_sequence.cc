#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// Sequences of tensors. The graph has none: the import keeps the items apart, and what is made of
// them are ordinary tensors. So the number of items must be known while importing.

namespace octet::importer {
namespace {

constexpr int64_t kMaxItems = 4096;

absl::StatusOr<const std::vector<Value>*> Items(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its sequence");
  if (!c.value(0).is_sequence) return absl::InvalidArgumentError("takes a sequence, not a tensor");
  return &c.value(0).items;
}

absl::StatusOr<Value*> Item(OpContext& c, size_t i) {
  if (!c.has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  if (c.value(i).is_sequence) return absl::InvalidArgumentError("puts a sequence into a sequence");
  return &c.value(i);
}

// Input 1 as an index of `count` items, `absent` when it is not given. It may count from the end.
absl::StatusOr<size_t> Position(OpContext& c, size_t input, size_t count, size_t absent) {
  if (!c.has(input)) return absent;
  auto position = c.Numbers("position", input, 0);
  if (!position.ok()) return position.status();
  if (position->size() != 1) return absl::InvalidArgumentError("needs one number as position");
  const auto size = static_cast<int64_t>(count);
  const int64_t index = (*position)[0] < 0 ? (*position)[0] + size : (*position)[0];
  if (index < 0 || index >= size) {
    return absl::InvalidArgumentError(
        absl::StrCat("names position ", (*position)[0], " of a sequence that has ", count));
  }
  return static_cast<size_t>(index);
}

absl::Status ImportConstruct(OpContext& c) {
  std::vector<Value> items;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const auto item = Item(c, i);
    if (!item.ok()) return item.status();
    items.push_back(**item);
  }
  c.outputs = {Value::Sequence(std::move(items))};
  return absl::OkStatus();
}

absl::Status ImportEmpty(OpContext& c) {
  c.attributes.Ignore("dtype");
  c.outputs = {Value::Sequence({})};
  return absl::OkStatus();
}

absl::Status ImportInsert(OpContext& c) {
  const auto items = Items(c);
  const auto item = Item(c, 1);
  if (!items.ok()) return items.status();
  if (!item.ok()) return item.status();
  // One may insert behind the last item too; what counts from the end counts from there.
  const size_t count = (*items)->size();
  const auto position = Position(c, 2, count + 1, count);
  if (!position.ok()) return position.status();
  size_t at = *position;
  if (c.has(2) && c.value(2).arrays[0].ints()[0] < 0) {
    if (at == 0) return absl::InvalidArgumentError("names a position before the first item");
    --at;
  }
  std::vector<Value> result = **items;
  result.insert(result.begin() + static_cast<std::ptrdiff_t>(at), **item);
  c.outputs = {Value::Sequence(std::move(result))};
  return absl::OkStatus();
}

absl::Status ImportErase(OpContext& c) {
  const auto items = Items(c);
  if (!items.ok()) return items.status();
  if ((*items)->empty()) return absl::InvalidArgumentError("takes an item of an empty sequence");
  const auto position = Position(c, 1, (*items)->size(), (*items)->size() - 1);
  if (!position.ok()) return position.status();
  std::vector<Value> result = **items;
  result.erase(result.begin() + static_cast<std::ptrdiff_t>(*position));
  c.outputs = {Value::Sequence(std::move(result))};
  return absl::OkStatus();
}

absl::Status ImportLength(OpContext& c) {
  const auto items = Items(c);
  if (!items.ok()) return items.status();
  c.outputs = {
      Value::Of(Array::OfInts(DataType::kS64, {}, {static_cast<int64_t>((*items)->size())}))};
  return absl::OkStatus();
}

// The items along a dimension of their own or, without `stack`, one that they have.
absl::StatusOr<TensorId> Joined(OpContext& c, int64_t axis, bool stack) {
  const auto items = Items(c);
  if (!items.ok()) return items.status();
  if ((*items)->empty()) return absl::InvalidArgumentError("joins the items of an empty sequence");
  const size_t rank = (**items)[0].rank() + (stack ? 1 : 0);
  const auto normalized = NormalizeAxis(axis, rank);
  if (!normalized.ok()) return normalized.status();
  Steps s(c);
  std::vector<TensorId> tensors;
  for (Value item : **items) {
    if (item.type != (**items)[0].type || item.rank() + (stack ? 1 : 0) != rank) {
      return absl::InvalidArgumentError("joins items of several types or ranks");
    }
    TensorId tensor = s.Take(c.builder.TensorOf(item, c.Intermediate("item")));
    if (stack) {
      std::vector<int64_t> shape;
      for (size_t d = 0; d < item.rank(); ++d) shape.push_back(-2 - static_cast<int64_t>(d));
      shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(*normalized), 1);
      tensor = s.Reshape(absl::StrCat("item", tensors.size()), std::move(shape), tensor);
    }
    tensors.push_back(tensor);
  }
  const TensorId joined = s.Concat("joined", static_cast<int>(*normalized), std::move(tensors));
  if (!s.ok()) return s.status();
  return joined;
}

absl::Status ImportConcat(OpContext& c) {
  if (!c.attributes.Has("axis")) return absl::InvalidArgumentError("lacks attribute 'axis'");
  const auto joined = Joined(c, c.attributes.Int("axis", 0), c.attributes.Int("new_axis", 0) != 0);
  if (!joined.ok()) return joined.status();
  c.outputs = {ValueOf(c.builder, *joined)};
  return absl::OkStatus();
}

absl::Status ImportAt(OpContext& c) {
  const auto items = Items(c);
  if (!items.ok()) return items.status();
  if ((*items)->empty()) return absl::InvalidArgumentError("takes an item of an empty sequence");
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its position");
  if (!c.IsOpen(1)) {
    const auto position = Position(c, 1, (*items)->size(), 0);
    if (!position.ok()) return position.status();
    c.outputs = {(**items)[*position]};
    return absl::OkStatus();
  }
  for (const Value& item : **items) {
    if (item.shape != (**items)[0].shape) {
      return absl::UnimplementedError(
          "takes an item at a position that is computed while the model runs; items of one shape "
          "or a constant position are supported");
    }
  }
  const auto joined = Joined(c, 0, true);
  if (!joined.ok()) return joined.status();
  const auto position = c.Tensor(1);
  if (!position.ok()) return position.status();
  Steps s(c);
  const TensorId scalar = s.Reshape("position", {}, *position);
  return s.Finish(schema::GatherOptionsT(), {*joined, scalar});
}

// Sizes of the parts along a dimension; empty where input 1 has them and is open.
absl::StatusOr<std::vector<int64_t>> PartSizes(OpContext& c, const Value& x, size_t axis) {
  if (c.IsOpen(1) && c.value(1).rank() == 1) return std::vector<int64_t>{};
  std::vector<int64_t> given = {1};
  if (c.has(1)) {
    auto numbers = c.Numbers("split", 1, 0);
    if (!numbers.ok()) return numbers.status();
    if (c.value(1).rank() == 1) return numbers;
    given = *std::move(numbers);
  }
  if (!x.fixed(axis)) {
    return absl::UnimplementedError(
        "splits a dimension whose size is known only when the model runs into an open number of "
        "parts; import with fixed input shapes");
  }
  const int64_t size = x.shape[0][axis], part = given[0];
  if (part < 1) return absl::InvalidArgumentError(absl::StrCat("splits into parts of ", part));
  if (size > kMaxItems * part) {
    return absl::UnimplementedError(
        absl::StrCat("makes a sequence of more than ", kMaxItems, " tensors"));
  }
  std::vector<int64_t> sizes;
  for (int64_t left = size; left > 0; left -= part) sizes.push_back(std::min(part, left));
  return sizes;
}

// How many parts input 1 names.
absl::StatusOr<int64_t> OpenParts(OpContext& c) {
  const Value& sizes = c.value(1);
  const int64_t parts = sizes.fixed(0) ? sizes.shape[0][0] : kMaxItems + 1;
  if (parts < 1 || parts > kMaxItems) {
    return absl::UnimplementedError(
        absl::StrCat("makes a sequence of an open number of tensors or of more than ", kMaxItems));
  }
  return parts;
}

absl::Status ImportSplit(OpContext& c) {
  const auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 0), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  const bool squeeze = c.attributes.Int("keepdims", 1) == 0 && !c.has(1);
  auto sizes = PartSizes(c, c.value(0), *axis);
  if (!sizes.ok()) return sizes.status();
  std::vector<TensorId> inputs = {*x};
  auto parts = static_cast<int64_t>(sizes->size());
  if (c.IsOpen(1)) {
    const auto open = OpenParts(c);
    const auto tensor = c.Tensor(1);
    if (!open.ok()) return open.status();
    if (!tensor.ok()) return tensor.status();
    parts = *open;
    inputs.push_back(*tensor);
  }
  c.outputs = {Value::Sequence({})};
  if (parts == 0) return absl::OkStatus();
  std::vector<std::string> names;
  for (int64_t i = 0; i < parts; ++i) names.push_back(c.Intermediate(absl::StrCat("part", i)));
  schema::SplitOptionsT options;
  options.axis = static_cast<int>(*axis);
  options.sizes = *std::move(sizes);
  auto items = c.builder.EmitMany(c.name, std::move(options), std::move(inputs), names);
  if (!items.ok()) return items.status();
  if (squeeze) {
    Steps s(c);
    for (size_t i = 0; i < items->size(); ++i) {
      std::vector<int64_t> shape;
      for (size_t d = 0; d < c.value(0).rank(); ++d) {
        if (d != *axis) shape.push_back(-2 - static_cast<int64_t>(d));
      }
      const TensorId item =
          s.Reshape(absl::StrCat("item", i), std::move(shape), (*items)[i].tensor);
      if (!s.ok()) return s.status();
      (*items)[i] = ValueOf(c.builder, item);
    }
  }
  c.outputs = {Value::Sequence(*std::move(items))};
  return absl::OkStatus();
}

constexpr char kNotes[] = "a number of items that is known while importing";
constexpr OpRow kRows[] = {
    {"ConcatFromSequence", ImportConcat, 11, kNotes}, {"SequenceAt", ImportAt, 11, kNotes},
    {"SequenceConstruct", ImportConstruct, 11, ""},   {"SequenceEmpty", ImportEmpty, 11, ""},
    {"SequenceErase", ImportErase, 11, kNotes},       {"SequenceInsert", ImportInsert, 11, kNotes},
    {"SequenceLength", ImportLength, 11, kNotes},     {"SplitToSequence", ImportSplit, 11, kNotes},
};

}  // namespace

absl::Span<const OpRow> SequenceOps() { return kRows; }

}  // namespace octet::importer
