#ifndef OCTET_TOOLS_QUANTIZE_CONVERT_H_
#define OCTET_TOOLS_QUANTIZE_CONVERT_H_

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/range.h"
#include "tools/quantize/weights.h"

namespace octet {

struct ConvertOptions {
  WeightGranularity weights = WeightGranularity::kPerChannel;
  DataType activations = DataType::kU8;            // or kS8 or kS16
  DataType weights_type = DataType::kS8;           // or kS16, with kS16 activations
  std::vector<WeightGranularity> weights_by_node;  // instead of `weights`; empty or one per node
};

// The quantized form of a float graph. `precision` has one entry per node, in any mixture; `ranges`
// one for each of Int8Tensors. Inputs and outputs of the graph keep their names and stay f32.
// Quantize and Dequantize stand where integers and real numbers meet, one per tensor at most.
// InvalidArgument names the operator whose weights are NaN or infinite.
absl::StatusOr<Graph> ConvertToInt8(const Graph& graph, const std::vector<Precision>& precision,
                                    const std::map<TensorId, Range>& ranges,
                                    const ConvertOptions& options);

// Dimension of an anchor's weights that counts output channels.
int OutputChannelAxis(const Node& node);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CONVERT_H_
