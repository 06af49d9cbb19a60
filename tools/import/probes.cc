#include "tools/import/probes.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace octet::importer {
namespace {

int64_t NextPrime(int64_t n) {
  for (++n;; ++n) {
    bool prime = true;
    for (int64_t d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    if (prime) return n;
  }
}

}  // namespace

Probes::Probes(const ProbeRules& rules) : rules_(rules) {}

ProbedSize Probes::Next(ProbeRules& rules) {
  empty_ = false;
  ProbedSize sizes;
  for (size_t p = 0; p < kProbes; ++p) {
    rules[p].above = NextPrime(rules[p].above);
    sizes[p] = rules[p].multiple * rules[p].above;
  }
  return sizes;
}

ProbedSize Probes::Unknown() { return Next(unknown_rules_); }

ProbedSize Probes::SizeOf(const std::string& symbol) {
  const auto found = sizes_.find(symbol);
  if (found != sizes_.end()) return found->second;
  const ProbedSize sizes = Next(rules_);
  sizes_[symbol] = sizes;
  names_[sizes] = symbol;
  NoteAtLeast(sizes, 1);
  return sizes;
}

void Probes::NoteAtLeast(const ProbedSize& number, int64_t least) {
  int64_t& noted = least_.emplace(number, least).first->second;
  noted = std::max(noted, least);
}

absl::optional<int64_t> Probes::AtLeast(const ProbedSize& number) const {
  if (IsFixed(number)) return number[0];
  const auto found = least_.find(number);
  return found == least_.end() ? absl::nullopt : absl::make_optional(found->second);
}

absl::optional<int64_t> Probes::LeastDifference(const ProbedSize& a, const ProbedSize& b) const {
  constexpr int64_t kBeyondSizes = int64_t{1} << 40;
  const auto is_size = [](const ProbedSize& number) {
    return std::all_of(number.begin(), number.end(),
                       [](int64_t n) { return n > -kBeyondSizes && n < kBeyondSizes; });
  };
  if (!is_size(b)) return absl::nullopt;
  if (!is_size(a)) {
    // INT64_MAX and its like mean "to the end".
    return IsFixed(a) && a[0] > 0 ? absl::make_optional<int64_t>(1) : absl::nullopt;
  }
  ProbedSize difference;
  for (size_t p = 0; p < kProbes; ++p) difference[p] = a[p] - b[p];
  const absl::optional<int64_t> whole = AtLeast(difference), first = AtLeast(a);
  if (IsFixed(difference) || !first || !IsFixed(b)) return whole;
  return std::max(*first - b[0], whole.value_or(*first - b[0]));
}

bool Probes::TellDivisors() const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [](const ProbeRule& rule) { return rule.multiple == 1; });
}

std::string Probes::FreshName() {
  for (;;) {
    std::string name = absl::StrCat("dim", fresh_++);
    bool taken = sizes_.count(name) > 0;
    for (const auto& [sizes, other] : names_) taken = taken || other == name;
    if (!taken) return name;
  }
}

std::pair<Shape, std::vector<std::string>> Probes::Symbolic(const ProbedShape& shape) {
  std::pair<Shape, std::vector<std::string>> result{shape[0], {}};
  for (size_t i = 0; i < shape[0].size(); ++i) {
    const ProbedSize sizes = SizeAt(shape, i);
    if (IsFixed(sizes)) continue;
    result.first[i] = -1;
    result.second.resize(shape[0].size());
    const auto found = names_.find(sizes);
    result.second[i] = found != names_.end() ? found->second : (names_[sizes] = FreshName());
  }
  return result;
}

std::string Probes::ToString() const {
  return absl::StrJoin(sizes_, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.first, " = ", entry.second[0]);
  });
}

absl::Span<const ProbeRules> AllProbeRules() {
  // Sizes that are no multiples of anything tell apart what rounds up and what rounds down.
  // Some networks refuse large sizes; those that halve pictures and join the halves refuse odd
  // ones.
  static constexpr ProbeRules kRules[] = {
      {{{32, 10}, {1, 306}, {1, 1008}, {1, 2002}}},
      {{{2, 10}, {1, 100}, {1, 200}, {1, 300}}},
      {{{32, 10}, {32, 100}, {32, 200}, {32, 300}}},
      {{{8, 10}, {8, 100}, {8, 200}, {8, 300}}},
  };
  return kRules;
}

}  // namespace octet::importer
