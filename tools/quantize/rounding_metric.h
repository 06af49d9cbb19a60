#ifndef OCTET_TOOLS_QUANTIZE_ROUNDING_METRIC_H_
#define OCTET_TOOLS_QUANTIZE_ROUNDING_METRIC_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "octet/thread_pool.h"

namespace octet {

// Measures what rounding a row of weights costs, e' A e with the rounding error e and a symmetric
// positive definite matrix A, and finds integers for which it is small.
//
// Rows are handled kLanes at a time, interleaved: element d of lane l lies at [d * kLanes + l].
class RoundingMetric {
 public:
  static constexpr size_t kLanes = 16;

  // `matrix` is A, [depth, depth]. Integers are within [-largest, largest]. Factors the matrix on
  // the threads of `pool`.
  RoundingMetric(std::vector<float> matrix, size_t depth, int largest, ThreadPool& pool);

  size_t depth() const { return depth_; }

  // Rounds `targets` to integers times the lane's scale, one element after
  // another, and lets each make up for the errors before it: GPTQ (Frantar et al. 2022), which is
  // Babai's nearest plane. Adds e' A e to losses[lane].
  void RoundInSequence(const float* targets, const float* scales, float* rounded,
                       double* losses) const;

  // Rounds `targets` to the nearest integers times the lane's scale. Adds e' A e to losses[lane].
  void RoundToNearest(const float* targets, const float* scales, float* rounded,
                      double* losses) const;

  // Moves integers up or down by one as long as a single move lowers e' A e: coordinate descent on
  // the objective of AdaRound (Nagel et al. 2020).
  void Improve(const float* targets, const float* scales, float* rounded) const;

 private:
  void Factor(ThreadPool& pool);

  // The nearest integer in range.
  float Nearest(float value) const;

  size_t depth_;
  float largest_;
  std::vector<float> matrix_;
  std::vector<size_t> order_;    // row of A by row of the factor; those of large diagonal last
  std::vector<float> factor_;    // U with ones on its diagonal: A = U' D U, in the order above
  std::vector<float> diagonal_;  // of D
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_ROUNDING_METRIC_H_
