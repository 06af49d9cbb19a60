#ifndef OCTET_TOOLS_DATA_ZIP_H_
#define OCTET_TOOLS_DATA_ZIP_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace octet {

// ZIP archives as PKWARE's APPNOTE 6.3 describes them, as far as .npz files use them: members
// stored or deflated, with ZIP64 sizes, neither encrypted nor split.

struct ZipMember {
  std::string name;
  std::vector<uint8_t> bytes;
};

// All members in the order of the central directory. Checks every offset, size and CRC; a member
// that claims to be larger than deflate can make of its bytes is refused before memory is taken for
// it.
absl::StatusOr<std::vector<ZipMember>> ReadZip(absl::Span<const uint8_t> archive);

// An archive of stored members, at most 4 GiB of them. Equal members give equal bytes.
absl::StatusOr<std::vector<uint8_t>> WriteZip(absl::Span<const ZipMember> members);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_ZIP_H_
