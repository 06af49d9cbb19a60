#ifndef OCTET_TOOLS_IMPORT_STEPS_H_
#define OCTET_TOOLS_IMPORT_STEPS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"

namespace octet::importer {

// Nodes that one operator is composed of. After an error, steps do nothing and give kNoTensor; the
// error is what Finish returns.
class Steps {
 public:
  explicit Steps(OpContext& context) : c_(context) {}

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  void Fail(absl::Status status) { status_.Update(status); }

  // The tensor, or kNoTensor after an error.
  TensorId Take(const absl::StatusOr<TensorId>& id) {
    if (id.ok()) return *id;
    status_.Update(id.status());
    return kNoTensor;
  }

  // Input `i` of the operator.
  TensorId Input(size_t i) { return Take(c_.Tensor(i)); }
  TensorId OptionalInput(size_t i) { return c_.has(i) ? Input(i) : kNoTensor; }
  TensorId Number(DataType type, double number) { return c_.Number("number", type, number); }
  TensorId Numbers(const std::vector<int64_t>& numbers) {
    return c_.Constant("numbers", Array::Vector(numbers));
  }

  template <typename OptionsT>
  TensorId Add(const std::string& suffix, OptionsT options, std::vector<TensorId> inputs,
               DataType type = DataType::kUnknown) {
    if (!ok()) return kNoTensor;
    const auto value = c_.Step(suffix, std::move(options), std::move(inputs), type);
    if (value.ok()) return value->tensor;
    status_ = value.status();
    return kNoTensor;
  }
  TensorId Unary(const std::string& suffix, schema::UnaryKind kind, TensorId x) {
    return Add(suffix, importer::Unary(kind), {x});
  }
  TensorId Binary(const std::string& suffix, schema::BinaryKind kind, TensorId a, TensorId b) {
    return Add(suffix, importer::Binary(kind), {a, b});
  }
  TensorId Sum(const std::string& suffix, TensorId a, TensorId b) {
    return Binary(suffix, schema::BinaryKind::ADD, a, b);
  }
  TensorId Product(const std::string& suffix, TensorId a, TensorId b) {
    return Binary(suffix, schema::BinaryKind::MUL, a, b);
  }
  TensorId Reduce(const std::string& suffix, schema::ReduceKind kind, std::vector<int> axes,
                  TensorId x, bool keep_dims = true) {
    schema::ReduceOptionsT options;
    options.kind = kind;
    options.axes = std::move(axes);
    options.keep_dims = keep_dims;
    return Add(suffix, std::move(options), {x});
  }
  // In the notation of ReshapeOptions.
  TensorId Reshape(const std::string& suffix, std::vector<int64_t> shape, TensorId x) {
    schema::ReshapeOptionsT options;
    options.shape = std::move(shape);
    return Add(suffix, std::move(options), {x});
  }
  TensorId Transpose(const std::string& suffix, std::vector<int> permutation, TensorId x) {
    schema::TransposeOptionsT options;
    options.permutation = std::move(permutation);
    return Add(suffix, std::move(options), {x});
  }
  TensorId Slice(const std::string& suffix, int axis, int64_t start, int64_t end, TensorId x,
                 int64_t step = 1) {
    schema::SliceOptionsT options;
    options.axes = {axis};
    options.starts = {start};
    options.ends = {end};
    options.steps = {step};
    return Add(suffix, std::move(options), {x});
  }
  TensorId Concat(const std::string& suffix, int axis, std::vector<TensorId> inputs) {
    schema::ConcatOptionsT options;
    options.axis = axis;
    return Add(suffix, std::move(options), std::move(inputs));
  }
  TensorId Cast(const std::string& suffix, DataType type, TensorId x) {
    return Add(suffix, schema::CastOptionsT(), {x}, type);
  }
  TensorId ShapeOf(const std::string& suffix, TensorId x, size_t begin, size_t end) {
    return ok() ? Take(EmitShapeOf(c_, x, begin, end, suffix)) : kNoTensor;
  }

  // The node that makes the operator's one output.
  template <typename OptionsT>
  absl::Status Finish(OptionsT options, std::vector<TensorId> inputs,
                      DataType type = DataType::kUnknown) {
    if (!ok()) return status_;
    return c_.Finish(std::move(options), std::move(inputs), type);
  }

  // Under each probe. Requires ok().
  const ProbedShape& shape(TensorId id) const { return c_.builder.shape(id); }
  size_t rank(TensorId id) const { return shape(id)[0].size(); }

 private:
  OpContext& c_;
  absl::Status status_;
};

// A tensor that was emitted, as an output.
inline Value ValueOf(const GraphBuilder& builder, TensorId id) {
  Value value;
  value.type = builder.type(id);
  value.shape = builder.shape(id);
  value.tensor = id;
  return value;
}

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_STEPS_H_
