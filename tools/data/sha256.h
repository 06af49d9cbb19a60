#ifndef OCTET_TOOLS_DATA_SHA256_H_
#define OCTET_TOOLS_DATA_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace octet {

// SHA-256 (FIPS 180-4) of bytes that arrive in pieces.
class Sha256 {
 public:
  void Update(absl::Span<const uint8_t> bytes);
  // The digest of all bytes so far, as 64 lower-case hex digits. The object is spent afterwards.
  std::string HexDigest();

 private:
  void Block(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending_;
  size_t pending_size_ = 0;
  uint64_t total_ = 0;
};

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_SHA256_H_
