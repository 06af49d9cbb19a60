#include "tools/quantize/candidate_maker.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/quantize/ranges_file.h"
#include "tools/quantize/rescaled.h"

namespace octet {

namespace {

// One for each precision that a recipe can ask for. Journals keep them.
char LetterOf(Precision precision) {
  switch (precision) {
    case Precision::kInt16:
    case Precision::kInt16ToFloat:
      return 's';
    case Precision::kF16:
      return 'h';
    default:
      return Name(precision)[0];  // of float, int8, dynamic, weight-only, bf16
  }
}

}  // namespace

std::string Recipe::Key() const {
  if (method != "static") return method;
  std::string key = absl::StrCat(method, " ", Name(calibrator), refined ? " refined" : "",
                                 trained.empty() ? "" : " trained ", trained);
  if (precision.empty()) return key;
  key += ' ';
  for (Precision p : precision) key += LetterOf(p);
  return key;
}

absl::StatusOr<Made> CandidateMaker::Make(const Recipe& recipe) {
  absl::StatusOr<Made> made = MakeUntrained(recipe);
  if (!made.ok() || recipe.trained.empty()) return made;
  absl::Status status = MakeChanges(trained_.at(recipe.Key()).changes, made->graph);
  if (!status.ok()) return status;
  const absl::StatusOr<const Base*> base = BaseFor(recipe.refined);
  if (!base.ok()) return base.status();
  FinishTrained((*base)->graph, options_.target, absl::StrSplit(recipe.trained, '\n'), made->graph,
                made->report);
  return made;
}

absl::StatusOr<Made> CandidateMaker::MakeUntrained(const Recipe& recipe) {
  Made made;
  if (recipe.method != "static") {
    QuantizerOptions options = options_;
    options.method = recipe.method;
    absl::StatusOr<Graph> graph = QuantizeWithoutData(graph_, options, &made.report);
    if (!graph.ok()) return graph.status();
    made.graph = *std::move(graph);
    return made;
  }
  absl::StatusOr<const StaticQuantizer*> quantizer =
      QuantizerFor(recipe.calibrator, recipe.refined);
  if (!quantizer.ok()) return quantizer.status();
  const absl::StatusOr<const Base*> base = BaseFor(recipe.refined);
  if (!base.ok()) return base.status();
  StaticChoice choice;
  choice.precision = recipe.precision;
  if ((*base)->refined && !recipe.precision.empty()) {
    choice.precision = PrecisionInRefined(graph_, (*base)->graph, recipe.precision);
  }
  if (recipe.refined) {
    absl::StatusOr<const RefinedLayers*> layers = LayersFor(recipe.calibrator);
    if (!layers.ok()) return layers.status();
    choice.layers = *layers;
  }
  absl::StatusOr<Graph> graph = (*quantizer)->Quantize(choice, &made.report);
  if (!graph.ok()) return graph.status();
  made.graph = *std::move(graph);
  RenameRescaled((*base)->rescaled, made.graph);
  return made;
}

absl::StatusOr<const StaticQuantizer*> CandidateMaker::QuantizerFor(CalibratorKind calibrator,
                                                                    bool refined) {
  std::unique_ptr<StaticQuantizer>& known = quantizers_[{calibrator, refined}];
  if (known != nullptr) return known.get();
  const absl::StatusOr<const Base*> base = BaseFor(refined);
  if (!base.ok()) return base.status();
  absl::StatusOr<StaticQuantizer> quantizer = StaticQuantizer::Create(
      (*base)->graph, calibration_, (*base)->statistics, StaticOptions(calibrator, refined));
  if (!quantizer.ok()) return quantizer.status();
  known = std::make_unique<StaticQuantizer>(*std::move(quantizer));
  return known.get();
}

absl::StatusOr<const Statistics*> CandidateMaker::FloatStatistics() {
  const absl::StatusOr<const Base*> base = BaseFor(false);
  if (!base.ok()) return base.status();
  return &(*base)->statistics;
}

QuantizerOptions CandidateMaker::StaticOptions(CalibratorKind calibrator, bool refined) const {
  QuantizerOptions options = options_;
  options.method = "static";
  options.calibrator.kind = calibrator;
  options.refine = refined ? RefineOptions::All() : RefineOptions();
  // With a scale per channel there is nothing that equalization could gain.
  options.refine.equalize = refined && options.weights == WeightGranularity::kPerTensor;
  options.refine.smooth = refined && judged_apart_;
  options.progress = [this](int64_t done, int64_t total) { report_("calibrating", done, total); };
  return options;
}

absl::StatusOr<const CandidateMaker::Base*> CandidateMaker::BaseFor(bool refined) {
  const QuantizerOptions options = StaticOptions(CalibratorKind::kMinMax, refined);
  if (refined && !refined_known_) {
    absl::StatusOr<absl::optional<Graph>> graph = RefineGraph(graph_, calibration_, options);
    if (!graph.ok()) return graph.status();
    if (*graph) refined_ = std::make_unique<Base>(Base{**std::move(graph), {}, {}, true, false});
    refined_known_ = true;
  }
  std::unique_ptr<Base>& known = refined && refined_ != nullptr ? refined_ : plain_;
  if (known == nullptr) known = std::make_unique<Base>(Base{graph_, {}, {}, false, false});
  Base* const base = known.get();
  if (base->gathered) return base;
  absl::StatusOr<Statistics> statistics = Gather(
      base->graph, base->refined ? "statistics of the refined model" : "statistics", options);
  if (!statistics.ok()) return statistics.status();
  base->statistics = *std::move(statistics);
  absl::StatusOr<std::set<std::string>> rescaled =
      FindRescaled(graph_, base->graph, calibration_, options_.run);
  if (!rescaled.ok()) return rescaled.status();
  base->rescaled = *std::move(rescaled);
  base->gathered = true;
  return base;
}

absl::StatusOr<Statistics> CandidateMaker::Gather(const Graph& graph, const std::string& name,
                                                  const QuantizerOptions& options) {
  absl::optional<Statistics> gathered;
  const auto gather = [&]() -> absl::StatusOr<std::string> {
    absl::StatusOr<Statistics> statistics = GatherInt8Statistics(graph, calibration_, options);
    if (!statistics.ok()) return statistics.status();
    gathered = *std::move(statistics);
    return FormatStatistics(graph, *gathered);
  };
  const absl::StatusOr<std::string> text = journal_.Recall<std::string>(name, gather);
  if (!text.ok()) return text.status();
  if (gathered) return *std::move(gathered);
  return ParseStatistics(*text, graph);
}

absl::StatusOr<const RefinedLayers*> CandidateMaker::LayersFor(CalibratorKind calibrator) {
  const auto known = layers_.find(calibrator);
  if (known != layers_.end()) return &known->second;
  const absl::StatusOr<const Base*> base = BaseFor(true);
  if (!base.ok()) return base.status();
  report_("refining", 0, 1);
  absl::StatusOr<RefinedLayers> layers = journal_.Recall<RefinedLayers>(
      absl::StrCat("layers refined for ", Name(calibrator)),
      [&]() -> absl::StatusOr<RefinedLayers> {
        const absl::StatusOr<const StaticQuantizer*> quantizer = QuantizerFor(calibrator, true);
        if (!quantizer.ok()) return quantizer.status();
        // Weights are limited for the target when a model is made of the layers.
        StaticChoice choice;
        choice.limits_for_target = false;
        absl::StatusOr<Graph> integer = (*quantizer)->Quantize(choice, nullptr);
        if (!integer.ok()) return integer.status();
        return TakeLayers((*base)->graph, *integer);
      });
  if (!layers.ok()) return layers.status();
  return &(layers_[calibrator] = *std::move(layers));
}

}  // namespace octet
