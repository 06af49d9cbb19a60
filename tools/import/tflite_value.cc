#include "tools/import/tflite_value.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace octet::importer {
namespace {

Shape PermutedShape(const Shape& shape, const std::vector<int>& permutation) {
  Shape result;
  for (const int d : permutation) result.push_back(shape[static_cast<size_t>(d)]);
  return result;
}

// Whether the elements of [N, H, W, C] follow each other as those of [N, C, H, W].
bool SameSequence(const ProbedShape& file_shape) {
  return std::all_of(file_shape.begin(), file_shape.end(),
                     [](const Shape& s) { return s[3] == 1 || (s[1] == 1 && s[2] == 1); });
}

}  // namespace

std::vector<int> OrderPermutation(Order to) {
  return to == Order::kChannelsFirst ? std::vector<int>{0, 3, 1, 2} : std::vector<int>{0, 2, 3, 1};
}

Array Permuted(const Array& array, const std::vector<int>& permutation) {
  const size_t rank = array.shape.size(), element = SizeOf(array.type);
  Shape strides(rank, static_cast<int64_t>(element));  // bytes, in the source
  for (size_t d = rank; d-- > 1;) strides[d - 1] = strides[d] * array.shape[d];
  const Shape shape = PermutedShape(array.shape, permutation);
  const Shape steps = PermutedShape(strides, permutation);
  std::vector<uint8_t> bytes(array.data.size());
  Shape at(rank, 0);
  const uint8_t* from = array.data.data();
  for (size_t to = 0; to < bytes.size(); to += element) {
    std::memcpy(bytes.data() + to, from, element);
    for (size_t d = rank; d-- > 0;) {
      from += steps[d];
      if (++at[d] < shape[d]) break;
      from -= steps[d] * shape[d];
      at[d] = 0;
    }
  }
  return {array.type, shape, Constant::Own(std::move(bytes))};
}

ProbedShape TfliteValue::shape() const {
  ProbedShape result = value().shape;
  if (home == Order::kFile || rank() != 4) return result;
  for (Shape& shape : result) shape = PermutedShape(shape, OrderPermutation(Order::kFile));
  return result;
}

absl::StatusOr<schema::ReshapeOptionsT> ReshapeBetween(const ProbedShape& from,
                                                       const ProbedShape& to) {
  auto target = GraphBuilder::ReshapeTarget(from, to);
  if (!target.ok()) return target.status();
  schema::ReshapeOptionsT options;
  options.shape = *std::move(target);
  return options;
}

absl::Status TfliteBuilder::Charge(int64_t bytes) {
  copy_budget_ -= bytes;
  if (copy_budget_ >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "shares its constants with so many others that they would fill the memory");
}

absl::StatusOr<TensorId> TfliteBuilder::AddConstant(const std::string& name, const Array& array,
                                                    const absl::optional<QuantParams>& quant) {
  Value value = base_.AddConstant(name, array);
  graph().tensor(value.tensor).quant = quant;
  return value.tensor;
}

void TfliteBuilder::SetType(Value& value, DataType type, const absl::optional<QuantParams>& quant) {
  value.type = type;
  octet::Tensor& tensor = graph().tensor(value.tensor);
  tensor.type = type;
  tensor.quant = quant;
}

absl::StatusOr<Value> TfliteBuilder::Turned(TfliteValue& value, Order order) {
  const std::vector<int> permutation = OrderPermutation(order);
  ProbedShape shape = value.value().shape;
  for (Shape& s : shape) s = PermutedShape(s, permutation);
  const std::string name = absl::StrCat(
      value.name, order == Order::kChannelsFirst ? "/channels_first" : "/channels_last");
  const TensorId from = value.value().tensor;
  absl::StatusOr<std::vector<Value>> result;
  if (SameSequence(value.shape())) {
    auto reshape = ReshapeBetween(value.value().shape, shape);
    if (!reshape.ok()) return reshape.status();
    result = Emit(name, *std::move(reshape), {from}, {name}, value.type, value.quant);
  } else {
    schema::TransposeOptionsT transpose;
    transpose.permutation = permutation;
    result = Emit(name, std::move(transpose), {from}, {name}, value.type, value.quant);
  }
  if (!result.ok()) return result.status();
  return (*result)[0];
}

absl::StatusOr<TensorId> TfliteBuilder::Tensor(TfliteValue& value, Order order) {
  if (value.rank() != 4) order = value.home;
  Value& form = value.forms[static_cast<int>(order)];
  if (form.tensor != kNoTensor) return form.tensor;
  if (value.is_constant()) {
    Array array = value.value().arrays[0];
    absl::optional<QuantParams> quant = value.quant;
    if (order != value.home) {
      if (absl::Status s = Charge(static_cast<int64_t>(array.data.size())); !s.ok()) return s;
      array = Permuted(array, OrderPermutation(order));
      if (quant && quant->axis >= 0) quant->axis = MapAxis(quant->axis, 4, order);
    }
    const absl::StatusOr<TensorId> id = AddConstant(value.name, array, quant);
    if (!id.ok()) return id.status();
    form.type = value.type;
    form.shape = Unprobed(array.shape);
    form.tensor = *id;
    return *id;
  }
  if (value.is_known()) {
    return absl::UnimplementedError(
        absl::StrCat("'", value.name,
                     "' is computed from sizes that are known only when the model runs; give "
                     "them with --shape"));
  }
  absl::StatusOr<Value> turned = Turned(value, order);
  if (!turned.ok()) return turned.status();
  form = *turned;
  return form.tensor;
}

}  // namespace octet::importer
