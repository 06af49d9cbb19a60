#ifndef OCTET_TOOLS_QUANTIZE_QUANTIZE_H_
#define OCTET_TOOLS_QUANTIZE_QUANTIZE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/calibrate.h"
#include "tools/quantize/refine.h"
#include "tools/quantize/weights.h"

namespace octet {

struct QuantizerOptions {
  std::string method = "static";
  std::string calibrator = "minmax";
  WeightGranularity weights = WeightGranularity::kPerChannel;
  DataType activations = DataType::kU8;  // or kS8
  RefineOptions refine;                  // what to do beyond rounding to nearest
  ModelOptions run;                      // how to run the float model
  Progress progress;                     // may be empty
};

struct QuantizerReport {
  int64_t samples = 0;
  int int8_operators = 0;
  std::vector<std::string> float_operators;  // names of those that stayed float
  int conversions = 0;                       // Quantize and Dequantize operators in the result
};

// The int8 model of a simplified float graph. Weights become symmetric s8, activations affine;
// inputs and outputs stay f32. `report` may be null. InvalidArgument for unknown methods and
// calibrators, for data that do not fit the model or hold NaN or infinity, and for a model that is
// quantized already; Unimplemented when the model has an operator without a kernel.
absl::StatusOr<Graph> QuantizeGraph(const Graph& graph, const SampleSource& samples,
                                    const QuantizerOptions& options, QuantizerReport* report);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_QUANTIZE_H_
