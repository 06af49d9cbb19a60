#include "tools/import/scope.h"

#include "absl/strings/str_cat.h"

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

// Items become inputs one by one, each under a name of its own.
Value* Scope::ImportSequence(const std::string& name, const Value& outer) {
  std::vector<Value> items;
  for (size_t i = 0; i < outer.items.size(); ++i) {
    const std::string item = absl::StrCat(name, "/item", i);
    if (outer_->Find(item) == nullptr) outer_->Set(item, outer.items[i]);
    items.push_back(*Find(item));
  }
  return &Set(name, Value::Sequence(std::move(items)));
}

Value* Scope::Import(const std::string& name, Value& outer) {
  if (outer.is_sequence) return ImportSequence(name, Value(outer));
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
