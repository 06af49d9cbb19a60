#ifndef OCTET_RUNTIME_FORMAT_CONVERT_H_
#define OCTET_RUNTIME_FORMAT_CONVERT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "schema/model_generated.h"

// Between a graph and the tables of a model file.

namespace octet {

// The graph of verified tables. Constants refer to `weights`, which `owner` keeps alive. Checks
// where the constants lie, and that the tables do not unfold to far more memory than the file
// takes; ValidateGraph checks the rest.
absl::StatusOr<Graph> GraphOfTables(const schema::Model& model, absl::Span<const uint8_t> weights,
                                    const std::shared_ptr<const void>& owner, uint64_t table_bytes);

// The tensors of a graph, then those of its subgraphs, in the order in which a file has them.
std::vector<const Tensor*> TensorsInFileOrder(const Graph& graph);

// The tables of a graph, whose constants lie at `places` (one per tensor in the file's order; those
// of computed tensors are ignored).
schema::ModelT TablesOfGraph(const Graph& graph, absl::Span<const schema::Data> places,
                             uint64_t weights_size);

}  // namespace octet

#endif  // OCTET_RUNTIME_FORMAT_CONVERT_H_
