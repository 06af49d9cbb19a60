#ifndef OCTET_RUNTIME_CORE_TESTING_SAMPLE_GRAPHS_H_
#define OCTET_RUNTIME_CORE_TESTING_SAMPLE_GRAPHS_H_

#include <string>

#include "runtime/core/graph.h"

namespace octet {

// A small int8 classifier of pictures with all that a model file can hold, in this order:
//   x f32 [batch, 3, 4, 4] -> quantize -> xq u8 -> conv (3x3, bias, residual xq, ReLU) -> y u8 ->
//   pool (max 2x2) -> p u8 [batch, 3, 2, 2] -> flatten -> f u8 [batch, 12] ->
//   classify (MatMul, bias) -> logits f32 [batch, 5] -> softmax -> probabilities
// Constants: conv.w s8 per channel, conv.bias, classify.w, classify.bias. Preprocessing, labels and
// the record of the quantization are present.
Graph SampleClassifier();

// The tensor of that name; there must be one.
TensorId Find(const Graph& graph, const std::string& name);
Tensor& TensorNamed(Graph& graph, const std::string& name);
// The node of that name; there must be one.
Node& NodeNamed(Graph& graph, const std::string& name);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_TESTING_SAMPLE_GRAPHS_H_
