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

// Narrows ranges of activations where that brings the results of the operators that read them
// closer to those of the float network. Tries some smaller values for the upper end of each range,
// then for the lower end, and keeps those of least error: the sum of squares by which the results
// of all integer operators that read the tensor change when it is quantized, and it alone, relative
// to the results' own squares. Results are those of the float operators, each run by itself on what
// it reads in the float network on some of `samples`. Values that leave the integers for float
// operators, or for outputs, count themselves.
//
// `ranges` has one for each computed one of Int8Tensors; sets of tensors that share a range are
// narrowed together, and stay as they are where one is fixed. The same result for any number of
// threads.
absl::Status NarrowRanges(const Graph& graph, const std::vector<Precision>& precision,
                          const SampleSource& samples, const ClippingOptions& options,
                          std::map<TensorId, Range>& ranges);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CLIPPING_H_
