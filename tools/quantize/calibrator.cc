#include "tools/quantize/calibrator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace octet {

const std::vector<std::string>& CalibratorNames() {
  static const auto* names =
      new std::vector<std::string>{"minmax", "moving-average", "entropy", "mse", "percentile"};
  return *names;
}

absl::string_view Name(CalibratorKind kind) { return CalibratorNames()[static_cast<size_t>(kind)]; }

absl::StatusOr<CalibratorKind> CalibratorNamed(absl::string_view name) {
  const std::vector<std::string>& names = CalibratorNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<CalibratorKind>(found - names.begin());
  return absl::InvalidArgumentError(
      absl::StrCat("unknown calibrator '", name, "'; there are: ", absl::StrJoin(names, ", ")));
}

Range ChooseRange(const TensorStatistics& statistics, const Calibrator& calibrator,
                  const ActivationScheme& scheme) {
  Range range;
  if (statistics.count > 0) {
    switch (calibrator.kind) {
      case CalibratorKind::kMinMax:
        range = statistics.extremes;
        break;
      case CalibratorKind::kMovingAverage:
        range = statistics.moving_average;
        break;
      case CalibratorKind::kEntropy:
        range = EntropyRange(statistics, scheme);
        break;
      case CalibratorKind::kMse:
        range = MseRange(statistics, scheme);
        break;
      case CalibratorKind::kPercentile:
        range = PercentileRange(statistics, calibrator.percentile, scheme);
        break;
    }
  }
  range.symmetric = scheme.symmetric;
  if (scheme.type == DataType::kS16) {
    range.min *= kS16Headroom;
    range.max *= kS16Headroom;
  }
  return range;
}

}  // namespace octet
