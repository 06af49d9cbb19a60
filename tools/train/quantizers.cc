#include "tools/train/quantizers.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace octet {
namespace {

// Disjoint sets of tensors.
class TensorSets {
 public:
  explicit TensorSets(size_t tensors) : parents_(tensors) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }

  TensorId Find(TensorId id) {
    TensorId& parent = parents_[static_cast<size_t>(id)];
    if (parent != id) parent = Find(parent);
    return parent;
  }
  void Join(TensorId a, TensorId b) { parents_[static_cast<size_t>(Find(a))] = Find(b); }

 private:
  std::vector<TensorId> parents_;
};

ActivationQuantizer QuantizerOf(const Tensor& t) {
  ActivationQuantizer q;
  q.type = t.type;
  q.first_scale = q.scale = t.quant->scale();
  q.zero_point = t.quant->zero_point();
  q.symmetric = t.type != DataType::kU8 && q.zero_point == 0;
  const Grid grid = q.grid();
  q.average = {grid.low * q.scale, grid.high * q.scale, q.symmetric};
  if (q.symmetric) q.average.min = -q.average.max;
  return q;
}

}  // namespace

std::vector<ActivationQuantizer> FindQuantizers(const Graph& graph,
                                                const std::vector<bool>& activations,
                                                const std::vector<bool>& keeps_scale,
                                                const std::vector<int64_t>& sizes) {
  const auto is_activation = [&](TensorId id) {
    return id != kNoTensor && activations[static_cast<size_t>(id)];
  };
  TensorSets sets(graph.tensors.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!keeps_scale[n]) continue;
    for (TensorId x : graph.nodes[n].inputs) {
      for (TensorId y : graph.nodes[n].outputs) {
        if (!is_activation(x) || !is_activation(y)) continue;
        const Tensor &a = graph.tensor(x), &b = graph.tensor(y);
        if (a.type == b.type && *a.quant == *b.quant) sets.Join(x, y);
      }
    }
  }
  std::vector<ActivationQuantizer> quantizers;
  std::map<TensorId, size_t> of_set;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    const auto id = static_cast<TensorId>(i);
    if (!is_activation(id)) continue;
    const Tensor& t = graph.tensor(id);
    const auto [place, is_new] = of_set.emplace(sets.Find(id), quantizers.size());
    if (is_new) quantizers.push_back(QuantizerOf(t));
    ActivationQuantizer& q = quantizers[place->second];
    const bool is_input = std::count(graph.inputs.begin(), graph.inputs.end(), id) > 0;
    q.fixed = q.fixed || t.is_constant() || is_input;
    q.elements = std::max(q.elements, sizes[i]);
    q.tensors.push_back(id);
  }
  return quantizers;
}

}  // namespace octet
