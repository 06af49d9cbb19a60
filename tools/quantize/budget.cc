#include "tools/quantize/budget.h"

#include "absl/strings/str_format.h"

namespace octet {
namespace {

// The negation counts NaN as missed.
void Require(const char* name, absl::optional<double> value, absl::optional<double> least,
             std::vector<std::string>& missed) {
  if (!least) return;
  const double found = value.value_or(0);
  if (!(found >= *least)) missed.push_back(absl::StrFormat("%s %.4f < %.4f", name, found, *least));
}

}  // namespace

std::vector<std::string> MissedBy(const Evaluation& quantized, const Evaluation& real,
                                  const Budget& budget) {
  std::vector<std::string> missed;
  if (budget.max_drop) {
    const double drop = real.top1.value_or(0) - quantized.top1.value_or(0);
    if (!(drop <= *budget.max_drop + 1e-9)) {
      missed.push_back(absl::StrFormat("top-1 drops by %.4f > %.4f", drop, *budget.max_drop));
    }
  }
  Require("agreement", quantized.agreement, budget.min_agreement, missed);
  Require("SQNR", quantized.sqnr_db, budget.min_sqnr_db, missed);
  Require("mean cosine", quantized.cosine_mean, budget.min_cosine, missed);
  return missed;
}

absl::Status CheckBudget(const Budget& budget, const Evaluation& real) {
  if (!budget.max_drop || real.top1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "a budget for the drop of top-1 needs samples with classes, and these have none; use a "
      "budget "
      "of agreement, SQNR or cosine");
}

}  // namespace octet
