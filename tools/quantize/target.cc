#include "tools/quantize/target.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace octet {
namespace {

struct Row {
  Target target;
  absl::string_view name;
};
constexpr Row kTargets[] = {
    {Target::kAny, "any"},
    {Target::kAvx2, "avx2"},
    {Target::kVnni, "vnni"},
    {Target::kAmx, "amx"},
};

}  // namespace

std::vector<std::string> TargetNames() {
  std::vector<std::string> names;
  for (const Row& row : kTargets) names.emplace_back(row.name);
  return names;
}

absl::string_view Name(Target target) {
  for (const Row& row : kTargets) {
    if (row.target == target) return row.name;
  }
  return "";
}

absl::StatusOr<Target> TargetNamed(absl::string_view name) {
  for (const Row& row : kTargets) {
    if (row.name == name) return row.target;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown target '", name, "'; there are: ", absl::StrJoin(TargetNames(), ", ")));
}

}  // namespace octet
