#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate_rules.h"

namespace octet::validate {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

constexpr int kMaxPixels = 65535;

absl::Status CheckPreprocessing(const schema::PreprocessingT& p, const Graph& graph) {
  if (p.input < 0 || static_cast<size_t>(p.input) >= graph.inputs.size()) {
    return Invalid("preprocessing is for input ", p.input, ", but the model has ",
                   graph.inputs.size());
  }
  const Shape& shape = graph.tensor(graph.inputs[static_cast<size_t>(p.input)]).shape;
  if (shape.size() != 4 || (shape[1] != 3 && shape[1] != -1)) {
    return Invalid("preprocessing makes pictures [N, 3, height, width], but the input is ",
                   ToString(shape));
  }
  if (p.pixel_order > schema::PixelOrder::BGR) {
    return Invalid("pixel order ", static_cast<int>(p.pixel_order), " is unknown");
  }
  for (int size : {p.resize, p.crop}) {
    if (size < 0 || size > kMaxPixels) {
      return Invalid("preprocessing has the size ", size, ", outside [0, ", kMaxPixels, "]");
    }
  }
  if (p.mean.size() != 3 || p.std.size() != 3) {
    return Invalid("preprocessing has ", p.mean.size(), " means and ", p.std.size(),
                   " deviations; expected 3 of each");
  }
  const auto finite = [](float value) { return std::isfinite(value); };
  const auto positive = [](float value) { return std::isfinite(value) && value > 0; };
  if (!std::all_of(p.mean.begin(), p.mean.end(), finite) ||
      !std::all_of(p.std.begin(), p.std.end(), positive)) {
    return Invalid("means must be finite, and deviations finite and above 0");
  }
  return absl::OkStatus();
}

absl::Status CheckRecord(const schema::QuantizationRecordT& record) {
  if (record.samples < 0) return Invalid("it was quantized with ", record.samples, " samples");
  for (const auto& range : record.ranges) {
    if (!(range->min <= range->max)) {
      return Invalid("the observed range of '", range->tensor, "' is [", range->min, ", ",
                     range->max, "]; the bounds must be numbers in order");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMetadata(const Graph& graph) {
  absl::Status status;
  if (graph.preprocessing != nullptr) status = CheckPreprocessing(*graph.preprocessing, graph);
  if (graph.quantization != nullptr) status.Update(CheckRecord(*graph.quantization));
  return status;
}

}  // namespace octet::validate
