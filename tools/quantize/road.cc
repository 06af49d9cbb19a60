#include "tools/quantize/road.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/model_internal.h"
#include "tools/quantize/refine.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

uint64_t WeightsBytes(const Graph& graph) {
  uint64_t bytes = 0;
  for (const Tensor& t : graph.tensors) {
    if (t.is_constant()) bytes += t.data.size();
  }
  return bytes;
}

// A quantized model and how it was made.
struct Candidate {
  Graph graph;
  std::shared_ptr<const Model> model;
  QuantizerReport report;
  size_t step = 0;
};

class Road {
 public:
  Road(const Graph& graph, const SampleSource& calibration, const SampleSource& evaluation,
       const RoadOptions& options)
      : graph_(graph), calibration_(calibration), evaluation_(evaluation), options_(options) {}

  absl::StatusOr<RoadResult> Walk() {
    absl::Status status = MeasureFloat();
    if (status.ok()) status = Search();
    if (status.ok() && !options_.budget.any()) status = MeasureFinalists();
    if (!status.ok()) return status;
    if (options_.always_measure_sensitivity && result_.sensitivity.empty() && !Products().empty()) {
      status = MeasureSensitivityOfAll();
      if (!status.ok()) return status;
    }
    return Finish();
  }

 private:
  // ---- The road, step by step ----

  absl::Status MeasureFloat() {
    const Clock::time_point start = Clock::now();
    absl::StatusOr<std::shared_ptr<const Model>> model =
        ModelFromGraph(graph_, options_.quantizer.run);
    if (!model.ok()) return model.status();
    float_ = *std::move(model);
    RoadStep step;
    step.name = "float";
    EvaluateOptions evaluate;
    evaluate.progress = ProgressOf("float model");
    absl::StatusOr<Evaluation> accuracy = Evaluate(*float_, nullptr, evaluation_, evaluate);
    if (!accuracy.ok()) return accuracy.status();
    step.accuracy = *accuracy;
    absl::Status status = CheckBudget(options_.budget, step.accuracy);
    if (!status.ok()) return status;
    absl::StatusOr<std::vector<double>> latency =
        MedianLatencies({float_.get()}, evaluation_, options_.latency_seconds);
    if (!latency.ok()) return latency.status();
    step.latency_ms = step.float_latency_ms = latency->front();
    absl::StatusOr<std::vector<OperatorTime>> profile =
        ProfileOperators(*float_, evaluation_, options_.latency_seconds);
    if (!profile.ok()) return profile.status();
    result_.profile = *std::move(profile);
    step.weights_bytes = WeightsBytes(graph_);
    step.remark = CostlyOperators();
    step.seconds = SecondsSince(start);
    AddStep(std::move(step));
    Announce();
    return absl::OkStatus();
  }

  absl::Status Search() {
    absl::Status status = TryDynamic();
    if (!status.ok() || Done()) return status;
    status = TryCalibrators();
    if (!status.ok() || Done()) return status;
    status = TryRefined();
    if (!status.ok() || Done() || !options_.budget.any() || best_static_ == 0) return status;
    return LeaveSensitiveInFloat();
  }

  absl::Status TryDynamic() {
    const Clock::time_point start = Clock::now();
    QuantizerOptions options = options_.quantizer;
    options.method = "dynamic";
    Candidate candidate;
    absl::StatusOr<Graph> graph = QuantizeGraph(graph_, calibration_, options, &candidate.report);
    if (!graph.ok()) return graph.status();
    if (candidate.report.int8_operators == 0) return absl::OkStatus();
    candidate.graph = *std::move(graph);
    absl::Status status = Judge({"dynamic"}, start, absl::MakeSpan(&candidate, 1));
    if (status.ok()) status = MeasureLatency(candidate);
    if (!status.ok()) return status;
    considered_.push_back(std::move(candidate));
    Announce();
    return absl::OkStatus();
  }

