#include "tools/quantize/quantize.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/convert/precise.h"
#include "tools/quantize/clipping.h"
#include "tools/quantize/convert.h"
#include "tools/quantize/kernel_query.h"
#include "tools/quantize/pair_sums.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/record.h"
#include "tools/quantize/rescaled.h"
#include "tools/quantize/sample_shapes.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

absl::Status CheckRequest(const Graph& graph, const QuantizerOptions& options) {
  if (options.method != "static" && !NeedsNoData(options.method)) {
    return absl::InvalidArgumentError(absl::StrCat("unknown method '", options.method,
                                                   "'; there are: static, dynamic, weight-only"));
  }
  absl::Status status = CheckScheme({options.activations, options.symmetric_activations});
  if (!status.ok()) return status;
  const bool words = options.weights_type == DataType::kS16;
  if (options.weights_type != DataType::kS8 && !words) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights cannot be ", Name(options.weights_type), "; choose s8 or s16"));
  }
  if (words && (options.activations != DataType::kS16 || NeedsNoData(options.method))) {
    return absl::InvalidArgumentError(
        "weights of type s16 need activations of type s16 whose scales are fixed ahead");
  }
  if (options.target == Target::kAvx2 && options.activations != DataType::kU8) {
    return absl::InvalidArgumentError(
        "the target avx2 needs activations of u8: without VNNI the fast products take no s8");
  }
  for (const Tensor& t : graph.tensors) {
    if (!t.quant) continue;
    return absl::InvalidArgumentError(absl::StrCat("the model is quantized already (tensor '",
                                                   t.name, "' is ", Name(t.type),
                                                   "); give the float model"));
  }
  for (const Node& node : graph.nodes) {
    if (node.type() == OpType::CastOptions) continue;
    for (TensorId id : node.outputs) {
      const Tensor& t = graph.tensor(id);
      if (t.type != DataType::kF16 && t.type != DataType::kBF16) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the model computes in 16 bits (tensor '", t.name, "' is ", Name(t.type),
                       "); give the float model that it was made of"));
    }
  }
  return absl::OkStatus();
}

std::vector<TensorId> Computed(const Graph& graph, std::vector<TensorId> tensors) {
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [&](TensorId id) { return graph.tensor(id).is_constant(); }),
                tensors.end());
  return tensors;
}

// Asks for kernels at the sizes of the first sample.
absl::StatusOr<KernelQuery> KernelsForSample(const Graph& graph, const SampleSource& samples,
                                             const QuantizerOptions& options) {
  absl::StatusOr<std::vector<Shape>> shapes = ShapesForSample(graph, samples, options.run);
  if (!shapes.ok()) return shapes.status();
  return KernelTableQuery(graph, *std::move(shapes), {options.activations, options.weights_type});
}

absl::Status CheckHasAll(const Graph& graph, const std::vector<TensorId>& tensors,
                         const Statistics& statistics) {
  for (TensorId id : tensors) {
    if (statistics.tensors.count(id) > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the calibration data's statistics lack tensor '", graph.tensor(id).name,
                     "'; gather them anew"));
  }
  return absl::OkStatus();
}

RangeRule CommonRule(const QuantizerOptions& options) {
  const ActivationScheme scheme = {options.activations, options.symmetric_activations};
  return {options.calibrator, scheme, absl::nullopt};
}

// For operators of 16 bits among those of 8: all values that were seen, since there is room for
// them.
RangeRules RulesIn16Bits(RangeRule common, std::map<TensorId, RangeRule> special) {
  const auto widen = [](RangeRule& rule) {
    rule.calibrator.kind = CalibratorKind::kMinMax;
    rule.scheme = {DataType::kS16, true};
  };
  widen(common);
  for (auto& [id, rule] : special) widen(rule);
  return {std::move(common), std::move(special)};
}

