#ifndef OCTET_TOOLS_QUANTIZE_QUANTIZE_H_
#define OCTET_TOOLS_QUANTIZE_QUANTIZE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/calibrate.h"
#include "tools/quantize/overrides.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/refine.h"
#include "tools/quantize/refined_layers.h"
#include "tools/quantize/target.h"
#include "tools/quantize/weights.h"

namespace octet {

struct QuantizerOptions {
  std::string method = "static";  // or one of those without data: "dynamic", "weight-only"
  Calibrator calibrator;
  double moving_average_constant = kDefaultMovingAverageConstant;
  WeightGranularity weights = WeightGranularity::kPerChannel;
  DataType activations = DataType::kU8;   // or kS8 or kS16
  bool symmetric_activations = false;     // kS8 only, and always with kS16
  DataType weights_type = DataType::kS8;  // or kS16, with kS16 activations and method "static"
  std::vector<Override> overrides;        // exceptions, in order
  RefineOptions refine;                   // what to do beyond rounding to nearest
  Target target = Target::kAny;           // kAvx2 requires activations of kU8
  ModelOptions run;                       // how to run the float model
  Progress progress;                      // may be empty
};

struct QuantizerReport {
  int64_t samples = 0;
  int int8_operators = 0;                    // static or dynamic
  std::vector<std::string> float_operators;  // names of those that stayed float
  std::vector<std::string> int16_operators, bf16_operators, f16_operators;  // likewise
  int conversions = 0;  // operators of the result that do nothing but convert between types
  // Products whose pair sums could saturate on CPUs without VNNI: those that remain, and those
  // whose weights were limited, since the target asks for it, so that they cannot.
  std::vector<std::string> at_risk;
  std::vector<std::string> limited;
};

// Whether the method takes nothing from sample data.
bool NeedsNoData(absl::string_view method);

// The quantized model by a method that needs no data: of products with constant weights, and of
// attention where it is dynamic. Everything else, and what no kernel runs so, stays float. Errors
// as below.
absl::StatusOr<Graph> QuantizeWithoutData(const Graph& graph, const QuantizerOptions& options,
                                          QuantizerReport* report);

// The integer model of a simplified float graph. Weights become symmetric, activations affine or
// symmetric;
// inputs and outputs stay f32. `samples` are not looked at where the method needs no data. `report`
// may be null. InvalidArgument for unknown methods, for data that do not fit the model or hold NaN
// or infinity, and for a model that is quantized already; Unimplemented when the model has an
// operator without a kernel.
absl::StatusOr<Graph> QuantizeGraph(const Graph& graph, const SampleSource& samples,
                                    const QuantizerOptions& options, QuantizerReport* report);

// The steps of QuantizeGraph for a static method. PrepareGraph makes of `graph` the float graph
// that is quantized, which the other steps take: what RefineGraph gives, or the same one where that
// is nothing: where options.refine has nothing to change in it. One pass over the samples gathers
// what serves every calibrator and scheme and all overrides.
absl::StatusOr<Graph> PrepareGraph(const Graph& graph, const SampleSource& samples,
                                   const QuantizerOptions& options);
absl::StatusOr<absl::optional<Graph>> RefineGraph(const Graph& graph, const SampleSource& samples,
                                                  const QuantizerOptions& options);
absl::StatusOr<Statistics> GatherInt8Statistics(const Graph& graph, const SampleSource& samples,
                                                const QuantizerOptions& options);

// What differs between models of one StaticQuantizer.
struct StaticChoice {
  // Per node what is wanted, as for ChooseMixed. Nodes that the overrides keep float stay so; what
  // else they say of precisions does not count. Empty: kInt8, or what the overrides say.
  std::vector<Precision> precision;
  // The refined layers, for `options.refine`; null: they are refined anew. Must outlive the call.
  const RefinedLayers* layers = nullptr;
  bool limits_for_target = true;  // false: as for Target::kAny
};

// Makes models from statistics without running anything but what options.refine asks for; else, of
// the samples only the first one's shapes are looked at. What does not depend on the choice is
// found out once. Immutable.
class StaticQuantizer {
 public:
  // The graph, the samples and the statistics must outlive the result.
  static absl::StatusOr<StaticQuantizer> Create(const Graph& graph, const SampleSource& samples,
                                                const Statistics& statistics,
                                                const QuantizerOptions& options);

  // `report` may be null. InvalidArgument when the statistics lack a tensor, as those of another
  // graph do.
  absl::StatusOr<Graph> Quantize(const StaticChoice& choice, QuantizerReport* report) const;

  // What of the precisions is possible: kernels at the sizes of the first sample.
  const KernelQuery& kernels() const { return kernels_; }
  const GraphOverrides& overrides() const { return overrides_; }
  const Graph& graph() const { return *graph_; }

 private:
  StaticQuantizer(const Graph& graph, const SampleSource& samples, const Statistics& statistics,
                  const QuantizerOptions& options)
      : graph_(&graph), samples_(&samples), statistics_(&statistics), options_(options) {}

  std::vector<Precision> PrecisionFor(const StaticChoice& choice) const;
  absl::Status CheckStatistics(const std::vector<Precision>& precision) const;
  absl::Status NarrowRanges();
  absl::Status Refine(const StaticChoice& choice, Graph& integer, QuantizerReport& report) const;

  const Graph* graph_;
  const SampleSource* samples_;
  const Statistics* statistics_;
  QuantizerOptions options_;
  KernelQuery kernels_;
  GraphOverrides overrides_;
  std::map<TensorId, Range> observed_;  // what the calibrators choose, narrowed if asked for
  std::map<TensorId, Range> observed_in_16_bits_;
};

// The model in which only the overrides leave nodes in float.
absl::StatusOr<Graph> QuantizeWithStatistics(const Graph& graph, const SampleSource& samples,
                                             const Statistics& statistics,
                                             const QuantizerOptions& options,
                                             QuantizerReport* report);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_QUANTIZE_H_
