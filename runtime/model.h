#ifndef OCTET_RUNTIME_MODEL_H_
#define OCTET_RUNTIME_MODEL_H_

#include <memory>
#include <string>
#include <vector>

#include "octet/model.h"
#include "runtime/core/graph.h"
#include "runtime/model_internal.h"
#include "runtime/plan.h"
#include "runtime/plan_cache.h"
#include "runtime/program.h"

namespace octet {

class ModelImpl final : public Model, public std::enable_shared_from_this<ModelImpl> {
 public:
  // Takes the graph as it is to be planned. `weights_bytes` is what the file holds.
  static absl::StatusOr<std::shared_ptr<ModelImpl>> Create(Graph graph, uint64_t weights_bytes,
                                                           const ModelOptions& options);

  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }
  const absl::optional<ImagePreprocessing>& preprocessing() const override {
    return preprocessing_;
  }
  const std::vector<std::string>& labels() const override { return graph_.labels; }
  uint64_t weights_bytes() const override { return weights_bytes_; }
  absl::StatusOr<std::unique_ptr<Session>> NewSession(
      absl::Span<const Shape> input_shapes) const override;

  const Graph& graph() const { return graph_; }
  const CpuFeatures& cpu() const { return environment_.cpu; }
  ThreadPool& pool() const { return *environment_.pool; }
  const std::vector<HalfChoice>& half_choices() const { return half_choices_; }

  // How the graph runs when shapes depend on elements; else null.
  const Program* program() const { return program_.get(); }

  // Shapes of all inputs for those given, open sizes of an empty entry being 1. InvalidArgument
  // names the input whose shape does not fit.
  absl::StatusOr<std::vector<Shape>> CompleteShapes(absl::Span<const Shape> input_shapes) const;

  // The plan for these shapes, completed as above. Requires that there is no program.
  absl::StatusOr<std::shared_ptr<const Plan>> PlanFor(absl::Span<const Shape> input_shapes) const;

  // Whether only the batch is open, so that a plan for one sample can be made ahead.
  bool OnlyBatchIsOpen() const;

 private:
  ModelImpl(Graph graph, uint64_t weights_bytes, const ModelOptions& options,
            const CpuFeatures& cpu);

  Graph graph_;
  uint64_t weights_bytes_;
  std::unique_ptr<PackedWeights> packed_;
  PlanEnvironment environment_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
  absl::optional<ImagePreprocessing> preprocessing_;
  std::vector<HalfChoice> half_choices_;
  mutable PlanCache plans_;  // unused with a program
  std::unique_ptr<const Program> program_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_MODEL_H_
