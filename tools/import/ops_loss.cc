#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"

// Losses, which evaluation networks end with.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::ReduceKind;

std::vector<int> AllAxes(size_t rank) {
  std::vector<int> axes;
  for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int>(i));
  return axes;
}

// -log_probabilities[n, target[n, ...], ...] * weight, reduced as the node says. log_probabilities
// is [N, C, d...], the target [N, d...].
absl::Status FinishLoss(OpContext& c, Steps& s, TensorId log_probabilities) {
  const std::string reduction = c.attributes.String("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'reduction' is '", reduction, "'"));
  }
  TensorId target = s.Input(1), weight = s.OptionalInput(2), valid = kNoTensor;
  if (!s.ok()) return s.status();
  const size_t rank = c.value(1).rank();
  if (c.attributes.Has("ignore_index")) {
    const auto ignored = static_cast<double>(c.attributes.Int("ignore_index", 0));
    const DataType type = c.value(1).type;
    const TensorId out = s.Binary("ignored", BinaryKind::EQUAL, target, s.Number(type, ignored));
    valid = s.Unary("valid", schema::UnaryKind::NOT, out);
    target = s.Add("target", schema::WhereOptionsT(), {valid, target, s.Number(type, 0)});
  }
  // [N, 1, d...]
  std::vector<int64_t> unsqueezed = {0, 1};
  for (size_t i = 1; i < rank; ++i) unsqueezed.push_back(-2 - static_cast<int64_t>(i));
  schema::GatherElementsOptionsT pick;
  pick.axis = 1;
  const TensorId picked = s.Add("picked", std::move(pick),
                                {log_probabilities, s.Reshape("classes", unsqueezed, target)});
  std::vector<int64_t> squeezed = {0};
  for (size_t i = 1; i < rank; ++i) squeezed.push_back(-3 - static_cast<int64_t>(i));
  TensorId loss =
      s.Unary("negative", schema::UnaryKind::NEG, s.Reshape("likelihood", squeezed, picked));
  if (weight != kNoTensor) {
    weight = s.Add("weights", schema::GatherOptionsT(), {weight, target});
  } else if (valid != kNoTensor) {
    weight = s.Number(DataType::kF32, 1.0);
  }
  if (valid != kNoTensor) {
    weight =
        s.Add("counted", schema::WhereOptionsT(), {valid, weight, s.Number(DataType::kF32, 0.0)});
  }
  if (weight != kNoTensor) loss = s.Product("weighted", loss, weight);
  if (!s.ok()) return s.status();
  schema::ReduceOptionsT reduce;
  reduce.axes = AllAxes(rank);
  reduce.keep_dims = false;
  if (reduction == "none") {
    c.outputs = {ValueOf(c.builder, loss)};
    return absl::OkStatus();
  }
  if (reduction == "mean" && weight != kNoTensor) {
    const TensorId sum = s.Reduce("sum", ReduceKind::SUM, AllAxes(rank), loss, false);
    const TensorId total = s.Reduce("total", ReduceKind::SUM, AllAxes(rank), weight, false);
    return s.Finish(Binary(BinaryKind::DIV), {sum, total});
  }
  reduce.kind = reduction == "sum" ? ReduceKind::SUM : ReduceKind::MEAN;
  return s.Finish(std::move(reduce), {loss});
}

absl::Status ImportNegativeLogLikelihoodLoss(OpContext& c) {
  Steps s(c);
  return FinishLoss(c, s, s.Input(0));
}

absl::Status ImportSoftmaxCrossEntropyLoss(OpContext& c) {
  Steps s(c);
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 1;
  softmax.log = true;
  const TensorId log = s.Add("log_probabilities", std::move(softmax), {s.Input(0)});
  if (absl::Status status = FinishLoss(c, s, log); !status.ok()) return status;
  c.outputs.push_back(ValueOf(c.builder, log));
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"NegativeLogLikelihoodLoss", ImportNegativeLogLikelihoodLoss, 12, ""},
    {"SoftmaxCrossEntropyLoss", ImportSoftmaxCrossEntropyLoss, 12, ""},
};

}  // namespace

absl::Span<const OpRow> LossOps() { return kRows; }

}  // namespace octet::importer
