#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/data/batch.h"
#include "tools/data/file.h"
#include "tools/data/npy.h"
#include "tools/data/sample_source.h"
#include "tools/evaluate/numerics.h"
#include "tools/simplify/constants.h"

namespace octet::cli {
namespace {

struct Request {
  CommonFlags common;
  std::string model;
  std::vector<std::string> pictures;
  std::string input;
  std::string output;
  int64_t top = 5;
  int64_t batch = 0;  // 0: all samples at once
  bool check_numerics = false;
};

struct Classified {
  std::string file;
  std::vector<float> probabilities;
  bool softmax = false;  // the model yields logits, to which softmax was applied
};

// Whether values can be probabilities of classes that exclude each other.
bool AreProbabilities(absl::Span<const float> values) {
  double sum = 0;
  for (float v : values) {
    if (!(v >= 0 && v <= 1)) return false;
    sum += v;
  }
  return std::abs(sum - 1) < 0.02;
}

void Softmax(std::vector<float>& values) {
  if (values.empty()) return;
  const float max = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (float& v : values) sum += v = std::exp(v - max);
  for (float& v : values) v = static_cast<float>(v / sum);
}

std::vector<size_t> TopClasses(const std::vector<float>& values, size_t count) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  count = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
      [&](size_t a, size_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(count);
  return order;
}

nlohmann::json ToJson(const Request& request, const Classified& result, const Model& model) {
  nlohmann::json classes = nlohmann::json::array();
  for (size_t index : TopClasses(result.probabilities, static_cast<size_t>(request.top))) {
    nlohmann::json entry = {{"class", index}, {"probability", result.probabilities[index]}};
    if (index < model.labels().size()) entry["label"] = model.labels()[index];
    classes.push_back(std::move(entry));
  }
  return {{"file", result.file}, {"softmax_applied", result.softmax}, {"classes", classes}};
}

std::string ToText(const Request& request, const Classified& result, const Model& model) {
  std::string text =
      absl::StrCat(result.file, result.softmax ? " (softmax of the model's outputs)" : "", "\n");
  for (size_t index : TopClasses(result.probabilities, static_cast<size_t>(request.top))) {
    const std::string label = index < model.labels().size() ? model.labels()[index] : "";
    absl::StrAppendFormat(&text, "  %6.2f%%  %4d  %s\n", 100 * result.probabilities[index], index,
                          label);
  }
  return text;
}

// With --check-numerics: an error that names where numbers cease to be finite.
absl::Status CheckNumerics(const Request& request, const SampleSource& source) {
  if (!request.check_numerics) return absl::OkStatus();
  // The file's own types matter, not those that the model is computed in on this CPU.
  absl::StatusOr<Graph> graph = LoadGraph(request.model, request.common);
  if (!graph.ok()) return graph.status();
  const absl::StatusOr<absl::optional<NonFinite>> found =
      FindNonFinite(*graph, source, request.common.model_options());
  if (!found.ok()) return WithPath(request.model, found.status());
  if (!found->has_value()) return absl::OkStatus();
  const NonFinite& f = **found;
  return AnswerIsNo(absl::StrFormat(
      "%s: operator '%s' (%s) makes the first number that is not finite: tensor '%s' (%s) has %g "
      "at "
      "element %d, %d such numbers in all, in sample %d (%s); its inputs are at most %.4g",
      request.model, f.op, f.type, f.tensor, std::string(Name(f.stored)), f.value, f.element,
      f.elements, f.sample, source.NameOf(f.sample), f.largest));
}

absl::Status ClassifyPictures(const Request& request, const Model& model) {
  absl::StatusOr<std::unique_ptr<SampleSource>> source =
      OpenPictures(request.pictures, SpecOf(model));
  if (!source.ok()) return WithPath(request.model, source.status());
  if (model.outputs().empty() || !IsFloat(model.outputs()[0].type)) {
    return WithPath(request.model, absl::InvalidArgumentError("has no real output with classes"));
  }
  if (absl::Status s = CheckNumerics(request, **source); !s.ok()) return s;
  std::vector<Classified> results;
  absl::Status status =
      RunOverSamples(model, **source, 1, [&](const Session& session, int64_t first, int64_t count) {
        const int64_t batch = session.input_shape(0)[0];
        for (int64_t i = 0; i < count; ++i) {
          const absl::Span<const uint8_t> bytes = OutputOfSample(session, 0, i, batch);
          Classified result = {(*source)->NameOf(first + i), {}, false};
          const std::vector<double> values =
              ToDoubles(session.output_type(0), Constant::Of<uint8_t>(bytes));
          result.probabilities.assign(values.begin(), values.end());
          result.softmax = !AreProbabilities(result.probabilities);
          if (result.softmax) Softmax(result.probabilities);
          results.push_back(std::move(result));
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  nlohmann::json json = {{"pictures", nlohmann::json::array()}};
  for (const Classified& result : results) {
    if (request.common.json) json["pictures"].push_back(ToJson(request, result, model));
    if (!request.common.json) Print(ToText(request, result, model));
  }
  if (request.common.json) Print(json.dump(2) + "\n");
  return absl::OkStatus();
}

// The runs' outputs, joined along the leading dimension.
void AppendOutputs(const Session& session, const Model& model, int64_t kept, int64_t batch,
                   NamedArrays& outputs) {
  for (size_t i = 0; i < model.outputs().size(); ++i) {
    const int index = static_cast<int>(i);
    const Shape& shape = session.output_shape(index);
    if (outputs.size() <= i) {
      Array array;
      array.type = session.output_type(index);
      array.shape = shape;
      if (!shape.empty()) array.shape[0] = 0;
      outputs.emplace_back(model.outputs()[i].name, std::move(array));
    }
    Array& joined = outputs[i].second;
    const bool counts_samples = !shape.empty() && shape[0] % batch == 0;
    const int64_t rows = counts_samples ? shape[0] / batch * kept : shape.empty() ? 0 : shape[0];
    if (!shape.empty()) joined.shape[0] += rows;
    const auto* data = static_cast<const uint8_t*>(session.output_data(index));
    const size_t bytes = static_cast<size_t>(NumElements(shape)) * SizeOf(joined.type);
    const size_t used =
        counts_samples ? bytes / static_cast<size_t>(batch) * static_cast<size_t>(kept) : bytes;
    joined.bytes.insert(joined.bytes.end(), data, data + used);
  }
}

// f64 is computed in f32, where what is larger than any f32 would become infinite.
absl::Status CheckRanges(absl::Span<const Array> arrays, const std::vector<TensorInfo>& inputs) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (arrays[i].type != DataType::kF64) continue;
    for (const double value : arrays[i].as<double>()) {
      if (!std::isfinite(value) || std::abs(value) <= kLargest) continue;
      return absl::OutOfRangeError(absl::StrCat("the array for input '", inputs[i].name, "' holds ",
                                                value, "; f64 is computed in f32, up to ",
                                                kLargest));
    }
  }
  return absl::OkStatus();
}

// One run with the arrays as they are.
absl::StatusOr<NamedArrays> RunOnce(const Model& model, absl::Span<const Array> inputs) {
  std::vector<Shape> shapes;
  for (const Array& input : inputs) shapes.push_back(input.shape);
  absl::StatusOr<std::unique_ptr<Session>> session = model.NewSession(shapes);
  if (!session.ok()) return session.status();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].bytes.empty()) continue;
    std::memcpy((*session)->input_data(static_cast<int>(i)), inputs[i].bytes.data(),
                inputs[i].bytes.size());
  }
  if (absl::Status status = (*session)->Run(); !status.ok()) return status;
  NamedArrays outputs;
  for (size_t i = 0; i < model.outputs().size(); ++i) {
    const int index = static_cast<int>(i);
    Array array = MakeArray((*session)->output_type(index), (*session)->output_shape(index));
    if (!array.bytes.empty()) {
      std::memcpy(array.bytes.data(), (*session)->output_data(index), array.bytes.size());
    }
    outputs.emplace_back(model.outputs()[i].name, std::move(array));
  }
  return outputs;
}

