#include "tools/quantize/refined_layers.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/validate.h"
#include "tools/quantize/integer_constant.h"
#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/layer_pairs.h"
#include "tools/simplify/constants.h"

namespace octet {
namespace {

// Layers with constant s8 or s16 weights, whatever they read, paired with their origins by name and
// type, in the same order.
std::vector<LayerPair> PairAll(const Graph& real, const Graph& integer) {
  std::vector<LayerPair> pairs;
  size_t next = 0;
  for (size_t i = 0; i < integer.nodes.size(); ++i) {
    const Node& node = integer.nodes[i];
    if (node.type() != OpType::ConvOptions && node.type() != OpType::MatMulOptions) continue;
    const Tensor& weights = integer.tensor(node.input(1));
    const bool integers = weights.type == DataType::kS8 || weights.type == DataType::kS16;
    if (!weights.is_constant() || !integers) continue;
    size_t r = next;
    while (r < real.nodes.size() &&
           (real.nodes[r].type() != node.type() || real.nodes[r].name != node.name)) {
      ++r;
    }
    if (r == real.nodes.size()) continue;
    pairs.push_back({static_cast<int>(r), static_cast<int>(i)});
    next = r + 1;
  }
  return pairs;
}

double ScaleOf(const std::vector<float>& scales, size_t channel) {
  return scales[scales.size() == 1 ? 0 : channel];
}

// Sets input 2 of the node, which may have none, to `bias`.
void SetBias(Graph& graph, Node& node, Tensor bias) {
  if (node.inputs.size() < 3) node.inputs.resize(3, kNoTensor);
  bias.name = node.inputs[2] == kNoTensor ? absl::StrCat(graph.tensor(node.input(1)).name, "_bias")
                                          : graph.tensor(node.inputs[2]).name;
  bias.shape = {static_cast<int64_t>(bias.data.size() / SizeOf(bias.type))};
  node.inputs[2] = graph.AddTensor(std::move(bias));
}

Tensor RealBias(const std::vector<double>& bias) {
  Tensor t;
  t.type = DataType::kF32;
  t.data = Constant::Of<float>(std::vector<float>(bias.begin(), bias.end()));
  return t;
}

// `x`: what the layer reads.
Tensor IntegerBias(const RefinedLayer& layer, bool per_tensor, const Tensor& x, int64_t depth) {
  const auto most = static_cast<double>(MaxBias(depth, x.type));
  const double input_scale = x.quant->scale();
  std::vector<int64_t> values;
  for (double b : layer.bias) {
    const double exact = b / (input_scale * ScaleOf(layer.scales, values.size()));
    values.push_back(static_cast<int64_t>(std::clamp(std::nearbyint(exact), -most, most)));
  }
  Tensor t;
  t.type = BiasType(x.type);
  t.data = IntegerConstant(values, t.type);
  t.quant.emplace();
  for (float scale : layer.scales) {
    t.quant->scales.push_back(static_cast<float>(input_scale) * scale);
  }
  t.quant->zero_points.assign(layer.scales.size(), 0);
  t.quant->axis = per_tensor ? -1 : 0;
  return t;
}

}  // namespace

RefinedLayers TakeLayers(const Graph& real, const Graph& integer) {
  RefinedLayers layers;
  for (const LayerPair& pair : PairLayers(real, integer)) {
    const Node& node = integer.nodes[static_cast<size_t>(pair.integer)];
    const Tensor& weights = integer.tensor(node.input(1));
    RefinedLayer& layer = layers[pair.real];
    for (double w : ToDoubles(weights.type, weights.data)) {
      layer.weights.push_back(static_cast<int16_t>(w));
    }
    layer.scales = weights.quant->scales;
    if (node.input(2) == kNoTensor) continue;
    const double input_scale = integer.tensor(node.input(0)).quant->scale();
    const Tensor& bias = integer.tensor(node.input(2));
    for (double b : ToDoubles(bias.type, bias.data)) {
      layer.bias.push_back(b * (input_scale * ScaleOf(layer.scales, layer.bias.size())));
    }
  }
  return layers;
}

void PutLayers(const Graph& real, const RefinedLayers& layers, Graph& integer) {
  for (const LayerPair& pair : PairAll(real, integer)) {
    const auto found = layers.find(pair.real);
    if (found == layers.end()) continue;
    const RefinedLayer& layer = found->second;
    Node& node = integer.nodes[static_cast<size_t>(pair.integer)];
    Tensor& weights = integer.tensor(node.input(1));
    weights.data = IntegerConstant(layer.weights, weights.type);
    weights.quant->scales = layer.scales;
    if (layer.bias.empty()) continue;
    const Tensor& x = integer.tensor(node.input(0));
    const LayerMatrix matrix = LayerMatrixOf(real, real.nodes[static_cast<size_t>(pair.real)]);
    SetBias(integer, node,
            x.quant ? IntegerBias(layer, weights.quant->per_tensor(), x,
                                  static_cast<int64_t>(matrix.depth))
                    : RealBias(layer.bias));
  }
  RemoveDead(integer);
}

}  // namespace octet
