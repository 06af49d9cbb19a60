#include "tools/evaluate/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/model_internal.h"
#include "tools/data/batch.h"
#include "tools/evaluate/metrics.h"

namespace octet {
namespace {

// A tensor that both models compute, and the outputs through which they show it.
struct Pair {
  TensorDifference result;
  int reference_output;
  int output;
  absl::optional<QuantParams> quant;  // in the model that is judged

  SignalToNoise noise;
  double dot = 0, reference_square = 0, square = 0;
};

bool IsReal(const Tensor& t) { return t.type == DataType::kF32 && !t.is_constant(); }

bool IsComparable(const Tensor& t) {
  if (t.is_constant()) return false;
  if (t.quant && !t.quant->per_tensor()) return false;
  if (!t.quant) return t.type == DataType::kF32;
  return t.type == DataType::kU8 || t.type == DataType::kS8 || t.type == DataType::kS16 ||
         t.type == DataType::kS32;
}

// Index of the output that shows tensor `id`, which becomes one where it is none.
int Expose(Graph& graph, TensorId id) {
  const auto found = std::find(graph.outputs.begin(), graph.outputs.end(), id);
  const auto index = static_cast<int>(found - graph.outputs.begin());
  if (found == graph.outputs.end()) graph.outputs.push_back(id);
  return index;
}

std::map<std::string, TensorId> ComputedByName(const Graph& graph) {
  std::map<std::string, TensorId> result;
  for (const Node& node : graph.nodes) {
    for (TensorId id : node.outputs) {
      if (id != kNoTensor && IsReal(graph.tensor(id))) result.emplace(graph.tensor(id).name, id);
    }
  }
  return result;
}

std::vector<Pair> MakePairs(Graph& reference, Graph& graph) {
  const std::map<std::string, TensorId> known = ComputedByName(reference);
  std::vector<Pair> pairs;
  for (const Node& node : graph.nodes) {
    for (TensorId id : node.outputs) {
      if (id == kNoTensor) continue;
      const Tensor& t = graph.tensor(id);
      const auto twin = known.find(t.name);
      if (twin == known.end() || !IsComparable(t)) continue;
      Pair pair;
      pair.result.tensor = t.name;
      pair.result.op = node.name;
      pair.result.type = std::string(Name(node.type()));
      pair.result.stored = t.type;
      pair.quant = t.quant;
      pair.reference_output = Expose(reference, twin->second);
      pair.output = Expose(graph, id);
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

template <typename T>
void Dequantize(absl::Span<const T> values, const QuantParams& quant, std::vector<float>& real) {
  for (size_t i = 0; i < values.size(); ++i) {
    real[i] = quant.scale() * static_cast<float>(static_cast<int64_t>(values[i]) -
                                                 static_cast<int64_t>(quant.zero_point()));
  }
}

absl::Span<const float> RealValues(const Session& session, const Pair& pair,
                                   std::vector<float>& buffer) {
  const int index = pair.output;
  if (!pair.quant) return session.output<float>(index);
  buffer.resize(static_cast<size_t>(NumElements(session.output_shape(index))));
  switch (session.output_type(index)) {
    case DataType::kU8:
      Dequantize(session.output<uint8_t>(index), *pair.quant, buffer);
      break;
    case DataType::kS8:
      Dequantize(session.output<int8_t>(index), *pair.quant, buffer);
      break;
    case DataType::kS16:
      Dequantize(session.output<int16_t>(index), *pair.quant, buffer);
      break;
    default:
      Dequantize(session.output<int32_t>(index), *pair.quant, buffer);
  }
  return buffer;
}

absl::Status AddSample(const Session& reference, const Session& session, Pair& pair,
                       std::vector<float>& buffer) {
  const absl::Span<const float> expected = reference.output<float>(pair.reference_output);
  const absl::Span<const float> values = RealValues(session, pair, buffer);
  if (expected.size() != values.size()) {
    return absl::InvalidArgumentError(absl::StrCat("tensor '", pair.result.tensor, "' has ",
                                                   values.size(), " elements, in the reference ",
                                                   expected.size()));
  }
  pair.noise.Add(expected, values);
  double dot = 0, reference_square = 0, square = 0, difference = 0, largest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double e = expected[i], v = values[i];
    dot += e * v;
    reference_square += e * e;
    square += v * v;
    const double d = std::abs(e - v);
    // The negations let NaN through.
    if (!(d <= difference)) difference = d;
    if (!(std::abs(e) <= largest)) largest = std::abs(e);
  }
  pair.dot += dot;
  pair.reference_square += reference_square;
  pair.square += square;
  if (!(difference <= pair.result.max_abs_diff)) pair.result.max_abs_diff = difference;
  if (!(largest <= pair.result.max_abs)) pair.result.max_abs = largest;
  return absl::OkStatus();
}

double CosineOf(const Pair& pair) {
  if (pair.reference_square == 0 && pair.square == 0) return 1;
  if (pair.reference_square == 0 || pair.square == 0) return 0;
  return pair.dot / std::sqrt(pair.reference_square) / std::sqrt(pair.square);
}

}  // namespace

absl::StatusOr<std::vector<TensorDifference>> CompareTensors(const Graph& reference,
                                                             const Graph& graph,
                                                             const SampleSource& source,
                                                             const CompareOptions& options) {
  if (source.size() == 0) return absl::InvalidArgumentError("there are no samples to compare with");
  Graph open_reference = reference, open_graph = graph;
  std::vector<Pair> pairs = MakePairs(open_reference, open_graph);
  if (pairs.empty()) {
    return absl::InvalidArgumentError(
        "the two models compute no tensor of the same name; was one made from the other?");
  }
  std::unique_ptr<Session> sessions[2];
  std::shared_ptr<const Model> models[2];
  absl::optional<BatchFeeder> feeders[2];
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<std::shared_ptr<const Model>> model =
        ModelFromGraph(std::move(i == 0 ? open_reference : open_graph), options.run);
    if (!model.ok()) return model.status();
    models[i] = *std::move(model);
    absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(*models[i], source, 1);
    if (!feeder.ok()) return feeder.status();
    feeders[i] = *feeder;
  }
  if (feeders[0]->batch() != feeders[1]->batch()) {
    return absl::InvalidArgumentError("the two models have other batches");
  }
  std::vector<float> buffer;
  for (int64_t first = 0; first < source.size(); first += feeders[0]->batch()) {
    absl::StatusOr<int64_t> count = 0;
    for (int i = 0; i < 2; ++i) {
      count = feeders[i]->Fill(first, sessions[i], [](const Sample&) {});
      if (!count.ok()) return count.status();
      if (absl::Status status = sessions[i]->Run(); !status.ok()) return status;
    }
    for (Pair& pair : pairs) {
      absl::Status status = AddSample(*sessions[0], *sessions[1], pair, buffer);
      if (!status.ok()) return status;
    }
    if (options.progress) options.progress(first + *count, source.size());
  }
  std::vector<TensorDifference> result;
  for (Pair& pair : pairs) {
    pair.result.sqnr_db = pair.noise.decibels();
    pair.result.cosine = CosineOf(pair);
    result.push_back(std::move(pair.result));
  }
  return result;
}

}  // namespace octet
