#ifndef OCTET_TOOLS_IMPORT_ATTRIBUTES_H_
#define OCTET_TOOLS_IMPORT_ATTRIBUTES_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace octet::importer {

// The attributes of one node. Reading marks an attribute as understood, so that the others can be
// reported. A value of the wrong kind gives the default and is remembered in status().
class Attributes {
 public:
  explicit Attributes(const onnx::NodeProto& node) : node_(node) {}

  bool Has(const std::string& name) const;
  int64_t Int(const std::string& name, int64_t absent);
  float Float(const std::string& name, float absent);
  std::string String(const std::string& name, const std::string& absent);
  // Empty when absent.
  std::vector<int64_t> Ints(const std::string& name);
  std::vector<float> Floats(const std::string& name);
  std::vector<std::string> Strings(const std::string& name);
  // Null when absent.
  const onnx::GraphProto* Graph(const std::string& name);
  const onnx::TensorProto* Tensor(const std::string& name);
  // Marks an attribute that changes nothing in inference.
  void Ignore(const std::string& name) { read_.insert(name); }

  // InvalidArgument when an attribute was of another kind than the one asked for.
  const absl::Status& status() const { return status_; }
  // Names of attributes that nobody asked for.
  std::vector<std::string> Unread() const;

 private:
  const onnx::AttributeProto* Find(const std::string& name,
                                   onnx::AttributeProto::AttributeType type);

  const onnx::NodeProto& node_;
  std::set<std::string> read_;
  absl::Status status_;
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_ATTRIBUTES_H_
