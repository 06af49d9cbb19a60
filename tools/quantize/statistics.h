#ifndef OCTET_TOOLS_QUANTIZE_STATISTICS_H_
#define OCTET_TOOLS_QUANTIZE_STATISTICS_H_

#include <cstdint>
#include <map>
#include <string>

#include "runtime/core/graph.h"
#include "tools/quantize/histogram.h"
#include "tools/quantize/range.h"

namespace octet {

// All that calibrators want to know of the values of one tensor. Its size does not depend on how
// many there were.
struct TensorStatistics {
  int64_t count = 0;     // values; when it is 0, all else is as it was made
  Range extremes;        // the smallest and the largest value
  Range moving_average;  // of the smallest and the largest value of each run
  Histogram histogram;

  friend bool operator==(const TensorStatistics& a, const TensorStatistics& b) {
    return a.count == b.count && a.extremes == b.extremes && a.moving_average == b.moving_average &&
           a.histogram == b.histogram;
  }
};

// What one pass over the calibration data gathers.
struct Statistics {
  std::map<TensorId, TensorStatistics> tensors;
  std::string data_hash;  // SHA-256 of the samples' bytes in the order of use
  int64_t samples = 0;
  double moving_average_constant = 0;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_STATISTICS_H_
