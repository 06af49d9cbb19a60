#ifndef OCTET_TOOLS_QUANTIZE_RANGE_SETS_H_
#define OCTET_TOOLS_QUANTIZE_RANGE_SETS_H_

#include <map>
#include <set>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/range.h"

namespace octet {

// Something that reads integers of a set.
struct RangeReader {
  int node;                       // -1: float operators, or outputs of the graph
  std::vector<TensorId> tensors;  // of the set
};

// Tensors of a float graph that have one range in its integer form.
struct RangeSet {
  Range range;
  std::vector<TensorId> members;     // that are computed, ascending
  std::vector<RangeReader> readers;  // but for those that only move values within the set
};

// The sets that hold a computed tensor, and none of `fixed`, and that something reads; in order of
// the first reader. `ranges` has one for each computed one of IntegerTensors.
std::vector<RangeSet> FindRangeSets(const Graph& graph, const std::vector<Precision>& precision,
                                    const std::map<TensorId, Range>& ranges,
                                    const std::set<TensorId>& fixed);

// The float graph in which the readers of the set, and they alone, see its values as they are after
// quantizing them to `type` with the range and dequantizing them.
Graph WithRoundedSet(const Graph& graph, const std::vector<Precision>& precision,
                     const RangeSet& set, const Range& range, DataType type);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RANGE_SETS_H_
