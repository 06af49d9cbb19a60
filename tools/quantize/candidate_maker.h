#ifndef OCTET_TOOLS_QUANTIZE_CANDIDATE_MAKER_H_
#define OCTET_TOOLS_QUANTIZE_CANDIDATE_MAKER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/journal.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/trained_model.h"

namespace octet {

// How to make one of the models that are tried.
struct Recipe {
  std::string method = "static";  // or "dynamic", for which the rest does not count
  CalibratorKind calibrator = CalibratorKind::kMinMax;
  bool refined = false;
  std::vector<Precision> precision;  // as in StaticChoice
  std::string trained;               // empty: it is not; else how, a name that Train gave

  // A name that no other recipe has.
  std::string Key() const;
};

// A quantized model.
struct Made {
  Graph graph;
  QuantizerReport report;
};

// Makes models by recipes from one float graph. What several of them need, such as statistics or
// refined layers, is found out once, and kept in the journal where it takes long. The same recipe
// gives the same model.
class CandidateMaker {
 public:
  using Report = std::function<void(const std::string& task, int64_t done, int64_t total)>;

  // All must outlive the maker. `options.method`, the calibrator's kind and `refine` do not count.
  // `judged_apart`: models are judged on other samples than these. Only then are activations
  // smoothed: how well factors for outliers serve others than the samples they follow from cannot
  // be seen on those samples.
  CandidateMaker(const Graph& graph, const SampleSource& calibration, bool judged_apart,
                 const QuantizerOptions& options, Journal& journal, Report report)
      : graph_(graph),
        calibration_(calibration),
        judged_apart_(judged_apart),
        options_(options),
        journal_(journal),
        report_(std::move(report)) {}

  absl::StatusOr<Made> Make(const Recipe& recipe);

  // Trains the model of a static recipe, unless the journal has the result, and gives the recipe of
  // the trained one; none where training was stopped before the first epoch's end. `how` has the
  // trainer's settings, as lines of the record. Beside the journal's file there is a checkpoint
  // from which training goes on after an interruption; the journal keeps what is complete.
  struct Trained {
    Recipe recipe;
    int epochs = 0;
    int best_epoch = 0;
    double seconds = 0;
  };
  absl::StatusOr<absl::optional<Trained>> Train(const Recipe& recipe, const Trainer& trainer,
                                                const std::string& how, const SampleSource& judged,
                                                const std::function<bool()>& stop);

  // The static quantizer behind recipes with this calibrator. Lives as long as the maker.
  absl::StatusOr<const StaticQuantizer*> QuantizerFor(CalibratorKind calibrator, bool refined);

  // Of the float graph's tensors on the calibration data; gathered at the first call.
  absl::StatusOr<const Statistics*> FloatStatistics();

 private:
  // The float graph that static models are made from, and what was seen of it.
  struct Base {
    Graph graph;
    Statistics statistics;
    std::set<std::string> rescaled;  // FindRescaled
    bool refined = false;            // it is not the given one
    bool gathered = false;           // there are the two above
  };

  QuantizerOptions StaticOptions(CalibratorKind calibrator, bool refined) const;
  absl::StatusOr<const Base*> BaseFor(bool refined);
  absl::StatusOr<Statistics> Gather(const Graph& graph, const std::string& name,
                                    const QuantizerOptions& options);
  absl::StatusOr<const RefinedLayers*> LayersFor(CalibratorKind calibrator);
  absl::StatusOr<Made> MakeUntrained(const Recipe& recipe);
  absl::Status SetCheckpoint(const std::string& key, TrainingTask& task);
  static absl::StatusOr<TrainedModel> RunTrainer(const Trainer& trainer, const TrainingTask& task,
                                                 bool& complete);

  const Graph& graph_;
  const SampleSource& calibration_;
  const bool judged_apart_;
  const QuantizerOptions& options_;
  Journal& journal_;
  const Report report_;
  std::unique_ptr<Base> plain_;
  std::unique_ptr<Base> refined_;  // null where refinement does not change the float graph
  bool refined_known_ = false;
  std::map<std::pair<CalibratorKind, bool>, std::unique_ptr<StaticQuantizer>> quantizers_;
  std::map<CalibratorKind, RefinedLayers> layers_;
  std::map<std::string, TrainedModel> trained_;  // by key of the recipe
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CANDIDATE_MAKER_H_
