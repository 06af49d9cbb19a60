#ifndef OCTET_TOOLS_TRAIN_PRODUCT_H_
#define OCTET_TOOLS_TRAIN_PRODUCT_H_

#include <cstdint>

#include "kernels/onednn/sgemm.h"
#include "tools/train/op.h"

// What convolution and matrix product have in common: inputs x, w, bias, residual.

namespace octet {

constexpr size_t kX = 0, kW = 1, kBias = 2, kResidual = 3;

// A product's result as [outer, channels, inner]; bias and weights' scales run along the channels.
struct ProductShape {
  int64_t outer, channels, inner;
};

// The factors to multiply in Forward: integers where both are, else real numbers times `alpha`.
struct Factors {
  const float* x;
  const float* w;
  float alpha;
};
Factors FactorsOf(const ForwardArgs& args);

// Turns the sums of products that lie in args.outputs[0] into the result: adds bias and residual
// and scales, in the order of operations of the executor.
void FinishProduct(const ProductShape& shape, const ForwardArgs& args);

// Adds the gradients of bias and residual where they are asked for.
void AddBiasAndResidualGradients(const ProductShape& shape, const BackwardArgs& args);

// A factor as real numbers: `alpha` times what `data` holds.
struct RealFactor {
  const float* data;
  float alpha;
};
RealFactor RealFactorOf(const TrainValue& value);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_PRODUCT_H_
