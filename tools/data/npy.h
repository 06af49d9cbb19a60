#ifndef OCTET_TOOLS_DATA_NPY_H_
#define OCTET_TOOLS_DATA_NPY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/data/array.h"

namespace octet {

// NumPy's .npy format, versions 1 to 3 (numpy.lib.format). Element types: f2, f4, f8, i1 to
// i8, u1 to u8, bool, and V2, which is what NumPy writes for bfloat16 (ml_dtypes); little endian; C
// or Fortran order. InvalidArgument for anything else and for damaged files.
absl::StatusOr<Array> ParseNpy(absl::Span<const uint8_t> file);

// The bytes of a version 1 file in C order. Requires a known type.
std::vector<uint8_t> FormatNpy(const Array& array);

// The arrays of a .npz file by name (without ".npy"), or of a .npy file as one array without a
// name. What the file is, is told by its first bytes. Messages begin with the path.
absl::StatusOr<NamedArrays> ReadArrays(const std::string& path);

// Writes .npz, or .npy when the path ends so and there is one array. Replaces the file in one step.
absl::Status WriteArrays(const std::string& path, const NamedArrays& arrays);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_NPY_H_
