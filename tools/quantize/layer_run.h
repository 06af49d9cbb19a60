#ifndef OCTET_TOOLS_QUANTIZE_LAYER_RUN_H_
#define OCTET_TOOLS_QUANTIZE_LAYER_RUN_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"

namespace octet {

// One operator of a float graph, run by itself on the executor. Its computed inputs and its only
// output are f32. Not thread-safe.
class LayerRun {
 public:
  // Errors as those of ModelFromGraph.
  static absl::StatusOr<LayerRun> Create(const Graph& graph, const Node& node,
                                         const ModelOptions& options);

  // The computed tensors that the operator reads, each once.
  const std::vector<TensorId>& inputs() const { return inputs_; }

  // Readies buffers for inputs of these shapes. Call before all that follows; what they held before
  // may be lost.
  absl::Status Resize(const std::vector<Shape>& shapes);
  // The buffer of inputs()[index].
  absl::Span<float> input(size_t index) { return session_->input<float>(static_cast<int>(index)); }
  absl::Status Run() { return session_->Run(); }
  absl::Span<const float> output() const { return session_->output<float>(0); }

 private:
  LayerRun(std::shared_ptr<const Model> model, std::vector<TensorId> inputs)
      : model_(std::move(model)), inputs_(std::move(inputs)) {}

  std::shared_ptr<const Model> model_;
  std::vector<TensorId> inputs_;
  std::vector<Shape> shapes_;
  std::unique_ptr<Session> session_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_LAYER_RUN_H_
