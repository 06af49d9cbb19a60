#ifndef OCTET_TOOLS_TRAIN_REAL_GRAPH_H_
#define OCTET_TOOLS_TRAIN_REAL_GRAPH_H_

#include <cstdint>
#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// Element i of a constant of integers of 8, 16 or 32 bits.
int64_t IntegerAt(const Tensor& constant, size_t i);

// Which of a quantized constant's scales and zero points an element has.
class ScaleIndex {
 public:
  explicit ScaleIndex(const Tensor& constant);
  size_t operator()(size_t element) const { return element / inner_ % channels_; }

 private:
  size_t inner_ = 1, channels_ = 1;
};

// The real values of a constant that is f32, f16 or quantized.
std::vector<float> RealConstant(const Tensor& constant);

// The float network whose weights are what the integers of `graph` stand for, and which rounds
// nothing: the same nodes, with Quantize, Dequantize and Requantize as identities. Inputs keep
// their types, outputs are f32. What a model that was trained with fake quantization elsewhere
// rounds from.
Graph RealGraph(const Graph& graph);

// Whether any tensor of the graph is quantized.
bool IsQuantized(const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_REAL_GRAPH_H_
