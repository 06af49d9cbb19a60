#include "tools/import/onnx_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <queue>
#include <set>

#include "absl/strings/str_cat.h"

namespace octet::importer {
namespace {

// What protobuf can address in one message.
constexpr int64_t kMaxBytes = std::numeric_limits<int32_t>::max();

absl::Status CannotOpen(const std::string& path, int error) {
  const std::string message = absl::StrCat(path, ": cannot be read: ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(message);
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<std::string> ReadBytes(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return CannotOpen(path, errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a file"));
  }
  if (info.st_size > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": ", info.st_size, " bytes are more than an ONNX file may have (", kMaxBytes, ")"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return CannotOpen(path, errno);
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  file.read(bytes.data(), info.st_size);
  if (file.gcount() != info.st_size) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ended after ", file.gcount(), " of ", info.st_size, " bytes"));
  }
  return bytes;
}

absl::Status Duplicate(const std::string& name) {
  return absl::InvalidArgumentError(
      absl::StrCat("tensor '", name, "' is produced more than once; the file is damaged"));
}

// Names that the nodes of a subgraph read but that it does not have itself.
void AddOuterNames(const onnx::GraphProto& graph, std::set<std::string>& names);

// Everything that must be there before the node runs.
std::set<std::string> NamesReadBy(const onnx::NodeProto& node) {
  std::set<std::string> names(node.input().begin(), node.input().end());
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.has_g()) AddOuterNames(attribute.g(), names);
  }
  names.erase("");
  return names;
}

void AddOuterNames(const onnx::GraphProto& graph, std::set<std::string>& names) {
  std::set<std::string> own, read;
  for (const onnx::TensorProto& tensor : graph.initializer()) own.insert(tensor.name());
  for (const onnx::ValueInfoProto& input : graph.input()) own.insert(input.name());
  for (const onnx::ValueInfoProto& output : graph.output()) read.insert(output.name());
  for (const onnx::NodeProto& node : graph.node()) {
    own.insert(node.output().begin(), node.output().end());
    const std::set<std::string> inputs = NamesReadBy(node);
    read.insert(inputs.begin(), inputs.end());
  }
  std::set_difference(read.begin(), read.end(), own.begin(), own.end(),
                      std::inserter(names, names.end()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const OnnxFile>> ReadOnnxFile(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadBytes(path);
  if (!bytes.ok()) return bytes.status();
  auto file = std::make_shared<OnnxFile>(path);
  onnx::ModelProto& model = file->model;
  google::protobuf::io::ArrayInputStream stream(bytes->data(), static_cast<int>(bytes->size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(static_cast<int>(kMaxBytes));
  coded.SetRecursionLimit(64);
  if (bytes->empty() || !model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage() ||
      !model.has_graph()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": is not an ONNX model, or is damaged or cut short (", bytes->size(), " bytes)"));
  }
  if (model.graph().output_size() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the model has no outputs; the file is damaged or cut short"));
  }
  return std::shared_ptr<const OnnxFile>(std::move(file));
}

std::string DomainOf(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

Opsets OpsetsOf(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  Opsets opsets;
  for (const onnx::OperatorSetIdProto& opset : imports) {
    opsets[DomainOf(opset.domain())] =
        static_cast<int>(std::min(std::max<int64_t>(opset.version(), 0), kMost));
  }
  return opsets;
}

absl::Status CheckOpsets(const Opsets& opsets) {
  const auto own = opsets.find("");
  if (own == opsets.end()) {
    return absl::InvalidArgumentError(
        "the model does not say which ONNX operator set it uses; the file is damaged or cut short");
  }
  if (own->second >= kFirstOpset && own->second <= kLastOpset) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      "the model uses ONNX operator set ", own->second, "; sets ", kFirstOpset, " to ", kLastOpset,
      " are supported. Export it again with one of these, for example 17"));
}

std::string NameOfNode(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  for (const std::string& output : node.output()) {
    if (!output.empty()) return output;
  }
  return node.op_type();
}

absl::Status CheckNames(const onnx::GraphProto& graph) {
  std::set<std::string> initializers, inputs;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (!initializers.insert(tensor.name()).second) return Duplicate(tensor.name());
  }
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!inputs.insert(input.name()).second) return Duplicate(input.name());
  }
  inputs.insert(initializers.begin(), initializers.end());
  for (const onnx::NodeProto& node : graph.node()) {
    for (const std::string& output : node.output()) {
      if (!output.empty() && inputs.count(output) > 0) return Duplicate(output);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int>> NodeOrder(
    const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
    absl::FunctionRef<bool(const std::string&)> is_given) {
  std::map<std::string, int> producers;
  const int count = nodes.size();
  for (int i = 0; i < count; ++i) {
    for (const std::string& output : nodes[i].output()) {
      if (!output.empty() && !producers.emplace(output, i).second) return Duplicate(output);
    }
  }
  std::vector<std::vector<int>> readers(static_cast<size_t>(count));
  std::vector<int> missing(static_cast<size_t>(count), 0);
  for (int i = 0; i < count; ++i) {
    for (const std::string& input : NamesReadBy(nodes[i])) {
      const auto found = producers.find(input);
      if (found == producers.end()) {
        if (is_given(input)) continue;
        return absl::InvalidArgumentError(absl::StrCat("node '", NameOfNode(nodes[i]), "' (",
                                                       nodes[i].op_type(), ") reads tensor '",
                                                       input, "', which nothing produces"));
      }
      readers[static_cast<size_t>(found->second)].push_back(i);
      ++missing[static_cast<size_t>(i)];
    }
  }
  // The lowest ready index first keeps the order of files that are in order already.
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < count; ++i) {
    if (missing[static_cast<size_t>(i)] == 0) ready.push(i);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int i = ready.top();
    ready.pop();
    order.push_back(i);
    for (const int reader : readers[static_cast<size_t>(i)]) {
      if (--missing[static_cast<size_t>(reader)] == 0) ready.push(reader);
    }
  }
  if (order.size() == static_cast<size_t>(count)) return order;
  for (int i = 0; i < count; ++i) {
    if (missing[static_cast<size_t>(i)] == 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "node '", NameOfNode(nodes[i]), "' needs its own result: the graph has a cycle"));
  }
  return order;
}

}  // namespace octet::importer
