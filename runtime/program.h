#ifndef OCTET_RUNTIME_PROGRAM_H_
#define OCTET_RUNTIME_PROGRAM_H_

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "runtime/plan.h"
#include "runtime/plan_cache.h"

namespace octet {

class Program;

// A part of a program: either a graph that is planned as a whole once the shapes of its inputs are
// known, or one operator with open results.
struct Stage {
  // Tensors of the program's graph.
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;

  // Of a planned part; its inputs and outputs are the above, in that order.
  std::unique_ptr<Graph> graph;
  std::vector<bool> input_is_value;  // per input: whether shapes depend on its elements
  std::unique_ptr<PlanCache> plans;

  // Of an operator with open results, else null: a node of the program's graph, and what its
  // subgraphs are (If: then and else; Loop: the body).
  const Node* open = nullptr;
  std::vector<std::unique_ptr<Program>> subprograms;

  bool depends_on_values() const;
};

// A graph cut into stages that run one after the other, so that each can be planned when it is its
// turn: shapes may depend on elements that earlier stages compute. Immutable; thread-safe.
class Program {
 public:
  // `graph` is valid (ValidateGraph) and outlives the program, as does `environment`. Keeps
  // `max_plans` plans per stage.
  Program(const Graph& graph, const PlanEnvironment& environment, size_t max_plans);

  // Whether a graph needs no program: one plan, which depends on nothing but the inputs' shapes, is
  // all there is to run.
  static bool IsStatic(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const std::vector<Stage>& stages() const { return stages_; }

 private:
  const Graph& graph_;
  std::vector<Stage> stages_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_PROGRAM_H_
