#include "tools/import/testing.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "octet/model.h"
#include "runtime/model_internal.h"
#include "tools/import/onnx_importer.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/evaluate.h"
#include "tools/simplify/simplify.h"

namespace octet::testing {
namespace {

onnx::AttributeProto Named(const std::string& name, onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

onnx::AttributeProto Attr(const std::string& name, int64_t value) {
  onnx::AttributeProto attribute = Named(name, onnx::AttributeProto::INT);
  attribute.set_i(value);
  return attribute;
}

onnx::AttributeProto Attr(const std::string& name, int value) { return Attr(name, int64_t{value}); }

onnx::AttributeProto Attr(const std::string& name, float value) {
  onnx::AttributeProto attribute = Named(name, onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
  return attribute;
}

onnx::AttributeProto Attr(const std::string& name, const std::string& value) {
  onnx::AttributeProto attribute = Named(name, onnx::AttributeProto::STRING);
  attribute.set_s(value);
  return attribute;
}

onnx::AttributeProto Attr(const std::string& name, const std::vector<int64_t>& values) {
  onnx::AttributeProto attribute = Named(name, onnx::AttributeProto::INTS);
  for (const int64_t v : values) attribute.add_ints(v);
  return attribute;
}

OnnxMaker::OnnxMaker(int opset) {
  model_.set_ir_version(8);
  model_.add_opset_import()->set_version(opset);
  model_.mutable_graph()->set_name("test");
}

OnnxMaker& OnnxMaker::Input(const std::string& name, const std::vector<std::string>& dims,
                            int type) {
  onnx::ValueInfoProto* input = graph().add_input();
  input->set_name(name);
  input->mutable_type()->mutable_tensor_type()->set_elem_type(type);
  auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const std::string& dim : dims) {
    auto* d = shape->add_dim();
    if (!dim.empty() && (std::isdigit(dim[0]) || dim[0] == '-')) {
      d->set_dim_value(std::atoll(dim.c_str()));
    } else if (!dim.empty()) {
      d->set_dim_param(dim);
    }
  }
  return *this;
}

OnnxMaker& OnnxMaker::Floats(const std::string& name, const std::vector<int64_t>& dims,
                             const std::vector<float>& values) {
  onnx::TensorProto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t d : dims) tensor->add_dims(d);
  for (const float v : values) tensor->add_float_data(v);
  return *this;
}

OnnxMaker& OnnxMaker::Ints(const std::string& name, const std::vector<int64_t>& dims,
                           const std::vector<int64_t>& values) {
  onnx::TensorProto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::INT64);
  for (const int64_t d : dims) tensor->add_dims(d);
  tensor->set_raw_data(values.data(), values.size() * sizeof(int64_t));
  return *this;
}

OnnxMaker& OnnxMaker::Op(const std::string& type, const std::vector<std::string>& inputs,
                         const std::vector<std::string>& outputs,
                         const std::vector<onnx::AttributeProto>& attributes) {
  onnx::NodeProto* node = graph().add_node();
  node->set_op_type(type);
  node->set_name(outputs.empty() ? type : "node_" + outputs[0]);
  for (const std::string& input : inputs) node->add_input(input);
  for (const std::string& output : outputs) node->add_output(output);
  for (const onnx::AttributeProto& attribute : attributes) *node->add_attribute() = attribute;
  return *this;
}

OnnxMaker& OnnxMaker::OpOf(const std::string& domain, const std::string& type,
                           const std::vector<std::string>& inputs,
                           const std::vector<std::string>& outputs,
                           const std::vector<onnx::AttributeProto>& attributes) {
  const auto& imports = model_.opset_import();
  const bool known = std::any_of(imports.begin(), imports.end(),
                                 [&](const auto& opset) { return opset.domain() == domain; });
  if (!known) {
    auto* opset = model_.add_opset_import();
    opset->set_domain(domain);
    opset->set_version(1);
  }
  Op(type, inputs, outputs, attributes);
  graph().mutable_node(graph().node_size() - 1)->set_domain(domain);
  return *this;
}

OnnxMaker& OnnxMaker::Output(const std::string& name) {
  graph().add_output()->set_name(name);
  return *this;
}

absl::StatusOr<Graph> OnnxMaker::Import() {
  const std::string path = WriteTestFile(model_.SerializeAsString());
  absl::StatusOr<Graph> graph = ImportOnnx(path);
  std::remove(path.c_str());
  return graph;
}

Graph ImportSimplified(OnnxMaker& maker) {
  absl::StatusOr<Graph> graph = maker.Import();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return {};
  EXPECT_EQ(Simplify(*graph), absl::OkStatus());
  return *std::move(graph);
}

std::vector<std::string> Types(const Graph& graph) {
  std::vector<std::string> types;
  for (const Node& node : graph.nodes) types.emplace_back(Name(node.type()));
  return types;
}

std::string WriteTestFile(const std::string& bytes) {
  static int count = 0;
  const std::string path = absl::StrCat(::testing::TempDir(), "/import", count++, ".onnx");
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::vector<double> RunCounting(const Graph& graph, const std::vector<Shape>& shapes) {
  std::vector<Tensor> inputs;
  for (const Shape& shape : shapes) {
    std::vector<double> values(static_cast<size_t>(NumElements(shape)));
    std::iota(values.begin(), values.end(), 0.0);
    Tensor tensor;
    tensor.type = DataType::kF32;
    tensor.shape = shape;
    tensor.data = FromDoubles(DataType::kF32, values);
    inputs.push_back(std::move(tensor));
  }
  const auto tensors = EvaluateGraph(graph, inputs);
  EXPECT_TRUE(tensors.ok()) << tensors.status();
  std::vector<double> result;
  for (const TensorId id : graph.outputs) {
    if (!tensors.ok()) break;
    const Tensor& tensor = (*tensors)[static_cast<size_t>(id)];
    const std::vector<double> values = ToDoubles(tensor.type, tensor.data);
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

std::vector<double> RunSession(const Graph& graph, const std::vector<Shape>& shapes) {
  Graph simplified = graph;
  EXPECT_EQ(Simplify(simplified), absl::OkStatus());
  ModelOptions options;
  options.deterministic = true;
  const auto model = ModelFromGraph(std::move(simplified), options);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return {};
  const auto session = (*model)->NewSession(shapes);
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return {};
  for (int i = 0; i < static_cast<int>(shapes.size()); ++i) {
    const absl::Span<float> x = (*session)->input<float>(i);
    std::iota(x.begin(), x.end(), 0.0f);
  }
  EXPECT_EQ((*session)->Run(), absl::OkStatus());
  std::vector<double> result;
  for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i) {
    const DataType type = (*session)->output_type(i);
    const auto bytes = static_cast<size_t>(NumElements((*session)->output_shape(i))) * SizeOf(type);
    const auto* data = static_cast<const uint8_t*>((*session)->output_data(i));
    const std::vector<double> values = ToDoubles(type, Constant::Borrow(data, bytes, nullptr));
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

}  // namespace octet::testing
