#include "tools/quantize/journal_values.h"

#include <cstring>
#include <utility>

namespace octet {
namespace {

using nlohmann::json;

json OrNull(const absl::optional<double>& value) { return value ? json(*value) : json(nullptr); }

absl::optional<double> RealOrNothing(const json& value) {
  if (value.is_null()) return absl::nullopt;
  return value.get<double>();
}

template <typename T>
json Binary(const std::vector<T>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return json::binary(std::move(bytes));
}

template <typename T>
std::vector<T> FromBinary(const json& value) {
  const std::vector<uint8_t>& bytes = value.get_binary();
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

// Runs `read`, which may meet members that are missing or of another type.
template <typename Fn>
bool Guarded(Fn read) {
  try {
    read();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

json Encode(double value) { return value; }
json Encode(const std::string& text) { return text; }
json Encode(const std::vector<double>& values) { return values; }

json Encode(const Verdict& verdict) {
  const Evaluation& a = verdict.accuracy;
  return {{"samples", a.samples},
          {"top1", OrNull(a.top1)},
          {"top5", OrNull(a.top5)},
          {"agreement", OrNull(a.agreement)},
          {"sqnr_db", OrNull(a.sqnr_db)},
          {"cosine_mean", OrNull(a.cosine_mean)},
          {"cosine_min", OrNull(a.cosine_min)},
          {"weights_bytes", verdict.weights_bytes},
          {"int8_operators", verdict.int8_operators},
          {"seconds", verdict.seconds}};
}

json Encode(const std::vector<OperatorTime>& profile) {
  json result = json::array();
  for (const OperatorTime& time : profile) {
    const StepInfo& s = time.step;
    result.push_back({{"name", s.name},
                      {"type", s.type},
                      {"dtype", s.dtype},
                      {"computed", s.computed},
                      {"accumulated", s.accumulated},
                      {"conversion", s.conversion},
                      {"kernel", s.kernel},
                      {"reason", s.reason},
                      {"inputs", s.inputs},
                      {"outputs", s.outputs},
                      {"median_us", time.median_us}});
  }
  return result;
}

json Encode(const RefinedLayers& layers) {
  json result = json::array();
  for (const auto& [node, layer] : layers) {
    result.push_back({{"node", node},
                      {"weights", Binary(layer.weights)},
                      {"scales", Binary(layer.scales)},
                      {"bias", Binary(layer.bias)}});
  }
  return result;
}

json Encode(const TrainedModel& model) {
  json changes = json::array();
  for (const TrainedModel::Change& change : model.changes) {
    changes.push_back({{"tensor", change.tensor},
                       {"type", static_cast<int>(change.type)},
                       {"data", Binary(change.data)},
                       {"scales", Binary(change.scales)},
                       {"zero_points", Binary(change.zero_points)}});
  }
  return {{"changes", std::move(changes)},
          {"epochs", model.epochs},
          {"best_epoch", model.best_epoch},
          {"seconds", model.seconds}};
}

bool Decode(const json& value, double& result) {
  return Guarded([&] { result = value.get<double>(); });
}

bool Decode(const json& value, std::string& result) {
  return Guarded([&] { result = value.get<std::string>(); });
}

bool Decode(const json& value, std::vector<double>& result) {
  return Guarded([&] { result = value.get<std::vector<double>>(); });
}

bool Decode(const json& value, Verdict& result) {
  return Guarded([&] {
    Evaluation& a = result.accuracy;
    a.samples = value.at("samples").get<int64_t>();
    a.top1 = RealOrNothing(value.at("top1"));
    a.top5 = RealOrNothing(value.at("top5"));
    a.agreement = RealOrNothing(value.at("agreement"));
    a.sqnr_db = RealOrNothing(value.at("sqnr_db"));
    a.cosine_mean = RealOrNothing(value.at("cosine_mean"));
    a.cosine_min = RealOrNothing(value.at("cosine_min"));
    result.weights_bytes = value.at("weights_bytes").get<uint64_t>();
    result.int8_operators = value.at("int8_operators").get<int>();
    result.seconds = value.at("seconds").get<double>();
  });
}

bool Decode(const json& value, std::vector<OperatorTime>& result) {
  return Guarded([&] {
    for (const json& entry : value) {
      OperatorTime time;
      time.step.name = entry.at("name").get<std::string>();
      time.step.type = entry.at("type").get<std::string>();
      time.step.dtype = entry.at("dtype").get<std::string>();
      time.step.computed = entry.at("computed").get<std::string>();
      time.step.accumulated = entry.at("accumulated").get<std::string>();
      time.step.conversion = entry.at("conversion").get<bool>();
      time.step.kernel = entry.at("kernel").get<std::string>();
      time.step.reason = entry.at("reason").get<std::string>();
      time.step.inputs = entry.at("inputs").get<std::vector<std::string>>();
      time.step.outputs = entry.at("outputs").get<std::vector<std::string>>();
      time.median_us = entry.at("median_us").get<double>();
      result.push_back(std::move(time));
    }
  });
}

bool Decode(const json& value, RefinedLayers& result) {
  return Guarded([&] {
    for (const json& entry : value) {
      RefinedLayer& layer = result[entry.at("node").get<int>()];
      layer.weights = FromBinary<int16_t>(entry.at("weights"));
      layer.scales = FromBinary<float>(entry.at("scales"));
      layer.bias = FromBinary<double>(entry.at("bias"));
    }
  });
}

bool Decode(const json& value, TrainedModel& result) {
  return Guarded([&] {
    for (const json& entry : value.at("changes")) {
      TrainedModel::Change change;
      change.tensor = entry.at("tensor").get<size_t>();
      change.type = static_cast<DataType>(entry.at("type").get<int>());
      change.data = FromBinary<uint8_t>(entry.at("data"));
      change.scales = FromBinary<float>(entry.at("scales"));
      change.zero_points = FromBinary<int32_t>(entry.at("zero_points"));
      result.changes.push_back(std::move(change));
    }
    result.epochs = value.at("epochs").get<int>();
    result.best_epoch = value.at("best_epoch").get<int>();
    result.seconds = value.at("seconds").get<double>();
  });
}

}  // namespace octet
