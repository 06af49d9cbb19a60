#ifndef OCTET_TOOLS_TRAIN_OP_H_
#define OCTET_TOOLS_TRAIN_OP_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

// The operators of a network that is trained: what each computes and how a change of its result
// follows from a change of its operands.
//
// All numbers are f32 in row-major order, channels first. A quantized tensor is held as the
// integers it stands for without their zero point: x = scale * (q - zero_point), and `data` has
// q - zero_point. So operators follow the integer executor's arithmetic operation by operation
// (schema/model.fbs) and get its bits as long as sums of products stay within 2^24.

namespace octet {

// An operand of an operator.
struct TrainValue {
  const float* data = nullptr;     // null: absent
  absl::Span<const float> scales;  // empty: real numbers; else one, or one per output channel
  const float* real = nullptr;     // of quantized weights: the real values, else null
  int32_t zero_point = 0;          // only what rounds ties by the stored integers asks for it

  bool present() const { return data != nullptr; }
  bool quantized() const { return !scales.empty(); }
  float scale() const { return scales.empty() ? 1.0f : scales[0]; }
};

struct ForwardArgs {
  absl::Span<const TrainValue> inputs;
  // One per output: what it holds in units of its scale, before rounding and clamping.
  absl::Span<float* const> outputs;
  absl::Span<const float> output_scales;  // one per output; 0 for real numbers, which have no unit
  float* scratch;                         // scratch() elements
};

struct BackwardArgs {
  absl::Span<const TrainValue> inputs;
  absl::Span<const TrainValue> outputs;             // as readers see them: rounded and clamped
  absl::Span<const float* const> output_gradients;  // of the real values, where not clamped
  // One per input, of the real values; null where nobody asks. Gradients are added to them.
  absl::Span<float* const> input_gradients;
  float* scratch;
};

// Immutable: threads may use one operator side by side, each with scratch of its own.
class TrainOp {
 public:
  virtual ~TrainOp() = default;

  // Elements of scratch that either direction needs.
  virtual size_t scratch() const { return 0; }
  // Whether Backward reads the elements of the inputs, or of the outputs.
  virtual bool reads_inputs() const { return true; }
  virtual bool reads_outputs() const { return false; }
  // Whether results are elements of inputs, so that one scale serves both sides.
  virtual bool moves() const { return false; }

  virtual void Forward(const ForwardArgs& args) const = 0;
  virtual void Backward(const BackwardArgs& args) const = 0;
};

// An operator with the concrete shapes of its operands.
struct OpContext {
  const Graph& graph;
  const Node& node;
  std::vector<Shape> inputs;  // empty for absent ones
  std::vector<Shape> outputs;

  bool has_input(size_t i) const { return node.input(i) != kNoTensor; }
  const Tensor& input(size_t i) const { return graph.tensor(node.inputs[i]); }
  const Tensor& output(size_t i) const { return graph.tensor(node.outputs[i]); }
};

// The operator of a node. Unimplemented, without the node's name, where there is no derivative of
// it.
absl::StatusOr<std::unique_ptr<TrainOp>> MakeTrainOp(const OpContext& context);

// Those of each family; the node is of that type.
absl::StatusOr<std::unique_ptr<TrainOp>> MakeConv(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeConvTranspose(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeMatMul(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakePool(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeGlobalPool(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeReduce(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeResize(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeBinary(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeUnary(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeAttention(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeSoftmax(const OpContext& context);
absl::StatusOr<std::unique_ptr<TrainOp>> MakeNormalization(const OpContext& context);
// Whatever only moves elements.
absl::StatusOr<std::unique_ptr<TrainOp>> MakeMovement(const OpContext& context);
// Quantize, Dequantize and Requantize: the same real numbers.
absl::StatusOr<std::unique_ptr<TrainOp>> MakeConversion(const OpContext& context);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_OP_H_
