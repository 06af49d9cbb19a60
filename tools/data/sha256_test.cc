#include "tools/data/sha256.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace {

std::string DigestOf(const std::string& text, size_t piece) {
  Sha256 hash;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t at = 0; at < text.size(); at += piece) {
    hash.Update({bytes + at, std::min(piece, text.size() - at)});
  }
  return hash.HexDigest();
}

// The examples that NIST publishes with the standard.
TEST(Sha256Test, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(DigestOf("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(DigestOf("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(DigestOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(DigestOf(std::string(1000000, 'a'), 1000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, DoesNotDependOnPieces) {
  for (size_t length : {55, 56, 63, 64, 65, 119, 120, 128}) {
    const std::string text(length, 'x');
    const std::string whole = DigestOf(text, length);
    for (size_t piece : {1, 3, 64, 65}) EXPECT_EQ(DigestOf(text, piece), whole);
  }
}

}  // namespace
}  // namespace octet
