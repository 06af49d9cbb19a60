#ifndef OCTET_TOOLS_IMPORT_BUILDER_H_
#define OCTET_TOOLS_IMPORT_BUILDER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"
#include "tools/import/array.h"
#include "tools/import/open_shapes.h"
#include "tools/import/probes.h"

namespace octet::importer {

// What is known of a tensor of the source: a tensor of the graph, or numbers, or both. Or of a
// sequence of tensors, which the graph does not have: its items, each a tensor.
struct Value {
  // As in the source. What the graph computes of f16, bf16 and f64 is f32.
  DataType type = DataType::kUnknown;
  ProbedShape shape;
  TensorId tensor = kNoTensor;  // where the graph computes or holds it
  TensorId stored = kNoTensor;  // an input of the graph of just `type`, that `tensor` converts
  // Empty: computed by the graph. One entry: a constant. kProbes entries: computed from sizes that
  // are known only when the model runs.
  std::vector<Array> arrays;
  // A node before it could not be imported: nothing else is known.
  bool broken = false;
  bool is_sequence = false;  // of `items`; it has none of the above
  std::vector<Value> items;

  bool is_constant() const { return arrays.size() == 1; }
  bool is_known() const { return !arrays.empty(); }
  const Array& array(size_t probe) const { return arrays[is_constant() ? 0 : probe]; }
  size_t rank() const { return shape[0].size(); }
  bool fixed(size_t dim) const { return IsFixed(SizeAt(shape, dim)); }
  // Whether all sizes are fixed.
  bool has_fixed_shape() const { return shape == Unprobed(shape[0]); }

  static Value Of(Array array);
  // One array per probe, or one for all; of equal rank.
  static Value Of(std::vector<Array> probed);
  static Value Sequence(std::vector<Value> items);
  static Value Broken();
};

// The type that tensors of an element type are computed in.
DataType ComputedType(DataType type);

// Adds tensors and nodes to a graph while keeping their shapes under each probe.
class GraphBuilder {
 public:
  // With `relaxed`, probes whose sizes do not fit each other leave the result's sizes unknown,
  // since sizes that are open may fit when the model runs; otherwise they are an error.
  explicit GraphBuilder(const ProbeRules& rules, bool relaxed = false)
      : probes_(std::make_shared<Probes>(rules)), relaxed_(relaxed) {}

  // A builder for a subgraph, whose sizes mean the same.
  static GraphBuilder Inside(const GraphBuilder& outer) {
    return GraphBuilder(outer.probes_, outer);
  }

  Graph& graph() { return graph_; }
  Probes& probes() { return *probes_; }

  // Adds an input of the graph. Dimensions < 0 have a name in `symbols`. Inputs of f16, bf16 and
  // f64 are converted to f32.
  Value AddInput(const std::string& name, DataType type, const Shape& shape,
                 const std::vector<std::string>& symbols);
  // Adds an input of the type that elements of `type` are computed in, of a shape that is known.
  Value AddInput(const std::string& name, DataType type, const ProbedShape& shape);

  // Adds a constant under `name`, or a name like it that is free.
  Value AddConstant(const std::string& name, const Array& array);

  // The graph tensor of a value; adds a constant where it is none yet. Unimplemented for numbers
  // that depend on sizes known only when the model runs, where the graph cannot compute them.
  absl::StatusOr<TensorId> TensorOf(Value& value, const std::string& name);

  // Whether the graph computes the value, if only from constants.
  bool Computes(const Value& value) const {
    return value.tensor != kNoTensor && !graph_.tensor(value.tensor).is_constant();
  }

  // Says what the graph will compute for a tensor, under each probe.
  void Know(TensorId id, const std::vector<Array>& arrays) { infos_[Index(id)].arrays = arrays; }

  // Adds a node and its outputs. Shapes follow from the inputs, and from the numbers of value
  // inputs where these are known; what does not follow is unknown. Types are `types`, as in the
  // source, or follow from the operator and its inputs when that is empty.
  absl::StatusOr<std::vector<Value>> Add(Node node, const std::vector<std::string>& outputs,
                                         const std::vector<DataType>& types = {});
  // The same for results of given shapes.
  absl::StatusOr<std::vector<Value>> AddShaped(Node node, const std::vector<std::string>& outputs,
                                               const std::vector<DataType>& types,
                                               const std::vector<ProbedShape>& shapes);
  template <typename OptionsT>
  absl::StatusOr<std::vector<Value>> EmitMany(const std::string& node_name, OptionsT options,
                                              std::vector<TensorId> inputs,
                                              const std::vector<std::string>& outputs,
                                              const std::vector<DataType>& types = {}) {
    return Add(Graph::MakeNode(node_name, std::move(options), std::move(inputs), {}), outputs,
               types);
  }
  template <typename OptionsT>
  absl::StatusOr<Value> Emit(const std::string& node_name, OptionsT options,
                             std::vector<TensorId> inputs, const std::string& output,
                             DataType type = DataType::kUnknown) {
    std::vector<DataType> types;
    if (type != DataType::kUnknown) types.push_back(type);
    auto values = EmitMany(node_name, std::move(options), std::move(inputs), {output}, types);
    if (!values.ok()) return values.status();
    return (*values)[0];
  }

  // What a Reshape from `from` to `to` says in its options: fixed sizes as they are, others as
  // copies of the input's or as what remains. Unimplemented where that cannot be said.
  static absl::StatusOr<std::vector<int64_t>> ReshapeTarget(const ProbedShape& from,
                                                            const ProbedShape& to);

  // A name for an intermediate tensor that no other tensor has.
  std::string UniqueName(const std::string& wish) const;

  const ProbedShape& shape(TensorId id) const { return infos_[Index(id)].shape; }
  // The type as in the source.
  DataType type(TensorId id) const { return infos_[Index(id)].type; }

 private:
  struct Info {
    ProbedShape shape;
    DataType type;
    std::vector<Array> arrays;  // as in Value
  };

  GraphBuilder(std::shared_ptr<Probes> probes, const GraphBuilder& outer)
      : probes_(std::move(probes)), relaxed_(outer.relaxed_) {}

  static size_t Index(TensorId id) { return static_cast<size_t>(id); }
  // Whether the numbers of all value inputs are known.
  bool KnowsValues(const Node& node) const;
  // The node under one probe, with its numbers in the options.
  absl::StatusOr<Node> Bound(const Node& node, size_t probe) const;
  absl::StatusOr<std::vector<ProbedShape>> ShapesOf(const Node& node, size_t outputs);
  ProbedShape Closed(const OpenShape& shape);
  // The shapes under each probe, of which those that do not hold for all sizes are unknown.
  // `bound`: the node under each probe.
  void SettleShapes(const std::vector<Node>& bound, const std::vector<ProbedShape>& inputs,
                    std::vector<ProbedShape>& shapes);
  // What a Reshape or Expand to computed sizes says of them, where these do not fit its input.
  absl::StatusOr<std::vector<OpenShape>> NamedSizes(const Node& node,
                                                    const std::vector<ProbedShape>& inputs) const;
  Value AddTensor(Tensor tensor, DataType type, const ProbedShape& shape);

  Graph graph_;
  std::shared_ptr<Probes> probes_;
  bool relaxed_;
  std::vector<Info> infos_;  // per tensor of the graph
  absl::flat_hash_set<std::string> names_;
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_BUILDER_H_
