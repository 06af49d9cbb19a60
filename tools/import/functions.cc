#include "tools/import/functions.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"

namespace octet::importer {
namespace {

using google::protobuf::internal::WireFormatLite;
using Parameters = std::map<std::string, onnx::AttributeProto>;

// FunctionProto.attribute_proto, which the oldest headers that we build with do not know.
constexpr uint32_t kDefaultsTag =
    WireFormatLite::MakeTag(11, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

// What the call gives, then the defaults.
absl::StatusOr<Parameters> ParametersOf(const onnx::FunctionProto& function,
                                        const onnx::NodeProto& call) {
  Parameters parameters;
  for (const onnx::AttributeProto& attribute : call.attribute()) {
    parameters[attribute.name()] = attribute;
  }
  // Fields that the headers do not know are kept as they stood in the file.
  const std::string& unknown = function.unknown_fields();
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(unknown.data()),
                                                static_cast<int>(unknown.size()));
  const auto damaged = [] {
    return absl::InvalidArgumentError("calls a function whose default attributes are damaged");
  };
  while (const uint32_t tag = stream.ReadTag()) {
    if (tag != kDefaultsTag) {
      if (!WireFormatLite::SkipField(&stream, tag)) return damaged();
      continue;
    }
    onnx::AttributeProto attribute;
    if (!WireFormatLite::ReadMessage(&stream, &attribute)) return damaged();
    parameters.emplace(attribute.name(), attribute);
  }
  return parameters;
}

void Substitute(const Parameters& parameters,
                google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes);

void Substitute(const Parameters& parameters, onnx::NodeProto& node) {
  google::protobuf::RepeatedPtrField<onnx::AttributeProto> attributes;
  for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
    if (!attribute.ref_attr_name().empty()) {
      // A parameter that has no value leaves the attribute out.
      const auto found = parameters.find(attribute.ref_attr_name());
      if (found == parameters.end()) continue;
      onnx::AttributeProto* value = attributes.Add();
      *value = found->second;
      value->set_name(attribute.name());
      continue;
    }
    if (attribute.has_g()) Substitute(parameters, *attribute.mutable_g()->mutable_node());
    for (onnx::GraphProto& graph : *attribute.mutable_graphs()) {
      Substitute(parameters, *graph.mutable_node());
    }
    attributes.Add()->Swap(&attribute);
  }
  node.mutable_attribute()->Swap(&attributes);
}

void Substitute(const Parameters& parameters,
                google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  for (onnx::NodeProto& node : nodes) Substitute(parameters, node);
}

}  // namespace

absl::StatusOr<google::protobuf::RepeatedPtrField<onnx::NodeProto>> FunctionBody(
    const onnx::FunctionProto& function, const onnx::NodeProto& call) {
  absl::StatusOr<Parameters> parameters = ParametersOf(function, call);
  if (!parameters.ok()) return parameters.status();
  auto nodes = function.node();
  Substitute(*parameters, nodes);
  return nodes;
}

}  // namespace octet::importer
