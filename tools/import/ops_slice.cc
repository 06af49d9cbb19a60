#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Slice and Pad, and what is made of them.

namespace octet::importer {
namespace {

// One of the numbers of a Slice: in the options where it is constant, else an input.
absl::Status ReadNumbers(OpContext& c, const char* name, size_t index, std::vector<int64_t>& option,
                         std::vector<TensorId>& inputs) {
  if (c.opset >= 10 && c.IsOpen(index)) {
    absl::StatusOr<TensorId> tensor = c.Tensor(index);
    if (!tensor.ok()) return tensor.status();
    inputs[index] = *tensor;
    return absl::OkStatus();
  }
  auto numbers = c.Numbers(name, index, 10);
  if (!numbers.ok()) return numbers.status();
  option = *std::move(numbers);
  return absl::OkStatus();
}

// Whether the ends are those of the dimensions, whatever their sizes, so that the options say it.
bool EndsAreSizes(const Value& ends, const Value& x, const std::vector<int64_t>& axes,
                  const Probes& probes) {
  if (!ends.is_known() || ends.shape != Unprobed({static_cast<int64_t>(axes.size())})) return false;
  for (size_t i = 0; i < axes.size(); ++i) {
    ProbedSize end;
    for (size_t p = 0; p < kProbes; ++p) end[p] = ends.array(p).ints()[i];
    const ProbedSize size = SizeAt(x.shape, static_cast<size_t>(axes[i]));
    if (probes.LeastDifference(end, size).value_or(-1) < 0) return false;
  }
  return true;
}

absl::Status ImportSlice(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  schema::SliceOptionsT options;
  std::vector<TensorId> inputs(5, kNoTensor);
  inputs[0] = *x;
  std::vector<int64_t> axes;
  absl::Status status = ReadNumbers(c, "starts", 1, options.starts, inputs);
  status.Update(ReadNumbers(c, "axes", 3, axes, inputs));
  status.Update(ReadNumbers(c, "steps", 4, options.steps, inputs));
  if (!status.ok()) return status;
  const size_t rank = c.value(0).rank();
  if (axes.empty() && inputs[3] == kNoTensor && inputs[1] == kNoTensor) {
    for (size_t i = 0; i < options.starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  for (int64_t& axis : axes) {
    const auto normalized = NormalizeAxis(axis, rank);
    if (!normalized.ok()) return normalized.status();
    axis = static_cast<int64_t>(*normalized);
    options.axes.push_back(static_cast<int>(axis));
  }
  const bool forward =
      inputs[4] == kNoTensor && std::all_of(options.steps.begin(), options.steps.end(),
                                            [](int64_t step) { return step > 0; });
  if (c.opset >= 10 && c.IsOpen(2) && forward && !axes.empty() &&
      EndsAreSizes(c.value(2), c.value(0), axes, c.builder.probes())) {
    options.ends.assign(axes.size(), std::numeric_limits<int64_t>::max());
  } else {
    status = ReadNumbers(c, "ends", 2, options.ends, inputs);
    if (!status.ok()) return status;
  }
  while (inputs.back() == kNoTensor) inputs.pop_back();
  return c.Finish(std::move(options), std::move(inputs));
}

absl::StatusOr<schema::PadMode> ReadMode(OpContext& c) {
  const std::string mode = c.attributes.String("mode", "constant");
  if (mode == "constant") return schema::PadMode::CONSTANT;
  if (mode == "reflect") return schema::PadMode::REFLECT;
  if (mode == "edge") return schema::PadMode::EDGE;
  if (mode == "wrap") return schema::PadMode::WRAP;
  return absl::InvalidArgumentError(absl::StrCat("pads in mode '", mode, "'"));
}

// Which entries of the pads of all dimensions the node's pads are.
absl::StatusOr<std::vector<int64_t>> PadPlaces(OpContext& c, size_t rank) {
  std::vector<int64_t> places, axes;
  if (c.opset >= 18 && c.has(3)) {
    auto given = c.Numbers("axes", 3, 18);
    if (!given.ok()) return given.status();
    axes = *std::move(given);
  } else {
    for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
  }
  for (const int64_t a : axes) {
    const auto axis = NormalizeAxis(a, rank);
    if (!axis.ok()) return axis.status();
    places.push_back(static_cast<int64_t>(*axis));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    places.push_back(places[i] + static_cast<int64_t>(rank));
  }
  return places;
}

// The number to pad with: an option for reals, else an input.
absl::Status ReadPadValue(OpContext& c, schema::PadOptionsT& options,
                          std::vector<TensorId>& inputs) {
  if (options.mode != schema::PadMode::CONSTANT) {
    c.attributes.Ignore("value");
    return absl::OkStatus();
  }
  if (c.opset < 11) options.value = c.attributes.Float("value", 0.0f);
  if (c.opset < 11 || !c.has(2)) return absl::OkStatus();
  if (c.value(2).is_constant() && IsReal(c.value(2).type)) {
    auto value = c.Scalar(2, 0.0f);
    if (value.ok()) options.value = *value;
    return value.status();
  }
  absl::StatusOr<TensorId> value = c.Tensor(2);
  if (!value.ok()) return value.status();
  inputs.resize(3, kNoTensor);
  inputs[2] = *value;
  return absl::OkStatus();
}

// Negative pads cut: a Slice before the Pad of what is left.
absl::StatusOr<TensorId> Cropped(OpContext& c, TensorId x, std::vector<int64_t>& pads) {
  const size_t rank = pads.size() / 2;
  schema::SliceOptionsT options;
  for (size_t i = 0; i < rank; ++i) {
    int64_t &begin = pads[i], &end = pads[rank + i];
    if (begin >= 0 && end >= 0) continue;
    options.axes.push_back(static_cast<int>(i));
    options.starts.push_back(std::max<int64_t>(-begin, 0));
    options.ends.push_back(end < 0 ? end : std::numeric_limits<int64_t>::max());
    begin = std::max<int64_t>(begin, 0);
    end = std::max<int64_t>(end, 0);
  }
  if (options.axes.empty()) return x;
  auto cropped = c.Step("cropped", std::move(options), {x});
  if (!cropped.ok()) return cropped.status();
  return cropped->tensor;
}

// Pads that are computed, in their places among zeros.
absl::StatusOr<TensorId> ComputedPads(OpContext& c, const std::vector<int64_t>& places,
                                      size_t rank) {
  absl::StatusOr<TensorId> pads = c.Tensor(1);
  if (!pads.ok() || places.size() == 2 * rank) return pads;
  const TensorId zeros = c.Constant("no_pads", Array::Vector(std::vector<int64_t>(2 * rank, 0)));
  const TensorId at = c.Constant("places", Array::Vector(places));
  auto all = c.Step("all_pads", schema::ScatterElementsOptionsT(), {zeros, at, *pads});
  if (!all.ok()) return all.status();
  return all->tensor;
}

absl::Status ImportPad(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const size_t rank = c.value(0).rank();
  const auto mode = ReadMode(c);
  if (!mode.ok()) return mode.status();
  const auto places = PadPlaces(c, rank);
  if (!places.ok()) return places.status();
  schema::PadOptionsT options;
  options.mode = *mode;
  std::vector<TensorId> inputs = {*x};
  if (absl::Status status = ReadPadValue(c, options, inputs); !status.ok()) return status;
  if (c.opset >= 11 && c.IsOpen(1)) {
    auto pads = ComputedPads(c, *places, rank);
    if (!pads.ok()) return pads.status();
    inputs.resize(std::max<size_t>(inputs.size(), 2));
    inputs[1] = *pads;
    return c.Finish(std::move(options), std::move(inputs));
  }
  const auto given = c.Numbers("pads", 1, 11);
  if (!given.ok()) return given.status();
  if (given->size() != places->size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", given->size(), " pads for ", places->size() / 2, " dimensions"));
  }
  std::vector<int64_t> pads(2 * rank, 0);
  for (size_t i = 0; i < pads.size() && i < places->size(); ++i) {
    pads[static_cast<size_t>((*places)[i])] = (*given)[i];
  }
  auto cropped = Cropped(c, *x, pads);
  if (!cropped.ok()) return cropped.status();
  inputs[0] = *cropped;
  options.pads_begin.assign(pads.begin(), pads.begin() + static_cast<long>(rank));
  options.pads_end.assign(pads.begin() + static_cast<long>(rank), pads.end());
  return c.Finish(std::move(options), std::move(inputs));
}

constexpr OpRow kRows[] = {
    {"Pad", ImportPad, 1, "constant axes; negative pads where constant"},
    {"Slice", ImportSlice, 1, ""},
};

}  // namespace

absl::Span<const OpRow> SliceOps() { return kRows; }

}  // namespace octet::importer
