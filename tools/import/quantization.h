#ifndef OCTET_TOOLS_IMPORT_QUANTIZATION_H_
#define OCTET_TOOLS_IMPORT_QUANTIZATION_H_

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/types.h"
#include "tools/import/op.h"

// What operators on quantized tensors have in common. ONNX passes scales and zero points as inputs
// of operators; Octet has them at the tensors. An operator that reads and yields quantized tensors
// is imported as Dequantize, its real counterpart and Quantize; simplifying makes one of the three.

namespace octet::importer {

// Where an operator's inputs say how a tensor is quantized.
struct ScaleInputs {
  size_t scale;
  size_t zero_point;  // an input that is absent means 0
};

// The quantization of a tensor of `type` and `shape`. Scales with several entries run along `axis`
// (which may count from the end). No value when scale or zero point are computed by the model.
// InvalidArgument when they cannot be, Unimplemented for scales per block.
absl::StatusOr<absl::optional<QuantParams>> ReadScales(const OpContext& c,
                                                       const ScaleInputs& inputs,
                                                       const Shape& shape, int64_t axis);

// The same for scales that must be constant.
absl::StatusOr<QuantParams> ConstantScales(const OpContext& c, const ScaleInputs& inputs,
                                           const Shape& shape, int64_t axis);

// The scale of integers that stand for themselves.
QuantParams UnitScale();

// The quantized tensor that input `x` is: its integers seen with a scale.
absl::StatusOr<TensorId> IntegersOf(OpContext& c, size_t x, const QuantParams& quant);

// Input `x` as the real numbers that its integers stand for. Of constants these are known, but the
// graph keeps the integers.
absl::StatusOr<Value> Dequantized(OpContext& c, size_t x, const QuantParams& quant);

// Quantizes the real tensor `x` to the node's output `output`. Like all integers of ONNX it is a
// tensor of plain integers, so that every operator may read it; operators that know a scale see it
// as a quantized one. Simplifying removes what is not needed.
absl::StatusOr<Value> Quantized(OpContext& c, TensorId x, DataType type, const QuantParams& quant,
                                int output = 0);

// The version of ONNX's own operators that the model uses.
int OnnxOpset(const OpContext& c);

// Imports operator `op` of ONNX, which takes the node's attributes, on other inputs; in the version
// of `opset`, or that of the model when it is 0. Its outputs are intermediate results.
absl::StatusOr<std::vector<Value>> ImportInner(OpContext& c, const std::string& op,
                                               const std::vector<Value*>& inputs, int opset = 0);

// The integers that type u8, s8, u16, s16, s32 or u32 holds in ONNX; {0, 0} for other types.
struct IntegerRange {
  double least;
  double most;
};
IntegerRange RangeOfIntegers(DataType type);

// Real constants as integers of `type` within `range`: x / scale + zero_point, rounded half to
// even. NaN becomes the zero point.
Array QuantizedArray(const Array& x, DataType type, const QuantParams& quant,
                     const IntegerRange& range);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_QUANTIZATION_H_
