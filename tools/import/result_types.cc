#include "tools/import/result_types.h"

namespace octet::importer {
namespace {

// Which input's type the first output has.
size_t ModelInput(OpType type) {
  return type == OpType::WhereOptions || type == OpType::OneHotOptions ? 1 : 0;
}

bool IsBoolean(const Node& node) {
  if (node.type() == OpType::BinaryOptions) {
    return node.as<schema::BinaryOptionsT>().kind >= schema::BinaryKind::AND;
  }
  if (node.type() != OpType::UnaryOptions) return false;
  const schema::UnaryKind kind = node.as<schema::UnaryOptionsT>().kind;
  return kind == schema::UnaryKind::NOT || kind == schema::UnaryKind::IS_NAN ||
         kind == schema::UnaryKind::IS_INF;
}

bool GivesIndices(OpType type) {
  return type == OpType::ShapeOfOptions || type == OpType::ArgOptions ||
         type == OpType::NonZeroOptions || type == OpType::NonMaxSuppressionOptions;
}

}  // namespace

std::vector<DataType> ResultTypes(const Node& node, absl::Span<const DataType> inputs) {
  const size_t model = ModelInput(node.type());
  DataType type = model < inputs.size() ? inputs[model] : DataType::kF32;
  if (IsBoolean(node)) type = DataType::kBool;
  if (GivesIndices(node.type())) type = DataType::kS64;
  std::vector<DataType> types(node.outputs.size(), type);
  if (node.type() == OpType::TopKOptions || node.type() == OpType::UniqueOptions) {
    for (size_t i = 1; i < types.size(); ++i) types[i] = DataType::kS64;
  }
  return types;
}

}  // namespace octet::importer
