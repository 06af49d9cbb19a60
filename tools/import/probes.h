#ifndef OCTET_TOOLS_IMPORT_PROBES_H_
#define OCTET_TOOLS_IMPORT_PROBES_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/types.h"

namespace octet::importer {

// How many concrete sizes stand in for each size that is known only when the model runs.
// Several, because two ways of halving a size that differ for some sizes agree for others.
inline constexpr size_t kProbes = 4;

// The shape of a tensor under each probe. Sizes that are equal under all probes are fixed.
using ProbedShape = std::array<Shape, kProbes>;

// The same shape under every probe.
inline ProbedShape Unprobed(const Shape& shape) {
  ProbedShape result;
  result.fill(shape);
  return result;
}

// A size under each probe.
using ProbedSize = std::array<int64_t, kProbes>;

// Dimension `dim`, which every shape must have.
inline ProbedSize SizeAt(const ProbedShape& shape, size_t dim) {
  ProbedSize sizes;
  for (size_t p = 0; p < kProbes; ++p) sizes[p] = shape[p][dim];
  return sizes;
}

// Whether all probes agree.
inline bool IsFixed(const ProbedSize& sizes) {
  return std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes[0]; });
}
inline bool HasFixedRank(const ProbedShape& shape) {
  return std::all_of(shape.begin(), shape.end(),
                     [&](const Shape& s) { return s.size() == shape[0].size(); });
}

// Which sizes a probe takes: `multiple` times a prime above `above`.
struct ProbeRule {
  int64_t multiple;
  int64_t above;
};
using ProbeRules = std::array<ProbeRule, kProbes>;

// The rules to try, one after the other, until a network takes the sizes.
absl::Span<const ProbeRules> AllProbeRules();

// Gives every symbolic dimension a number per probe, and recognizes the symbols by these numbers.
// All numbers differ and have large prime factors, so that no product or quotient that occurs in
// practice makes one symbol look like another or like a constant.
class Probes {
 public:
  explicit Probes(const ProbeRules& rules);

  // The size of dimension `symbol` under each probe; the same for every call with that name.
  ProbedSize SizeOf(const std::string& symbol);

  // Whether no size was asked for.
  bool empty() const { return empty_; }

  // A size that nothing is known of before the model runs: new numbers with every call, smaller
  // ones so that products of several stay within what a tensor may have.
  ProbedSize Unknown();

  // Says that a number is at least `least` whenever the model runs.
  void NoteAtLeast(const ProbedSize& number, int64_t least);
  // What is known of a number; nothing where it may be anything.
  absl::optional<int64_t> AtLeast(const ProbedSize& number) const;
  // What a - b is at least.
  absl::optional<int64_t> LeastDifference(const ProbedSize& a, const ProbedSize& b) const;

  // Whether a number that divides the sizes under all probes divides all sizes.
  bool TellDivisors() const;

  // The shape with -1 where probes differ, and the names of those dimensions. Sizes that are
  // computed from symbols get a name of their own, the same wherever they occur.
  std::pair<Shape, std::vector<std::string>> Symbolic(const ProbedShape& shape);

  // "N = 352, H = 416": what the first probe takes for each symbol.
  std::string ToString() const;

 private:
  // A name that no dimension has yet.
  std::string FreshName();

  ProbedSize Next(ProbeRules& rules);

  ProbeRules rules_;  // `above` is the last prime in use
  ProbeRules unknown_rules_ = {{{1, 12}, {1, 30}, {1, 50}, {1, 70}}};
  bool empty_ = true;
  int fresh_ = 0;
  std::map<std::string, ProbedSize> sizes_;
  std::map<ProbedSize, std::string> names_;
  std::map<ProbedSize, int64_t> least_;
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_PROBES_H_