  absl::Status TryCalibrators() {
    const Clock::time_point start = Clock::now();
    absl::Status status = Calibrate();
    if (!status.ok()) return status;
    std::vector<StaticQuantizer> quantizers;
    std::vector<Candidate> candidates;
    std::vector<std::string> names;
    for (const std::string& name : CalibratorNames()) {
      absl::StatusOr<StaticQuantizer> quantizer = WithCalibrator(CalibratorNamed(name).value());
      if (!quantizer.ok()) return quantizer.status();
      absl::StatusOr<Candidate> candidate = Make(*quantizer, {});
      if (!candidate.ok()) return candidate.status();
      if (candidate->report.int8_operators == 0) return absl::OkStatus();
      quantizers.push_back(*std::move(quantizer));
      candidates.push_back(*std::move(candidate));
      names.push_back(absl::StrCat("static, ", name));
    }
    status = Judge(names, start, absl::MakeSpan(candidates));
    if (!status.ok()) return status;
    size_t best = 0;
    for (size_t i = 1; i < candidates.size(); ++i) {
      if (Better(candidates[i].step, candidates[best].step)) best = i;
    }
    calibrator_ = CalibratorNamed(CalibratorNames()[best]).value();
    quantizer_ = std::move(quantizers[best]);
    best_static_ = candidates[best].step;
    std::string& remark = result_.steps[best_static_].remark;
    remark = absl::StrCat("best calibrator", remark.empty() ? "" : "; ", remark);
    status = MeasureLatency(candidates[best]);
    if (!status.ok()) return status;
    considered_.push_back(std::move(candidates[best]));
    Announce();
    return absl::OkStatus();
  }

  absl::Status TryRefined() {
    if (best_static_ == 0) return absl::OkStatus();  // nothing becomes static
    const Clock::time_point start = Clock::now();
    Report("refining", 0, 1);
    absl::Status status = PrepareRefined();
    if (!status.ok()) return status;
    absl::StatusOr<Candidate> candidate = Make(*refined_quantizer_, {});
    if (!candidate.ok()) return candidate.status();
    status = Judge({absl::StrCat("refined, ", Name(calibrator_))}, start,
                   absl::MakeSpan(&*candidate, 1));
    if (status.ok()) status = MeasureLatency(*candidate);
    if (!status.ok()) return status;
    refinement_helps_ = Better(candidate->step, best_static_);
    // It takes the place of the static one, which is as fast, or counts for nothing.
    if (refinement_helps_) considered_.back() = *std::move(candidate);
    Announce();
    return absl::OkStatus();
  }

