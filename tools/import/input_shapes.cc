#include "tools/import/input_shapes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/core/operators.h"

namespace octet::importer {
namespace {

const onnx::TensorShapeProto* DeclaredShape(const onnx::ValueInfoProto& input) {
  const onnx::TypeProto::Tensor& type = input.type().tensor_type();
  return type.has_shape() ? &type.shape() : nullptr;
}

// The file's name of a dimension; empty for what exporters write where there is none.
std::string DeclaredSymbol(const onnx::TensorShapeProto::Dimension& dim) {
  const std::string& name = dim.dim_param();
  return name == "?" || name == "None" || name == "-1" ? "" : name;
}

// The size, or -1: exporters write 0 or less for sizes they do not know.
int64_t DeclaredSize(const onnx::TensorShapeProto::Dimension& dim) {
  return dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1;
}

}  // namespace

InputShapes::InputShapes(const onnx::GraphProto& graph, const std::map<std::string, Shape>& given)
    : graph_(graph), given_(given) {
  for (const onnx::ValueInfoProto& input : graph.input()) {
    const auto found = given.find(input.name());
    const onnx::TensorShapeProto* shape = DeclaredShape(input);
    if (found == given.end() || shape == nullptr) continue;
    for (size_t i = 0; i < found->second.size() && static_cast<int>(i) < shape->dim_size(); ++i) {
      const std::string symbol = DeclaredSymbol(shape->dim(static_cast<int>(i)));
      if (!symbol.empty() && found->second[i] >= 0) sizes_[symbol] = found->second[i];
    }
  }
}

absl::Status InputShapes::Check() const {
  std::vector<std::string> names;
  for (const onnx::ValueInfoProto& input : graph_.input()) names.push_back(input.name());
  for (const auto& [name, shape] : given_) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "a shape is given for '", name, "', but the inputs are: ", absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

absl::StatusOr<NamedShape> InputShapes::Of(
    const onnx::ValueInfoProto& input,
    absl::FunctionRef<int64_t(const std::string&)> channels_of) const {
  const auto error = [&](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat("input '", input.name(), "' ", parts...));
  };
  const onnx::TensorShapeProto* declared = DeclaredShape(input);
  const auto found = given_.find(input.name());
  const Shape* given = found == given_.end() ? nullptr : &found->second;
  if (declared == nullptr && given == nullptr) {
    return error("has no shape in the file; give one with --shape");
  }
  const size_t rank = declared ? static_cast<size_t>(declared->dim_size()) : given->size();
  if (given != nullptr && given->size() != rank) {
    return error("has ", rank, " dimensions, but the given shape ", ToString(*given), " has ",
                 given->size());
  }
  if (rank > kMaxRank)
    return error("has ", rank, " dimensions; at most ", kMaxRank, " are possible");
  NamedShape result;
  for (size_t i = 0; i < rank; ++i) {
    int64_t size = -1;
    std::string symbol;
    if (declared != nullptr) {
      size = DeclaredSize(declared->dim(static_cast<int>(i)));
      symbol = DeclaredSymbol(declared->dim(static_cast<int>(i)));
    }
    if (const auto known = sizes_.find(symbol); size < 0 && known != sizes_.end()) {
      size = known->second;
    }
    if (size < 0 && i == 1 && rank > 2) size = channels_of(input.name());
    if (given != nullptr && (*given)[i] >= 0) size = (*given)[i];
    if (symbol.empty()) symbol = i == 0 && rank > 1 ? "batch" : absl::StrCat(input.name(), "_", i);
    result.shape.push_back(size);
    result.symbols.push_back(size < 0 ? symbol : "");
  }
  const absl::Status status = CheckShape(result.shape, true);
  if (!status.ok()) return error(status.message());
  return result;
}

}  // namespace octet::importer
