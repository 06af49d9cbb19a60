#ifndef OCTET_TOOLS_SIMPLIFY_QUANTIZATION_SUMMARY_H_
#define OCTET_TOOLS_SIMPLIFY_QUANTIZATION_SUMMARY_H_

#include <map>
#include <string>

#include "runtime/core/graph.h"

namespace octet {

// What of a simplified network computes with integers.
struct QuantizationSummary {
  int operators = 0;    // without conversions
  int int8 = 0;         // those that read quantized tensors
  int conversions = 0;  // Quantize, Dequantize and Requantize
  // Why there are conversions, each reason in words with how many it explains.
  std::map<std::string, int> reasons;

  // "61 of 63 operators int8, 4 conversions left: 1 at the model's inputs, 3 ...".
  std::string ToString() const;
};

QuantizationSummary SummarizeQuantization(const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_QUANTIZATION_SUMMARY_H_
