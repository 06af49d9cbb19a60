#ifndef OCTET_RUNTIME_LOWER_HALVES_H_
#define OCTET_RUNTIME_LOWER_HALVES_H_

#include "runtime/core/cpu_features.h"
#include "runtime/core/graph.h"

namespace octet {

// Real types of 16 bits that a model computes with as they are stored.
struct NativeHalves {
  bool f16 = false;
  bool bf16 = false;

  bool Has(DataType type) const {
    return (type == DataType::kF16 && f16) || (type == DataType::kBF16 && bf16);
  }
};

// Those for which the CPU has products of matrices: bf16 with AVX512-BF16 or AMX, f16 with
// AVX512-FP16. None when results must not depend on the CPU.
NativeHalves NativeHalvesOf(const CpuFeatures& cpu, bool deterministic);

// Makes one choice for all tensors of a type. A native type stays; of its constants those that are
// weights of products, or are only moved, stay, too, and all others are widened to f32, which
// kernels want. Tensors of a type that is not native become f32: constants are widened here, and
// only inputs and outputs of the graph are converted while it runs. So no weights are converted
// twice and nothing is converted from layer to layer.
//
// Results of a type that is not native are more exact than the file asks for: they are not rounded
// between operators. Subgraphs, whose operators run between plans, compute in f32: a graph that has
// any must be lowered with nothing native.
void LowerHalves(Graph& graph, const NativeHalves& native);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_HALVES_H_
