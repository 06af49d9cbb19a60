#ifndef OCTET_KERNELS_ONEDNN_EPILOGUE_H_
#define OCTET_KERNELS_ONEDNN_EPILOGUE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "kernels/kernel.h"
#include "kernels/onednn/engine.h"

namespace octet {
namespace onednn {

// The operands of a convolution or matrix product and the real range of its output.
struct ProductOperands {
  const Operand& x;
  const Operand& w;
  const Operand& bias;
  const Operand& residual;
  const Operand& y;
  int64_t channels;  // of the output, which weights' scales may run along
  int channel_axis;  // the dimension of w that they run along
  float activation_min;
  float activation_max;
  absl::Span<const PostFunction> post = {};

  bool quantized() const { return x.quant != nullptr; }
};

// Whether the types are those of a float or of an int8 product as numerics.h describes them, of
// fixed and non-zero sizes, and whether `context` lets oneDNN compute with them. Products of f16
// and of bf16 have both factors of that type, sums in f32 and results of either. Unimplemented
// names what is not.
absl::Status CheckOperands(const KernelContext& context, const ProductOperands& p);

// Unimplemented unless the CPU multiplies elements of this real type as they are.
absl::Status CheckFactors(const KernelContext& context, DataType type);

// Everything that happens to the sums of products, in oneDNN's terms.
//
// int8: the sum is multiplied by m[c] = sx * sw[c] / sy, which stands in the weights' scales, so
// that values are in units of the output from there on. The bias enters as f32, times m[c]. A
// residual r adds r * (sr / sy); its zero point is part of the bias. The clip has integer bounds
// minus the zero point of the output, which is added last.
struct Epilogue {
  dnnl::primitive_attr attr;
  std::vector<std::pair<int, dnnl::memory>> constants;  // arguments that `attr` asks for
  bool with_bias = false;
  dnnl::memory
      bias;  // f32; null when there is none, or when the bias is computed while the model runs
};

// `scale_mask` says which dimensions of oneDNN's weights are output channels. Throws what oneDNN
// throws.
Epilogue MakeEpilogue(const ProductOperands& p, int scale_mask);

dnnl::memory::data_type ToDnnl(DataType type);

// Declines implementations that are slow, and those whose int8 sums would be inexact. `pairs_fit`:
// what PairSumsFit says of the weights.
absl::Status CheckImplementation(const std::string& name, const ProductOperands& p, bool pairs_fit);

// Whether the implementation sums products of 8-bit integers without 16-bit steps.
bool SumsExactly(const std::string& implementation);

}  // namespace onednn
}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_EPILOGUE_H_
