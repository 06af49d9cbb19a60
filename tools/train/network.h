#ifndef OCTET_TOOLS_TRAIN_NETWORK_H_
#define OCTET_TOOLS_TRAIN_NETWORK_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "tools/quantize/range.h"
#include "tools/train/fake_quantize.h"
#include "tools/train/given_part.h"
#include "tools/train/op.h"
#include "tools/train/parameters.h"
#include "tools/train/quantizers.h"
#include "tools/train/trained_constant.h"

namespace octet {

// How the ranges of activations change while a network is trained.
enum class RangeMode {
  kFixed,
  kLearned,        // scales follow their gradient; zero points stay
  kMovingAverage,  // of the extremes of each batch, until they are frozen
};

struct NetworkOptions {
  int weight_bits = 0;  // 2 to the width of the weights' type; 0: that width
  RangeMode ranges = RangeMode::kLearned;
  bool learn_weight_scales = true;
  double moving_average_constant = 0.01;
};

// Smallest and largest values before rounding, by quantizer.
struct ObservedRanges {
  std::vector<Range> of;
  std::vector<bool> seen;

  void Reset(size_t quantizers) {
    of.assign(quantizers, Range());
    seen.assign(quantizers, false);
  }
  void Add(const ObservedRanges& other);
};

// A network that is trained: the operators of a graph for one sample at a time, with real-valued
// parameters in place of its constants. Where the graph's tensors are quantized, values are rounded
// as its executor rounds them; where they are real, nothing is rounded. Whatever it computes with,
// Store() writes back into the graph.
//
// Parameters are weights and biases of Conv and MatMul, scales and biases of normalizations, and
// the scales of quantized tensors. Other constants stay. What comes before all parameters and has
// no derivative here, such as an embedding of tokens, is computed by the executor (GivenPart).
//
// Tapes may read it from several threads; Update and the like need it alone.
class TrainingNetwork {
 public:
  // `graph` may be float, integer or mixed. `real` may be null; else weights of integer layers
  // begin with those of its layers of the same names and types (PairLayers), as far as these round
  // to the integers (KeepIntegers), otherwise with what the integers stand for. `shapes` has one
  // entry per input, of one sample or of a batch that the graph fixes. Unimplemented lists every
  // operator without derivative whose operands depend on parameters; InvalidArgument for shapes
  // that do not fit and for widths that the types do not have.
  static absl::StatusOr<std::unique_ptr<TrainingNetwork>> Create(const Graph& graph,
                                                                 const Graph* real,
                                                                 std::vector<Shape> shapes,
                                                                 const NetworkOptions& options);

  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }

  // Makes what the network computes with follow from the parameters. Call it when they changed.
  void Update();

  // Turns what tapes have added up into the gradients of the parameters.
  void FoldGradients(Gradients& gradients) const;

  // Moves the averages of ranges by those of one batch, and the scales with them; needs an Update
  // afterwards. For kMovingAverage, as long as ranges are not frozen.
  void AverageRanges(const ObservedRanges& observed);

  // The graph with the present parameters.
  Graph Store() const;

  // The averages as numbers, two per quantizer, so that training can go on later.
  std::vector<float> RangeState() const;
  // InvalidArgument when there are not as many numbers.
  absl::Status RestoreRangeState(absl::Span<const float> state);

  const Graph& graph() const { return graph_; }
  const NetworkOptions& options() const { return options_; }
  // Those that Create was given.
  const std::vector<Shape>& input_shapes() const { return input_shapes_; }
  // How many quantizers of activations there are.
  size_t quantizers() const { return quantizers_.size(); }

 private:
  friend class Tape;
  friend class NetworkBuilder;

  // What happens to a result of an operator.
  struct Output {
    TensorId tensor;
    bool rounds = false;  // to the grid of the tensor's quantizer
    bool clamps = false;  // real numbers
    float min = -std::numeric_limits<float>::infinity();
    float max = std::numeric_limits<float>::infinity();

    bool separate() const { return rounds || clamps; }
  };
  struct Step {
    std::unique_ptr<TrainOp> op;
    std::vector<TensorId> inputs;
    std::vector<Output> outputs;
  };
  struct TensorState {
    int64_t size = 0;
    int quantizer = -1;
    int weights = -1;             // index into weights_
    int bias = -1;                // index into biases_
    std::vector<float> constant;  // of constants that stay; integers without zero point
    bool is_constant = false;
    bool needs_gradient = false;
  };
  struct BiasPlace {
    TrainedBias bias;
    int quantizer;  // of x
    float x_scale;  // where x has no quantizer of its own
    int weights;    // index into weights_
  };

  float ScaleOfX(const BiasPlace& place) const {
    return place.quantizer < 0 ? place.x_scale
                               : quantizers_[static_cast<size_t>(place.quantizer)].scale;
  }

  NetworkOptions options_;
  Graph graph_;  // as it was given
  std::vector<Shape> input_shapes_;
  std::vector<Shape> shapes_;  // by tensor
  GivenPart given_;
  std::vector<Step> steps_;  // the rest of the nodes, in order
  std::vector<TensorState> tensors_;
  std::vector<ActivationQuantizer> quantizers_;
  std::vector<TrainedWeights> weights_;
  std::vector<BiasPlace> biases_;
  std::vector<Parameter> parameters_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_NETWORK_H_