void FillReport(const Graph& graph, const std::vector<Precision>& precision, const Graph& result,
                int64_t samples, QuantizerReport& report) {
  report.samples = samples;
  for (size_t i = 0; i < precision.size(); ++i) {
    std::vector<std::string>* const names =
        precision[i] == Precision::kFloat  ? &report.float_operators
        : precision[i] == Precision::kBF16 ? &report.bf16_operators
        : precision[i] == Precision::kF16  ? &report.f16_operators
        : IsInt16(precision[i])            ? &report.int16_operators
                                           : nullptr;
    if (names == nullptr) {
      ++report.int8_operators;
    } else {
      names->push_back(graph.nodes[i].name);
    }
  }
  std::set<std::string> given;
  for (const Node& node : graph.nodes) {
    if (node.type() == OpType::CastOptions) given.insert(node.name);
  }
  report.conversions = static_cast<int>(
      std::count_if(result.nodes.begin(), result.nodes.end(), [&](const Node& node) {
        if (node.type() == OpType::CastOptions) return given.count(node.name) == 0;
        return node.type() == OpType::QuantizeOptions || node.type() == OpType::DequantizeOptions ||
               node.type() == OpType::RequantizeOptions;
      }));
}

// Shapes for asking about kernels before sizes are known: those that are open are 1.
std::vector<Shape> ShapesForNoSample(const Graph& graph) {
  std::vector<Shape> shapes;
  for (const Tensor& t : graph.tensors) {
    shapes.push_back(t.shape);
    std::replace(shapes.back().begin(), shapes.back().end(), int64_t{-1}, int64_t{1});
  }
  return shapes;
}

}  // namespace

bool NeedsNoData(absl::string_view method) {
  return method == "dynamic" || method == "weight-only";
}

absl::StatusOr<Graph> QuantizeWithoutData(const Graph& graph, const QuantizerOptions& options,
                                          QuantizerReport* report) {
  absl::Status status = CheckRequest(graph, options);
  if (!status.ok()) return status;
  if (!NeedsNoData(options.method)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the method '", options.method, "' needs sample data"));
  }
  const KernelQuery query =
      KernelTableQuery(graph, ShapesForNoSample(graph), {options.activations});
  absl::StatusOr<GraphOverrides> overrides =
      ResolveOverrides(options.overrides, graph, CommonRule(options));
  if (!overrides.ok()) return overrides.status();
  std::vector<Precision> precision =
      options.method == "dynamic" ? ChooseDynamic(graph, query) : ChooseWeightOnly(graph);
  const std::vector<bool> precise = PreciseTensors(graph);
  for (size_t i = 0; i < precision.size(); ++i) {
    const Precision said = overrides->operators[i].precision.value_or(precision[i]);
    const bool possible =
        said == Precision::kFloat || (IsHalf(said) && CanBeHalf(graph, graph.nodes[i], precise));
    if (possible) precision[i] = said;
  }
  status = CheckOverrides(graph, *overrides, precision);
  if (!status.ok()) return status;
  absl::StatusOr<Graph> result = ConvertToInt8(
      graph, precision, {},
      {options.weights, options.activations, DataType::kS8, overrides->WeightsOr(options.weights)});
  if (!result.ok()) return result.status();
  status = NarrowReals(graph, precision, *result);
  if (!status.ok()) return status;
  result->quantization = MakeRecord(graph, {}, {}, options, {});
  if (report != nullptr) FillReport(graph, precision, *result, 0, *report);
  return result;
}

absl::StatusOr<Graph> PrepareGraph(const Graph& graph, const SampleSource& samples,
                                   const QuantizerOptions& options) {
  absl::StatusOr<absl::optional<Graph>> refined = RefineGraph(graph, samples, options);
  if (!refined.ok()) return refined.status();
  return *refined ? **std::move(refined) : graph;
}

