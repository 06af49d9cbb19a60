#ifndef OCTET_TOOLS_TRAIN_OPTIMIZER_H_
#define OCTET_TOOLS_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/train/parameters.h"

namespace octet {

enum class OptimizerKind { kSgd, kAdam };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdam;
  double momentum = 0.9;  // kSgd
  double beta1 = 0.9;     // kAdam
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  // of weights only; decoupled from the gradient
  double scale_rate = 1;    // rate of quantization scales, relative to the others'
  // kAdam: steps are relative to the root mean square of a tensor's values when training began, so
  // that one rate serves tensors of all sizes; those below `least_size` count as that.
  bool relative_steps = true;
  double least_size = 0.01;
};

// Gradient descent: with momentum, or Adam (Kingma and Ba 2015) with decoupled weight decay
// (Loshchilov and Hutter 2019).
class Optimizer {
 public:
  Optimizer(const OptimizerOptions& options, const std::vector<Parameter>& parameters);

  // One step; `gradients` has an entry per parameter.
  void Step(double rate, const Gradients& gradients, std::vector<Parameter>& parameters);

  // All that it remembers between steps.
  struct State {
    int64_t steps = 0;
    std::vector<float> sizes;                // by parameter
    std::vector<std::vector<float>> first;   // moments of gradients
    std::vector<std::vector<float>> second;  // kAdam
  };
  const State& state() const { return state_; }
  // InvalidArgument when it is of other parameters or another kind.
  absl::Status Restore(State state);

 private:
  void StepSgd(double rate, size_t p, const std::vector<float>& g, std::vector<float>& values);
  void StepAdam(double rate, size_t p, const std::vector<float>& g, std::vector<float>& values);

  const OptimizerOptions options_;
  State state_;
};

// The Euclidean norm of all gradients, which are scaled down so that it is at most `largest`.
double ClipNorm(double largest, Gradients& gradients);

// The rate at step `step` of `steps`: rises linearly during the first `warmup` steps, then falls
// along a cosine to `last_share` of `rate` (Loshchilov and Hutter 2017).
double CosineRate(double rate, int64_t step, int64_t steps, int64_t warmup, double last_share);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_OPTIMIZER_H_
