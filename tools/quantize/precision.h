#ifndef OCTET_TOOLS_QUANTIZE_PRECISION_H_
#define OCTET_TOOLS_QUANTIZE_PRECISION_H_

#include <functional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

namespace octet {

// What an operator computes in.
enum class Precision {
  kFloat,
  kInt8,         // integers in, integers out
  kInt8ToFloat,  // integers in, f32 out: only float operators and outputs of the graph read the
                 // result
  kDynamic,      // f32 in, f32 out: weights are integers ahead, activations when the model runs
  kWeightOnly,   // f32 in, f32 out: weights are stored as integers and multiplied as reals
  // As kInt8 and kInt8ToFloat, but activations are read in 16 bits. Weights stay s8: with weights
  // of s16 an operator takes longer than in float (docs/measurements.md), and gains nothing by it.
  kInt16,
  kInt16ToFloat,
  kBF16,  // real numbers stored in 16 bits, sums in f32
  kF16,
};

// What a mixture may give an operator instead of kInt8.
inline constexpr Precision kExceptions[] = {Precision::kFloat, Precision::kF16, Precision::kBF16,
                                            Precision::kInt16, Precision::kDynamic};

// "float", "int8", "dynamic", "weight-only", "int16", "bf16", "f16".
absl::string_view Name(Precision precision);

// The precision of that name among those that one operator can be given: "float", "int8",
// "dynamic", "int16", "bf16", "f16". Nothing for other names.
absl::optional<Precision> ExceptionNamed(absl::string_view name);

// Whether the operator reads activations of 16 bits.
inline bool IsInt16(Precision precision) {
  return precision == Precision::kInt16 || precision == Precision::kInt16ToFloat;
}

// Whether it is one of 8 bits.
inline bool Has8Bits(Precision precision) {
  return precision == Precision::kInt8 || precision == Precision::kInt8ToFloat ||
         precision == Precision::kDynamic || precision == Precision::kWeightOnly;
}

// Whether the operator reads integers whose scales calibration has chosen.
inline bool IsStatic(Precision precision) {
  return precision == Precision::kInt8 || precision == Precision::kInt8ToFloat ||
         IsInt16(precision);
}

// Whether it yields such integers.
inline bool YieldsIntegers(Precision precision) {
  return precision == Precision::kInt8 || precision == Precision::kInt16;
}

// Whether it computes real numbers of 16 bits.
inline bool IsHalf(Precision precision) {
  return precision == Precision::kBF16 || precision == Precision::kF16;
}

// How an operator takes part in a static int8 model.
enum class Int8Role {
  kNone,      // stays float
  kAnchor,    // a product with constant weights: int8 pays off by itself
  kFollower,  // int8 where it lies between int8 operators
  kMovement,  // as kFollower; its values only move, so that all its tensors share their parameters
};

// The role of an operator by its type, options and inputs.
Int8Role RoleOf(const Graph& graph, const Node& node);

// Inputs of the node that carry activations: neither absent, nor weights or bias of an anchor.
// Constants of a follower are among them.
std::vector<TensorId> ActivationInputs(const Graph& graph, const Node& node);

// Whether some kernel runs the node in that precision. All but kFloat and kWeightOnly are asked
// for.
using KernelQuery = std::function<bool(const Node& node, Precision precision)>;

// Whether a node of that precision reads the tensor, one of its inputs, as integers of the node's
// own width. The residual of an int16 product is read as it is stored.
bool ReadsAsInteger(const Node& node, Precision precision, TensorId id);

// Chooses a precision per node. Anchors become int8 wherever a kernel exists, followers when all
// their activations come from int8 operators (or are constants, or lead back to graph inputs by
// movement alone) and some int8 operator reads their result. The last int8 operators of a path
// yield f32 where a kernel can, which spares a rounding.
std::vector<Precision> ChoosePrecision(const Graph& graph, const KernelQuery& has_kernel);

// Chooses a precision per node by what is wanted of each: kFloat, kInt8, kInt16, kDynamic, kBF16 or
// kF16. Nodes of which integers are wanted become what ChoosePrecision makes of them, with all
// others in float; of those, followers of which kInt8 is wanted are kInt16 where a reader is. Nodes
// of which kDynamic, kBF16 or kF16 is wanted have it where they can and a kernel exists. All else
// is float.
std::vector<Precision> ChooseMixed(const Graph& graph, absl::Span<const Precision> wanted,
                                   const KernelQuery& has_kernel);

// Whether the operator may have that precision: products with constant weights, which for kDynamic
// have one group, and attention, which has no weights, for kDynamic only.
bool CanBeDynamic(const Graph& graph, const Node& node);
// Whether the operator yields real numbers that 16 bits serve (tools/convert/precise.h), or is a
// product, whose factors they serve. `precise`: PreciseTensors(graph).
bool CanBeHalf(const Graph& graph, const Node& node, const std::vector<bool>& precise);
bool CanBeWeightOnly(const Graph& graph, const Node& node);

// kDynamic for every operator that may be and has a kernel; others stay float.
std::vector<Precision> ChooseDynamic(const Graph& graph, const KernelQuery& has_kernel);
// kWeightOnly for every operator that may be; others stay float.
std::vector<Precision> ChooseWeightOnly(const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_PRECISION_H_
