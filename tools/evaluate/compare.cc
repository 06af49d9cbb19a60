#include "tools/evaluate/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/evaluate/metrics.h"
#include "tools/evaluate/taps.h"

namespace octet {
namespace {

// A tensor that both models compute.
struct Pair {
  TensorDifference result;
  TensorId reference;
  TensorId tensor;  // in the model that is judged

  SignalToNoise noise;
  double dot = 0, reference_square = 0, square = 0;
};

bool IsRealType(DataType type) {
  return type == DataType::kF32 || type == DataType::kF16 || type == DataType::kBF16;
}

bool IsReal(const Tensor& t) { return IsRealType(t.type) && !t.is_constant(); }

bool IsComparable(const Tensor& t) {
  if (t.is_constant()) return false;
  if (t.quant && !t.quant->per_tensor()) return false;
  if (!t.quant) return IsRealType(t.type);
  return t.type == DataType::kU8 || t.type == DataType::kS8 || t.type == DataType::kS16 ||
         t.type == DataType::kS32;
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

std::vector<Pair> MakePairs(const Graph& reference, const Graph& graph) {
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
      pair.reference = twin->second;
      pair.tensor = id;
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

absl::Status AddSample(absl::Span<const float> expected, absl::Span<const float> values,
                       Pair& pair) {
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
  std::vector<Pair> pairs = MakePairs(reference, graph);
  if (pairs.empty()) {
    return absl::InvalidArgumentError(
        "the two models compute no tensor of the same name; was one made from the other?");
  }
  std::vector<TensorId> reference_tensors, tensors;
  for (const Pair& pair : pairs) {
    reference_tensors.push_back(pair.reference);
    tensors.push_back(pair.tensor);
  }
  absl::StatusOr<Taps> expected = Taps::Create(reference, reference_tensors, source, options.run);
  if (!expected.ok()) return expected.status();
  absl::StatusOr<Taps> taps = Taps::Create(graph, tensors, source, options.run);
  if (!taps.ok()) return taps.status();
  if (expected->batch() != taps->batch()) {
    return absl::InvalidArgumentError("the two models have other batches");
  }
  for (int64_t first = 0; first < source.size(); first += taps->batch()) {
    if (absl::Status status = expected->Run(first).status(); !status.ok()) return status;
    const absl::StatusOr<int64_t> count = taps->Run(first);
    if (!count.ok()) return count.status();
    for (size_t i = 0; i < pairs.size(); ++i) {
      absl::Status status = AddSample(expected->values(i), taps->values(i), pairs[i]);
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
