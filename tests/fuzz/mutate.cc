#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace octet::fuzz {
namespace {

// A number below `end`; 0 for 0. The distributions of <random> differ between libraries.
size_t Below(size_t end, std::mt19937& random) { return end == 0 ? 0 : random() % end; }

void Overwrite(std::vector<uint8_t>& bytes, std::mt19937& random) {
  constexpr uint64_t kExtremes[] = {0,          1,          0x7f,       0x80,
                                    0xff,       0x7fffffff, 0x80000000, 0xffffffff,
                                    1ull << 40, ~0ull >> 1, 1ull << 63, ~0ull};
  const uint64_t value = kExtremes[Below(std::size(kExtremes), random)];
  const size_t size = std::min<size_t>(size_t{1} << Below(4, random), bytes.size());
  std::memcpy(bytes.data() + Below(bytes.size() - size + 1, random), &value, size);
}

void Insert(std::vector<uint8_t>& bytes, const std::vector<uint8_t>& from, std::mt19937& random) {
  constexpr size_t kMost = 64;
  const std::vector<uint8_t> source = from;  // may be `bytes` itself
  const size_t begin = Below(source.size(), random);
  const size_t count = Below(std::min(kMost, source.size() - begin) + 1, random);
  const auto first = source.begin() + static_cast<ptrdiff_t>(begin);
  bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(Below(bytes.size() + 1, random)), first,
               first + static_cast<ptrdiff_t>(count));
}

void Remove(std::vector<uint8_t>& bytes, std::mt19937& random) {
  constexpr size_t kMost = 64;
  const size_t begin = Below(bytes.size(), random);
  const size_t count = Below(std::min(kMost, bytes.size() - begin) + 1, random);
  const auto first = bytes.begin() + static_cast<ptrdiff_t>(begin);
  bytes.erase(first, first + static_cast<ptrdiff_t>(count));
}

}  // namespace

void Mutate(std::vector<uint8_t>& bytes, const std::vector<uint8_t>& other, std::mt19937& random) {
  constexpr size_t kMostChanges = 4;
  for (size_t changes = 1 + Below(kMostChanges, random); changes > 0; --changes) {
    if (bytes.empty()) return;
    switch (Below(8, random)) {
      case 0:
        Insert(bytes, bytes, random);
        break;
      case 1:
        Insert(bytes, other, random);
        break;
      case 2:
        Remove(bytes, random);
        break;
      case 3:
      case 4:
        Overwrite(bytes, random);
        break;
      case 5:
        bytes[Below(bytes.size(), random)] = static_cast<uint8_t>(random());
        break;
      default:
        bytes[Below(bytes.size(), random)] ^= static_cast<uint8_t>(1u << Below(8, random));
    }
  }
}

}  // namespace octet::fuzz