// Runs over the samples that the arrays hold along their leading dimension.
absl::StatusOr<NamedArrays> RunSamples(const Request& request, const Model& model,
                                       NamedArrays arrays) {
  absl::StatusOr<std::unique_ptr<SampleSource>> source =
      SamplesOf(std::move(arrays), SpecOf(model));
  if (!source.ok()) return WithPath(request.input, source.status());
  NamedArrays outputs;
  const int64_t batch = request.batch > 0 ? request.batch : (*source)->size();
  absl::Status status =
      RunOverSamples(model, **source, batch, [&](const Session& session, int64_t, int64_t count) {
        AppendOutputs(session, model, count, session.input_shape(0)[0], outputs);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return outputs;
}

// Arrays that fit the inputs are run as they are. Others, and all with --batch, are cut into
// samples.
absl::StatusOr<NamedArrays> ComputeOutputs(const Request& request, const Model& model) {
  NamedArrays arrays;
  if (!request.input.empty()) {
    absl::StatusOr<NamedArrays> read = ReadArrays(request.input);
    if (!read.ok()) return read.status();
    arrays = *std::move(read);
  }
  absl::StatusOr<std::vector<Array>> inputs = ArraysForInputs(arrays, SpecOf(model));
  if (!inputs.ok()) return WithPath(request.input, inputs.status());
  if (absl::Status status = CheckRanges(*inputs, model.inputs()); !status.ok()) {
    return WithPath(request.input, status);
  }
  if (request.check_numerics) {
    absl::StatusOr<std::unique_ptr<SampleSource>> source = SamplesOf(arrays, SpecOf(model));
    if (!source.ok()) return WithPath(request.input, source.status());
    if (absl::Status status = CheckNumerics(request, **source); !status.ok()) return status;
  }
  const absl::Status fit = FitInputs(*inputs, model.inputs());
  if (fit.ok() && request.batch == 0) return RunOnce(model, *inputs);
  if (!fit.ok() && !HoldSamples(*inputs, model.inputs())) return WithPath(request.input, fit);
  return RunSamples(request, model, std::move(arrays));
}

absl::Status RunArrays(const Request& request, const Model& model) {
  if (request.input.empty() && !model.inputs().empty()) {
    return UsageError(absl::StrCat("missing: --input FILE, since the model has inputs ('",
                                   model.inputs()[0].name, "', ...)"));
  }
  absl::Status status = CheckCanCreate(request.output);
  if (!status.ok()) return status;
  absl::StatusOr<NamedArrays> outputs = ComputeOutputs(request, model);
  if (!outputs.ok()) return outputs.status();
  status = WriteArrays(request.output, *outputs);
  if (!status.ok()) return status;
  nlohmann::json json = {{"output", request.output}, {"arrays", nlohmann::json::array()}};
  for (const auto& [name, array] : *outputs) {
    json["arrays"].push_back(
        {{"name", name}, {"shape", array.shape}, {"type", std::string(Name(array.type))}});
    if (!request.common.json) {
      Print(absl::StrCat(name, "  ", Name(array.type), "  ", ToString(array.shape), "\n"));
    }
  }
  if (request.common.json) Print(json.dump(2) + "\n");
  return absl::OkStatus();
}

}  // namespace

absl::Status RunCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("run MODEL.octet PICTURE... | run MODEL.octet --input IN.npz --output OUT.npz",
                "Classifies pictures, or computes the outputs for arrays (by tensor name).",
                "octet run net.octet cat.jpg dog.png");
  Request request;
  flags.Text("input", "FILE",
             "arrays by input name (.npz), or one array (.npy); none for models without inputs",
             &request.input);
  flags.Text("output", "FILE", "where to write the outputs (.npz, or .npy for one)",
             &request.output);
  flags.Integer("top", "N", "classes to show per picture; default 5", 1, 1000000, &request.top);
  flags.Integer("batch", "N", "cut --input into samples and run N at once; default all at once", 1,
                1000000, &request.batch);
  flags.Switch("check-numerics",
               "first look for the operator that makes NaN or infinity of finite numbers; exit "
               "code 1 names it",
               &request.check_numerics);
  request.common.Register(flags);
  constexpr size_t kAny = 1000000;
  absl::StatusOr<std::vector<std::string>> operands = ParseFlags(
      flags, request.common, arguments, 1, kAny, "a model file and the pictures to classify");
  if (!operands.ok() || request.common.help) return operands.status();
  request.model = operands->front();
  request.pictures.assign(operands->begin() + 1, operands->end());
  const bool arrays = !request.input.empty() || !request.output.empty();
  if (arrays && !request.pictures.empty()) {
    return UsageError("give either pictures or --input and --output");
  }
  if (arrays && request.output.empty()) return UsageError("missing: --output FILE");
  if (!arrays && request.pictures.empty()) {
    return UsageError("missing: pictures to classify, or --input FILE and --output FILE");
  }
  absl::StatusOr<std::shared_ptr<const Model>> model = LoadModel(request.model, request.common);
  if (!model.ok()) return model.status();
  return arrays ? RunArrays(request, **model) : ClassifyPictures(request, **model);
}

}  // namespace octet::cli
