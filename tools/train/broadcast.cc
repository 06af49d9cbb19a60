#include "tools/train/broadcast.h"

namespace octet {

std::vector<int32_t> BroadcastMap(const Shape& x, const Shape& y) {
  if (x == y) return {};
  const size_t missing = y.size() - x.size();
  std::vector<int32_t> map(static_cast<size_t>(NumElements(y)));
  for (size_t i = 0; i < map.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t at = 0, stride = 1;
    for (size_t d = y.size(); d-- > missing; rest /= y[d]) {
      const int64_t size = x[d - missing];
      if (size > 1) at += rest % y[d] * stride;
      stride *= size;
    }
    map[i] = static_cast<int32_t>(at);
  }
  return map;
}

}  // namespace octet
