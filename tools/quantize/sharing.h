#ifndef OCTET_TOOLS_QUANTIZE_SHARING_H_
#define OCTET_TOOLS_QUANTIZE_SHARING_H_

#include <map>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/range.h"

namespace octet {

// Tensors that a quantized model stores as integers: activations of static operators and their
// results.
std::vector<TensorId> IntegerTensors(const Graph& graph, const std::vector<Precision>& precision);

// For each tensor of the graph, the one that stands for the set of those with one range: tensors
// between which values only move (through Concat, Split, Reshape, Transpose, Pad, maximum pooling)
// as integers, so that moving them never rounds and Concat and Split can be views.
std::vector<TensorId> RangeSets(const Graph& graph, const std::vector<Precision>& precision);

// Per tensor, whether the operator that yields it as integers writes 16 bits: where one that reads
// them takes 16. Movement writes what it reads.
std::vector<bool> WrittenIn16Bits(const Graph& graph, const std::vector<Precision>& precision);

// The range of each integer tensor: the union of those of its set. `observed` holds the ranges of
// the computed ones; constants count with their own values, and so does the value that a Pad adds.
std::map<TensorId, Range> ShareRanges(const Graph& graph, const std::vector<Precision>& precision,
                                      const std::map<TensorId, Range>& observed);

// The real values of a constant that is f32 or f16.
std::vector<float> RealValues(const Tensor& constant);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SHARING_H_
