#ifndef OCTET_TOOLS_TRAIN_LOSS_H_
#define OCTET_TOOLS_TRAIN_LOSS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/core/graph.h"

namespace octet {

// What outputs of a network are compared by.
struct LossOptions {
  // Weights of the terms; one of them may be 0.
  double squares = 1;      // sum of (y - t)^2 over sum of t^2, of all outputs
  double divergence = 0;   // relative entropy of the classes' probabilities, of the first output
  double labels = 0;       // cross-entropy with the sample's class, of the first output
  double hints = 0;        // as squares, the mean over hints
  double temperature = 1;  // of the probabilities that `divergence` compares

  bool needs_teacher() const { return squares > 0 || divergence > 0 || hints > 0; }
};

// An output of a network as losses see it: [rows, classes].
struct OutputForm {
  int64_t classes = 1;         // the last dimension
  bool probabilities = false;  // a softmax came last; else logits
};
std::vector<OutputForm> OutputForms(const Graph& graph);

// What to imitate a teacher of this graph's outputs by: squares, or the divergence where a softmax
// comes last, behind which squares hardly see anything but the first class. Its weight is `share`.
LossOptions ImitationOf(const Graph& graph, double share);

// Losses of single samples. Immutable.
class Loss {
 public:
  // The last `hints` outputs are hints: tensors within the network.
  Loss(const LossOptions& options, std::vector<OutputForm> forms, size_t hints = 0)
      : options_(options), forms_(std::move(forms)), hints_(hints) {}

  const LossOptions& options() const { return options_; }

  // The loss of the outputs `y`, where a teacher gives `t` (empty without one) and the class is
  // `label` (negative: none). Sets the derivatives by each output.
  double Of(absl::Span<const absl::Span<const float>> y,
            absl::Span<const absl::Span<const float>> t, int label,
            std::vector<std::vector<float>>& gradients) const;

 private:
  double Squares(absl::Span<const float> y, absl::Span<const float> t, double weight,
                 std::vector<float>& gradient) const;
  // Cross-entropy of y's probabilities with `target`, less the entropy of the latter; both
  // [classes].
  double Entropy(absl::Span<const float> y, absl::Span<const double> target, double temperature,
                 double weight, float* gradient) const;

  const LossOptions options_;
  const std::vector<OutputForm> forms_;
  const size_t hints_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_LOSS_H_
