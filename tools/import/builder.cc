#include "tools/import/builder.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "runtime/core/bind.h"
#include "runtime/core/infer.h"
#include "runtime/core/operators.h"
#include "tools/import/result_types.h"
#include "tools/import/slice_sizes.h"
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

Value Value::Sequence(std::vector<Value> items) {
  Value value;
  value.is_sequence = true;
  value.items = std::move(items);
  return value;
}

Value Value::Broken() {
  Value value;
  value.broken = true;
  return value;
}

DataType ComputedType(DataType type) { return IsReal(type) ? DataType::kF32 : type; }

Value GraphBuilder::AddTensor(Tensor tensor, DataType type, const ProbedShape& shape) {
  if (!tensor.is_constant()) {
    std::tie(tensor.shape, tensor.symbols) = probes_->Symbolic(shape);
  }
  tensor.name = UniqueName(tensor.name);
  names_.insert(tensor.name);
  infos_.push_back({shape, type, {}});
  Value value;
  value.type = type;
  value.shape = shape;
  value.tensor = graph_.AddTensor(std::move(tensor));
  return value;
}

std::string GraphBuilder::UniqueName(const std::string& wish) const {
  std::string name = wish;
  for (int i = 1; names_.count(name) > 0; ++i) name = absl::StrCat(wish, "_", i);
  return name;
}

Value GraphBuilder::AddInput(const std::string& name, DataType type, const ProbedShape& shape) {
  Tensor tensor;
  tensor.name = name;
  tensor.type = ComputedType(type);
  Value value = AddTensor(std::move(tensor), type, shape);
  graph_.inputs.push_back(value.tensor);
  return value;
}

Value GraphBuilder::AddInput(const std::string& name, DataType type, const Shape& shape,
                             const std::vector<std::string>& symbols) {
  ProbedShape probed = Unprobed(shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0) continue;
    const auto sizes = probes_->SizeOf(symbols[i]);
    for (size_t p = 0; p < kProbes; ++p) probed[p][i] = sizes[p];
  }
  Value value = AddInput(name, type, probed);
  if (type == ComputedType(type)) return value;
  graph_.tensor(value.tensor).type = type;
  Tensor tensor;
  tensor.name = absl::StrCat(name, "/f32");
  tensor.type = ComputedType(type);
  Value converted = AddTensor(std::move(tensor), type, probed);
  graph_.AddNode(absl::StrCat(name, "/f32"), schema::CastOptionsT(), {value.tensor},
                 {converted.tensor});
  converted.stored = value.tensor;
  return converted;
}

Value GraphBuilder::AddConstant(const std::string& name, const Array& array) {
  Tensor tensor;
  tensor.name = name;
  tensor.type = array.type;
  tensor.shape = array.shape;
  tensor.data = array.data;
  if (array.type == DataType::kF64) {
    tensor.type = DataType::kF32;
    tensor.data = FromDoubles(DataType::kF32, array.doubles());
  }
  Value value = AddTensor(std::move(tensor), array.type, Unprobed(array.shape));
  value.arrays = {array};
  Know(value.tensor, value.arrays);
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

bool GraphBuilder::KnowsValues(const Node& node) const {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorId id = node.inputs[i];
    if (id != kNoTensor && IsValueInput(node.type(), i) && infos_[Index(id)].arrays.empty()) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<Node> GraphBuilder::Bound(const Node& node, size_t probe) const {
  Node bound = node;
  std::vector<Tensor> constants(node.inputs.size());
  std::vector<const Tensor*> values(node.inputs.size(), nullptr);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor || !IsValueInput(node.type(), i)) continue;
    const std::vector<Array>& arrays = infos_[Index(node.inputs[i])].arrays;
    const Array& array = arrays[arrays.size() == 1 ? 0 : probe];
    constants[i].type = array.type;
    constants[i].shape = array.shape;
    constants[i].data = array.data;
    values[i] = &constants[i];
  }
  const bool has_x = !node.inputs.empty() && node.inputs[0] != kNoTensor;
  const Shape x = has_x ? shape(node.inputs[0])[probe] : Shape();
  if (absl::Status status = BindValues(bound, values, x); !status.ok()) return status;
  return bound;
}

ProbedShape GraphBuilder::Closed(const OpenShape& open) {
  ProbedShape result;
  for (const absl::optional<ProbedSize>& size : open) {
    const ProbedSize sizes = size ? *size : probes_->Unknown();
    if (!size) probes_->NoteAtLeast(sizes, 0);
    for (size_t p = 0; p < kProbes; ++p) result[p].push_back(sizes[p]);
  }
  return result;
}

