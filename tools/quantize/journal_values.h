#ifndef OCTET_TOOLS_QUANTIZE_JOURNAL_VALUES_H_
#define OCTET_TOOLS_QUANTIZE_JOURNAL_VALUES_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/evaluate/evaluate.h"
#include "tools/evaluate/latency.h"
#include "tools/quantize/refined_layers.h"
#include "tools/quantize/trained_model.h"

// What a journal keeps: results of a search, as JSON and back. Decode gives back exactly what was
// encoded, and returns false for anything else.

namespace octet {

// What judging one attempt has told.
struct Verdict {
  Evaluation accuracy;
  uint64_t weights_bytes = 0;
  int int8_operators = 0;
  double seconds = 0;  // that making and judging it took
};

nlohmann::json Encode(double value);
nlohmann::json Encode(const std::string& text);
nlohmann::json Encode(const std::vector<double>& values);
nlohmann::json Encode(const Verdict& verdict);
nlohmann::json Encode(const std::vector<OperatorTime>& profile);
nlohmann::json Encode(const RefinedLayers& layers);
nlohmann::json Encode(const TrainedModel& model);

bool Decode(const nlohmann::json& json, double& value);
bool Decode(const nlohmann::json& json, std::string& text);
bool Decode(const nlohmann::json& json, std::vector<double>& values);
bool Decode(const nlohmann::json& json, Verdict& verdict);
bool Decode(const nlohmann::json& json, std::vector<OperatorTime>& profile);
bool Decode(const nlohmann::json& json, RefinedLayers& layers);
bool Decode(const nlohmann::json& json, TrainedModel& model);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_JOURNAL_VALUES_H_
