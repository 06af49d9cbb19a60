#ifndef OCTET_TOOLS_TRAIN_TAPE_H_
#define OCTET_TOOLS_TRAIN_TAPE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/core/aligned_buffer.h"
#include "tools/data/sample_source.h"
#include "tools/train/given_part.h"
#include "tools/train/network.h"

namespace octet {

// One sample's way through a network, forward and backward. Values and gradients lie in one arena
// that is planned by their lifetimes, so its size depends neither on the batch nor on how often it
// is used. Threads use a tape each. The network must outlive it, and is not to be updated between
// Forward and Backward.
class Tape {
 public:
  // With `keep_values`, every tensor keeps its values until the next Forward.
  explicit Tape(const TrainingNetwork& network, bool keep_values = false);

  // InvalidArgument when the sample does not fit the inputs, ResourceExhausted when there is no
  // memory for the arena.
  absl::Status Forward(const Sample& sample);

  // The real values of output `index` of the graph.
  absl::Span<const float> output(size_t index) const { return outputs_[index]; }

  // Adds the derivatives of a loss, whose derivatives by the outputs are given, to `gradients`.
  // Those of quantized weights are by the rounded weights: TrainingNetwork::FoldGradients turns
  // sums of them into the parameters'.
  void Backward(absl::Span<const std::vector<float>> output_gradients, Gradients& gradients);

  // Extends `observed` by what the last Forward computed of each quantizer's tensors.
  void Observe(ObservedRanges& observed) const;

  // Whether a tensor has values here; those within the given part have none.
  bool has(TensorId id) const;
  // The real values of a tensor in the last Forward. Requires `has`, and keep_values unless it is
  // an input.
  std::vector<float> Values(TensorId id) const;

  size_t arena_bytes() const { return arena_size_; }

 private:
  using Step = TrainingNetwork::Step;
  using Output = TrainingNetwork::Output;
  static constexpr size_t kNowhere = static_cast<size_t>(-1);

  void Plan(bool keep_values);
  absl::Status TakeInputs(const Sample& sample);
  absl::Status ComputeGiven(const Sample& sample);
  void Finish(const Output& output);
  void BackThrough(const Output& output, Gradients& gradients);
  float* GradientOf(TensorId id, Gradients& gradients);

  float* At(size_t offset) { return reinterpret_cast<float*>(arena_.data() + offset); }
  const float* At(size_t offset) const {
    return reinterpret_cast<const float*>(arena_.data() + offset);
  }
  size_t Index(TensorId id) const { return static_cast<size_t>(id); }
  absl::Span<const float> Before(TensorId id) const;
  TrainValue ValueOf(TensorId id) const;
  // Scale of a tensor; 0 for real ones.
  float ScaleOf(TensorId id) const;
  Clamp ClampOf(const Output& output) const;

  const TrainingNetwork& network_;
  AlignedBuffer arena_;  // from the first Forward on
  size_t arena_size_ = 0;
  // By tensor, offsets into the arena: what readers see, what lay before rounding, gradients.
  std::vector<size_t> value_, before_, gradient_;
  size_t scratch_ = 0;
  std::unique_ptr<GivenValues> given_;       // null: not used yet
  std::vector<std::vector<float>> inputs_;   // of the graph, then what is given
  std::vector<std::vector<float>> outputs_;  // of the graph, real
  std::vector<int> input_index_;             // by tensor; -1: no input
  std::vector<bool> started_;                // by tensor: its gradient has a first term
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_TAPE_H_
