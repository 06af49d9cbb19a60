#ifndef OCTET_TOOLS_QUANTIZE_MIXTURES_H_
#define OCTET_TOOLS_QUANTIZE_MIXTURES_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/attempts.h"
#include "tools/quantize/candidate_maker.h"
#include "tools/quantize/journal.h"
#include "tools/quantize/mixed_search.h"
#include "tools/quantize/road.h"
#include "tools/quantize/sensitivity.h"

namespace octet {

// Whether mixtures give the operator a precision of its own; others follow their neighbours.
inline bool HasOwnPrecision(const Graph& graph, const Node& node) {
  return RoleOf(graph, node) == Int8Role::kAnchor || CanBeDynamic(graph, node);
}

// Models in which each operator has a precision of its own, on the road from float to 8 bits.
// Between these two lie integers of 16 bits, and real numbers of 16 bits where the CPU multiplies
// them.
class Mixtures {
 public:
  // All must outlive the object. `static_attempt`: the one whose static operators the mixtures
  // have, 0 where there is none. `out_of_time` ends measuring and searching.
  Mixtures(const Graph& graph, const SampleSource& evaluation, const RoadOptions& options,
           CandidateMaker& maker, Attempts& attempts, Journal& journal, size_t static_attempt,
           std::function<bool()> out_of_time)
      : graph_(graph),
        evaluation_(evaluation),
        options_(options),
        maker_(maker),
        attempts_(attempts),
        journal_(journal),
        static_attempt_(static_attempt),
        out_of_time_(std::move(out_of_time)) {}

  // What each operator costs in each precision, but for those that the overrides decide.
  absl::StatusOr<std::vector<LayerSensitivity>> MeasureSensitivity();

  // Finds the fastest mixture that reaches the goal, which may then be chosen: from the fastest one
  // on, operators get better precisions, first those that gain most by it for the time they take.
  // Where that has operators of 16 bits, it is compared with what is found without these.
  absl::Status Search(const std::vector<LayerSensitivity>& sensitivity);

 private:
  absl::Status SearchAmong(const std::vector<OperatorOptions>& operators);
  bool Has16Bits(size_t attempt) const;
  absl::StatusOr<bool> Try(const std::vector<OperatorPrecision>& precisions);
  absl::StatusOr<std::vector<OperatorOptions>> OptionsOfOperators(
      const std::vector<LayerSensitivity>& sensitivity);
  std::string KindOf(const Node& node) const;
  absl::StatusOr<std::map<std::string, double>> SharesIn(
      Precision precision, const std::map<std::string, double>& float_times);
  // The precisions beside static int8 and float that mixtures may have.
  std::vector<Precision> Mix() const;
  // Of the model in which all operators have that precision that can.
  Recipe WholeRecipe(Precision precision) const;
  size_t FirstGuess(const UpgradePath& path) const;
  absl::StatusOr<std::vector<OperatorPrecision>> Changes();
  // Of the static attempt; of static quantization as such where there is none.
  Recipe StaticRecipe() const;

  const Graph& graph_;
  const SampleSource& evaluation_;
  const RoadOptions& options_;
  CandidateMaker& maker_;
  Attempts& attempts_;
  Journal& journal_;
  const size_t static_attempt_;
  const std::function<bool()> out_of_time_;
  size_t found_ = 0;  // the fastest attempt so far that reaches the goal
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_MIXTURES_H_