  // Finds the shortest beginning of the list of sensitive operators that has to stay float: first
  // by doubling, then by halving the interval that is left.
  absl::Status LeaveSensitiveInFloat() {
    absl::Status status = MeasureSensitivityOfAll();
    if (!status.ok()) return status;
    const std::vector<int> order = MostSensitiveFirst(result_.sensitivity);
    if (order.empty()) return absl::OkStatus();
    const size_t most = order.size() - 1;  // one at least stays an integer product
    size_t too_few = 0, enough = most + 1;
    size_t count = 1;
    while (too_few + 1 < enough && count <= most) {
      if (OutOfTime()) return absl::OkStatus();
      absl::StatusOr<bool> met =
          TryWide({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)});
      if (!met.ok()) return met.status();
      (*met ? enough : too_few) = count;
      const bool bounded = enough <= most;
      count = bounded ? (too_few + enough) / 2 : std::max(count + 1, std::min(2 * count, most));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> TryWide(const std::vector<int>& wide) {
    const Clock::time_point start = Clock::now();
    Report("leaving operators in float", static_cast<int64_t>(wide.size()),
           static_cast<int64_t>(result_.sensitivity.size()));
    absl::StatusOr<Candidate> candidate = Make(
        refinement_helps_ ? *refined_quantizer_ : *quantizer_,
        refinement_helps_ && refined_graph_ ? NodesInRefined(graph_, *refined_graph_, wide) : wide);
    if (!candidate.ok()) return candidate.status();
    absl::Status status = Judge({absl::StrCat("mixed, ", wide.size(), " in float")}, start,
                                absl::MakeSpan(&*candidate, 1));
    if (!status.ok()) return status;
    const bool met = result_.steps[candidate->step].met();
    if (met) {
      status = MeasureLatency(*candidate);
      if (!status.ok()) return status;
      result_.wide.clear();
      for (int node : wide) {
        result_.wide.push_back(graph_.nodes[static_cast<size_t>(node)].name);
      }
      result_.steps[candidate->step].remark =
          absl::StrCat("in float: ", absl::StrJoin(result_.wide, ", "));
      // The one before it left more operators in float.
      if (has_mixed_) considered_.pop_back();
      has_mixed_ = true;
      considered_.push_back(*std::move(candidate));
    }
    Announce();
    return met;
  }

  // ---- Making candidates ----

  QuantizerOptions StaticOptions(CalibratorKind calibrator) const {
    QuantizerOptions options = options_.quantizer;
    options.method = "static";
    options.calibrator.kind = calibrator;
    options.progress = ProgressOf("calibrating");
    return options;
  }

  // Gathers the statistics of the float model once.
  absl::Status Calibrate() {
    if (!result_.statistics.tensors.empty()) return absl::OkStatus();
    absl::StatusOr<Statistics> statistics =
        GatherInt8Statistics(graph_, calibration_, StaticOptions(calibrator_));
    if (!statistics.ok()) return statistics.status();
    result_.statistics = *std::move(statistics);
    return absl::OkStatus();
  }

  absl::StatusOr<StaticQuantizer> WithCalibrator(CalibratorKind calibrator) const {
    return StaticQuantizer::Create(graph_, calibration_, result_.statistics,
                                   StaticOptions(calibrator));
  }

  // Readies what all refined candidates are made from.
  absl::Status PrepareRefined() {
    QuantizerOptions options = StaticOptions(calibrator_);
    options.refine = RefineOptions::All();
    // With a scale per channel there is nothing that equalization could gain.
    options.refine.equalize = options.weights == WeightGranularity::kPerTensor;
    absl::StatusOr<absl::optional<Graph>> refined = RefineGraph(graph_, calibration_, options);
    if (!refined.ok()) return refined.status();
    refined_graph_ = *std::move(refined);
    if (refined_graph_) {
      absl::StatusOr<Statistics> gathered =
          GatherInt8Statistics(*refined_graph_, calibration_, options);
      if (!gathered.ok()) return gathered.status();
      refined_statistics_ = *std::move(gathered);
    }
    absl::StatusOr<StaticQuantizer> quantizer =
        StaticQuantizer::Create(refined_graph_ ? *refined_graph_ : graph_, calibration_,
                                refined_graph_ ? refined_statistics_ : result_.statistics, options);
    if (!quantizer.ok()) return quantizer.status();
    refined_quantizer_ = *std::move(quantizer);
    return absl::OkStatus();
  }

  static absl::StatusOr<Candidate> Make(const StaticQuantizer& quantizer,
                                        const std::vector<int>& wide) {
    Candidate candidate;
    absl::StatusOr<Graph> graph = quantizer.Quantize(wide, &candidate.report);
    if (!graph.ok()) return graph.status();
    candidate.graph = *std::move(graph);
    return candidate;
  }

  absl::Status MeasureSensitivityOfAll() {
    absl::Status status = Calibrate();
    if (!status.ok()) return status;
    if (!quantizer_) {
      absl::StatusOr<StaticQuantizer> quantizer = WithCalibrator(calibrator_);
      if (!quantizer.ok()) return quantizer.status();
      quantizer_ = *std::move(quantizer);
    }
    const std::vector<int> products = Products();
    SensitivityOptions options;
    options.run = options_.quantizer.run;
    options.progress = ProgressOf("sensitivity");
    options.stop = [this] { return OutOfTime(); };
    const FirstSamples some(evaluation_, options_.sensitivity_samples);
    absl::StatusOr<std::vector<LayerSensitivity>> sensitivity = MeasureSensitivity(
        graph_, products,
        [&](int node) {
          std::vector<int> others;
          for (int i = 0; i < static_cast<int>(graph_.nodes.size()); ++i) {
            if (i != node) others.push_back(i);
          }
          return quantizer_->Quantize(others, nullptr);
        },
        some, options);
    if (!sensitivity.ok()) return sensitivity.status();
    result_.sensitivity = *std::move(sensitivity);
    return absl::OkStatus();
  }

  // Operators that static quantization turns into integer products.
  std::vector<int> Products() const {
    std::vector<int> result;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (RoleOf(graph_, graph_.nodes[i]) == Int8Role::kAnchor) {
        result.push_back(static_cast<int>(i));
      }
    }
    return result;
  }

