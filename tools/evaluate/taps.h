#ifndef OCTET_TOOLS_EVALUATE_TAPS_H_
#define OCTET_TOOLS_EVALUATE_TAPS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/batch.h"

namespace octet {

// Runs a graph on samples and shows the values of tensors within it. Not thread-safe.
class Taps {
 public:
  // `tensors` are inputs of the graph or computed, real or quantized per tensor to 8, 16 or 32
  // bits; what they do not need is not run. The source must outlive the taps. Errors as those of
  // ModelFromGraph and BatchFeeder::Create.
  static absl::StatusOr<Taps> Create(const Graph& graph, const std::vector<TensorId>& tensors,
                                     const SampleSource& source, const ModelOptions& options);

  // Samples per run.
  int64_t batch() const { return feeder_.batch(); }
  // Runs the samples from `first` on and gives how many there were; the rest of a batch repeats the
  // last one. Every sample is shown to `on_sample` on the way.
  absl::StatusOr<int64_t> Run(
      int64_t first, absl::FunctionRef<void(const Sample&)> on_sample = [](const Sample&) {});
  // The values that tensors[index] had in the last run as real numbers, row-major. Several threads
  // may ask for different ones.
  absl::Span<const float> values(size_t index);
  const Shape& shape(size_t index) const;

 private:
  // Where a session shows a tensor.
  struct Place {
    bool is_input;
    int index;  // of the input or output
  };

  Taps(std::shared_ptr<const Model> model, BatchFeeder feeder, std::vector<Place> places)
      : model_(std::move(model)), feeder_(feeder), places_(std::move(places)) {}

  std::shared_ptr<const Model> model_;
  BatchFeeder feeder_;
  std::vector<Place> places_;
  std::vector<std::vector<float>> dequantized_;  // by place
  std::unique_ptr<Session> session_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_TAPS_H_
