#ifndef OCTET_TOOLS_IMPORT_TESTING_H_
#define OCTET_TOOLS_IMPORT_TESTING_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"

// Small ONNX files for tests.

namespace octet::testing {

// One attribute of a node.
onnx::AttributeProto Attr(const std::string& name, int64_t value);
onnx::AttributeProto Attr(const std::string& name, int value);
onnx::AttributeProto Attr(const std::string& name, float value);
onnx::AttributeProto Attr(const std::string& name, const std::string& value);
onnx::AttributeProto Attr(const std::string& name, const std::vector<int64_t>& values);

// Builds a model node by node. A dimension is a size, or a name when it starts with a letter.
class OnnxMaker {
 public:
  explicit OnnxMaker(int opset);

  OnnxMaker& Input(const std::string& name, const std::vector<std::string>& dims,
                   int type = onnx::TensorProto::FLOAT);
  OnnxMaker& Floats(const std::string& name, const std::vector<int64_t>& dims,
                    const std::vector<float>& values);
  OnnxMaker& Ints(const std::string& name, const std::vector<int64_t>& dims,
                  const std::vector<int64_t>& values);
  // The node's name is its first output's with "node_" before it.
  OnnxMaker& Op(const std::string& type, const std::vector<std::string>& inputs,
                const std::vector<std::string>& outputs,
                const std::vector<onnx::AttributeProto>& attributes = {});
  // The same of another domain, of which the model uses version 1.
  OnnxMaker& OpOf(const std::string& domain, const std::string& type,
                  const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                  const std::vector<onnx::AttributeProto>& attributes = {});
  OnnxMaker& Output(const std::string& name);

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  // Writes the model to a file of its own and imports it.
  absl::StatusOr<Graph> Import();

 private:
  onnx::ModelProto model_;
};

// The simplified graph; fails the test on errors, and is empty then.
Graph ImportSimplified(OnnxMaker& maker);

// Types of the nodes, in order.
std::vector<std::string> Types(const Graph& graph);

// Writes bytes to a new file of the test and gives its path.
std::string WriteTestFile(const std::string& bytes);

// The outputs of a network, one after the other, for inputs of these shapes that count 0, 1, 2,
// ...; fails the test on errors.
std::vector<double> RunCounting(const Graph& graph, const std::vector<Shape>& shapes);

// The same by a session of the simplified network: shapes are resolved when it is planned for these
// shapes, and branches taken when it runs. Bits are the reference's.
std::vector<double> RunSession(const Graph& graph, const std::vector<Shape>& shapes);

}  // namespace octet::testing

#endif  // OCTET_TOOLS_IMPORT_TESTING_H_
