#ifndef OCTET_TOOLS_CONVERT_HALF_H_
#define OCTET_TOOLS_CONVERT_HALF_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "runtime/core/graph.h"

namespace octet {

struct HalfOptions {
  DataType type = DataType::kBF16;  // or kF16
  bool inputs_and_outputs =
      false;  // whether those of the model get that type, too; else none changes
  // Names of the operators that get that type; nothing: all. With names, constants that others read
  // stay, and so do tensors that others write or read, but for what Dequantize and quantized
  // products yield. Operators that lie between named ones alone count as named.
  absl::optional<std::set<std::string>> only = absl::nullopt;
};

// A constant that would lose more than rounding costs.
struct ConstantLoss {
  std::string name;
  int64_t elements = 0;
  int64_t overflowing = 0;  // finite numbers that would become infinite
  int64_t vanishing = 0;    // numbers that would become 0
  double largest = 0;       // the largest magnitude of a finite number
  bool kept = false;        // it stays f32; else only a few numbers that do not weigh are lost
};

struct HalfReport {
  int narrowed_constants = 0;
  int narrowed_tensors = 0;  // computed ones
  int casts = 0;             // that were added
  std::vector<ConstantLoss> losses;
  std::vector<std::string> f32_operators;  // products that stay f32 because their weights do
};

// The network with its real tensors in 16 bits: weights and tables of constants, and what is
// computed. Biases become f16 where that holds them. f32 stay: scales and other vectors, constants
// that 16 bits cannot hold, tensors that precision depends on (tools/convert/precise.h), and
// options such as epsilon. Operators compute in f32 whatever their operands are stored as, and
// round once; a product's factors both have the new type, for which casts are put in where needed
// (integers are dequantized to it at once). `report` may be null.
//
// A constant is kept f32 where a number overflows, or where the error's energy is more than 2^-16
// of the whole, which is what rounding every number to bf16 at its own magnitude may cost; for
// biases it is the 2^-22 of f16. Quantized tensors stay as they are. InvalidArgument for another
// type.
absl::StatusOr<Graph> ConvertToHalf(const Graph& graph, const HalfOptions& options,
                                    HalfReport* report);

}  // namespace octet

#endif  // OCTET_TOOLS_CONVERT_HALF_H_
