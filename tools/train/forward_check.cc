// Compares what a training network computes from an int8 model with what its executor computes.
//
//   forward_check MODEL.octet DATA [SAMPLES]
//
// Prints, for kernels with the reference's bits and for those that are fastest, the share of all
// elements of quantized tensors that are equal and that differ by one unit at most, and the largest
// difference of the outputs. Both run the same operators on the same samples, from the pictures to
// the outputs, so that a difference somewhere goes on.

#include <cmath>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "runtime/model_internal.h"
#include "tools/evaluate/taps.h"
#include "tools/train/finetune.h"
#include "tools/train/tape.h"

namespace octet {
namespace {

struct Agreement {
  int64_t elements = 0, equal = 0, within_one = 0;
  double largest_output_difference = 0;
};

absl::StatusOr<Agreement> Compare(const Graph& graph, const TrainingNetwork& network,
                                  const SampleSource& samples, bool deterministic) {
  Tape tape(network, /*keep_values=*/true);
  std::vector<TensorId> tensors;
  for (const Node& node : graph.nodes) {
    for (TensorId id : node.outputs) {
      if (tape.has(id)) tensors.push_back(id);
    }
  }
  ModelOptions options;
  options.deterministic = deterministic;
  absl::StatusOr<Taps> taps = Taps::Create(graph, tensors, samples, options);
  if (!taps.ok()) return taps.status();
  Agreement result;
  for (int64_t i = 0; i < samples.size(); ++i) {
    const absl::StatusOr<Sample> sample = samples.Load(i);
    if (!sample.ok()) return sample.status();
    absl::Status status = tape.Forward(*sample);
    if (status.ok()) status = taps->Run(i).status();
    if (!status.ok()) return status;
    for (size_t t = 0; t < tensors.size(); ++t) {
      const absl::Span<const float> executed = taps->values(t);
      const std::vector<float> trained = tape.Values(tensors[t]);
      const absl::optional<QuantParams>& quant = graph.tensor(tensors[t]).quant;
      const float unit = quant ? quant->scale() : 0.0f;
      for (size_t k = 0; k < trained.size(); ++k) {
        const float difference = std::abs(executed[k] - trained[k]);
        if (!quant) {
          result.largest_output_difference =
              std::max(result.largest_output_difference, static_cast<double>(difference));
          continue;
        }
        ++result.elements;
        result.equal += difference < 0.5f * unit;
        result.within_one += difference < 1.5f * unit;
      }
    }
  }
  return result;
}

absl::Status Run(const std::string& model_path, const std::string& data, int64_t count) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Model::Load(model_path);
  if (!model.ok()) return model.status();
  const Graph& graph = GraphOf(**model);
  absl::StatusOr<std::unique_ptr<SampleSource>> source = OpenSamples(data, SpecOf(**model));
  if (!source.ok()) return source.status();
  const FirstSamples samples(**source, count);
  absl::StatusOr<std::vector<Shape>> shapes = ShapesOfOneSample(graph, samples);
  if (!shapes.ok()) return shapes.status();
  absl::StatusOr<std::unique_ptr<TrainingNetwork>> network =
      TrainingNetwork::Create(graph, nullptr, *std::move(shapes), {});
  if (!network.ok()) return network.status();
  for (bool deterministic : {true, false}) {
    const absl::StatusOr<Agreement> a =
        Compare((*network)->Store(), **network, samples, deterministic);
    if (!a.ok()) return a.status();
    const auto share = [&](int64_t n) {
      return static_cast<double>(n) / static_cast<double>(a->elements);
    };
    std::cout << absl::StrFormat(
        "%s: %d elements, equal %.7f, within one unit %.7f, outputs differ by %g at most\n",
        deterministic ? "deterministic" : "default", a->elements, share(a->equal),
        share(a->within_one), a->largest_output_difference);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  int64_t count = 8;
  if (argc < 3 || argc > 4 || (argc == 4 && !absl::SimpleAtoi(argv[3], &count)) || count < 1) {
    std::cerr << "usage: forward_check MODEL.octet DATA [SAMPLES]\n";
    return 2;
  }
  const absl::Status status = octet::Run(argv[1], argv[2], count);
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 3;
}
