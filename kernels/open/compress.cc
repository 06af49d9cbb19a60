#include <algorithm>
#include <vector>

#include "kernels/open/slices.h"

namespace octet {

absl::Status RunCompress(const Node& node, absl::Span<const OpenOperand> inputs,
                         OpenResults& results) {
  const OpenOperand &x = inputs[0], &condition = inputs[1];
  const auto slices = Slices::Of(x, node.as<schema::CompressOptionsT>().axis);
  if (!slices.ok()) return slices.status();
  if (condition.shape.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("condition is ", ToString(condition.shape), ", not a vector"));
  }
  const absl::Span<const uint8_t> take = condition.as<uint8_t>();
  std::vector<int64_t> chosen;
  for (size_t i = 0; i < take.size(); ++i) {
    if (take[i] == 0) continue;
    if (static_cast<int64_t>(i) >= slices->count) {
      return absl::InvalidArgumentError(
          absl::StrCat("condition takes index ", i, " of ", slices->count));
    }
    chosen.push_back(static_cast<int64_t>(i));
  }
  void* y = results.Allocate(0, slices->With(static_cast<int64_t>(chosen.size())));
  if (y == nullptr) return NoMemoryForResult();
  slices->Copy(x, chosen, y);
  return absl::OkStatus();
}

}  // namespace octet
