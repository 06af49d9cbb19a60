#ifndef OCTET_TESTS_FUZZ_READERS_H_
#define OCTET_TESTS_FUZZ_READERS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"

// What reads files from elsewhere, each as one function of the file's bytes. A file that makes one
// of them crash, hang or take a gigabyte is a bug. So is an error without a message, and a graph
// that is not valid though it was accepted: these end the program.

namespace octet::fuzz {

using Reader = absl::Status (*)(absl::Span<const uint8_t> bytes);

// The graph of an .onnx file.
absl::Status ReadOnnx(absl::Span<const uint8_t> bytes);

// The graph of a .tflite file.
absl::Status ReadTflite(absl::Span<const uint8_t> bytes);

// The graph of an .octet file.
absl::Status ReadOctet(absl::Span<const uint8_t> bytes);

}  // namespace octet::fuzz

#endif  // OCTET_TESTS_FUZZ_READERS_H_
