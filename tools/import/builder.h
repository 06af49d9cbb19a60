#ifndef OCTET_TOOLS_IMPORT_BUILDER_H_
#define OCTET_TOOLS_IMPORT_BUILDER_H_

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
#include "tools/import/probes.h"

namespace octet::importer {

// What is known of an ONNX tensor: a tensor of the graph, or numbers, or both.
struct Value {
  DataType type = DataType::kUnknown;
  ProbedShape shape;
  TensorId tensor = kNoTensor;  // where the graph computes or holds it
  // Empty: computed by the graph. One entry: a constant. kProbes entries: computed from sizes that
  // are known only when the model runs.
  std::vector<Array> arrays;
  // A node before it could not be imported: nothing else is known.
  bool broken = false;

  bool is_constant() const { return arrays.size() == 1; }
  bool is_known() const { return !arrays.empty(); }
  const Array& array(size_t probe) const { return arrays[is_constant() ? 0 : probe]; }
  size_t rank() const { return shape[0].size(); }
  bool fixed(size_t dim) const { return IsFixed(SizeAt(shape, dim)); }

  static Value Of(Array array);
  // One array per probe, or one for all; of equal rank.
  static Value Of(std::vector<Array> probed);
  static Value Broken();
};

// Adds tensors and nodes to a graph while keeping their shapes under each probe.
class GraphBuilder {
 public:
  explicit GraphBuilder(const ProbeRules& rules) : probes_(rules) {}

  Graph& graph() { return graph_; }
  Probes& probes() { return probes_; }

  // Adds an input of the graph. Dimensions < 0 have a name in `symbols`.
  Value AddInput(const std::string& name, DataType type, const Shape& shape,
                 const std::vector<std::string>& symbols);

  // Adds a constant under `name`, or a name like it that is free.
  Value AddConstant(const std::string& name, const Array& array);

  // The graph tensor of a value; adds a constant where it is none yet. Integers that depend on
  // sizes known only when the model runs cannot be one.
  absl::StatusOr<TensorId> TensorOf(Value& value, const std::string& name);

  // Adds a node and its outputs, whose shapes follow from the inputs'. f32 outputs.
  template <typename OptionsT>
  absl::StatusOr<std::vector<Value>> EmitMany(const std::string& node_name, OptionsT options,
                                              std::vector<TensorId> inputs,
                                              const std::vector<std::string>& outputs) {
    return Add(Graph::MakeNode(node_name, std::move(options), std::move(inputs), {}), outputs);
  }
  template <typename OptionsT>
  absl::StatusOr<Value> Emit(const std::string& node_name, OptionsT options,
                             std::vector<TensorId> inputs, const std::string& output) {
    auto values = EmitMany(node_name, std::move(options), std::move(inputs), {output});
    if (!values.ok()) return values.status();
    return (*values)[0];
  }

  // What a Reshape from `from` to `to` says in its options: fixed sizes as they are, others as
  // copies of the input's or as what remains. Unimplemented where that cannot be said.
  static absl::StatusOr<std::vector<int64_t>> ReshapeTarget(const ProbedShape& from,
                                                            const ProbedShape& to);

  // A name for an intermediate tensor that no other tensor has.
  std::string UniqueName(const std::string& wish) const;

  const ProbedShape& shape(TensorId id) const { return shapes_[static_cast<size_t>(id)]; }

 private:
  absl::StatusOr<std::vector<Value>> Add(Node node, const std::vector<std::string>& outputs);
  TensorId AddTensor(Tensor tensor, const ProbedShape& shape);

  Graph graph_;
  Probes probes_;
  std::vector<ProbedShape> shapes_;  // per tensor of the graph
  absl::flat_hash_set<std::string> names_;
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_BUILDER_H_
