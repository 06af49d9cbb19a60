#ifndef OCTET_TOOLS_QUANTIZE_STATISTICS_H_
#define OCTET_TOOLS_QUANTIZE_STATISTICS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/histogram.h"
#include "tools/quantize/range.h"

namespace octet {

// What was seen of each channel, which is an index along `axis`.
struct ChannelStatistics {
  int axis = -1;  // -1: channels were not watched, and the vectors are empty
  std::vector<float> min;
  std::vector<float> max;
  std::vector<double> sum;
  int64_t count = 0;  // values per channel

  double Mean(size_t channel) const { return sum[channel] / static_cast<double>(count); }
  float MaxAbs(size_t channel) const { return std::max(-min[channel], max[channel]); }

  friend bool operator==(const ChannelStatistics& a, const ChannelStatistics& b) {
    return a.axis == b.axis && a.min == b.min && a.max == b.max && a.sum == b.sum &&
           a.count == b.count;
  }
};

// All that calibrators want to know of the values of one tensor. Its size does not depend on how
// many there were.
struct TensorStatistics {
  int64_t count = 0;     // values; when it is 0, all else is as it was made
  Range extremes;        // the smallest and the largest value
  Range moving_average;  // of the smallest and the largest value of each run
  Histogram histogram;
  ChannelStatistics channels;

  friend bool operator==(const TensorStatistics& a, const TensorStatistics& b) {
    return a.count == b.count && a.extremes == b.extremes && a.moving_average == b.moving_average &&
           a.histogram == b.histogram && a.channels == b.channels;
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
