#include "tools/evaluate/taps.h"

#include <algorithm>
#include <utility>

#include "runtime/core/half.h"
#include "runtime/core/numerics.h"
#include "runtime/model_internal.h"

namespace octet {
namespace {

template <typename T>
void Dequantize(absl::Span<const T> values, const QuantParams& quant, std::vector<float>& result) {
  result.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    result[i] = DequantizeValue(values[i], quant.scale(), quant.zero_point());
}

void Widen(DataType type, const uint16_t* values, int64_t count, std::vector<float>& result) {
  const auto widen = type == DataType::kF16 ? HalfToFloat : BFloat16ToFloat;
  result.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < result.size(); ++i) result[i] = widen(values[i]);
}

}  // namespace

absl::StatusOr<Taps> Taps::Create(const Graph& graph, const std::vector<TensorId>& tensors,
                                  const SampleSource& source, const ModelOptions& options) {
  Graph exposed = graph;
  std::vector<TensorId> outputs;
  std::vector<Place> places;
  for (TensorId id : tensors) {
    const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), id);
    if (input != graph.inputs.end()) {
      places.push_back({true, static_cast<int>(input - graph.inputs.begin())});
      continue;
    }
    auto output = std::find(outputs.begin(), outputs.end(), id);
    if (output == outputs.end()) output = outputs.insert(output, id);
    places.push_back({false, static_cast<int>(output - outputs.begin())});
  }
  if (!outputs.empty()) exposed.outputs = std::move(outputs);
  RemoveDead(exposed);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(exposed), options);
  if (!model.ok()) return model.status();
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(**model, source, 1);
  if (!feeder.ok()) return feeder.status();
  Taps taps(*std::move(model), *std::move(feeder), std::move(places));
  taps.dequantized_.resize(taps.places_.size());
  return taps;
}

absl::StatusOr<int64_t> Taps::Run(int64_t first, absl::FunctionRef<void(const Sample&)> on_sample) {
  absl::StatusOr<int64_t> count = feeder_.Fill(first, session_, on_sample);
  if (!count.ok()) return count;
  if (absl::Status status = session_->Run(); !status.ok()) return status;
  return count;
}

absl::Span<const float> Taps::values(size_t index) {
  const Place& place = places_[index];
  std::vector<float>& values = dequantized_[index];
  const DataType type =
      place.is_input ? session_->input_type(place.index) : session_->output_type(place.index);
  if (type == DataType::kF16 || type == DataType::kBF16) {
    const void* data =
        place.is_input ? session_->input_data(place.index) : session_->output_data(place.index);
    Widen(type, static_cast<const uint16_t*>(data), NumElements(shape(index)), values);
    return values;
  }
  if (place.is_input) return session_->input<float>(place.index);
  const absl::optional<QuantParams>& quant =
      model_->outputs()[static_cast<size_t>(place.index)].quant;
  if (!quant) return session_->output<float>(place.index);
  switch (session_->output_type(place.index)) {
    case DataType::kU8:
      Dequantize(session_->output<uint8_t>(place.index), *quant, values);
      break;
    case DataType::kS8:
      Dequantize(session_->output<int8_t>(place.index), *quant, values);
      break;
    case DataType::kS16:
      Dequantize(session_->output<int16_t>(place.index), *quant, values);
      break;
    default:
      Dequantize(session_->output<int32_t>(place.index), *quant, values);
  }
  return values;
}

const Shape& Taps::shape(size_t index) const {
  const Place& place = places_[index];
  return place.is_input ? session_->input_shape(place.index) : session_->output_shape(place.index);
}

}  // namespace octet
