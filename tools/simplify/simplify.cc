#include "tools/simplify/simplify.h"

#include <algorithm>
#include <vector>

#include "runtime/core/validate.h"
#include "tools/simplify/absorb_quantization.h"
#include "tools/simplify/passes.h"

namespace octet {
namespace {

using Pass = bool (*)(Graph&);

// Patterns are recognized before anything is fused into products, and sums become residuals before
// clips become activations, so that a clip behind a sum ends up behind both.
constexpr Pass kPasses[] = {
    NormalizeArithmetic, RemoveIdentities,        MergeReshapes, FuseSwish,          FuseGelu,
    FuseNormalization,   FoldNormalizationAffine, FuseAttention, AttentionHeadsLast, ReduceToPool,
    FactorGates,         FoldChannelAffine,       FoldPad,
};
constexpr Pass kFusions[] = {FuseResidual, FuseActivation};

// How Quantize and Dequantize are absorbed: conversions meet before operators absorb them, and what
// real operators keep becomes real last. A step waits until the ones before find nothing more.
const std::vector<Pass> kAbsorption[] = {
    {CancelConversions, MoveIntegers},
    {DequantizeConstants},
    {AbsorbIntoProducts, AbsorbIntoOutputs, AbsorbIntoOperators},
    {DequantizeRemainingConstants},
};

template <typename Passes>
bool RunAll(const Passes& passes, Graph& graph) {
  bool changed = false;
  for (const Pass pass : passes) {
    if (!pass(graph)) continue;
    RemoveDead(graph);
    changed = true;
  }
  return changed;
}

bool Absorb(Graph& graph) {
  return std::any_of(std::begin(kAbsorption), std::end(kAbsorption),
                     [&graph](const std::vector<Pass>& step) { return RunAll(step, graph); });
}

absl::StatusOr<bool> Fold(Graph& graph) {
  bool changed = false;
  for (const auto pass : {BindConstants, FoldConstants, FoldQuantizedConstants}) {
    const absl::StatusOr<bool> result = pass(graph);
    if (!result.ok()) return result.status();
    if (*result) RemoveDead(graph);
    changed = changed || *result;
  }
  return changed;
}

}  // namespace

absl::Status Simplify(Graph& graph) {
  RemoveDead(graph);
  for (bool changed = true; changed;) {
    absl::StatusOr<bool> folded = Fold(graph);
    if (!folded.ok()) return folded.status();
    changed = *folded;
    while (RunAll(kPasses, graph)) changed = true;
    if (RunAll(kFusions, graph)) changed = true;
    if (!changed) changed = Absorb(graph);
  }
  return ValidateGraph(graph);
}

}  // namespace octet
