#ifndef OCTET_TOOLS_SIMPLIFY_USES_H_
#define OCTET_TOOLS_SIMPLIFY_USES_H_

#include <vector>

#include "absl/types/optional.h"
#include "runtime/core/graph.h"

namespace octet {

// Who computes and who reads the tensors of a graph, as of its construction. Stays right while a
// pass changes options and constants; for a pass that moves edges there is CurrentUses.
class Uses {
 public:
  explicit Uses(const Graph& graph);

  // The node that computes `id`; null for constants, graph inputs and kNoTensor.
  const Node* Producer(TensorId id) const;
  int ProducerIndex(TensorId id) const;
  // The producer when it is of type `type` and `id` is read once, by nothing but a node: then a
  // pass may change what it computes. -1 otherwise.
  int OnlyFor(TensorId id, OpType type) const;
  // Reads by nodes and by the graph's outputs.
  int Readers(TensorId id) const;
  // The one node that reads `id`, or -1 when there are several readers, none, or it is an output.
  int OnlyReader(TensorId id) const;

 private:
  const Graph& graph_;
  std::vector<int> producers_;
  // The readers of tensor i are readers_[starts_[i]], ..., readers_[starts_[i + 1] - 1].
  std::vector<size_t> starts_;
  std::vector<int> readers_;
};

// The uses of a graph that a pass changes: made anew after a change, not for every node that the
// pass looks at, so that a pass without changes takes linear time.
class CurrentUses {
 public:
  // `graph` must outlive the object.
  explicit CurrentUses(const Graph& graph) : graph_(graph) {}

  const Uses& get() {
    if (!uses_) uses_.emplace(graph_);
    return *uses_;
  }
  // `changed`: whether edges or nodes have moved since get(). Returned, for conditions.
  bool Note(bool changed) {
    if (changed) uses_.reset();
    any_ = any_ || changed;
    return changed;
  }
  // Whether there was any change.
  bool any() const { return any_; }

 private:
  const Graph& graph_;
  absl::optional<Uses> uses_;
  bool any_ = false;
};

// The number that all elements of a float constant are; absent for other tensors.
absl::optional<double> UniformValue(const Graph& graph, TensorId id);

// A constant that has one number per channel of `like`, where channels are dimension `axis`: its
// elements, one per channel. Empty for other tensors, and for those that would broadcast `like`.
std::vector<double> PerChannel(const Graph& graph, TensorId constant, TensorId like, size_t axis);

// Adds a constant of `type`; its name is `name`, or one like it that is free.
TensorId AddConstant(Graph& graph, const std::string& name, DataType type, const Shape& shape,
                     const std::vector<double>& values);

// A constant with these elements that takes the place of constant `old` for one of its readers:
// `old` itself, changed, when it has no other reader, so that its name stays.
TensorId Replacement(Graph& graph, const Uses& uses, TensorId old, DataType type,
                     const Shape& shape, const std::vector<double>& values);

// Whether two tensors have the same shape whenever the model runs.
bool SameShape(const Tensor& a, const Tensor& b);

// Whether the operator has an activation range, and one that clamps nothing.
bool HasNoActivation(const Node& node);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_USES_H_
