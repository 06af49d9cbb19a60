#ifndef OCTET_TOOLS_SIMPLIFY_ABSORB_QUANTIZATION_H_
#define OCTET_TOOLS_SIMPLIFY_ABSORB_QUANTIZATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "runtime/core/graph.h"
#include "tools/simplify/uses.h"

// Passes that turn Dequantize -> operator -> Quantize into the operator on integers, one file each.
// Every rewrite gives the numbers of the graph before, but for float rounding before the one
// rounding to integers. Like the passes of passes.h each takes and leaves a valid graph and says
// whether it changed anything.

namespace octet {

// ---- Bringing conversions together

// Quantize of a constant becomes a quantized constant; movement of a quantized constant as well.
absl::StatusOr<bool> FoldQuantizedConstants(Graph& graph);

// Quantize of a Dequantize is nothing where type and scale are equal, a Requantize elsewhere. Equal
// conversions of one tensor become one.
bool CancelConversions(Graph& graph);

// Data movement and maxima behind a Dequantize move integers instead, and come before a Quantize.
bool MoveIntegers(Graph& graph);

// Constants that only operators on real numbers can use become real: weights and biases beside an
// operand that is no Dequantize.
bool DequantizeConstants(Graph& graph);

// ---- Absorbing them

// Conv and MatMul with quantized inputs multiply integers.
bool AbsorbIntoProducts(Graph& graph);

// Operators that read integers and whose only reader is a Quantize yield integers.
bool AbsorbIntoOutputs(Graph& graph);

// All other operators between Dequantize and Quantize.
bool AbsorbIntoOperators(Graph& graph);

// ---- What is left

// Turns the constants behind the remaining Dequantize nodes into real numbers.
bool DequantizeRemainingConstants(Graph& graph);

// ---- Parts

// What a Conv or MatMul becomes when it multiplies integers. Its output stays as it is.
struct IntegerProduct {
  TensorId x;
  Tensor weights;               // s8, zero_point 0; [N, K] for MatMul
  absl::optional<Tensor> bias;  // s32
};
// Unimplemented says why the product cannot: the words complete "is computed in f32, since".
absl::StatusOr<IntegerProduct> PlanIntegerProduct(const Graph& graph, const Uses& uses,
                                                  const Node& node);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_ABSORB_QUANTIZATION_H_