absl::StatusOr<absl::optional<Graph>> RefineGraph(const Graph& graph, const SampleSource& samples,
                                                  const QuantizerOptions& options) {
  absl::Status status = CheckRequest(graph, options);
  if (!status.ok()) return status;
  return RefineReal(graph, samples, options.weights, options.refine, options.run);
}

absl::StatusOr<Statistics> GatherInt8Statistics(const Graph& graph, const SampleSource& samples,
                                                const QuantizerOptions& options) {
  absl::Status status = CheckRequest(graph, options);
  if (!status.ok()) return status;
  // Told before the work; what they turn into float is gathered all the same.
  status = ResolveOverrides(options.overrides, graph, CommonRule(options)).status();
  if (!status.ok()) return status;
  absl::StatusOr<KernelQuery> kernels = KernelsForSample(graph, samples, options);
  if (!kernels.ok()) return kernels.status();
  return GatherStatistics(
      graph, Computed(graph, IntegerTensors(graph, ChoosePrecision(graph, *kernels))), samples,
      {options.moving_average_constant, options.run, options.progress});
}

absl::StatusOr<StaticQuantizer> StaticQuantizer::Create(const Graph& graph,
                                                        const SampleSource& samples,
                                                        const Statistics& statistics,
                                                        const QuantizerOptions& options) {
  absl::Status status = CheckRequest(graph, options);
  if (!status.ok()) return status;
  StaticQuantizer quantizer(graph, samples, statistics, options);
  absl::StatusOr<KernelQuery> kernels = KernelsForSample(graph, samples, options);
  if (!kernels.ok()) return kernels.status();
  quantizer.kernels_ = *std::move(kernels);
  const RangeRule common = CommonRule(options);
  absl::StatusOr<GraphOverrides> overrides = ResolveOverrides(options.overrides, graph, common);
  if (!overrides.ok()) return overrides.status();
  quantizer.overrides_ = *std::move(overrides);
  quantizer.observed_ =
      ChooseRanges(statistics, {common, quantizer.overrides_.tensors}, options.run.pool);
  quantizer.observed_in_16_bits_ = ChooseRanges(
      statistics, RulesIn16Bits(common, quantizer.overrides_.tensors), options.run.pool);
  if (options.refine.clipping) {
    absl::Status status = quantizer.NarrowRanges();
    if (!status.ok()) return status;
  }
  return quantizer;
}

std::vector<Precision> StaticQuantizer::PrecisionFor(const StaticChoice& choice) const {
  std::vector<Precision> wanted = choice.precision;
  const bool free = wanted.empty();
  if (free) wanted.assign(graph_->nodes.size(), Precision::kInt8);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const absl::optional<Precision>& said = overrides_.operators[i].precision;
    if (said && (free || *said == Precision::kFloat)) wanted[i] = *said;
    // Where all activations have 16 bits, there is no other kind.
    const bool all = options_.activations == DataType::kS16;
    if (all && wanted[i] == Precision::kInt16) wanted[i] = Precision::kInt8;
  }
  return ChooseMixed(*graph_, wanted, kernels_);
}

absl::Status StaticQuantizer::NarrowRanges() {
  ClippingOptions clipping;
  clipping.activations = options_.activations;
  clipping.run = options_.run;
  for (const auto& [id, rule] : overrides_.tensors) {
    if (rule.fixed) clipping.fixed.insert(id);
  }
  const std::vector<Precision> precision = PrecisionFor({});
  absl::Status status = CheckStatistics(precision);
  if (!status.ok()) return status;
  return octet::NarrowRanges(*graph_, precision, *samples_, clipping, observed_);
}

absl::Status StaticQuantizer::CheckStatistics(const std::vector<Precision>& precision) const {
  return CheckHasAll(*graph_, Computed(*graph_, IntegerTensors(*graph_, precision)), *statistics_);
}

