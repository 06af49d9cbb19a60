#include "runtime/lower/widen.h"

#include <map>
#include <utility>
#include <vector>

#include "runtime/core/numerics.h"

namespace octet {
namespace {

// The real values of s8 weights.
Constant Dequantize(const Tensor& weights) {
  const absl::Span<const int8_t> q = weights.data.as<int8_t>();
  const QuantParams& quant = *weights.quant;
  // The channels' weights lie in runs of `inner` elements.
  size_t inner = q.size(), channels = 1;
  if (!quant.per_tensor()) {
    channels = quant.scales.size();
    inner = 1;
    for (size_t d = static_cast<size_t>(quant.axis) + 1; d < weights.shape.size(); ++d) {
      inner *= static_cast<size_t>(weights.shape[d]);
    }
  }
  std::vector<uint8_t> bytes(q.size() * sizeof(float));
  auto* out = reinterpret_cast<float*>(bytes.data());
  for (size_t i = 0; i < q.size(); ++i) {
    const size_t c = i / inner % channels;
    out[i] = DequantizeValue(q[i], quant.scales[c], quant.zero_points[c]);
  }
  return Constant::Own(std::move(bytes));
}

bool ComputesInReals(const Graph& graph, const Node& node) {
  const auto is_stored = [](const auto& options) {
    return options.arithmetic == schema::Arithmetic::STORED;
  };
  const bool stored =
      (node.type() == OpType::ConvOptions && is_stored(node.as<schema::ConvOptionsT>())) ||
      (node.type() == OpType::MatMulOptions && is_stored(node.as<schema::MatMulOptionsT>()));
  return stored && !graph.tensor(node.inputs[0]).quant && graph.tensor(node.inputs[1]).quant;
}

}  // namespace

void WidenStoredWeights(Graph& graph) {
  std::map<TensorId, TensorId> widened;  // others may read the integers of the same weights
  for (Node& node : graph.nodes) {
    if (!ComputesInReals(graph, node)) continue;
    const auto [place, is_new] = widened.emplace(node.inputs[1], kNoTensor);
    if (is_new) {
      Tensor t = graph.tensor(node.inputs[1]);
      t.data = Dequantize(t);
      t.type = DataType::kF32;
      t.quant.reset();
      place->second = graph.AddTensor(std::move(t));
    }
    node.inputs[1] = place->second;
  }
}

}  // namespace octet
