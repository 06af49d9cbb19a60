#ifndef OCTET_RUNTIME_PLAN_H_
#define OCTET_RUNTIME_PLAN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "octet/model.h"
#include "runtime/core/graph.h"

namespace octet {

// What a plan is made for, apart from the shapes.
struct PlanEnvironment {
  CpuFeatures cpu;
  std::shared_ptr<ThreadPool> pool;
  bool deterministic = false;
  bool accumulate_f16 = false;
  PackedWeights* packed = nullptr;  // outlives the plan
};

// Where an operand's bytes are once a session exists: in the arena, or at a constant's address.
struct Location {
  const void* constant = nullptr;
  size_t arena_offset = 0;
};

struct Step {
  const Kernel* kernel;
  std::vector<Location> inputs;
  std::vector<Location> outputs;
  size_t scratch_offset = 0;
  // Input whose bytes are copied to output 0 first, or -1. Set for kernels that work in place on
  // memory that something else still needs.
  int copy_input = -1;
  size_t copy_bytes = 0;
  int info = 0;  // index into Plan::infos
};

// A graph made ready to run for fixed input shapes on one CPU: steps in order, and where everything
// lies. Immutable and shared by sessions.
struct Plan {
  std::vector<Shape> input_shapes;
  std::vector<Constant> input_values;  // as given to MakePlan
  std::vector<Shape> output_shapes;
  std::vector<Location> inputs;
  std::vector<Location> outputs;
  std::vector<Step> steps;
  std::vector<StepInfo> infos;  // one per operator, views included
  size_t arena_bytes = 0;

  Graph graph;  // lowered; kernels refer to its nodes and constants
  // Packed constants that exist for this plan alone, because they follow from its shapes.
  std::unique_ptr<PackedWeights> packed;
  std::vector<std::unique_ptr<Kernel>> kernels;
};

// What an operator is, without its kernel.
StepInfo DescribeNode(const Graph& graph, const Node& node);

// Plans `graph`, in which no operator has open results, for the input shapes, and for the elements
// of those inputs that shapes depend on (`input_values`: one per input, absent elsewhere; or
// empty). InvalidArgument when the shapes do not fit the model, Unimplemented when an operator has
// no kernel; messages name the operator.
absl::StatusOr<std::shared_ptr<const Plan>> MakePlan(const Graph& graph,
                                                     absl::Span<const Shape> input_shapes,
                                                     absl::Span<const Constant> input_values,
                                                     const PlanEnvironment& environment);

}  // namespace octet

#endif  // OCTET_RUNTIME_PLAN_H_
