#ifndef OCTET_RUNTIME_CORE_GRAPH_H_
#define OCTET_RUNTIME_CORE_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "schema/model_generated.h"

namespace octet {

// Which operator a node is: the member of the schema's union that its options are.
using OpType = schema::Options;

// "Conv", "MatMul", ...: the schema's name without "Options".
absl::string_view Name(OpType type);

// Index of a tensor in Graph::tensors; kNoTensor is an optional input that is absent.
using TensorId = int32_t;
inline constexpr TensorId kNoTensor = -1;

// Bytes of a constant, row-major. A copy shares them. The bytes never change once a tensor holds
// them: to change a constant, make a new one.
class Constant {
 public:
  Constant() = default;

  // Takes ownership of the bytes.
  static Constant Own(std::vector<uint8_t> bytes);
  // Copies `values`.
  template <typename T>
  static Constant Of(absl::Span<const T> values);
  // Refers to bytes that `owner` keeps alive.
  static Constant Borrow(const uint8_t* data, size_t size, std::shared_ptr<const void> owner);

  explicit operator bool() const { return present_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  template <typename T>
  absl::Span<const T> as() const {
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
  }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool present_ = false;
  std::shared_ptr<const void> owner_;
};

struct Tensor {
  std::string name;
  DataType type = DataType::kUnknown;
  Shape shape;                        // -1: known only when the model runs
  std::vector<std::string> symbols;   // empty, or one per dimension: names of those that are -1
  absl::optional<QuantParams> quant;  // set on quantized tensors
  Constant data;                      // set on constants; their shape has no -1

  bool is_constant() const { return static_cast<bool>(data); }
};

struct Node {
  std::string name;
  schema::OptionsUnion options;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;

  OpType type() const { return options.type; }
  // The options as the struct of this operator, e.g. as<schema::ConvOptionsT>(). Requires that
  // type.
  template <typename OptionsT>
  const OptionsT& as() const {
    return *static_cast<const OptionsT*>(options.value);
  }
  template <typename OptionsT>
  OptionsT& as() {
    return *static_cast<OptionsT*>(options.value);
  }
  TensorId input(size_t i) const { return i < inputs.size() ? inputs[i] : kNoTensor; }
};

// The one mutable form of a network that importer, quantizer and lowering share. Nodes stand in an
// order in which every input is ready before it is used; each tensor is a constant, a graph input
// or the output of exactly one node.
struct Graph {
  std::string name;
  std::string producer;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  std::unique_ptr<schema::PreprocessingT> preprocessing;  // null: inputs are not pictures
  std::vector<std::string> labels;
  std::unique_ptr<schema::QuantizationRecordT> quantization;  // null: a float model
  // Branches and bodies of the If and Loop nodes, each a graph of its own; see schema::Subgraph.
  std::vector<Graph> subgraphs;

  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;
  Graph(const Graph&);  // constants' bytes are shared
  Graph& operator=(const Graph& other) { return *this = Graph(other); }

  Tensor& tensor(TensorId id) { return tensors[static_cast<size_t>(id)]; }
  const Tensor& tensor(TensorId id) const { return tensors[static_cast<size_t>(id)]; }

  TensorId AddTensor(Tensor t);
  template <typename OptionsT>
  Node& AddNode(std::string node_name, OptionsT options, std::vector<TensorId> in,
                std::vector<TensorId> out) {
    nodes.push_back(
        MakeNode(std::move(node_name), std::move(options), std::move(in), std::move(out)));
    return nodes.back();
  }
  template <typename OptionsT>
  static Node MakeNode(std::string node_name, OptionsT options, std::vector<TensorId> in,
                       std::vector<TensorId> out) {
    Node node;
    node.name = std::move(node_name);
    node.options.Set(std::move(options));
    node.inputs = std::move(in);
    node.outputs = std::move(out);
    return node;
  }
};

// Per tensor, the index of the node that computes it, or -1 (constants, graph inputs).
std::vector<int> Producers(const Graph& graph);

// Per tensor, the indices of the nodes that read it, ascending, once per use.
std::vector<std::vector<int>> Consumers(const Graph& graph);

// Whether `id` is an output of the graph.
bool IsOutput(const Graph& graph, TensorId id);

// Makes every reader of `from`, and the graph's outputs, read `to` instead.
void ReplaceUses(Graph& graph, TensorId from, TensorId to);

// Drops nodes whose outputs nobody reads, tensors that nothing refers to, and renumbers the rest.
// Graph inputs stay.
void RemoveDead(Graph& graph);

// Sorts the nodes so that inputs are ready before use, keeping the order of those that do not
// depend on each other. False when there is a cycle; the graph is unchanged then.
bool SortNodes(Graph& graph);

template <typename T>
Constant Constant::Of(absl::Span<const T> values) {
  const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
  return Own(std::vector<uint8_t>(begin, begin + values.size() * sizeof(T)));
}

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_GRAPH_H_
