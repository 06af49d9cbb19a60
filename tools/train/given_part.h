#ifndef OCTET_TOOLS_TRAIN_GIVEN_PART_H_
#define OCTET_TOOLS_TRAIN_GIVEN_PART_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// The part of a network that training changes nothing of and that needs no derivative: what becomes
// of the inputs before the first parameter. Such are embeddings of tokens, and masks. The executor
// computes it, with all the operators and types that it has.
struct GivenPart {
  std::vector<bool> nodes;             // by node of the graph
  std::vector<TensorId> tensors;       // that it hands to the rest: f32 or boolean
  std::shared_ptr<const Model> model;  // from the graph's inputs to `tensors`; null: there is none
};

// By node, whether what it computes follows from what is trained: `trained` says which ones have
// parameters of their own.
std::vector<bool> DependentNodes(const Graph& graph, const std::vector<bool>& trained);

// The nodes for which `wanted` holds, and all that they need. `wanted` ones are not dependent.
std::vector<bool> WithAncestors(const Graph& graph, std::vector<bool> wanted);

// Errors are those of making the model.
absl::StatusOr<GivenPart> MakeGivenPart(const Graph& graph, std::vector<bool> nodes);

// One thread's use of a part that has a model.
class GivenValues {
 public:
  static absl::StatusOr<std::unique_ptr<GivenValues>> Create(const GivenPart& part,
                                                             const std::vector<Shape>& shapes);

  // Sets `values`, by tensor of the part; booleans become 0 and 1. InvalidArgument when the sample
  // does not fit.
  absl::Status Compute(const Sample& sample, absl::Span<std::vector<float>> values);

 private:
  explicit GivenValues(std::unique_ptr<Session> session) : session_(std::move(session)) {}

  const std::unique_ptr<Session> session_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_GIVEN_PART_H_
