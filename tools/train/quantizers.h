#ifndef OCTET_TOOLS_TRAIN_QUANTIZERS_H_
#define OCTET_TOOLS_TRAIN_QUANTIZERS_H_

#include <cstdint>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/range.h"
#include "tools/train/fake_quantize.h"

namespace octet {

// A quantized activation, or several between which values only move.
struct ActivationQuantizer {
  std::vector<TensorId> tensors;
  DataType type = DataType::kU8;
  float first_scale = 1;   // that training began with
  int parameter = -1;      // of the scale; -1: it stays
  bool symmetric = false;  // the zero point stays 0
  bool fixed = false;      // a constant is among the tensors, or an input of the graph
  int64_t elements = 0;    // of the largest tensor
  Range average;  // what RangeMode::kMovingAverage moves; first the range of the first scale
  float scale = 1;
  int32_t zero_point = 0;

  Grid grid() const { return GridOf(type, zero_point); }
};

// Integers of at most 16 bits.
inline bool IsNarrow(const Tensor& t) {
  return t.quant &&
         (t.type == DataType::kU8 || t.type == DataType::kS8 || t.type == DataType::kS16);
}

// The quantizers of the tensors of a graph for which `activations` holds; these are narrow and have
// one scale. Inputs and outputs of a node for which `keeps_scale` holds share one where their types
// and parameters are equal. `sizes` counts elements by tensor.
std::vector<ActivationQuantizer> FindQuantizers(const Graph& graph,
                                                const std::vector<bool>& activations,
                                                const std::vector<bool>& keeps_scale,
                                                const std::vector<int64_t>& sizes);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_QUANTIZERS_H_
