#ifndef OCTET_TESTS_FUZZ_USERS_H_
#define OCTET_TESTS_FUZZ_USERS_H_

#include "tests/fuzz/readers.h"

namespace octet::fuzz {

// As ReadOnnx, and simplifies the graph, as `octet import` does.
absl::Status UseOnnx(absl::Span<const uint8_t> bytes);

// As ReadTflite, and simplifies the graph.
absl::Status UseTflite(absl::Span<const uint8_t> bytes);

// As `octet run`: loads and plans an .octet file, and runs it where it is small.
absl::Status UseOctet(absl::Span<const uint8_t> bytes);

}  // namespace octet::fuzz

#endif  // OCTET_TESTS_FUZZ_USERS_H_
