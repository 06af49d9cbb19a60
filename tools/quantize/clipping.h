#ifndef OCTET_TOOLS_QUANTIZE_CLIPPING_H_
#define OCTET_TOOLS_QUANTIZE_CLIPPING_H_

#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/range.h"

namespace octet {

struct ClippingOptions {
  DataType activations = DataType::kU8;  // or kS8
  std::set<TensorId> fixed;              // whose ranges stay
  ModelOptions run;
};

// Narrows ranges of activations where that brings the network's outputs closer to those of the
// float network. Proposals come from the operators that read a tensor: some smaller values for the
// upper end of its range, then for the lower end, of which those are kept with the least sum of
// squares by which the operators' results change, relative to their own squares, when the tensor,
// and it alone, is quantized. Each operator runs by itself, in float, on what it reads in the float
// network. Values that leave the integers for float operators, or for outputs, count themselves.
// Least error there need not be least error at the end, where errors of clipping add up that have
// one sign: a proposal, or the middle between it and the original, is taken only if the float
// network's outputs change less with it, too.
//
// `ranges` has one for each computed one of IntegerTensors; sets of tensors that share a range are
// narrowed together, and stay as they are where one is fixed. Looks at a few of the samples. The
// same result for any number of threads.
absl::Status NarrowRanges(const Graph& graph, const std::vector<Precision>& precision,
                          const SampleSource& samples, const ClippingOptions& options,
                          std::map<TensorId, Range>& ranges);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CLIPPING_H_
