#ifndef OCTET_TOOLS_TRAIN_HINTS_H_
#define OCTET_TOOLS_TRAIN_HINTS_H_

#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// A tensor within a network that is trained, and the teacher's of the same meaning.
struct Hint {
  TensorId tensor;
  TensorId teacher;
};

// Tensors by which a network can be told within what it should compute, from its inputs on (Romero
// et al., "FitNets: Hints for thin deep nets", 2015): results of products that have the same name
// and shape in the teacher, but for the graph's outputs. At most `most`: the products, in order,
// are cut into as many stretches, each of which gives its smallest such tensor, the last one where
// several are.
std::vector<Hint> ChooseHints(const Graph& graph, const Graph& teacher, int most);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_HINTS_H_
