#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Normalizations.

namespace octet::importer {
namespace {

// scale * (x - mean) / sqrt(variance + epsilon) + bias as x * factor + offset.
absl::Status ImportBatchNormalization(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  c.attributes.Ignore("momentum");
  if (c.attributes.Int("training_mode", 0) != 0) {
    return absl::UnimplementedError("is in training mode; export the model for inference");
  }
  if (c.attributes.Int("spatial", 1) != 1) {
    return absl::UnimplementedError(
        "has statistics per element (spatial=0); per channel is supported");
  }
  if (c.value(0).rank() < 2 || !c.value(0).fixed(1)) {
    return absl::UnimplementedError("needs a known number of channels");
  }
  const int64_t channels = c.value(0).shape[0][1];
  std::vector<double> parameters[4];  // scale, bias, mean, variance
  for (size_t i = 1; i <= 4; ++i) {
    if (!c.has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
    if (!c.value(i).is_constant()) {
      return absl::UnimplementedError(
          absl::StrCat("computes '", c.input_name(i), "' while the model runs"));
    }
    parameters[i - 1] = c.value(i).arrays[0].doubles();
    if (parameters[i - 1].size() != static_cast<size_t>(channels)) {
      return absl::InvalidArgumentError(absl::StrCat("'", c.input_name(i), "' has ",
                                                     parameters[i - 1].size(), " entries for ",
                                                     channels, " channels"));
    }
  }
  const double epsilon = c.attributes.Float("epsilon", 1e-5f);
  std::vector<double> factor(static_cast<size_t>(channels)), offset(factor.size());
  for (size_t i = 0; i < factor.size(); ++i) {
    factor[i] = parameters[0][i] / std::sqrt(parameters[3][i] + epsilon);
    offset[i] = parameters[1][i] - parameters[2][i] * factor[i];
  }
  Shape shape(c.value(0).rank() - 1, 1);
  shape[0] = channels;
  schema::BinaryOptionsT mul, add;
  mul.kind = schema::BinaryKind::MUL;
  const TensorId by = c.Constant("factor", Array::OfDoubles(DataType::kF32, shape, factor));
  absl::StatusOr<Value> scaled = c.Step("scaled", std::move(mul), {*x, by});
  if (!scaled.ok()) return scaled.status();
  const TensorId plus = c.Constant("offset", Array::OfDoubles(DataType::kF32, shape, offset));
  return c.Finish(std::move(add), {scaled->tensor, plus});
}

constexpr OpRow kRows[] = {
    {"BatchNormalization", ImportBatchNormalization, 1, "inference"},
};

}  // namespace

absl::Span<const OpRow> NormalizationOps() { return kRows; }

}  // namespace octet::importer
