#include "tools/import/scope.h"

namespace octet::importer {

Value* Scope::Find(const std::string& name) {
  if (const auto found = aliases_.find(name); found != aliases_.end()) return found->second;
  if (const auto found = values_.find(name); found != values_.end()) return &found->second;
  Value* value = outer_ == nullptr ? nullptr : outer_->Find(name);
  if (value == nullptr || &outer_->builder_ == &builder_) return value;
  return Import(name, *value);
}

void Scope::Capture(const std::string& name) {
  if (Value* value = outer_->Find(name); value != nullptr) Import(name, *value);
}

Value* Scope::Import(const std::string& name, Value& outer) {
  Value value = outer;
  value.tensor = value.stored = kNoTensor;
  if (!value.broken && !value.is_constant()) {
    // Numbers that the outer graph cannot compute stay numbers.
    const absl::StatusOr<TensorId> tensor = outer_->builder_.TensorOf(outer, name);
    if (tensor.ok()) {
      value.tensor = builder_.AddInput(name, outer.type, outer.shape).tensor;
      builder_.Know(value.tensor, value.arrays);
      captures_.push_back({name, *tensor});
    }
  }
  return &Set(name, std::move(value));
}

}  // namespace octet::importer
