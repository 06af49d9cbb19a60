#ifndef OCTET_TOOLS_QUANTIZE_RECORD_H_
#define OCTET_TOOLS_QUANTIZE_RECORD_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/quantize.h"

namespace octet {

// How a model was quantized, for its file. The schema's `method` has the method's name in its first
// line; each further line is a setting: a flag of `octet quantize` ("--percentile 99.9"), or a line
// for --overrides ("operator conv1: float"). Together they quantize the model again.

// The record of `options` with `observed` ranges of tensors of `graph`. `more` are further lines.
std::unique_ptr<schema::QuantizationRecordT> MakeRecord(const Graph& graph,
                                                        const Statistics& statistics,
                                                        const std::map<TensorId, Range>& observed,
                                                        const QuantizerOptions& options,
                                                        const std::vector<std::string>& more);

// The two parts of a record's `method`.
std::string MethodOf(const schema::QuantizationRecordT& record);
std::vector<std::string> SettingsOf(const schema::QuantizationRecordT& record);

// The line for --overrides that gives the operator that precision.
std::string OverrideLine(const std::string& op, Precision precision);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RECORD_H_
