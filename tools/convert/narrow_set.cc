#include "tools/convert/narrow_set.h"

#include <algorithm>

#include "schema/model_generated.h"

namespace octet {
namespace {

class Finder {
 public:
  Finder(const Graph& graph, const std::vector<bool>& precise)
      : graph_(graph),
        precise_(precise),
        producers_(Producers(graph)),
        consumers_(Consumers(graph)) {}

  NarrowSet Find(const std::set<std::string>& names) {
    const size_t n = graph_.nodes.size();
    std::vector<bool> named(n, false);
    for (size_t i = 0; i < n; ++i) {
      named[i] = names.count(graph_.nodes[i].name) > 0 && !Converts(graph_.nodes[i]);
    }
    std::vector<bool> fed = named;
    for (size_t i = 0; i < n; ++i) fed[i] = named[i] || IsFed(i, fed);
    std::vector<bool> read = named;
    for (size_t i = n; i-- > 0;) read[i] = named[i] || (fed[i] && IsRead(i, read));
    NarrowSet set;
    set.nodes = std::move(read);
    for (size_t t = 0; t < graph_.tensors.size(); ++t) set.tensors.push_back(IsWithin(t, set));
    return set;
  }

 private:
  static bool Converts(const Node& node) {
    return node.type() == OpType::QuantizeOptions || node.type() == OpType::DequantizeOptions ||
           node.type() == OpType::CastOptions;
  }

  bool IsComputedReal(size_t id) const {
    const Tensor& t = graph_.tensors[id];
    return t.type == DataType::kF32 && !t.quant && !t.is_constant();
  }

  // Whether the tensor may have 16 bits at all.
  bool CanBeNarrow(size_t id) const {
    const auto tensor = static_cast<TensorId>(id);
    return IsComputedReal(id) && !precise_[id] && producers_[id] >= 0 && !IsOutput(graph_, tensor);
  }

  bool IsFed(size_t i, const std::vector<bool>& fed) const {
    const Node& node = graph_.nodes[i];
    if (Converts(node)) return false;
    bool any = false;
    for (TensorId id : node.inputs) {
      if (id == kNoTensor || graph_.tensor(id).is_constant()) continue;
      const auto t = static_cast<size_t>(id);
      if (!CanBeNarrow(t) || !fed[static_cast<size_t>(producers_[t])]) return false;
      any = true;
    }
    return any;
  }

  bool IsRead(size_t i, const std::vector<bool>& read) const {
    for (TensorId id : graph_.nodes[i].outputs) {
      const auto t = static_cast<size_t>(id);
      if (!CanBeNarrow(t) || consumers_[t].empty()) return false;
      for (int reader : consumers_[t]) {
        const auto r = static_cast<size_t>(reader);
        if (!read[r]) return false;
      }
    }
    return true;
  }

  // Quantized products without a residual, which is added as a number of the result's type.
  bool IsQuantizedProduct(const Node& node) const {
    const bool product = node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
    return product && graph_.tensor(node.inputs[0]).quant && node.input(3) == kNoTensor;
  }

  bool IsWithin(size_t t, const NarrowSet& set) const {
    if (!CanBeNarrow(t) || consumers_[t].empty()) return false;
    const auto p = static_cast<size_t>(producers_[t]);
    const Node& producer = graph_.nodes[p];
    if (!set.nodes[p] && producer.type() != OpType::DequantizeOptions &&
        !IsQuantizedProduct(producer)) {
      return false;
    }
    return std::all_of(consumers_[t].begin(), consumers_[t].end(),
                       [&](int reader) { return set.nodes[static_cast<size_t>(reader)]; });
  }

  const Graph& graph_;
  const std::vector<bool>& precise_;
  const std::vector<int> producers_;
  const std::vector<std::vector<int>> consumers_;
};

}  // namespace

NarrowSet FindNarrowSet(const Graph& graph, const std::set<std::string>& names,
                        const std::vector<bool>& precise) {
  return Finder(graph, precise).Find(names);
}

}  // namespace octet
