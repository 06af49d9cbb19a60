#ifndef OCTET_TOOLS_EVALUATE_STATISTICS_H_
#define OCTET_TOOLS_EVALUATE_STATISTICS_H_

#include <vector>

namespace octet {

// The value below which the share `p` (0 to 1) of the sorted values lies, interpolated linearly
// between neighbours. Requires at least one value.
double Percentile(const std::vector<double>& sorted, double p);

// The median of values in any order. Requires at least one.
double Median(std::vector<double> values);

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_STATISTICS_H_
