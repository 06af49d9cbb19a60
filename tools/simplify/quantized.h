#ifndef OCTET_TOOLS_SIMPLIFY_QUANTIZED_H_
#define OCTET_TOOLS_SIMPLIFY_QUANTIZED_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "tools/simplify/uses.h"

// What the passes that absorb Quantize and Dequantize ask of a graph and do to it.

namespace octet {

// Whether equal integers in both tensors mean equal numbers.
bool SameScale(const Tensor& a, const Tensor& b);

// Whether the tensor is u8 or s8 with one scale, as integer operators read and write.
bool IsQuantizedByte(const Tensor& tensor);

// The quantized tensor whose Dequantize is `id`; kNoTensor for other tensors.
TensorId DequantizedFrom(const Uses& uses, TensorId id);

// The same where integer operators can read it: 8 bits, one scale.
TensorId ByteFrom(const Graph& graph, const Uses& uses, TensorId id);

// Whether the node says that the bytes of a tensor mean other numbers: a Cast that keeps the type,
// between a quantized tensor and plain integers or two of different scales.
bool IsView(const Graph& graph, const Node& node);

// The same for a tensor that is the Dequantize of integers or a view of them.
TensorId ConvertedFrom(const Graph& graph, const Uses& uses, TensorId id);

// Index of the Quantize that is the one reader of `id`; -1 without one.
int OnlyQuantize(const Graph& graph, const Uses& uses, TensorId id);

// Whether input `index` of the node holds real numbers, computed or constant, and not sizes.
bool IsRealInput(const Graph& graph, const Node& node, size_t index);

// `wish`, or a name like it that no tensor has.
std::string UniqueTensorName(const Graph& graph, const std::string& wish);

// Quantize, Dequantize or Requantize.
bool IsConversion(const Node& node);

// A new tensor with the shape and name of `like` (made unique with `suffix`) and the type and scale
// of `scale`.
TensorId AddQuantizedLike(Graph& graph, TensorId like, TensorId scale, const std::string& suffix);

// The real values of a quantized constant, in double; one scale or one per index along an axis.
std::vector<double> RealValuesOf(const Tensor& quantized);

// `values` as integers of the type and scale of `quant`: a constant's bytes.
Constant QuantizeValues(absl::Span<const double> values, DataType type, const Shape& shape,
                        const QuantParams& quant);

// Calls fn(index of the scale, index of the element) for all elements, row-major.
template <typename Fn>
void ForEachScaled(const Shape& shape, int axis, Fn fn) {
  int64_t inner = 1;
  const auto rank = static_cast<int>(shape.size());
  for (int d = axis + 1; axis >= 0 && d < rank; ++d) inner *= shape[static_cast<size_t>(d)];
  const int64_t count = axis < 0 ? 1 : shape[static_cast<size_t>(axis)];
  const int64_t elements = NumElements(shape);
  for (int64_t i = 0; i < elements; ++i) {
    fn(static_cast<size_t>(i / inner % count), static_cast<size_t>(i));
  }
}

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_QUANTIZED_H_
