#ifndef OCTET_RUNTIME_MODEL_INTERNAL_H_
#define OCTET_RUNTIME_MODEL_INTERNAL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"

// What the project's own tools may ask of a model beyond the public interface.

namespace octet {

// A model that runs `graph`. Constants' bytes are used in place. Errors as those of Model::Load.
absl::StatusOr<std::shared_ptr<const Model>> ModelFromGraph(Graph graph,
                                                            const ModelOptions& options);

// The graph that the model runs: of tensors of 16 bits, those that the CPU has no arithmetic for
// are f32. Lives as long as the model.
const Graph& GraphOf(const Model& model);

// A real type of 16 bits that the model's file has, and whether it is computed as it is; else its
// tensors were widened to f32 at load.
struct HalfChoice {
  DataType type;
  bool native;
};
std::vector<HalfChoice> HalfChoicesOf(const Model& model);

// The instruction set that the model's kernels were chosen for, in oneDNN's words.
std::string IsaOf(const Model& model);

// Threads of the pool that the model runs on.
int ThreadsOf(const Model& model);

}  // namespace octet

#endif  // OCTET_RUNTIME_MODEL_INTERNAL_H_