  // ---- Judging them ----

  // Evaluates all candidates at once and adds a step for each. The time since `start` is shared.
  absl::Status Judge(const std::vector<std::string>& names, Clock::time_point start,
                     absl::Span<Candidate> candidates) {
    std::vector<const Model*> models;
    for (Candidate& candidate : candidates) {
      absl::StatusOr<std::shared_ptr<const Model>> model =
          ModelFromGraph(candidate.graph, options_.quantizer.run);
      if (!model.ok()) return model.status();
      candidate.model = *std::move(model);
      models.push_back(candidate.model.get());
    }
    EvaluateOptions evaluate;
    evaluate.progress = ProgressOf("evaluating");
    absl::StatusOr<std::vector<Evaluation>> accuracy =
        EvaluateAll(models, float_.get(), evaluation_, evaluate);
    if (!accuracy.ok()) return accuracy.status();
    const double seconds = SecondsSince(start) / static_cast<double>(candidates.size());
    for (size_t i = 0; i < candidates.size(); ++i) {
      RoadStep step;
      step.name = names[i];
      step.accuracy = (*accuracy)[i];
      step.weights_bytes = WeightsBytes(candidates[i].graph);
      step.missed = MissedBy(step.accuracy, result_.steps[0].accuracy, options_.budget);
      step.seconds = seconds;
      step.remark = absl::StrJoin(step.missed, "; ");
      candidates[i].step = result_.steps.size();
      AddStep(std::move(step));
    }
    return absl::OkStatus();
  }

  absl::Status MeasureLatency(const Candidate& candidate) {
    absl::StatusOr<std::vector<double>> ms = MedianLatencies({float_.get(), candidate.model.get()},
                                                             evaluation_, options_.latency_seconds);
    if (!ms.ok()) return ms.status();
    RoadStep& step = result_.steps[candidate.step];
    step.float_latency_ms = (*ms)[0];
    step.latency_ms = (*ms)[1];
    if (!IsFaster(step)) {
      absl::StrAppend(&step.remark, step.remark.empty() ? "" : "; ", "not faster than float");
    }
    return absl::OkStatus();
  }

  // Where speed decides between candidates, they take turns.
  absl::Status MeasureFinalists() {
    if (considered_.size() < 2) return absl::OkStatus();
    std::vector<const Model*> models = {float_.get()};
    for (const Candidate& c : considered_) models.push_back(c.model.get());
    absl::StatusOr<std::vector<double>> ms = MedianLatencies(
        models, evaluation_, options_.latency_seconds * static_cast<double>(models.size()));
    if (!ms.ok()) return ms.status();
    for (size_t i = 0; i < considered_.size(); ++i) {
      RoadStep& step = result_.steps[considered_[i].step];
      step.float_latency_ms = (*ms)[0];
      step.latency_ms = (*ms)[i + 1];
    }
    return absl::OkStatus();
  }

  bool IsFaster(const RoadStep& step) const {
    return step.latency_ratio().value_or(1) <= 1 - options_.least_gain;
  }

  // Whether attempt `a` is closer to the float model than `b`: the budget first, then the answers
  // where they are classes, then the error.
  bool Better(size_t a, size_t b) const {
    const RoadStep &left = result_.steps[a], &right = result_.steps[b];
    if (left.met() != right.met()) return left.met();
    const bool classes = result_.steps[0].accuracy.top1 || !graph_.labels.empty();
    if (classes && left.accuracy.agreement != right.accuracy.agreement) {
      return left.accuracy.agreement > right.accuracy.agreement;
    }
    return Decibels(left) > Decibels(right);
  }
  static double Decibels(const RoadStep& step) { return step.accuracy.sqnr_db.value_or(0); }

