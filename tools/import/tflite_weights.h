#ifndef OCTET_TOOLS_IMPORT_TFLITE_WEIGHTS_H_
#define OCTET_TOOLS_IMPORT_TFLITE_WEIGHTS_H_

#include <vector>

#include "tools/import/tflite_op.h"

namespace octet::importer {

// Constant weights in the graph.
struct TfliteWeights {
  TensorId tensor = kNoTensor;
  Shape shape;
  absl::optional<QuantParams> quant;  // set when the product is one of integers
};

// Weights that are input `i`, with dimension d taken from dimension permutation[d] of the file.
// For products of `integers` they become s8 with zero_point 0; for others, integers become f32.
// Unimplemented for weights that are computed, or whose integers s8 cannot hold exactly.
absl::StatusOr<TfliteWeights> ImportWeights(TfliteOp& op, size_t i,
                                            const std::vector<int>& permutation, bool integers);

// A quantized constant as f32.
Array Dequantized(const Array& array, const QuantParams& quant);

// Appends the bias, if input `i` is there, to `inputs`: f32, or s32 in units of the scales of x and
// the weights, which TFLite's kernels take whatever scale the file gives the bias.
absl::Status ImportBias(TfliteOp& op, size_t i, const TfliteWeights& weights,
                        std::vector<TensorId>& inputs);

// Adds the pads of SAME or VALID to a window over x, [N, C, spatial...]. InvalidArgument for sizes
// below 1.
absl::StatusOr<Window> PaddedWindow(Window window, tflite::Padding padding, const Value& x);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_TFLITE_WEIGHTS_H_
