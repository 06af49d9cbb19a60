#include "runtime/core/einsum.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "runtime/core/infer_rules.h"

namespace octet {
namespace {

using infer::Invalid;

// Stand for the dimensions of an ellipsis, the last one '\x01'.
constexpr char kMaxEllipsis = 8;

// The letters of a term, with the ellipsis replaced by `dims` characters.
absl::StatusOr<std::string> Expand(absl::string_view term, size_t dims) {
  std::string letters;
  bool ellipsis = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (std::isalpha(static_cast<unsigned char>(term[i]))) {
      letters += term[i];
    } else if (term.substr(i, 3) == "..." && !ellipsis) {
      for (size_t d = dims; d > 0; --d) letters += static_cast<char>(d);
      ellipsis = true;
      i += 2;
    } else {
      return Invalid("the equation has '", std::string(term), "', which is not letters and '...'");
    }
  }
  return letters;
}

struct Terms {
  std::vector<std::string> inputs;
  std::string output;
};

absl::StatusOr<Terms> Split(const std::string& equation, absl::Span<const Shape> shapes) {
  const std::string text = absl::StrReplaceAll(equation, {{" ", ""}});
  const std::vector<std::string> sides = absl::StrSplit(text, "->");
  if (sides.size() > 2) return Invalid("the equation '", equation, "' has more than one arrow");
  const std::vector<std::string> terms = absl::StrSplit(sides[0], ',');
  if (terms.size() != shapes.size()) {
    return Invalid("the equation '", equation, "' has ", terms.size(), " terms for ", shapes.size(),
                   " inputs");
  }
  size_t widest = 0;
  Terms result;
  for (size_t i = 0; i < terms.size(); ++i) {
    const size_t letters = absl::StrReplaceAll(terms[i], {{"...", ""}}).size();
    const bool ellipsis = letters != terms[i].size();
    if (letters > shapes[i].size() || (!ellipsis && letters != shapes[i].size()) ||
        shapes[i].size() - letters > kMaxEllipsis) {
      return Invalid("term '", terms[i], "' does not fit input ", i, ", ", ToString(shapes[i]));
    }
    const size_t dims = shapes[i].size() - letters;
    widest = std::max(widest, dims);
    absl::StatusOr<std::string> expanded = Expand(terms[i], dims);
    if (!expanded.ok()) return expanded.status();
    result.inputs.push_back(*std::move(expanded));
  }
  if (sides.size() == 2) {
    absl::StatusOr<std::string> output = Expand(sides[1], widest);
    if (!output.ok()) return output.status();
    result.output = *std::move(output);
    return result;
  }
  std::map<char, int> uses;
  for (const std::string& term : result.inputs) {
    for (char letter : term) ++uses[letter];
  }
  for (size_t d = widest; d > 0; --d) result.output += static_cast<char>(d);
  for (const auto& [letter, count] : uses) {
    if (letter > kMaxEllipsis && count == 1) result.output += letter;
  }
  return result;
}

}  // namespace

absl::StatusOr<EinsumProblem> ParseEinsum(const std::string& equation,
                                          absl::Span<const Shape> inputs) {
  absl::StatusOr<Terms> terms = Split(equation, inputs);
  if (!terms.ok()) return terms.status();
  EinsumProblem problem;
  std::map<char, int> index_of;
  for (char letter : terms->output) {
    if (!index_of.emplace(letter, static_cast<int>(index_of.size())).second) {
      return Invalid("the output of '", equation, "' names an index twice");
    }
  }
  problem.output_indices = index_of.size();
  for (const std::string& term : terms->inputs) {
    for (char letter : term) index_of.emplace(letter, static_cast<int>(index_of.size()));
  }
  problem.sizes.assign(index_of.size(), -1);
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t d = 0; d < inputs[i].size(); ++d) {
      const char letter = terms->inputs[i][d];
      int64_t& size = problem.sizes[static_cast<size_t>(index_of[letter])];
      if (size == -1 || size == 1) size = inputs[i][d];
      if (inputs[i][d] != size && inputs[i][d] != 1) {
        return Invalid("'", equation, "': an index is ", size, " and, in input ", i, ", ",
                       inputs[i][d]);
      }
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<int>& dims = problem.operands.emplace_back();
    for (size_t d = 0; d < inputs[i].size(); ++d) {
      const int index = index_of[terms->inputs[i][d]];
      const bool broadcasts = inputs[i][d] == 1 && problem.sizes[static_cast<size_t>(index)] != 1;
      dims.push_back(broadcasts ? -1 : index);
    }
  }
  if (std::find(problem.sizes.begin(), problem.sizes.end(), -1) != problem.sizes.end()) {
    return Invalid("the output of '", equation, "' names an index that no input has");
  }
  return problem;
}

namespace infer {

Shapes Einsum(const Node& node, absl::Span<const Shape> inputs) {
  const absl::StatusOr<EinsumProblem> problem =
      ParseEinsum(node.as<schema::EinsumOptionsT>().equation, inputs);
  if (!problem.ok()) return problem.status();
  const auto begin = problem->sizes.begin();
  return std::vector<Shape>{Shape(begin, begin + static_cast<ptrdiff_t>(problem->output_indices))};
}

}  // namespace infer
}  // namespace octet
