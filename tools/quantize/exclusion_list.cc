#include "tools/quantize/exclusion_list.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/quantize/record.h"

namespace octet {
namespace {

// The SQNR of each node in the precision of 8 bits that costs it least; NaN counts as none.
std::map<int, LayerSensitivity> BestByNode(const std::vector<LayerSensitivity>& sensitivity) {
  std::map<int, LayerSensitivity> best;
  for (const LayerSensitivity& s : sensitivity) {
    if (!Has8Bits(s.precision)) continue;
    LayerSensitivity& known = best.emplace(s.node, s).first->second;
    if (s.sqnr_db > known.sqnr_db) known = s;
  }
  return best;
}

}  // namespace

std::string ExclusionList(absl::Span<const Exclusion> worst_first, size_t active) {
  std::string text =
      "# Operators to leave in float, the worst first: octet quantize --overrides reads this "
      "file.\n";
  for (size_t i = 0; i < worst_first.size(); ++i) {
    if (i == active) text += "\n# Next, if these are not enough:\n";
    absl::StrAppend(&text, "# ", worst_first[i].why, "\n", i < active ? "" : "# ",
                    OverrideLine(worst_first[i].op, Precision::kFloat), "\n");
  }
  return text;
}

std::vector<Exclusion> ExclusionsOf(const std::vector<LayerSensitivity>& sensitivity) {
  const std::map<int, LayerSensitivity> best = BestByNode(sensitivity);
  std::map<int, std::string> in_16_bits;
  for (const LayerSensitivity& s : sensitivity) {
    if (Has8Bits(s.precision)) continue;
    absl::StrAppendFormat(&in_16_bits[s.node], ", %.2f dB as %s", s.sqnr_db, Name(s.precision));
  }
  std::vector<Exclusion> result;
  for (int node : MostSensitiveFirst(sensitivity)) {
    const LayerSensitivity& s = best.at(node);
    result.push_back({s.op, absl::StrFormat("%.2f dB when it alone is %s%s", s.sqnr_db,
                                            Name(s.precision), in_16_bits[node])});
  }
  return result;
}

size_t CausesOfHalf(const std::vector<LayerSensitivity>& sensitivity) {
  std::vector<double> noises;
  double total = 0;
  for (const auto& [node, s] : BestByNode(sensitivity)) {
    noises.push_back(NoiseOf(s.sqnr_db));
    total += noises.back();
  }
  std::sort(noises.rbegin(), noises.rend());
  double sum = 0;
  size_t count = 0;
  while (count < noises.size() && sum < total / 2) sum += noises[count++];
  return count;
}

}  // namespace octet
