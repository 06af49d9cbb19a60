#ifndef OCTET_TOOLS_QUANTIZE_OBSERVER_H_
#define OCTET_TOOLS_QUANTIZE_OBSERVER_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/quantize/statistics.h"

namespace octet {

// Weight of the newest run in the moving averages. Jacob et al. (Quantization and Training of
// Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018, section 3.1) smooth
// the ranges of activations so, over the steps of a training.
inline constexpr double kDefaultMovingAverageConstant = 0.01;

// Watches the values of one tensor over all runs. Not thread-safe.
class Observer {
 public:
  // `moving_average_constant` is c in average += c * (value - average), in (0, 1]; the average
  // begins with the first value.
  explicit Observer(double moving_average_constant = kDefaultMovingAverageConstant)
      : moving_average_constant_(moving_average_constant) {}

  // Takes notice of the tensor's values in one run, of which there may be none. InvalidArgument,
  // and nothing is taken notice of, when one is NaN or infinite; the message completes "tensor 'x'
  // has ...".
  absl::Status Observe(absl::Span<const float> values);

  const TensorStatistics& statistics() const { return statistics_; }

 private:
  double moving_average_constant_;
  TensorStatistics statistics_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_OBSERVER_H_
