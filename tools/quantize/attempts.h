#ifndef OCTET_TOOLS_QUANTIZE_ATTEMPTS_H_
#define OCTET_TOOLS_QUANTIZE_ATTEMPTS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/candidate_maker.h"
#include "tools/quantize/journal.h"
#include "tools/quantize/road.h"

namespace octet {

// The attempts of a road and how they do against the float model, by the executor that will run
// them. What is measured goes through the journal.
class Attempts {
 public:
  // A named recipe.
  struct Trial {
    std::string name;
    Recipe recipe;
  };

  // All must outlive the object.
  Attempts(const Graph& graph, const SampleSource& evaluation, const RoadOptions& options,
           CandidateMaker& maker, Journal& journal)
      : graph_(graph),
        evaluation_(evaluation),
        options_(options),
        maker_(maker),
        journal_(journal) {}

  // Measures the float model, which is attempt 0: its accuracy, speed and profile. InvalidArgument
  // when the budget asks for what the samples cannot tell.
  absl::Status MeasureFloat();

  // Makes and evaluates all trials at once, and adds an attempt for each, whose numbers it returns.
  // Nothing is added, and nothing returned, when one of them would have no integer operator.
  absl::StatusOr<std::vector<size_t>> Judge(absl::Span<const Trial> trials);

  // Measures the speed of an attempt, in turns with the float model, from then on it may be chosen.
  absl::Status Consider(size_t attempt);
  void Dismiss(size_t attempt);
  // The faster one of two attempts, measured in turns with the float model.
  absl::StatusOr<size_t> FasterOf(size_t a, size_t b);
  // Measures all that may be chosen anew, in turns, since speed decides between them.
  absl::Status MeasureFinalists();

  // The model that a recipe makes, which is no attempt by that.
  struct WholeModel {
    double ratio = 0;  // of its latency to the float model's
    // By the operators' names, in units of the float model's profile: what they are measured to
    // take, scaled so that they add up to the model's latency.
    std::map<std::string, double> times;
  };
  absl::StatusOr<WholeModel> MeasureTimes(const Recipe& recipe);

  // Whether attempt `a` is closer to the float model than `b`: the budget first, then the answers
  // where they are classes, then the error.
  bool Better(size_t a, size_t b) const;
  bool IsFaster(size_t attempt) const;
  // Whether the attempt keeps the budget, or, without one, is as close to the float model as
  // `options.goal_db` wants it.
  bool ReachesGoal(size_t attempt) const;
  // The one to choose so far, or 0 if there is none. Those that are faster than float go before
  // those that are not; without a budget, those that reach the goal before others, and of those
  // near the best one the fastest.
  size_t Best() const;

  const std::vector<RoadStep>& steps() const { return steps_; }
  RoadStep& step(size_t attempt) { return steps_[attempt]; }
  void AddRemark(size_t attempt, absl::string_view remark);
  const Recipe& recipe(size_t attempt) const { return recipes_[attempt]; }
  const std::vector<OperatorTime>& profile() const { return profile_; }
  bool has_classes() const;
  const Model& float_model() const { return *float_; }
  std::vector<RoadStep> TakeSteps() { return std::move(steps_); }

  // Tells `options.on_step` of the attempts that it does not know of yet.
  void Announce();

 private:
  absl::StatusOr<std::shared_ptr<const Model>> ModelOf(size_t attempt);
  absl::StatusOr<std::shared_ptr<const Model>> ModelOf(const Recipe& recipe);
  absl::StatusOr<std::vector<double>> Measure(absl::Span<const Model* const> models,
                                              double seconds) const;
  absl::Status MeasureAnew(absl::Span<const size_t> attempts, const std::string& name);
  absl::StatusOr<std::vector<double>> Latencies(absl::Span<const size_t> attempts, double seconds,
                                                const std::string& name);
  absl::StatusOr<std::vector<OperatorTime>> Profile(const Model& model) const;
  absl::Status EvaluateUnknown(absl::Span<const Trial> trials);
  std::string CostlyOperators() const;
  double Decibels(size_t attempt) const;

  const Graph& graph_;
  const SampleSource& evaluation_;
  const RoadOptions& options_;
  CandidateMaker& maker_;
  Journal& journal_;
  std::vector<RoadStep> steps_;
  std::vector<Recipe> recipes_;        // one per step; that of the float model means nothing
  std::vector<size_t> considered_;     // in the order in which they came
  std::vector<OperatorTime> profile_;  // of the float model
  std::map<std::string, std::shared_ptr<const Model>> models_;  // by recipe, those still of use
  std::shared_ptr<const Model> float_;
  size_t announced_ = 0;  // steps that the caller knows of
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_ATTEMPTS_H_