  // The candidate to take of those considered so far. Attempts that are faster than float go before
  // those that are not.
  const Candidate* Best() const {
    const Candidate* best = nullptr;
    for (const Candidate& c : considered_) {
      if (best == nullptr) {
        best = &c;
        continue;
      }
      const bool faster = IsFaster(result_.steps[c.step]);
      if (faster != IsFaster(result_.steps[best->step]) ? faster : Better(c.step, best->step)) {
        best = &c;
      }
    }
    if (best == nullptr || options_.budget.any()) return best;
    const double enough = Decibels(result_.steps[best->step]) - options_.near_best_db;
    for (const Candidate& c : considered_) {
      const RoadStep& step = result_.steps[c.step];
      if (Decibels(step) >= enough && *step.latency_ms < *result_.steps[best->step].latency_ms) {
        best = &c;
      }
    }
    return best;
  }

  bool OutOfTime() {
    const bool out =
        options_.time_limit_seconds && SecondsSince(start_) > *options_.time_limit_seconds;
    result_.out_of_time = result_.out_of_time || out;
    return out;
  }

  // Whether there is nothing left to look for.
  bool Done() {
    if (OutOfTime()) return true;
    const Candidate* best = Best();
    if (!options_.budget.any() || best == nullptr) return false;
    const RoadStep& step = result_.steps[best->step];
    return step.met() && IsFaster(step);
  }

  absl::StatusOr<RoadResult> Finish() {
    const Candidate* best = Best();
    if (best == nullptr) {
      return absl::InvalidArgumentError(
          "the model has no operator that can be quantized: no product with constant weights");
    }
    result_.chosen = best->step;
    result_.met = result_.steps[best->step].met();
    result_.report = best->report;
    result_.graph = best->graph;
    return std::move(result_);
  }

  // ---- Telling about it ----

  std::string CostlyOperators() const {
    constexpr size_t kShown = 3;
    std::vector<OperatorTime> times = result_.profile;
    double total = 0;
    for (const OperatorTime& t : times) total += t.median_us;
    std::stable_sort(times.begin(), times.end(), [](const OperatorTime& a, const OperatorTime& b) {
      return a.median_us > b.median_us;
    });
    times.resize(std::min(times.size(), kShown));
    return absl::StrCat("costly: ",
                        absl::StrJoin(times, ", ", [&](std::string* out, const OperatorTime& t) {
                          absl::StrAppendFormat(out, "%s %s %.0f%%", t.step.type, t.step.name,
                                                total > 0 ? 100 * t.median_us / total : 0);
                        }));
  }

  void AddStep(RoadStep step) { result_.steps.push_back(std::move(step)); }

  // Tells the caller of the steps that are complete.
  void Announce() {
    for (; announced_ < result_.steps.size(); ++announced_) {
      if (options_.on_step) options_.on_step(result_.steps[announced_]);
    }
  }

  void Report(const std::string& task, int64_t done, int64_t total) const {
    if (options_.progress) options_.progress(task, done, total);
  }
  Progress ProgressOf(const std::string& task) const {
    return [this, task](int64_t done, int64_t total) { Report(task, done, total); };
  }

  const Graph& graph_;
  const SampleSource& calibration_;
  const SampleSource& evaluation_;
  const RoadOptions& options_;
  const Clock::time_point start_ = Clock::now();
  RoadResult result_;
  std::shared_ptr<const Model> float_;
  std::vector<Candidate> considered_;
  size_t best_static_ = 0;  // the step of the best calibrator
  CalibratorKind calibrator_ = CalibratorKind::kMinMax;
  absl::optional<StaticQuantizer> quantizer_;  // with the best calibrator
  absl::optional<Graph> refined_graph_;        // where refinement changes the float graph
  Statistics refined_statistics_;              // of its tensors
  absl::optional<StaticQuantizer> refined_quantizer_;
  bool refinement_helps_ = false;
  bool has_mixed_ = false;  // the last candidate leaves operators in float
  size_t announced_ = 0;    // steps that the caller knows of
};

}  // namespace

absl::optional<double> RoadStep::latency_ratio() const {
  if (!latency_ms || !float_latency_ms || *float_latency_ms <= 0) return absl::nullopt;
  return *latency_ms / *float_latency_ms;
}

absl::StatusOr<RoadResult> WalkRoad(const Graph& graph, const SampleSource& calibration,
                                    const SampleSource& evaluation, const RoadOptions& options) {
  return Road(graph, calibration, evaluation, options).Walk();
}

}  // namespace octet
