#ifndef OCTET_TOOLS_IMPORT_GRAPH_IMPORTER_H_
#define OCTET_TOOLS_IMPORT_GRAPH_IMPORTER_H_

#include <onnx/onnx_pb.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/import/fold.h"
#include "tools/import/issues.h"
#include "tools/import/onnx_file.h"
#include "tools/import/op.h"
#include "tools/import/scope.h"

namespace octet::importer {

// What the graphs, subgraphs and functions of one attempt at a file share.
struct ImportJob {
  std::shared_ptr<const OnnxFile> file;
  Issues issues;
  int64_t nodes_left = int64_t{1} << 20;  // functions within functions multiply
  int depth = 0;                          // of what is being imported
};

// Imports the nodes of one ONNX graph or function into the graph of a builder.
class GraphImporter {
 public:
  // All must outlive the importer.
  GraphImporter(ImportJob& job, Scope& scope, const Opsets& opsets)
      : job_(job), scope_(scope), opsets_(opsets) {}

  ImportJob& job() { return job_; }
  Scope& scope() { return scope_; }
  const Opsets& opsets() const { return opsets_; }

  // What cannot be imported becomes an issue of the job, and values broken.
  absl::Status ReadInitializers(const onnx::GraphProto& graph);
  // In the order that NodeOrder gives.
  absl::Status ImportNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes);

  // Makes these tensors outputs of the builder's graph, each one of its own: inputs, constants and
  // tensors that are outputs already are copied. `types`: what they shall be converted to, kUnknown
  // for what they are computed in.
  absl::Status BindOutput(const std::string& name, DataType type);

 private:
  absl::Status ImportNode(const onnx::NodeProto& node);
  absl::StatusOr<std::vector<Value>> ImportKnown(const onnx::NodeProto& node,
                                                 Attributes& attributes,
                                                 const std::vector<Value*>& inputs);
  absl::StatusOr<std::vector<Value>> Evaluate(const onnx::NodeProto& node, Attributes& attributes,
                                              const std::vector<Value*>& inputs, FoldFunction fold);
  absl::StatusOr<std::vector<Value>> Convert(const onnx::NodeProto& node, Attributes& attributes,
                                             const std::vector<Value*>& inputs);
  absl::StatusOr<std::vector<Value>> Inline(const onnx::FunctionProto& function,
                                            const onnx::NodeProto& node,
                                            const std::vector<Value*>& inputs);
  absl::Status Store(const onnx::NodeProto& node, absl::StatusOr<std::vector<Value>> outputs);
  const onnx::FunctionProto* FindFunction(const onnx::NodeProto& node) const;
  int OpsetOf(const std::string& domain) const;

  ImportJob& job_;
  Scope& scope_;
  const Opsets& opsets_;
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_GRAPH_IMPORTER_H_
