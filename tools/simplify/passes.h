#ifndef OCTET_TOOLS_SIMPLIFY_PASSES_H_
#define OCTET_TOOLS_SIMPLIFY_PASSES_H_

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"

// The passes of Simplify, one file each. A pass changes one or more places and says whether it
// changed any; it may leave nodes and tensors behind that nobody reads. Each takes and leaves a
// valid graph.

namespace octet {

// Moves value inputs that are constants into the options of their nodes.
absl::StatusOr<bool> BindConstants(Graph& graph);

// Computes nodes whose inputs are all constants, but for quantized ones, unbound ones, and those
// whose results would make the file much larger.
absl::StatusOr<bool> FoldConstants(Graph& graph);

// Drops nodes that copy: Reshape to the same shape, Transpose to the same order, Pad by nothing,
// Concat and Split of one part, Clip to all numbers, Identity, and sums with zero or products with
// one.
bool RemoveIdentities(Graph& graph);

// Joins a Reshape that reads a Reshape, and a Transpose that reads a Transpose.
bool MergeReshapes(Graph& graph);

// Recognizes x * clip(x + 3, 0, 6) / 6, x * hard_sigmoid(x) and x * sigmoid(x) in all their
// spellings.
bool FuseSwish(Graph& graph);

// Recognizes GELU, in its erf and its tanh form.
bool FuseGelu(Graph& graph);

// Recognizes layer and RMS normalization over the last dimensions.
bool FuseNormalization(Graph& graph);

// Makes factors and summands behind a layer or RMS normalization its scale and bias.
bool FoldNormalizationAffine(Graph& graph);

// Recognizes scaled dot-product attention, with or without a mask.
bool FuseAttention(Graph& graph);

// Lets attention read its operands and write its result with heads last where it stands between
// transpositions that put heads first and back.
bool AttentionHeadsLast(Graph& graph);

// Turns Div and Sub by constants into Mul and Add.
bool NormalizeArithmetic(Graph& graph);

// Writes x + x * gate as x * (gate + 1), where the gate is smaller than x and broadcasts.
bool FactorGates(Graph& graph);

// Multiplies factors per channel that follow a Conv, ConvTranspose or MatMul into its weights, and
// adds summands per channel to its bias. Two factors or summands in a row become one.
bool FoldChannelAffine(Graph& graph);

// Makes a Pad with zeros part of the Conv or Pool behind it.
bool FoldPad(Graph& graph);

// Makes the sum of a Conv or MatMul with another computed tensor part of the product.
bool FuseResidual(Graph& graph);

// Makes a Clip part of the Conv, ConvTranspose, MatMul or Binary before it.
bool FuseActivation(Graph& graph);

// Turns a mean or maximum over all spatial dimensions into a GlobalPool.
bool ReduceToPool(Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_PASSES_H_
