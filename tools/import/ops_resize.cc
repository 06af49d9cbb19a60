#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// Resize and Upsample.

namespace octet::importer {
namespace {

template <typename T>
struct Choice {
  const char* name;
  T value;
};

template <typename T, size_t kCount>
absl::StatusOr<T> Choose(OpContext& c, const char* attribute, const char* absent,
                         const Choice<T> (&choices)[kCount]) {
  const std::string name = c.attributes.String(attribute, absent);
  for (const Choice<T>& choice : choices) {
    if (name == choice.name) return choice.value;
  }
  return absl::UnimplementedError(
      absl::StrCat("has the attribute ", attribute, "='", name, "', which is not supported"));
}

constexpr Choice<schema::ResizeMode> kModes[] = {{"nearest", schema::ResizeMode::NEAREST},
                                                 {"linear", schema::ResizeMode::LINEAR},
                                                 {"cubic", schema::ResizeMode::CUBIC}};
constexpr Choice<schema::ResizeCoordinates> kCoordinates[] = {
    {"half_pixel", schema::ResizeCoordinates::HALF_PIXEL},
    {"half_pixel_symmetric", schema::ResizeCoordinates::HALF_PIXEL_SYMMETRIC},
    {"pytorch_half_pixel", schema::ResizeCoordinates::PYTORCH_HALF_PIXEL},
    {"align_corners", schema::ResizeCoordinates::ALIGN_CORNERS},
    {"asymmetric", schema::ResizeCoordinates::ASYMMETRIC},
    {"tf_crop_and_resize", schema::ResizeCoordinates::TF_CROP_AND_RESIZE}};
constexpr Choice<schema::ResizeNearest> kNearest[] = {
    {"round_prefer_floor", schema::ResizeNearest::ROUND_PREFER_FLOOR},
    {"round_prefer_ceil", schema::ResizeNearest::ROUND_PREFER_CEIL},
    {"floor", schema::ResizeNearest::FLOOR},
    {"ceil", schema::ResizeNearest::CEIL}};
constexpr Choice<schema::ResizeAspect> kAspects[] = {
    {"stretch", schema::ResizeAspect::STRETCH},
    {"not_larger", schema::ResizeAspect::NOT_LARGER},
    {"not_smaller", schema::ResizeAspect::NOT_SMALLER}};

absl::Status ReadModes(OpContext& c, schema::ResizeOptionsT& options) {
  const auto mode = Choose(c, "mode", "nearest", kModes);
  if (!mode.ok()) return mode.status();
  options.mode = *mode;
  // Before opset 11 there was one way only.
  options.coordinates = schema::ResizeCoordinates::ASYMMETRIC;
  options.nearest = schema::ResizeNearest::FLOOR;
  if (c.opset < 11) return absl::OkStatus();
  const auto coordinates = Choose(c, "coordinate_transformation_mode", "half_pixel", kCoordinates);
  const auto nearest = Choose(c, "nearest_mode", "round_prefer_floor", kNearest);
  const auto aspect = Choose(c, "keep_aspect_ratio_policy", "stretch", kAspects);
  if (!coordinates.ok()) return coordinates.status();
  if (!nearest.ok()) return nearest.status();
  if (!aspect.ok()) return aspect.status();
  options.coordinates = *coordinates;
  options.nearest = *nearest;
  options.keep_aspect = *aspect;
  options.cubic_coefficient = c.attributes.Float("cubic_coeff_a", -0.75f);
  options.exclude_outside = c.attributes.Int("exclude_outside", 0) != 0;
  options.extrapolation_value = c.attributes.Float("extrapolation_value", 0.0f);
  options.antialias = c.attributes.Int("antialias", 0) != 0;
  return absl::OkStatus();
}

absl::Status ReadAxes(OpContext& c, schema::ResizeOptionsT& options) {
  const size_t rank = c.value(0).rank();
  std::vector<int64_t> axes = c.attributes.Ints("axes");
  for (size_t i = 0; i < rank && axes.empty(); ++i) options.axes.push_back(static_cast<int>(i));
  for (const int64_t a : axes) {
    const auto axis = NormalizeAxis(a, rank);
    if (!axis.ok()) return axis.status();
    options.axes.push_back(static_cast<int>(*axis));
  }
  return absl::OkStatus();
}

// Whether input `i` is given: an empty tensor counts as absent.
bool IsGiven(const OpContext& c, size_t i) {
  if (!c.has(i)) return false;
  const ProbedShape& shape = c.value(i).shape;
  return shape[0].size() != 1 || shape[0][0] != 0 || !IsFixed(SizeAt(shape, 0));
}

// Which of the axes change their size, as far as is known.
std::vector<size_t> ChangingAxes(const OpContext& c, const schema::ResizeOptionsT& options,
                                 const Value& numbers, bool by_scale) {
  std::vector<size_t> changing;
  for (size_t i = 0; i < options.axes.size(); ++i) {
    bool same = numbers.is_known();
    for (size_t p = 0; p < kProbes && same; ++p) {
      const std::vector<double> values = numbers.array(p).doubles();
      const int64_t size = c.value(0).shape[p][static_cast<size_t>(options.axes[i])];
      same = i < values.size() && values[i] == (by_scale ? 1.0 : static_cast<double>(size));
    }
    if (!same) changing.push_back(i);
  }
  return changing;
}

// The entries of `numbers` for the axes that change; all others leave the options.
absl::StatusOr<std::vector<double>> Narrow(schema::ResizeOptionsT& options,
                                           const std::vector<size_t>& changing,
                                           const std::vector<double>& numbers) {
  if (numbers.size() != options.axes.size()) {
    return absl::InvalidArgumentError(absl::StrCat("has ", numbers.size(), " sizes or scales for ",
                                                   options.axes.size(), " axes"));
  }
  std::vector<double> kept;
  for (const size_t i : changing) kept.push_back(numbers[i]);
  return kept;
}

// The region of interest, which only TF_CROP_AND_RESIZE reads.
absl::Status ReadRegion(OpContext& c, schema::ResizeOptionsT& options,
                        std::vector<TensorId>& inputs) {
  if (options.coordinates != schema::ResizeCoordinates::TF_CROP_AND_RESIZE) {
    return absl::OkStatus();
  }
  if (!IsGiven(c, 1)) return absl::InvalidArgumentError("lacks its region of interest");
  if (!c.IsOpen(1)) {
    const std::vector<double> roi = c.value(1).arrays[0].doubles();
    options.roi.assign(roi.begin(), roi.end());
    return absl::OkStatus();
  }
  const auto tensor = c.Tensor(1);
  if (!tensor.ok()) return tensor.status();
  inputs.resize(4, kNoTensor);
  inputs[3] = *tensor;
  return absl::OkStatus();
}

// Scales or sizes: options where they are constant, else an input.
absl::Status FinishResize(OpContext& c, schema::ResizeOptionsT options, size_t index,
                          bool by_scale) {
  Steps s(c);
  std::vector<TensorId> inputs = {s.Input(0)};
  if (absl::Status status = ReadRegion(c, options, inputs); !status.ok()) return status;
  Value& numbers = c.value(index);
  const bool separable = options.coordinates != schema::ResizeCoordinates::TF_CROP_AND_RESIZE &&
                         options.keep_aspect == schema::ResizeAspect::STRETCH;
  std::vector<size_t> changing(options.axes.size());
  for (size_t i = 0; i < changing.size(); ++i) changing[i] = i;
  if (separable) changing = ChangingAxes(c, options, numbers, by_scale);
  bool fixed = numbers.is_known();
  std::vector<double> kept;
  for (size_t p = 0; p < kProbes && numbers.is_known(); ++p) {
    const auto narrowed = Narrow(options, changing, numbers.array(p).doubles());
    if (!narrowed.ok()) return narrowed.status();
    fixed = fixed && (p == 0 || *narrowed == kept);
    kept = *narrowed;
  }
  TensorId value = kNoTensor;
  if (!fixed) {
    value = s.Input(index);
    if (changing.size() < options.axes.size()) {
      const std::vector<int64_t> at(changing.begin(), changing.end());
      value = s.Add("changing", schema::GatherOptionsT(), {value, s.Numbers(at)});
    }
    inputs.resize(std::max<size_t>(inputs.size(), by_scale ? 2 : 3), kNoTensor);
    inputs[by_scale ? 1 : 2] = value;
  } else if (by_scale) {
    options.scales.assign(kept.begin(), kept.end());
  } else {
    options.sizes.assign(kept.begin(), kept.end());
  }
  std::vector<int> axes;
  for (const size_t i : changing) axes.push_back(options.axes[i]);
  options.axes = axes;
  if (axes.empty()) return c.Forward(0);
  return s.Finish(std::move(options), std::move(inputs));
}

absl::Status ImportResize(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  schema::ResizeOptionsT options;
  absl::Status status = ReadModes(c, options);
  status.Update(ReadAxes(c, options));
  if (!status.ok()) return status;
  const size_t scales = c.opset < 11 ? 1 : 2;
  if (c.opset < 11 && options.mode == schema::ResizeMode::NEAREST && c.has(1)) {
    const std::vector<double> factors =
        c.IsOpen(1) ? std::vector<double>{0.0} : c.value(1).arrays[0].doubles();
    if (*std::min_element(factors.begin(), factors.end()) < 1.0) {
      return absl::UnimplementedError(
          "makes pictures smaller by the nearest pixel, which operator sets below 11 do not "
          "define");
    }
  }
  if (IsGiven(c, scales)) return FinishResize(c, std::move(options), scales, true);
  if (IsGiven(c, 3)) return FinishResize(c, std::move(options), 3, false);
  return absl::InvalidArgumentError("has neither scales nor sizes");
}

// Resize of opset 10; before opset 9 the scales are an attribute.
absl::Status ImportUpsample(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  schema::ResizeOptionsT options;
  options.coordinates = schema::ResizeCoordinates::ASYMMETRIC;
  options.nearest = schema::ResizeNearest::FLOOR;
  const auto mode = Choose(c, "mode", "nearest", kModes);
  if (!mode.ok()) return mode.status();
  options.mode = *mode;
  if (absl::Status status = ReadAxes(c, options); !status.ok()) return status;
  if (c.opset >= 9) {
    if (!IsGiven(c, 1)) return absl::InvalidArgumentError("lacks its scales");
    return FinishResize(c, std::move(options), 1, true);
  }
  const auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  options.scales = c.attributes.Floats("scales");
  return c.Finish(std::move(options), {*x});
}

constexpr OpRow kRows[] = {
    {"Resize", ImportResize, 10, "not coordinate_transformation_mode=tf_half_pixel_for_nn"},
    {"Upsample", ImportUpsample, 7, ""},
};

}  // namespace

absl::Span<const OpRow> ResizeOps() { return kRows; }

}  // namespace octet::importer
