#ifndef OCTET_RUNTIME_PROGRAM_SESSION_H_
#define OCTET_RUNTIME_PROGRAM_SESSION_H_

#include <memory>
#include <vector>

#include "octet/model.h"
#include "runtime/program_runner.h"

namespace octet {

class ModelImpl;

// A session of a model whose shapes depend on elements: what it runs is planned while it runs.
class ProgramSession final : public Session {
 public:
  // `input_shapes` fit the model. ResourceExhausted when there is no memory for the inputs.
  static absl::StatusOr<std::unique_ptr<Session>> Create(std::shared_ptr<const ModelImpl> model,
                                                         absl::Span<const Shape> input_shapes);

  absl::Status Resize(absl::Span<const Shape> input_shapes) override;
  void* input_data(int index) override { return inputs_[static_cast<size_t>(index)].data(); }
  const void* output_data(int index) const override;
  const Shape& input_shape(int index) const override {
    return refs_[static_cast<size_t>(index)].shape;
  }
  const Shape& output_shape(int index) const override;
  DataType input_type(int index) const override;
  DataType output_type(int index) const override;
  absl::Status Run() override;
  const std::vector<StepInfo>& steps() const override { return steps_; }
  absl::Status RunProfiled(absl::Span<int64_t> step_ns) override;
  size_t arena_bytes() const override;

 private:
  explicit ProgramSession(std::shared_ptr<const ModelImpl> model);

  absl::Status Allocate(absl::Span<const Shape> input_shapes);
  absl::Status Finish(const absl::Status& status);

  std::shared_ptr<const ModelImpl> model_;
  ProgramRunner runner_;
  std::vector<AlignedBuffer> inputs_;
  std::vector<TensorRef> refs_;       // to inputs_
  std::vector<Shape> output_shapes_;  // before the first run 0 stands for unknown sizes
  bool has_run_ = false;
  std::vector<StepInfo> steps_;  // of the last run
};

}  // namespace octet

#endif  // OCTET_RUNTIME_PROGRAM_SESSION_H_
