#include "tools/simplify/simplify.h"

#include "runtime/core/validate.h"
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

template <size_t kCount>
bool RunAll(const Pass (&passes)[kCount], Graph& graph) {
  bool changed = false;
  for (const Pass pass : passes) {
    if (!pass(graph)) continue;
    RemoveDead(graph);
    changed = true;
  }
  return changed;
}

}  // namespace

absl::Status Simplify(Graph& graph) {
  RemoveDead(graph);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto pass : {BindConstants, FoldConstants}) {
      const absl::StatusOr<bool> result = pass(graph);
      if (!result.ok()) return result.status();
      if (*result) RemoveDead(graph);
      changed = changed || *result;
    }
    while (RunAll(kPasses, graph)) changed = true;
    if (RunAll(kFusions, graph)) changed = true;
  }
  return ValidateGraph(graph);
}

}  // namespace octet
