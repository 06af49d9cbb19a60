#ifndef OCTET_TOOLS_TRAIN_NODE_OPS_H_
#define OCTET_TOOLS_TRAIN_NODE_OPS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/train/given_part.h"
#include "tools/train/op.h"

// What becomes of the nodes of a graph in a network that is trained.

namespace octet {

// Whether the results are sums of products with weights (inputs x, w, bias), in an integer form or
// not.
bool HasWeights(const Node& node);
// Those that have an integer form.
bool IsProduct(const Node& node);
// Whether that input is a parameter if it is a constant.
bool IsParameter(const Node& node, size_t input);

bool IsRealType(const Tensor& t);

struct NodeOps {
  std::vector<std::unique_ptr<TrainOp>> ops;  // by node; those of the given part count for nothing
  GivenPart given;
};

// `shapes` of all tensors. Unimplemented lists every node without derivative that needs one.
absl::StatusOr<NodeOps> MakeNodeOps(const Graph& graph, const std::vector<Shape>& shapes);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_NODE_OPS_H_
