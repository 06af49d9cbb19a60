#ifndef OCTET_TOOLS_QUANTIZE_MIXED_SEARCH_H_
#define OCTET_TOOLS_QUANTIZE_MIXED_SEARCH_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "tools/quantize/precision.h"

namespace octet {

// The noise of an SQNR as a share of the signal's energy; 1e30 in place of what is infinite or no
// number.
double NoiseOf(double decibels);

// A precision that an operator may have, and what it costs.
struct PrecisionOption {
  Precision precision;
  double noise;  // power of the error of the model's outputs when this operator alone has it, >= 0
  double time;   // of the operator
};

// The precisions to choose from for one operator, float among them.
struct OperatorOptions {
  int node;
  std::vector<PrecisionOption> options;
};

struct OperatorPrecision {
  int node;
  Precision precision;

  friend bool operator==(const OperatorPrecision& a, const OperatorPrecision& b) {
    return a.node == b.node && a.precision == b.precision;
  }
};

// Assignments of precisions from the fastest one to the most accurate one.
struct UpgradePath {
  std::vector<OperatorPrecision> start;     // of every operator, when it is fastest
  std::vector<OperatorPrecision> upgrades;  // to be made in this order, each instead of what the
                                            // operator has had before
  std::vector<double> noise;                // sum of the noises at the start and after each upgrade
};

// Errors of operators that do not know of each other add up in power, and so do times. Then, of all
// assignments that take no longer, the least noise is where every operator has the option that is
// best for one price of noise in time, the same for all: the options on the lower convex hull of an
// operator's noise over its time, in order of the hulls' slopes (Shoham and Gersho, "Efficient bit
// allocation for an arbitrary set of quantizers", 1988).
UpgradePath PlanUpgrades(const std::vector<OperatorOptions>& operators);

// The precision of each operator after the first `count` upgrades.
std::vector<OperatorPrecision> AfterUpgrades(const UpgradePath& path, size_t count);

// The least number from 1 to `most` for which `holds` is true, or most + 1 if there is none, for a
// `holds` that is false below some number and true from it on. Begins with `guess` and moves away
// from it by doubling, then halves. Ends early when `stop` is true, with the least number known
// to hold. Returns the error of `holds`.
absl::StatusOr<size_t> FindLeast(size_t most, size_t guess,
                                 absl::FunctionRef<absl::StatusOr<bool>(size_t)> holds,
                                 absl::FunctionRef<bool()> stop);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_MIXED_SEARCH_H_
