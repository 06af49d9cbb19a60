#include "tools/import/builder.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "runtime/core/infer.h"
#include "tools/simplify/constants.h"

namespace octet::importer {

Value Value::Of(Array array) {
  Value value;
  value.type = array.type;
  value.shape = Unprobed(array.shape);
  value.arrays = {std::move(array)};
  return value;
}

Value Value::Of(std::vector<Array> probed) {
  const bool same = std::all_of(probed.begin(), probed.end(),
                                [&](const Array& array) { return array == probed[0]; });
  if (same) return Of(std::move(probed[0]));
  Value value;
  value.type = probed[0].type;
  for (size_t p = 0; p < kProbes; ++p) value.shape[p] = probed[p].shape;
  value.arrays = std::move(probed);
  return value;
}

Value Value::Broken() {
  Value value;
  value.broken = true;
  return value;
}

TensorId GraphBuilder::AddTensor(Tensor tensor, const ProbedShape& shape) {
  if (!tensor.is_constant()) {
    std::tie(tensor.shape, tensor.symbols) = probes_.Symbolic(shape);
  }
  tensor.name = UniqueName(tensor.name);
  names_.insert(tensor.name);
  shapes_.push_back(shape);
  return graph_.AddTensor(std::move(tensor));
}

std::string GraphBuilder::UniqueName(const std::string& wish) const {
  std::string name = wish;
  for (int i = 1; names_.count(name) > 0; ++i) name = absl::StrCat(wish, "_", i);
  return name;
}

Value GraphBuilder::AddInput(const std::string& name, DataType type, const Shape& shape,
                             const std::vector<std::string>& symbols) {
  Value value;
  value.type = type;
  value.shape = Unprobed(shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0) continue;
    const auto sizes = probes_.SizeOf(symbols[i]);
    for (size_t p = 0; p < kProbes; ++p) value.shape[p][i] = sizes[p];
  }
  Tensor tensor;
  tensor.name = name;
  tensor.type = type;
  value.tensor = AddTensor(std::move(tensor), value.shape);
  graph_.inputs.push_back(value.tensor);
  return value;
}

Value GraphBuilder::AddConstant(const std::string& name, const Array& array) {
  Tensor tensor;
  tensor.name = name;
  tensor.type = array.type;
  tensor.shape = array.shape;
  tensor.data = array.data;
  Value value = Value::Of(array);
  value.tensor = AddTensor(std::move(tensor), value.shape);
  return value;
}

absl::StatusOr<TensorId> GraphBuilder::TensorOf(Value& value, const std::string& name) {
  if (value.tensor != kNoTensor) return value.tensor;
  if (!value.is_constant()) {
    return absl::UnimplementedError(
        absl::StrCat("'", name,
                     "' is computed from sizes that are known only when the model runs; export the "
                     "model with fixed input sizes"));
  }
  value.tensor = AddConstant(name, value.arrays[0]).tensor;
  return value.tensor;
}

absl::StatusOr<std::vector<Value>> GraphBuilder::Add(Node node,
                                                     const std::vector<std::string>& outputs) {
  std::vector<Value> values(outputs.size());
  for (size_t p = 0; p < kProbes; ++p) {
    std::vector<Shape> inputs;
    for (const TensorId id : node.inputs) inputs.push_back(id < 0 ? Shape{} : shape(id)[p]);
    node.outputs.assign(outputs.size(), kNoTensor);
    auto shapes = InferShapes(node, inputs);
    if (!shapes.ok()) return shapes.status();
    if (shapes->size() != outputs.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("has ", outputs.size(), " outputs, but its options make ", shapes->size()));
    }
    for (size_t i = 0; i < values.size(); ++i) values[i].shape[p] = std::move((*shapes)[i]);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!HasFixedRank(values[i].shape)) {
      return absl::UnimplementedError("its rank depends on the sizes of the model's inputs");
    }
    Tensor tensor;
    tensor.name = outputs[i];
    tensor.type = values[i].type = DataType::kF32;
    values[i].tensor = AddTensor(std::move(tensor), values[i].shape);
    node.outputs[i] = values[i].tensor;
  }
  graph_.nodes.push_back(std::move(node));
  return values;
}

absl::StatusOr<std::vector<int64_t>> GraphBuilder::ReshapeTarget(const ProbedShape& from,
                                                                 const ProbedShape& to) {
  if (!HasFixedRank(to)) {
    return absl::UnimplementedError("its rank depends on the sizes of the model's inputs");
  }
  std::vector<int64_t> target;
  int open = 0;
  for (size_t i = 0; i < to[0].size(); ++i) {
    const ProbedSize size = SizeAt(to, i);
    if (IsFixed(size)) {
      if (to[0][i] == 0) return absl::UnimplementedError("makes a tensor without elements");
      target.push_back(to[0][i]);
    } else if (i < from[0].size() && size == SizeAt(from, i)) {
      target.push_back(0);
    } else {
      target.push_back(-1);
      ++open;
    }
  }
  if (open > 1) {
    return absl::UnimplementedError(absl::StrCat("reshapes to ", open,
                                                 " sizes that are known only when the model runs, "
                                                 "and at most one can be inferred; export the "
                                                 "model with fixed input sizes"));
  }
  return target;
}

}  // namespace octet::importer
