#include "tools/quantize/quantize.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "runtime/core/infer.h"
#include "tools/quantize/convert.h"
#include "tools/quantize/kernel_query.h"
#include "tools/quantize/observer.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

absl::Status CheckRequest(const Graph& graph, const QuantizerOptions& options) {
  if (options.method != "static") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown method '", options.method, "'; there is: static"));
  }
  if (options.activations != DataType::kU8 && options.activations != DataType::kS8) {
    return absl::InvalidArgumentError(
        absl::StrCat("activations cannot be ", Name(options.activations), "; choose u8 or s8"));
  }
  for (const Tensor& t : graph.tensors) {
    if (!t.quant) continue;
    return absl::InvalidArgumentError(absl::StrCat("the model is quantized already (tensor '",
                                                   t.name, "' is ", Name(t.type),
                                                   "); give the float model"));
  }
  return absl::OkStatus();
}

// Shapes of all tensors for one sample.
absl::StatusOr<std::vector<Shape>> ShapesForSample(const Graph& graph,
                                                   const SampleSource& samples) {
  if (samples.size() == 0)
    return absl::InvalidArgumentError("there are no samples to calibrate with");
  absl::StatusOr<Sample> sample = samples.Load(0);
  if (!sample.ok()) return sample.status();
  std::vector<Shape> shapes;
  for (size_t i = 0; i < sample->size() && i < graph.inputs.size(); ++i) {
    const Shape& declared = graph.tensor(graph.inputs[i]).shape;
    Shape shape = {declared.empty() || declared[0] < 0 ? 1 : declared[0]};
    shape.insert(shape.end(), (*sample)[i].shape.begin(), (*sample)[i].shape.end());
    shapes.push_back(std::move(shape));
  }
  return InferGraphShapes(graph, shapes);
}

std::vector<TensorId> Computed(const Graph& graph, std::vector<TensorId> tensors) {
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [&](TensorId id) { return graph.tensor(id).is_constant(); }),
                tensors.end());
  return tensors;
}

std::unique_ptr<schema::QuantizationRecordT> MakeRecord(const Graph& graph,
                                                        const Calibration& calibration,
                                                        const QuantizerOptions& options) {
  auto record = std::make_unique<schema::QuantizationRecordT>();
  record->method = options.method;
  record->calibrator = options.calibrator;
  record->weights =
      options.weights == WeightGranularity::kPerChannel ? "per-channel" : "per-tensor";
  record->activations = std::string(Name(options.activations));
  record->data_hash = calibration.data_hash;
  record->samples = calibration.samples;
  for (const auto& [id, range] : calibration.ranges) {
    auto observed = std::make_unique<schema::ObservedRangeT>();
    observed->tensor = graph.tensor(id).name;
    observed->min = range.min;
    observed->max = range.max;
    record->ranges.push_back(std::move(observed));
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

}  // namespace

absl::StatusOr<Graph> QuantizeGraph(const Graph& graph, const SampleSource& samples,
                                    const QuantizerOptions& options, QuantizerReport* report) {
  absl::Status status = CheckRequest(graph, options);
  if (!status.ok()) return status;
  absl::StatusOr<ObserverFactory> observers = ObserversOf(options.calibrator);
  if (!observers.ok()) return observers.status();

  absl::StatusOr<std::vector<Shape>> shapes = ShapesForSample(graph, samples);
  if (!shapes.ok()) return shapes.status();
  if (options.refine.equalize || options.refine.smooth) {
    absl::StatusOr<Graph> refined =
        RefineReal(graph, *shapes, samples, options.weights, options.refine, options.run);
    if (!refined.ok()) return refined.status();
    QuantizerOptions rest = options;
    rest.refine.equalize = rest.refine.smooth = false;
    return QuantizeGraph(*refined, samples, rest, report);
  }
  const std::vector<Precision> precision =
      ChoosePrecision(graph, KernelTableQuery(graph, *std::move(shapes), options.activations));
  const std::vector<TensorId> tensors = Computed(graph, Int8Tensors(graph, precision));
  absl::StatusOr<Calibration> calibration =
      Calibrate(graph, tensors, samples, *observers, options.run, options.progress);
  if (!calibration.ok()) return calibration.status();
  const std::map<TensorId, Range> ranges = ShareRanges(graph, precision, calibration->ranges);
  absl::StatusOr<Graph> result =
      ConvertToInt8(graph, precision, ranges, {options.weights, options.activations});
  if (!result.ok()) return result.status();
  status = RefineInteger(graph, *result, samples, options.refine, options.run);
  if (!status.ok()) return status;
  result->quantization = MakeRecord(graph, *calibration, options);
  if (report != nullptr) {
    FillReport(graph, precision, *result, calibration->samples, *report);
  }
  return result;
}

}  // namespace octet
