#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// Sampling of pictures at computed places, and Einsum.

namespace octet::importer {
namespace {

absl::Status Unknown(const char* attribute, const std::string& value) {
  return absl::InvalidArgumentError(absl::StrCat("attribute '", attribute, "' is '", value, "'"));
}

absl::Status ImportGridSample(OpContext& c) {
  auto tensors = c.Tensors(2);
  if (!tensors.ok()) return tensors.status();
  schema::GridSampleOptionsT options;
  const std::string mode = c.attributes.String("mode", c.opset < 20 ? "bilinear" : "linear");
  if (mode == "linear" || mode == "bilinear") {
    options.mode = schema::GridMode::LINEAR;
  } else if (mode == "cubic" || mode == "bicubic") {
    options.mode = schema::GridMode::CUBIC;
  } else if (mode == "nearest") {
    options.mode = schema::GridMode::NEAREST;
  } else {
    return Unknown("mode", mode);
  }
  const std::string padding = c.attributes.String("padding_mode", "zeros");
  if (padding == "zeros") {
    options.padding = schema::GridPadding::ZEROS;
  } else if (padding == "border") {
    options.padding = schema::GridPadding::BORDER;
  } else if (padding == "reflection") {
    options.padding = schema::GridPadding::REFLECTION;
  } else {
    return Unknown("padding_mode", padding);
  }
  options.align_corners = c.attributes.Int("align_corners", 0) != 0;
  return c.Finish(std::move(options), *std::move(tensors));
}

absl::Status ImportRoiAlign(OpContext& c) {
  auto tensors = c.Tensors(3);
  if (!tensors.ok()) return tensors.status();
  schema::RoiAlignOptionsT options;
  const std::string mode = c.attributes.String("mode", "avg");
  if (mode != "avg" && mode != "max") return Unknown("mode", mode);
  options.mode = mode == "avg" ? schema::RoiAlignMode::AVERAGE : schema::RoiAlignMode::MAXIMUM;
  options.output_height = static_cast<int>(c.attributes.Int("output_height", 1));
  options.output_width = static_cast<int>(c.attributes.Int("output_width", 1));
  options.sampling_ratio = static_cast<int>(c.attributes.Int("sampling_ratio", 0));
  options.spatial_scale = c.attributes.Float("spatial_scale", 1.0f);
  const std::string coordinates =
      c.opset < 16 ? "output_half_pixel"
                   : c.attributes.String("coordinate_transformation_mode", "half_pixel");
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel") {
    return Unknown("coordinate_transformation_mode", coordinates);
  }
  options.half_pixel = coordinates == "half_pixel";
  return c.Finish(std::move(options), *std::move(tensors));
}

// theta applied to positions that are evenly spaced in [-1, 1]: a product of [N, d, d + 1] with the
// positions' homogeneous coordinates [d + 1, points].
absl::Status ImportAffineGrid(OpContext& c) {
  Steps s(c);
  const TensorId theta = s.Input(0);
  const auto size = c.Numbers("size", 1, 20);
  if (!size.ok()) return size.status();
  const size_t d = size->size() < 2 ? 0 : size->size() - 2;
  if (!s.ok() || (d != 2 && d != 3)) {
    return s.ok() ? absl::InvalidArgumentError("needs the size of a picture") : s.status();
  }
  const Shape space(size->begin() + 2, size->end());
  const int64_t points = CheckedElements(space);
  if (points < 0 || points > kMaxFoldedElements) {
    return absl::UnimplementedError(absl::StrCat("makes a grid of ", ToString(space)));
  }
  const bool corners = c.attributes.Int("align_corners", 0) != 0;
  std::vector<double> positions((d + 1) * static_cast<size_t>(points), 1.0);
  for (int64_t point = 0; point < points; ++point) {
    int64_t rest = point;
    // Coordinates go from the last dimension to the first.
    for (size_t i = 0; i < d; ++i) {
      const int64_t length = space[d - 1 - i];
      const auto index = static_cast<double>(rest % length), n = static_cast<double>(length);
      rest /= length;
      const double at = corners ? (length == 1 ? 0.0 : 2.0 * index / (n - 1) - 1.0)
                                : (2.0 * index + 1.0) / n - 1.0;
      positions[i * static_cast<size_t>(points) + static_cast<size_t>(point)] = at;
    }
  }
  const TensorId grid = c.Constant(
      "positions",
      Array::OfDoubles(DataType::kF32, {static_cast<int64_t>(d + 1), points}, positions));
  const TensorId product = s.Add("product", schema::MatMulOptionsT(), {theta, grid});
  const TensorId turned = s.Transpose("turned", {0, 2, 1}, product);
  schema::ReshapeOptionsT reshape;
  reshape.shape = {0};
  reshape.shape.insert(reshape.shape.end(), space.begin(), space.end());
  reshape.shape.push_back(static_cast<int64_t>(d));
  return s.Finish(std::move(reshape), {turned});
}

absl::Status ImportEinsum(OpContext& c) {
  auto tensors = c.Tensors(c.inputs.size());
  if (!tensors.ok()) return tensors.status();
  schema::EinsumOptionsT options;
  for (const char letter : c.attributes.String("equation", "")) {
    if (letter != ' ') options.equation += letter;
  }
  return c.Finish(std::move(options), *std::move(tensors));
}

// Cuts or pads around the centre, dimension by dimension.
absl::Status ImportCenterCropPad(OpContext& c) {
  Steps s(c);
  TensorId x = s.Input(0);
  const auto shape = c.Numbers("shape", 1, 18);
  if (!shape.ok()) return shape.status();
  if (!s.ok()) return s.status();
  const size_t rank = c.value(0).rank();
  std::vector<int64_t> axes = c.attributes.Ints("axes");
  if (axes.empty()) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (axes.size() != shape->size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", shape->size(), " sizes for ", axes.size(), " axes"));
  }
  schema::PadOptionsT pad;
  pad.pads_begin.assign(rank, 0);
  pad.pads_end.assign(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = NormalizeAxis(axes[i], rank);
    if (!axis.ok()) return axis.status();
    if (!c.value(0).fixed(*axis)) {
      return absl::UnimplementedError("crops a size that is known only when the model runs");
    }
    const int64_t size = c.value(0).shape[0][*axis], wanted = (*shape)[i];
    if (wanted < size) {
      const int64_t start = (size - wanted) / 2;
      x = s.Slice("cropped", static_cast<int>(*axis), start, start + wanted, x);
    } else {
      pad.pads_begin[*axis] = (wanted - size) / 2;
      pad.pads_end[*axis] = wanted - size - (wanted - size) / 2;
    }
  }
  return s.Finish(std::move(pad), {x});
}

constexpr OpRow kRows[] = {
    {"AffineGrid", ImportAffineGrid, 20, "constant size"},
    {"CenterCropPad", ImportCenterCropPad, 18, "constant shape, fixed sizes"},
    {"Einsum", ImportEinsum, 12, ""},
    {"GridSample", ImportGridSample, 16, ""},
    {"RoiAlign", ImportRoiAlign, 10, ""},
};

}  // namespace

absl::Span<const OpRow> VisionOps() { return kRows; }

}  // namespace octet::importer
