#ifndef OCTET_TOOLS_IMPORT_SLICE_SIZES_H_
#define OCTET_TOOLS_IMPORT_SLICE_SIZES_H_

#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "tools/import/probes.h"

namespace octet::importer {

// How many elements a slice takes, or a Range makes, is a difference of numbers as long as none is
// cut: under probes, which are large, the first 5 of N elements are 5.

// Whether a slice of a dimension of `size` has the number of elements that it has under the probes
// whatever the open sizes are. Numbers below 0 count from the end, as in SliceOptions.
bool IsCertainSlice(const ProbedSize& size, const ProbedSize& start, const ProbedSize& end,
                    const ProbedSize& step, const Probes& probes);

// Sizes of the result of a Slice of `x` that are fixed under the probes but not certain become
// unknown. `bound`: the node under each probe, with its numbers in the options.
void SettleSlice(absl::Span<const Node> bound, const ProbedShape& x, Probes& probes,
                 ProbedShape& y);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_SLICE_SIZES_H_
