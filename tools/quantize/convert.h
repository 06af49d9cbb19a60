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
  // Symmetric ones for those of IntegerTensors that operators of kInt16 read. Their weights are s8.
  std::map<TensorId, Range> ranges_in_16_bits = {};
};

// The quantized form of a float graph. `precision` has one entry per node, in any mixture; `ranges`
// one for each of IntegerTensors. Inputs and outputs of the graph keep their names and stay f32.
// Quantize and Dequantize stand where integers and real numbers meet, Requantize where integers of
// 8 and 16 bits do: one operator at most between what a tensor is written as and each type that it
// is read as. Products write the width that is read. kBF16 and kF16 are as kFloat here: NarrowReals
// comes after. InvalidArgument names the operator whose weights are NaN or infinite.
absl::StatusOr<Graph> ConvertToInt8(const Graph& graph, const std::vector<Precision>& precision,
                                    const std::map<TensorId, Range>& ranges,
                                    const ConvertOptions& options);

// Gives the operators of precision kBF16 and kF16 real numbers of 16 bits. `quantized` was made of
// `graph` by ConvertToInt8 with these precisions. Errors are those of ConvertToHalf.
absl::Status NarrowReals(const Graph& graph, const std::vector<Precision>& precision,
                         Graph& quantized);

// Dimension of an anchor's weights that counts output channels.
int OutputChannelAxis(const Node& node);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CONVERT_H_
