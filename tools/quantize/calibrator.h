#ifndef OCTET_TOOLS_QUANTIZE_CALIBRATOR_H_
#define OCTET_TOOLS_QUANTIZE_CALIBRATOR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/quantize/scheme.h"
#include "tools/quantize/statistics.h"

namespace octet {

// How the range of an activation is chosen from its statistics.
enum class CalibratorKind { kMinMax, kMovingAverage, kEntropy, kMse, kPercentile };

struct Calibrator {
  CalibratorKind kind = CalibratorKind::kMinMax;
  double percentile = 99.999;  // of the values lie in the range; in (0, 100]

  friend bool operator==(const Calibrator& a, const Calibrator& b) {
    return a.kind == b.kind && a.percentile == b.percentile;
  }
};

// "minmax", "moving-average", "entropy", "mse", "percentile".
absl::string_view Name(CalibratorKind kind);
const std::vector<std::string>& CalibratorNames();
// InvalidArgument lists the names.
absl::StatusOr<CalibratorKind> CalibratorNamed(absl::string_view name);

// What other data may reach beyond what was seen: integers of 16 bits are so many that clipped
// values cost more than wider steps.
inline constexpr float kS16Headroom = 1.5f;

// The range that the calibrator chooses, always within the smallest and the largest value (of
// either sign for a symmetric range) and 0; nothing but 0 when no value was seen. For kS16 it is
// then widened by kS16Headroom. Requires a scheme
// that CheckScheme accepts. A pure function: it may be called from several threads.
Range ChooseRange(const TensorStatistics& statistics, const Calibrator& calibrator,
                  const ActivationScheme& scheme);

// The calibrators that search. All require statistics of at least one value.

// The narrowest range with ends on edges of bins beyond which lie at most (100 - percentile) % of
// the values: of an affine range half of them at each end. Where nothing but 0 would be left, all
// values.
Range PercentileRange(const TensorStatistics& statistics, double percentile,
                      const ActivationScheme& scheme);

// Of the candidates of histogram_sums.h, the one at which quantizing and dequantizing the values,
// each taken as the middle of its bin, changes them least: the sum of the changes' squares is the
// smallest. Zeros never change.
Range MseRange(const TensorStatistics& statistics, const ActivationScheme& scheme);

// Of the candidates of histogram_sums.h, the one that loses the least information: the relative
// entropy D(P || Q) is the smallest (Migacz, 8-bit Inference with TensorRT, GTC 2017), here for
// ranges with two ends that move apart. P has the bins of the range, with the values beyond it
// added to the bins at its ends. Q has, for each integer, the values that are rounded to it,
// without those beyond the range, spread evenly over those of its bins that are not empty in P; an
// integer that has none of them counts as one value where P is not empty. Zeros are a bin and an
// integer of their own. As in the paper, a candidate is at least as many bins wide as there are
// integers; the widest one always counts.
Range EntropyRange(const TensorStatistics& statistics, const ActivationScheme& scheme);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CALIBRATOR_H_