absl::StatusOr<std::vector<ProbedShape>> GraphBuilder::ShapesOf(const Node& node, size_t outputs) {
  std::vector<ProbedShape> inputs;
  for (const TensorId id : node.inputs) inputs.push_back(id < 0 ? ProbedShape() : shape(id));
  std::vector<ProbedShape> result(outputs);
  absl::Status failed;
  if (HasOpenResult(node.type()) || !KnowsValues(node)) {
    if (absl::Status status = CheckArity(node); !status.ok()) return status;
    auto open = OpenShapes(node, inputs);
    if (!open.ok()) return open.status();
    for (size_t i = 0; i < outputs; ++i) result[i] = Closed((*open)[i]);
    return result;
  }
  std::vector<Node> nodes;
  for (size_t p = 0; p < kProbes && failed.ok(); ++p) {
    absl::StatusOr<Node> bound = Bound(node, p);
    if (!bound.ok()) return bound.status();
    nodes.push_back(*std::move(bound));
    std::vector<Shape> shapes(nodes[p].inputs.size());
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (nodes[p].inputs[i] >= 0) shapes[i] = inputs[i][p];
    }
    auto inferred = InferShapes(nodes[p], shapes);
    failed = inferred.status();
    for (size_t i = 0; i < outputs && inferred.ok(); ++i) result[i][p] = std::move((*inferred)[i]);
  }
  if (failed.ok()) {
    SettleShapes(nodes, inputs, result);
    return result;
  }
  if (!relaxed_) return failed;
  auto open = IsBound(node) ? RelaxedShapes(node, inputs, failed) : NamedSizes(node, inputs);
  if (!open.ok()) return open.status();
  for (size_t i = 0; i < outputs; ++i) result[i] = Closed((*open)[i]);
  return result;
}

void GraphBuilder::SettleShapes(const std::vector<Node>& bound,
                                const std::vector<ProbedShape>& inputs,
                                std::vector<ProbedShape>& shapes) {
  if (bound[0].type() == OpType::SliceOptions) {
    SettleSlice(bound, inputs[0], *probes_, shapes[0]);
    return;
  }
  for (const ProbedShape& shape : shapes) {
    for (size_t i = 0; i < shape[0].size() && HasFixedRank(shape); ++i) {
      if (!IsFixed(SizeAt(shape, i))) probes_->NoteAtLeast(SizeAt(shape, i), 0);
    }
  }
}

absl::StatusOr<std::vector<OpenShape>> GraphBuilder::NamedSizes(
    const Node& node, const std::vector<ProbedShape>& inputs) const {
  auto open = OpenShapes(node, inputs);
  if (!open.ok() || node.type() != OpType::ReshapeOptions) return open;
  const std::vector<Array>& arrays = infos_[Index(node.inputs[1])].arrays;
  for (size_t i = 0; i < (*open)[0].size(); ++i) {
    ProbedSize size;
    for (size_t p = 0; p < kProbes; ++p) size[p] = arrays[arrays.size() == 1 ? 0 : p].ints()[i];
    if (*std::min_element(size.begin(), size.end()) > 0) (*open)[0][i] = size;
  }
  return open;
}

absl::StatusOr<std::vector<Value>> GraphBuilder::Add(Node node,
                                                     const std::vector<std::string>& outputs,
                                                     const std::vector<DataType>& types) {
  node.outputs.assign(outputs.size(), 0);
  auto shapes = ShapesOf(node, outputs.size());
  if (!shapes.ok()) return shapes.status();
  if (!types.empty()) return AddShaped(std::move(node), outputs, types, *shapes);
  std::vector<DataType> inputs;
  for (const TensorId id : node.inputs) {
    // Constants of other real types widen or narrow to what they meet.
    const bool adapts = id >= 0 && graph_.tensor(id).is_constant() && IsReal(type(id));
    inputs.push_back(id < 0 ? DataType::kUnknown : adapts ? DataType::kF32 : type(id));
  }
  for (const TensorId id : node.inputs) {
    if (id < 0 || graph_.tensor(id).is_constant() || !IsReal(type(id))) continue;
    for (DataType& input : inputs) input = IsReal(input) ? type(id) : input;
    break;
  }
  return AddShaped(node, outputs, ResultTypes(node, inputs), *shapes);
}

absl::StatusOr<std::vector<Value>> GraphBuilder::AddShaped(Node node,
                                                           const std::vector<std::string>& outputs,
                                                           const std::vector<DataType>& types,
                                                           const std::vector<ProbedShape>& shapes) {
  node.outputs.assign(outputs.size(), kNoTensor);
  std::vector<Value> values;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!HasFixedRank(shapes[i])) {
      return absl::UnimplementedError("its rank depends on the sizes of the model's inputs");
    }
    Tensor tensor;
    tensor.name = outputs[i];
    tensor.type = ComputedType(types[i]);
    values.push_back(AddTensor(std::move(tensor), types[i], shapes[i]));
    node.outputs[i] = values.back().tensor;
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
  std::vector<size_t> moved;  // open sizes that do not keep their place
  for (size_t i = 0; i < to[0].size(); ++i) {
    const ProbedSize size = SizeAt(to, i);
    if (IsFixed(size)) {
      if (to[0][i] == 0) return absl::UnimplementedError("makes a tensor without elements");
      target.push_back(to[0][i]);
    } else if (i < from[0].size() && size == SizeAt(from, i)) {
      target.push_back(0);
    } else {
      moved.push_back(i);
      target.push_back(-1);
    }
  }
  if (moved.size() <= 1) return target;
  int open = 0;
  for (const size_t i : moved) {
    size_t source = 0;
    while (source < from[0].size() && SizeAt(to, i) != SizeAt(from, source)) ++source;
    if (source < from[0].size()) target[i] = -2 - static_cast<int64_t>(source);
    open += target[i] == -1;
  }
  if (open <= 1) return target;
  return absl::UnimplementedError(absl::StrCat("reshapes to ", open,
                                               " sizes that are known only when the model runs, "
                                               "and at most one can be inferred; export the "
                                               "model with fixed input sizes"));
}

}  // namespace octet::importer
