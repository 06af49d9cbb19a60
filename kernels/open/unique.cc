#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "kernels/open/slices.h"

namespace octet {
namespace {

// Compares slices element by element in row-major order. NaN equals no number and stands behind
// all.
template <typename T>
class SliceOrder {
 public:
  SliceOrder(const OpenOperand& x, const Slices& slices)
      : x_(x), slices_(slices), elements_(slices.inner / sizeof(T)) {}

  // Below 0, 0 or above 0, as a is before, equal to or behind b.
  int Compare(int64_t a, int64_t b) const {
    for (int64_t o = 0; o < slices_.outer; ++o) {
      const auto* left = reinterpret_cast<const T*>(slices_.At(x_, o, a));
      const auto* right = reinterpret_cast<const T*>(slices_.At(x_, o, b));
      for (size_t i = 0; i < elements_; ++i) {
        if (left[i] < right[i]) return -1;
        if (right[i] < left[i]) return 1;
        const bool left_nan = left[i] != left[i], right_nan = right[i] != right[i];
        if (left_nan != right_nan) return left_nan ? 1 : -1;
      }
    }
    return 0;
  }

 private:
  const OpenOperand& x_;
  const Slices& slices_;
  const size_t elements_;
};

using Comparison = std::function<int(int64_t, int64_t)>;

template <typename T>
Comparison ComparisonOf(const OpenOperand& x, const Slices& slices) {
  return [order = SliceOrder<T>(x, slices)](int64_t a, int64_t b) { return order.Compare(a, b); };
}

Comparison ComparisonFor(const OpenOperand& x, const Slices& slices) {
  switch (x.type) {
    case DataType::kF32:
      return ComparisonOf<float>(x, slices);
    case DataType::kS8:
      return ComparisonOf<int8_t>(x, slices);
    case DataType::kS16:
      return ComparisonOf<int16_t>(x, slices);
    case DataType::kU16:
      return ComparisonOf<uint16_t>(x, slices);
    case DataType::kS32:
      return ComparisonOf<int32_t>(x, slices);
    case DataType::kU32:
      return ComparisonOf<uint32_t>(x, slices);
    case DataType::kS64:
      return ComparisonOf<int64_t>(x, slices);
    case DataType::kU64:
      return ComparisonOf<uint64_t>(x, slices);
    default:
      return ComparisonOf<uint8_t>(x, slices);
  }
}

bool Write(OpenResults& results, size_t index, const std::vector<int64_t>& numbers) {
  void* to = results.Allocate(index, {static_cast<int64_t>(numbers.size())});
  if (to == nullptr) return false;
  if (!numbers.empty()) std::memcpy(to, numbers.data(), numbers.size() * sizeof(int64_t));
  return true;
}

}  // namespace

absl::Status RunUnique(const Node& node, absl::Span<const OpenOperand> inputs,
                       OpenResults& results) {
  const auto& options = node.as<schema::UniqueOptionsT>();
  const OpenOperand& x = inputs[0];
  const auto slices = Slices::Of(x, options.axis);
  if (!slices.ok()) return slices.status();
  const Comparison compare = ComparisonFor(x, *slices);
  std::vector<int64_t> order(static_cast<size_t>(slices->count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return compare(a, b) < 0; });

  // Groups of equal slices, each in the order of the source.
  std::vector<std::vector<int64_t>> groups;
  for (int64_t i : order) {
    if (groups.empty() || compare(groups.back().front(), i) != 0) groups.emplace_back();
    groups.back().push_back(i);
  }
  if (!options.sorted) {
    std::sort(groups.begin(), groups.end(),
              [](const auto& a, const auto& b) { return a.front() < b.front(); });
  }
  std::vector<int64_t> first, inverse(order.size()), counts;
  for (size_t g = 0; g < groups.size(); ++g) {
    first.push_back(groups[g].front());
    counts.push_back(static_cast<int64_t>(groups[g].size()));
    for (int64_t i : groups[g]) inverse[static_cast<size_t>(i)] = static_cast<int64_t>(g);
  }
  void* y = results.Allocate(0, slices->With(static_cast<int64_t>(first.size())));
  if (y == nullptr) return NoMemoryForResult();
  slices->Copy(x, first, y);
  const bool written =
      Write(results, 1, first) && Write(results, 2, inverse) && Write(results, 3, counts);
  return written ? absl::OkStatus() : NoMemoryForResult();
}

}  // namespace octet
