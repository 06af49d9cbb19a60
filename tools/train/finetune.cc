#include "tools/train/finetune.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/model_internal.h"
#include "tools/evaluate/evaluate.h"
#include "tools/train/hints.h"
#include "tools/train/real_graph.h"

namespace octet {
namespace {

// Outputs that are equal have no noise; that counts as this much.
constexpr double kMostDecibels = 200;

// Makes hints further outputs of both. Returns how many.
size_t AddHints(Graph& graph, Graph& teacher, int most) {
  const std::vector<Hint> hints = ChooseHints(graph, teacher, most);
  for (const Hint& hint : hints) {
    graph.outputs.push_back(hint.tensor);
    teacher.outputs.push_back(hint.teacher);
  }
  return hints.size();
}

}  // namespace

absl::StatusOr<std::vector<Shape>> ShapesOfOneSample(const Graph& graph,
                                                     const SampleSource& samples) {
  if (samples.size() == 0) return absl::InvalidArgumentError("there are no samples to train with");
  absl::StatusOr<Sample> sample = samples.Load(0);
  if (!sample.ok()) return sample.status();
  if (sample->size() != graph.inputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat("a sample has ", sample->size(), " arrays for ",
                                                   graph.inputs.size(), " inputs"));
  }
  std::vector<Shape> shapes;
  for (size_t i = 0; i < sample->size(); ++i) {
    const Tensor& input = graph.tensor(graph.inputs[i]);
    if (input.shape.empty() || input.shape[0] > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name, "' is ", ToString(input.shape),
                       "; a network is trained with single samples, so its first size must be 1 or "
                       "open"));
    }
    Shape shape = {1};
    shape.insert(shape.end(), (*sample)[i].shape.begin(), (*sample)[i].shape.end());
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

absl::StatusOr<TrainResult> Finetune(const Graph& integer, const Graph* real,
                                     const TrainingData& data, const SampleSource& judged,
                                     const FinetuneOptions& options) {
  absl::StatusOr<std::vector<Shape>> shapes = ShapesOfOneSample(integer, judged);
  if (!shapes.ok()) return shapes.status();
  const Graph reference_graph = real != nullptr ? *real : RealGraph(integer);
  Graph trained = integer, teacher = reference_graph;
  TrainOptions train = options.train;
  train.hints = train.loss.hints > 0 ? AddHints(trained, teacher, options.most_hints) : 0;
  absl::StatusOr<std::unique_ptr<TrainingNetwork>> network =
      TrainingNetwork::Create(trained, real, *std::move(shapes), options.network);
  if (!network.ok()) return network.status();
  // Small models lose more than they gain by sharing an operator on a machine that trains.
  ModelOptions run = options.run;
  run.pool = ThreadPool::Create(1);
  absl::StatusOr<std::shared_ptr<const Model>> reference = ModelFromGraph(reference_graph, run);
  if (!reference.ok()) return reference.status();
  const bool by_class = options.train.loss.labels > 0;
  const Judge judge = [&](Graph graph) -> absl::StatusOr<Score> {
    graph.outputs.resize(integer.outputs.size());
    absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(graph, run);
    if (!model.ok()) return model.status();
    absl::StatusOr<Evaluation> evaluation =
        Evaluate(**model, reference->get(), judged, EvaluateOptions());
    if (!evaluation.ok()) return evaluation.status();
    Score score;
    score.agreement = evaluation->agreement;
    score.sqnr_db = evaluation->sqnr_db;
    score.top1 = evaluation->top1;
    const double decibels = std::min(evaluation->sqnr_db.value_or(0), kMostDecibels);
    score.value = by_class && evaluation->top1 ? *evaluation->top1 : decibels;
    return score;
  };
  absl::StatusOr<TrainResult> result = Train(**network, &teacher, data, judge, train);
  if (result.ok()) result->graph.outputs.resize(integer.outputs.size());
  return result;
}

}  // namespace octet
