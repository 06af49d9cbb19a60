#ifndef OCTET_TOOLS_QUANTIZE_EXCLUSION_LIST_H_
#define OCTET_TOOLS_QUANTIZE_EXCLUSION_LIST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "tools/quantize/sensitivity.h"

namespace octet {

// An operator that may be left in float, and what speaks for it, in words of one line.
struct Exclusion {
  std::string op;
  std::string why;
};

// A text for --overrides with a line per operator, each with its reason in a comment before it. The
// first `active` lines leave their operators in float; the others are comments, ready to be made
// lines.
std::string ExclusionList(absl::Span<const Exclusion> worst_first, size_t active);

// The operators of `sensitivity`, the most sensitive one first, and how many of them cause half of
// the noise together.
std::vector<Exclusion> ExclusionsOf(const std::vector<LayerSensitivity>& sensitivity);
size_t CausesOfHalf(const std::vector<LayerSensitivity>& sensitivity);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_EXCLUSION_LIST_H_
