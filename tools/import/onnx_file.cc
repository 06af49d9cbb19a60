#include "tools/import/onnx_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <queue>
#include <set>

#include "absl/strings/str_cat.h"

namespace octet::importer {
namespace {

constexpr int kFirstOpset = 7;
constexpr int kLastOpset = 21;
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

// Which node produces each tensor; -1 for initializers and inputs of the graph.
absl::StatusOr<std::map<std::string, int>> ProducersByName(const onnx::GraphProto& graph) {
  std::map<std::string, int> producers;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (!producers.emplace(tensor.name(), -1).second) return Duplicate(tensor.name());
  }
  std::set<std::string> inputs;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!inputs.insert(input.name()).second) return Duplicate(input.name());
    producers.emplace(input.name(), -1);
  }
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& output : graph.node(i).output()) {
      if (output.empty()) continue;
      if (!producers.emplace(output, i).second) return Duplicate(output);
    }
  }
  return producers;
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

absl::StatusOr<int> OpsetOf(const onnx::ModelProto& model) {
  for (const onnx::OperatorSetIdProto& opset : model.opset_import()) {
    if (!opset.domain().empty() && opset.domain() != "ai.onnx") continue;
    if (opset.version() < kFirstOpset || opset.version() > kLastOpset) {
      return absl::UnimplementedError(absl::StrCat(
          "the model uses ONNX operator set ", opset.version(), "; sets ", kFirstOpset, " to ",
          kLastOpset, " are supported. Export it again with one of these, for example 17"));
    }
    return static_cast<int>(opset.version());
  }
  return absl::InvalidArgumentError(
      "the model does not say which ONNX operator set it uses; the file is damaged or cut short");
}

std::string NameOfNode(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  for (const std::string& output : node.output()) {
    if (!output.empty()) return output;
  }
  return node.op_type();
}

absl::StatusOr<std::vector<int>> NodeOrder(const onnx::GraphProto& graph) {
  const auto producers = ProducersByName(graph);
  if (!producers.ok()) return producers.status();
  const int count = graph.node_size();
  std::vector<std::vector<int>> readers(static_cast<size_t>(count));
  std::vector<int> missing(static_cast<size_t>(count), 0);
  for (int i = 0; i < count; ++i) {
    for (const std::string& input : graph.node(i).input()) {
      if (input.empty()) continue;
      const auto found = producers->find(input);
      if (found == producers->end()) {
        return absl::InvalidArgumentError(absl::StrCat("node '", NameOfNode(graph.node(i)), "' (",
                                                       graph.node(i).op_type(), ") reads tensor '",
                                                       input, "', which nothing produces"));
      }
      if (found->second < 0) continue;
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
        "node '", NameOfNode(graph.node(i)), "' needs its own result: the graph has a cycle"));
  }
  return order;
}

}  // namespace octet::importer
