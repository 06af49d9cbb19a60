#include "tools/import/attributes.h"

#include "absl/strings/str_cat.h"

namespace octet::importer {

using onnx::AttributeProto;

bool Attributes::Has(const std::string& name) const {
  for (const AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() == name) return true;
  }
  return false;
}

const AttributeProto* Attributes::Find(const std::string& name,
                                       AttributeProto::AttributeType type) {
  read_.insert(name);
  for (const AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    // Files of the first versions leave the type out.
    if (attribute.type() == type || attribute.type() == AttributeProto::UNDEFINED) {
      return &attribute;
    }
    status_.Update(absl::InvalidArgumentError(
        absl::StrCat("attribute '", name, "' has kind ", static_cast<int>(attribute.type()),
                     ", expected kind ", static_cast<int>(type), " of AttributeProto")));
    return nullptr;
  }
  return nullptr;
}

int64_t Attributes::Int(const std::string& name, int64_t absent) {
  const AttributeProto* attribute = Find(name, AttributeProto::INT);
  return attribute ? attribute->i() : absent;
}

float Attributes::Float(const std::string& name, float absent) {
  const AttributeProto* attribute = Find(name, AttributeProto::FLOAT);
  return attribute ? attribute->f() : absent;
}

std::string Attributes::String(const std::string& name, const std::string& absent) {
  const AttributeProto* attribute = Find(name, AttributeProto::STRING);
  return attribute ? attribute->s() : absent;
}

std::vector<int64_t> Attributes::Ints(const std::string& name) {
  const AttributeProto* attribute = Find(name, AttributeProto::INTS);
  if (attribute == nullptr) return {};
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<float> Attributes::Floats(const std::string& name) {
  const AttributeProto* attribute = Find(name, AttributeProto::FLOATS);
  if (attribute == nullptr) return {};
  return {attribute->floats().begin(), attribute->floats().end()};
}

std::vector<std::string> Attributes::Strings(const std::string& name) {
  const AttributeProto* attribute = Find(name, AttributeProto::STRINGS);
  if (attribute == nullptr) return {};
  return {attribute->strings().begin(), attribute->strings().end()};
}

const onnx::GraphProto* Attributes::Graph(const std::string& name) {
  const AttributeProto* attribute = Find(name, AttributeProto::GRAPH);
  return attribute ? &attribute->g() : nullptr;
}

const onnx::TensorProto* Attributes::Tensor(const std::string& name) {
  const AttributeProto* attribute = Find(name, AttributeProto::TENSOR);
  return attribute ? &attribute->t() : nullptr;
}

std::vector<std::string> Attributes::Unread() const {
  std::vector<std::string> names;
  for (const AttributeProto& attribute : node_.attribute()) {
    if (read_.count(attribute.name()) == 0) names.push_back(attribute.name());
  }
  return names;
}

}  // namespace octet::importer
