#include "tools/quantize/quantize.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tools/quantize/clipping.h"
#include "tools/quantize/convert.h"
#include "tools/quantize/kernel_query.h"
#include "tools/quantize/precision.h"
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

std::unique_ptr<schema::QuantizationRecordT> MakeRecord(const Graph& graph,
                                                        const Statistics& statistics,
                                                        const std::map<TensorId, Range>& observed,
                                                        const QuantizerOptions& options) {
  auto record = std::make_unique<schema::QuantizationRecordT>();
  record->method = options.method;
  record->weights =
      options.weights == WeightGranularity::kPerChannel ? "per-channel" : "per-tensor";
  if (options.weights_type == DataType::kS16) record->weights += " s16";
  if (NeedsNoData(options.method)) {
    record->activations = options.method == "dynamic" ? "u8" : "f32";
    return record;
  }
  record->calibrator = std::string(Name(options.calibrator.kind));
  record->activations = std::string(Name(options.activations));
  record->data_hash = statistics.data_hash;
  record->samples = statistics.samples;
  for (const auto& [id, range] : observed) {
    auto entry = std::make_unique<schema::ObservedRangeT>();
    entry->tensor = graph.tensor(id).name;
    entry->min = range.min;
    entry->max = range.max;
    record->ranges.push_back(std::move(entry));
  }
  return record;
}

void FillReport(const Graph& graph, const std::vector<Precision>& precision, const Graph& result,
                int64_t samples, QuantizerReport& report) {
  report.samples = samples;
  for (size_t i = 0; i < precision.size(); ++i) {
    if (precision[i] == Precision::kFloat) {
      report.float_operators.push_back(graph.nodes[i].name);
    } else {
      ++report.int8_operators;
    }
  }
  for (const Node& node : result.nodes) {
    const bool conversion =
        node.type() == OpType::QuantizeOptions || node.type() == OpType::DequantizeOptions;
    if (conversion) ++report.conversions;
  }
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
  for (size_t i = 0; i < precision.size(); ++i) {
    if (overrides->operators[i].int8 == false) precision[i] = Precision::kFloat;
  }
  status = CheckOverrides(graph, *overrides, precision);
  if (!status.ok()) return status;
  absl::StatusOr<Graph> result = ConvertToInt8(
      graph, precision, {},
      {options.weights, options.activations, DataType::kS8, overrides->WeightsOr(options.weights)});
  if (!result.ok()) return result.status();
  result->quantization = MakeRecord(graph, {}, {}, options);
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
      graph, Computed(graph, Int8Tensors(graph, ChoosePrecision(graph, *kernels))), samples,
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
  if (options.refine.clipping) {
    absl::Status status = quantizer.NarrowRanges();
    if (!status.ok()) return status;
  }
  return quantizer;
}

std::vector<Precision> StaticQuantizer::PrecisionWith(absl::Span<const int> float_nodes) const {
  std::vector<bool> stays_float(graph_->nodes.size());
  for (size_t i = 0; i < stays_float.size(); ++i) {
    stays_float[i] = overrides_.operators[i].int8 == false;
  }
  for (int node : float_nodes) stays_float[static_cast<size_t>(node)] = true;
  return ChoosePrecision(*graph_, [&](const Node& node, Precision wanted) {
    const auto index = static_cast<size_t>(&node - graph_->nodes.data());
    return !stays_float[index] && kernels_(node, wanted);
  });
}

absl::Status StaticQuantizer::NarrowRanges() {
  ClippingOptions clipping;
  clipping.activations = options_.activations;
  clipping.run = options_.run;
  for (const auto& [id, rule] : overrides_.tensors) {
    if (rule.fixed) clipping.fixed.insert(id);
  }
  const std::vector<Precision> precision = PrecisionWith({});
  absl::Status status = CheckStatistics(precision);
  if (!status.ok()) return status;
  return octet::NarrowRanges(*graph_, precision, *samples_, clipping, observed_);
}

absl::Status StaticQuantizer::CheckStatistics(const std::vector<Precision>& precision) const {
  return CheckHasAll(*graph_, Computed(*graph_, Int8Tensors(*graph_, precision)), *statistics_);
}

absl::StatusOr<Graph> StaticQuantizer::Quantize(absl::Span<const int> float_nodes,
                                                QuantizerReport* report) const {
  const std::vector<Precision> precision = PrecisionWith(float_nodes);
  absl::Status status = CheckOverrides(*graph_, overrides_, precision);
  if (!status.ok()) return status;
  status = CheckStatistics(precision);
  if (!status.ok()) return status;
  absl::StatusOr<Graph> result =
      ConvertToInt8(*graph_, precision, ShareRanges(*graph_, precision, observed_),
                    {options_.weights, options_.activations, options_.weights_type,
                     overrides_.WeightsOr(options_.weights)});
  if (!result.ok()) return result.status();
  status = RefineInteger(*graph_, *result, *samples_, options_.refine, options_.run);
  if (!status.ok()) return status;
  result->quantization = MakeRecord(*graph_, *statistics_, observed_, options_);
  if (report != nullptr) FillReport(*graph_, precision, *result, statistics_->samples, *report);
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
  return QuantizeWithStatistics(*prepared, samples, *statistics, options, report);
}

}  // namespace octet