absl::Status StaticQuantizer::Refine(const StaticChoice& choice, Graph& integer,
                                     QuantizerReport& report) const {
  if (choice.layers != nullptr) {
    PutLayers(*graph_, *choice.layers, integer);
  } else {
    absl::Status status = RefineInteger(*graph_, integer, *samples_, options_.refine, options_.run);
    if (!status.ok()) return status;
  }
  report.at_risk = NamesOfLayersAtRisk(integer);
  const bool limits = choice.limits_for_target && options_.target == Target::kAvx2;
  if (!limits || report.at_risk.empty()) return absl::OkStatus();
  LimitPairSums(*graph_, integer);
  report.limited = std::move(report.at_risk);
  report.at_risk.clear();
  RefineOptions biases;
  biases.bias = options_.refine.bias || options_.refine.rounding;
  return RefineInteger(*graph_, integer, *samples_, biases, options_.run);
}

absl::StatusOr<Graph> StaticQuantizer::Quantize(const StaticChoice& choice,
                                                QuantizerReport* report) const {
  const std::vector<Precision> precision = PrecisionFor(choice);
  absl::Status status = absl::OkStatus();
  if (choice.precision.empty()) status = CheckOverrides(*graph_, overrides_, precision);
  if (!status.ok()) return status;
  status = CheckStatistics(precision);
  if (!status.ok()) return status;
  ConvertOptions convert = {options_.weights, options_.activations, options_.weights_type,
                            overrides_.WeightsOr(options_.weights)};
  if (std::any_of(precision.begin(), precision.end(), IsInt16)) {
    convert.ranges_in_16_bits = ShareRanges(*graph_, precision, observed_in_16_bits_);
    for (auto& [id, range] : convert.ranges_in_16_bits) range.symmetric = true;
  }
  absl::StatusOr<Graph> result =
      ConvertToInt8(*graph_, precision, ShareRanges(*graph_, precision, observed_), convert);
  if (!result.ok()) return result.status();
  QuantizerReport unwanted;
  QuantizerReport& told = report != nullptr ? *report : unwanted;
  status = Refine(choice, *result, told);
  if (status.ok()) status = NarrowReals(*graph_, precision, *result);
  if (!status.ok()) return status;
  std::vector<std::string> exceptions;
  for (size_t i = 0; i < choice.precision.size(); ++i) {
    if (choice.precision[i] == Precision::kInt8) continue;
    exceptions.push_back(OverrideLine(graph_->nodes[i].name, choice.precision[i]));
  }
  result->quantization = MakeRecord(*graph_, *statistics_, observed_, options_, exceptions);
  FillReport(*graph_, precision, *result, statistics_->samples, told);
  return result;
}

absl::StatusOr<Graph> QuantizeWithStatistics(const Graph& graph, const SampleSource& samples,
                                             const Statistics& statistics,
                                             const QuantizerOptions& options,
                                             QuantizerReport* report) {
  absl::StatusOr<StaticQuantizer> quantizer =
      StaticQuantizer::Create(graph, samples, statistics, options);
  if (!quantizer.ok()) return quantizer.status();
  return quantizer->Quantize({}, report);
}

absl::StatusOr<Graph> QuantizeGraph(const Graph& graph, const SampleSource& samples,
                                    const QuantizerOptions& options, QuantizerReport* report) {
  if (NeedsNoData(options.method)) return QuantizeWithoutData(graph, options, report);
  absl::StatusOr<Graph> prepared = PrepareGraph(graph, samples, options);
  if (!prepared.ok()) return prepared;
  absl::StatusOr<Statistics> statistics = GatherInt8Statistics(*prepared, samples, options);
  if (!statistics.ok()) return statistics.status();
  absl::StatusOr<Graph> result =
      QuantizeWithStatistics(*prepared, samples, *statistics, options, report);
  if (!result.ok()) return result;
  const absl::StatusOr<std::set<std::string>> rescaled =
      FindRescaled(graph, *prepared, samples, options.run);
  if (!rescaled.ok()) return rescaled.status();
  RenameRescaled(*rescaled, *result);
  return result;
}

}  // namespace octet
