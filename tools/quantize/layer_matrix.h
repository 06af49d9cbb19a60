#ifndef OCTET_TOOLS_QUANTIZE_LAYER_MATRIX_H_
#define OCTET_TOOLS_QUANTIZE_LAYER_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/core/graph.h"

// Convolutions and products with constant weights, seen as the matrix products that they are: per
// group, [outputs, depth] weights times [depth, positions] patches of the input.

namespace octet {

struct LayerMatrix {
  size_t groups = 1;
  size_t outputs = 0;  // per group
  size_t depth = 0;    // weights per output
};

// The sizes of a Conv, or of a MatMul with a matrix of weights. Weights of a Conv, and those of a
// MatMul with transpose_b, already lie as [groups, outputs, depth].
LayerMatrix LayerMatrixOf(const Graph& graph, const Node& node);

// Weights in the order of the node's constant, as [groups, outputs, depth]; and the reverse.
// T: float or int16_t; ToRows also int8_t.
template <typename T>
std::vector<T> ToRows(const Node& node, const LayerMatrix& matrix, absl::Span<const T> weights);
template <typename T>
std::vector<T> FromRows(const Node& node, const LayerMatrix& matrix, absl::Span<const T> rows);

// Takes patches of a layer's input. Made for one shape of the input.
class PatchReader {
 public:
  PatchReader(const Graph& graph, const Node& node, const Shape& input);

  // Positions of the output, over all samples of the batch.
  size_t positions() const { return positions_; }

  // Writes the patches at `positions`: element d of group g for positions[i] goes to
  // out[(g * depth + d) * stride + i]. Padding is 0.
  void Read(absl::Span<const float> input, absl::Span<const size_t> positions, float* out,
            size_t stride) const;

 private:
  void ReadRows(absl::Span<const float> input, absl::Span<const size_t> positions, float* out,
                size_t stride) const;

  bool is_conv_;
  size_t depth_;                  // MatMul: length of a row
  std::vector<int64_t> extents_;  // Conv: spatial sizes of the input, three of them
  std::vector<int64_t> out_;      // of the output
  std::vector<int64_t> kernel_, strides_, dilations_, pads_;
  size_t channels_ = 0;
  size_t positions_ = 0;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_LAYER_MATRIX_H_
