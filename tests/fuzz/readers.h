#ifndef OCTET_TESTS_FUZZ_READERS_H_
#define OCTET_TESTS_FUZZ_READERS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"

// What reads files from elsewhere, each as one function of the file's bytes. A file that makes one
// of them crash, hang or take a gigabyte is a bug. So is a graph that reading accepts and
// ValidateGraph does not: that ends the program.

namespace octet::fuzz {

using Reader = absl::Status (*)(absl::Span<const uint8_t> bytes);

// `octet import` of an .onnx file.
absl::Status ReadOnnx(absl::Span<const uint8_t> bytes);

// Loading an .octet file, planning it, and running it where it is small.
absl::Status ReadOctet(absl::Span<const uint8_t> bytes);

}  // namespace octet::fuzz

#endif  // OCTET_TESTS_FUZZ_READERS_H_
