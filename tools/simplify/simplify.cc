#include "tools/simplify/simplify.h"

#include "runtime/core/validate.h"
#include "tools/simplify/passes.h"

namespace octet {
namespace {

using Pass = bool (*)(Graph&);

// Patterns are recognized before anything is fused into products, and sums become residuals before
// clips become activations, so that a clip behind a sum ends up behind both.
constexpr Pass kPasses[] = {
    NormalizeArithmetic, RemoveIdentities,  MergeReshapes, ReduceToPool,
    FuseSwish,           FoldChannelAffine, FoldPad,
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
    absl::StatusOr<bool> folded = FoldConstants(graph);
    if (!folded.ok()) return folded.status();
    if (*folded) RemoveDead(graph);
    changed = *folded;
    while (RunAll(kPasses, graph)) changed = true;
    if (RunAll(kFusions, graph)) changed = true;
  }
  return ValidateGraph(graph);
}

}  // namespace octet
