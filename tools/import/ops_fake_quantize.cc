#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/import/quantization.h"
#include "tools/import/steps.h"

// FakeQuantize of OpenVINO (domain org.openvinotoolkit): how networks that were trained with
// quantization say the scales that they have learned. It rounds real numbers to `levels` of a
// range, which is Dequantize of Quantize.

namespace octet::importer {
namespace {

// Ranges of inputs and outputs as one scale each, and the type whose integers are the levels.
struct Grid {
  DataType type = DataType::kUnknown;
  QuantParams quant;
};

// The one dimension of a tensor of `rank` that a range of `shape` varies along; -1: none.
absl::StatusOr<int> AxisOf(const Shape& shape, size_t rank) {
  int axis = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    if (axis >= 0 || shape.size() > rank) {
      return absl::UnimplementedError(
          absl::StrCat("has ranges of shape ", ToString(shape),
                       "; one range, or one per channel, is supported"));
    }
    axis = static_cast<int>(rank - shape.size() + i);
  }
  return axis;
}

// Scale and zero point whose integers, `levels` of them, stand for [low, high]. 0 must be a level.
absl::Status AddScale(double low, double high, int64_t levels, QuantParams& quant) {
  const double scale = (high - low) / static_cast<double>(levels - 1);
  if (!std::isfinite(scale) || scale <= 0) {
    return absl::InvalidArgumentError(absl::StrCat("has the range [", low, ", ", high, "]"));
  }
  const double zero = levels == 256 ? -low / scale : 0;
  const bool symmetric = levels == 256 || std::fabs(low + high) <= 1e-5 * high;
  if (!symmetric || std::fabs(zero - std::nearbyint(zero)) > 1e-3 || zero < -0.5 || zero > 255.5) {
    return absl::UnimplementedError(
        absl::StrCat("has the range [", low, ", ", high, "] of ", levels,
                     " levels; 256 levels one of which is 0, or 255 around 0, are supported"));
  }
  quant.scales.push_back(static_cast<float>(scale));
  quant.zero_points.push_back(static_cast<int32_t>(std::nearbyint(zero)));
  return absl::OkStatus();
}

absl::StatusOr<Grid> ReadGrid(OpContext& c) {
  const int64_t levels = c.attributes.Int("levels", 0);
  if (levels != 255 && levels != 256) {
    return absl::UnimplementedError(
        absl::StrCat("rounds to ", levels, " levels; 255 and 256 are supported"));
  }
  for (size_t i = 1; i < 5; ++i) {
    if (!c.has(i)) return absl::InvalidArgumentError("needs 5 inputs");
    if (!c.value(i).is_constant()) {
      return absl::UnimplementedError("computes its ranges while the model runs");
    }
  }
  const auto range = [&](size_t i) -> const Array& { return c.value(i).arrays[0]; };
  if (range(1).doubles() != range(3).doubles() || range(2).doubles() != range(4).doubles()) {
    return absl::UnimplementedError(
        "has another range for its output than for its input; equal ones are supported");
  }
  if (range(1).shape != range(2).shape) {
    return absl::UnimplementedError("has bounds of different shapes");
  }
  const absl::StatusOr<int> axis = AxisOf(range(1).shape, c.value(0).rank());
  if (!axis.ok()) return axis.status();
  Grid grid;
  grid.type = levels == 256 ? DataType::kU8 : DataType::kS8;
  grid.quant.axis = *axis;
  const std::vector<double> low = range(1).doubles(), high = range(2).doubles();
  for (size_t i = 0; i < low.size(); ++i) {
    absl::Status status = AddScale(low[i], high[i], levels, grid.quant);
    if (!status.ok()) return status;
  }
  if (!grid.quant.per_tensor() &&
      !(c.value(0).has_fixed_shape() &&
        c.value(0).shape[0][static_cast<size_t>(*axis)] == static_cast<int64_t>(low.size()))) {
    return absl::InvalidArgumentError("has another number of ranges than channels");
  }
  return grid;
}

// Weights keep their integers.
absl::Status QuantizeConstant(OpContext& c, const Grid& grid) {
  // Without the lowest s8, which is no level.
  const IntegerRange range =
      grid.type == DataType::kS8 ? IntegerRange{-127, 127} : RangeOfIntegers(grid.type);
  const TensorId integers =
      c.Constant("integers", QuantizedArray(c.value(0).arrays[0], grid.type, grid.quant, range));
  c.builder.graph().tensor(integers).quant = grid.quant;
  return c.Finish(schema::DequantizeOptionsT(), {integers}, DataType::kF32);
}

absl::Status ImportFakeQuantize(OpContext& c) {
  for (const char* name : {"auto_broadcast", "version"}) c.attributes.Ignore(name);
  Steps s(c);
  TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  const auto grid = ReadGrid(c);
  if (!grid.ok()) return grid.status();
  if (c.value(0).is_constant()) return QuantizeConstant(c, *grid);
  if (!grid->quant.per_tensor()) {
    return absl::UnimplementedError(
        "has a range per channel for a computed tensor; one range is supported");
  }
  // s8 has one level more.
  if (grid->type == DataType::kS8) {
    const float most = 127 * grid->quant.scale();
    x = s.Add("inside", Unary(schema::UnaryKind::CLIP, -most, most), {x});
  }
  const TensorId integers = s.Add("integers", schema::QuantizeOptionsT(), {x}, grid->type);
  if (s.ok()) c.builder.graph().tensor(integers).quant = grid->quant;
  return s.Finish(schema::DequantizeOptionsT(), {integers}, DataType::kF32);
}

constexpr OpRow kRows[] = {
    {"FakeQuantize", ImportFakeQuantize, 1,
     "equal ranges of input and output; 256 levels with 0, or 255 around 0; one range, or one per "
     "channel of a constant"},
};

}  // namespace

absl::Span<const OpRow> OpenVinoOps() { return kRows; }

}  // namespace octet::importer
