#ifndef OCTET_TOOLS_QUANTIZE_ROAD_H_
#define OCTET_TOOLS_QUANTIZE_ROAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/evaluate/evaluate.h"
#include "tools/evaluate/latency.h"
#include "tools/quantize/budget.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/sensitivity.h"
#include "tools/quantize/trained_model.h"

// The practical road from a float model to a quantized one: measure the float model, try dynamic
// quantization, then static with every calibrator, then the methods that refine it, then, if asked
// for, training, then mixtures in which each operator has a precision of its own. Training takes
// minutes, but a mixture is slower whenever it runs. Every attempt is judged by the executor that
// will run it.

namespace octet {

// One attempt.
struct RoadStep {
  std::string name;     // "static, mse"
  Evaluation accuracy;  // against the float model
  absl::optional<double> latency_ms;
  absl::optional<double> float_latency_ms;  // measured in turns with the attempt's
  uint64_t weights_bytes = 0;
  double seconds = 0;               // that the attempt took
  std::vector<std::string> missed;  // of the budget
  std::string remark;               // what was decided, in words

  bool met() const { return missed.empty(); }
  // Latency over the float model's; nothing where it was not measured.
  absl::optional<double> latency_ratio() const;
};

struct RoadOptions {
  QuantizerOptions
      quantizer;  // weights, activations, how to run, overrides; the rest is the road's
  Budget budget;
  // With a budget, the first attempt that meets it and is faster than float by `least_gain`, a
  // share, is the result. Without one all are made, and the fastest of those is the result whose
  // SQNR is at most `near_best_db` below the best one.
  double least_gain = 0.05;
  double near_best_db = 3;
  // Without a budget mixtures are tried when nothing that is faster than float has this SQNR, as
  // long as one reaches it; attempts that do go before others. The largest of several values, by
  // which classes are told, bears more noise than values that count by themselves:
  // `classes_goal_db` is for models with labels, or samples with classes.
  double goal_db = 26;
  double classes_goal_db = 18;
  absl::optional<double> time_limit_seconds;  // of the whole search; what was found so far counts
  double latency_seconds = 0.6;               // per measurement
  int64_t sensitivity_samples = 16;           // at most
  double sensitivity_seconds = 40;            // fewer samples where they would take longer
  bool always_measure_sensitivity = false;    // also when the budget is met without
  // What mixtures may give operators beside static int8 and float. Nothing: what serves here, that
  // is kDynamic, kInt16 unless all activations are s16, and kBF16 and kF16 where the CPU computes
  // with them as they are and the quantizer's target does not tell of others.
  absl::optional<std::vector<Precision>> mix;
  // A file that keeps what was measured. Where it exists, what it holds is not measured again: a
  // search that was interrupted goes on where it was, with the same result. Empty: none.
  std::string resume;
  // Trains the best static model where no attempt before keeps the budget, and always without one.
  // Empty: nothing is trained. `training` has its settings, as lines of the record.
  Trainer train;
  std::string training;
  // How the time of one run of each model is measured, in milliseconds, within `seconds` for all.
  // Empty: MedianLatencies on the evaluation data.
  std::function<absl::StatusOr<std::vector<double>>(absl::Span<const Model* const> models,
                                                    double seconds)>
      latencies;
  // How the times of a model's operators are measured. Empty: ProfileOperators on the evaluation
  // data.
  std::function<absl::StatusOr<std::vector<OperatorTime>>(const Model& model)> profile;
  // Both may be empty. `task` is what goes on, in words.
  std::function<void(const std::string& task, int64_t done, int64_t total)> progress;
  std::function<void(const RoadStep&)> on_step;

  // `progress` for one task. Refers to this object.
  Progress ProgressOf(const std::string& task) const {
    return [this, task](int64_t done, int64_t total) {
      if (progress) progress(task, done, total);
    };
  }
};

// An operator that a mixture gives another precision than int8.
struct PrecisionException {
  std::string op;
  Precision precision;

  friend bool operator==(const PrecisionException& a, const PrecisionException& b) {
    return a.op == b.op && a.precision == b.precision;
  }
};

struct RoadResult {
  Graph graph;                  // the result, or the best that was found
  bool met = false;             // whether it keeps within the budget
  QuantizerReport report;       // of `graph`
  std::vector<RoadStep> steps;  // the float model is the first
  size_t chosen = 0;            // the step that made `graph`
  bool out_of_time = false;
  std::vector<OperatorTime> profile;  // of the float model, in order of execution
  std::vector<LayerSensitivity> sensitivity;
  std::vector<PrecisionException> exceptions;  // of `graph`, in order of the operators
  int64_t resumed = 0;                         // measurements that options.resume held
  Statistics statistics;  // of the float model's tensors on the calibration data
};

// Walks the road. `calibration` gives the ranges, `evaluation` is what attempts are judged on (the
// two may be the same). Errors are those of QuantizeGraph, of running models, and of a file
// `options.resume` that belongs to another search; a missed budget is none.
absl::StatusOr<RoadResult> WalkRoad(const Graph& graph, const SampleSource& calibration,
                                    const SampleSource& evaluation, const RoadOptions& options);

// The names of the exceptions that have that precision.
std::vector<std::string> OperatorsWith(Precision precision,
                                       const std::vector<PrecisionException>& exceptions);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_ROAD_H_
