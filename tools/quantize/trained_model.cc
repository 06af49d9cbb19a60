#include "tools/quantize/trained_model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/quantize/pair_sums.h"

namespace octet {
namespace {

absl::Span<const uint8_t> BytesOf(const Tensor& t) { return {t.data.data(), t.data.size()}; }

}  // namespace

absl::StatusOr<std::vector<TrainedModel::Change>> ChangesBetween(const Graph& integer,
                                                                 const Graph& trained) {
  bool same = integer.tensors.size() == trained.tensors.size() &&
              integer.nodes.size() == trained.nodes.size();
  for (size_t i = 0; same && i < integer.nodes.size(); ++i) {
    const Node &a = integer.nodes[i], &b = trained.nodes[i];
    same = a.name == b.name && a.inputs == b.inputs && a.outputs == b.outputs;
  }
  if (!same) return absl::InternalError("training has changed the network, not only its numbers");
  std::vector<TrainedModel::Change> changes;
  for (size_t i = 0; i < trained.tensors.size(); ++i) {
    const Tensor &before = integer.tensors[i], &after = trained.tensors[i];
    if (before.type == after.type && before.quant == after.quant &&
        BytesOf(before) == BytesOf(after)) {
      continue;
    }
    TrainedModel::Change change;
    change.tensor = i;
    change.type = after.type;
    change.data.assign(BytesOf(after).begin(), BytesOf(after).end());
    if (after.quant) {
      change.scales = after.quant->scales;
      change.zero_points = after.quant->zero_points;
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

absl::Status MakeChanges(const std::vector<TrainedModel::Change>& changes, Graph& integer) {
  for (const TrainedModel::Change& change : changes) {
    const auto refuse = [&] {
      return absl::InvalidArgumentError(
          absl::StrCat("what was trained is of another network (tensor ", change.tensor, ")"));
    };
    if (change.tensor >= integer.tensors.size()) return refuse();
    Tensor& t = integer.tensors[change.tensor];
    // Real numbers of 16 bits become f32 when they are trained.
    if (change.type != t.type && change.type != DataType::kF32) return refuse();
    const size_t bytes =
        t.is_constant() ? static_cast<size_t>(NumElements(t.shape)) * SizeOf(change.type) : 0;
    const size_t scales = t.quant ? t.quant->scales.size() : 0;
    const size_t zero_points = t.quant ? t.quant->zero_points.size() : 0;
    if (change.data.size() != bytes || change.scales.size() != scales ||
        change.zero_points.size() != zero_points) {
      return refuse();
    }
    t.type = change.type;
    if (t.is_constant()) t.data = Constant::Own(change.data);
    if (!t.quant) continue;
    t.quant->scales = change.scales;
    t.quant->zero_points = change.zero_points;
  }
  return absl::OkStatus();
}

void FinishTrained(const Graph& real, Target target, const std::vector<std::string>& settings,
                   Graph& integer, QuantizerReport& report) {
  report.at_risk = NamesOfLayersAtRisk(integer);
  if (target == Target::kAvx2 && !report.at_risk.empty()) {
    LimitPairSums(real, integer);
    for (std::string& name : report.at_risk) {
      const bool known = std::count(report.limited.begin(), report.limited.end(), name) > 0;
      if (!known) report.limited.push_back(std::move(name));
    }
    report.at_risk.clear();
  }
  if (integer.quantization == nullptr) return;
  for (const std::string& line : settings) {
    absl::StrAppend(&integer.quantization->method, "\n", line);
  }
}

}  // namespace octet
