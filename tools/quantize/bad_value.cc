#include "tools/quantize/bad_value.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

std::string NamesOf(const SampleSource& source, int64_t first, int64_t count) {
  const std::string sample = absl::StrCat("sample ", first);
  if (count == 1 && source.NameOf(first) == sample) return sample;
  if (count == 1) return absl::StrCat(sample, " (", source.NameOf(first), ")");
  return absl::StrCat("one of the samples ", first, " to ", first + count - 1);
}

}  // namespace

absl::Status BadValue(const Graph& graph, TensorId tensor, absl::string_view what,
                      const SampleSource& samples, int64_t first, int64_t count) {
  return absl::InvalidArgumentError(absl::StrCat("tensor '", graph.tensor(tensor).name, "' has ",
                                                 what, " for ", NamesOf(samples, first, count),
                                                 "; leave out that sample or mend the model"));
}

}  // namespace octet
