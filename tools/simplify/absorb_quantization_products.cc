#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "runtime/core/validate.h"
#include "tools/simplify/absorb_quantization.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/quantized.h"

namespace octet {
namespace {

constexpr size_t kX = 0, kWeights = 1, kBias = 2, kResidual = 3;

template <typename... Parts>
absl::Status No(const Parts&... parts) {
  return absl::UnimplementedError(absl::StrCat(parts...));
}

// A matrix of bytes with rows and columns swapped.
std::vector<int64_t> Transposed(const std::vector<int64_t>& m, size_t rows, size_t columns) {
  std::vector<int64_t> result(m.size());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) result[c * rows + r] = m[r * columns + c];
  }
  return result;
}

// The integers without their zero points, in the order of the tensor.
std::vector<int64_t> Centred(const Tensor& q) {
  std::vector<int64_t> integers = ToInts(q.type, q.data);
  ForEachScaled(q.shape, q.quant->axis,
                [&](size_t s, size_t i) { integers[i] -= q.quant->zero_points[s]; });
  return integers;
}

// The weights as s8 with zero point 0.
absl::StatusOr<Tensor> WeightsOf(const Graph& graph, const Uses& uses, const Node& node) {
  const TensorId id = DequantizedFrom(uses, node.inputs[kWeights]);
  if (id == kNoTensor) {
    return graph.tensor(node.inputs[kWeights]).is_constant() ? No("its weights are not quantized")
                                                             : No("both factors are computed");
  }
  const Tensor& q = graph.tensor(id);
  if (!q.is_constant()) return No("both factors are computed");
  if (q.type != DataType::kU8 && q.type != DataType::kS8) {
    return No("its weights are ", Name(q.type));
  }
  const bool is_matrix = node.type() == OpType::MatMulOptions;
  if (is_matrix && q.shape.size() != 2) return No("its weights are ", ToString(q.shape));
  const bool transpose = is_matrix && !node.as<schema::MatMulOptionsT>().transpose_b;
  const int channel_axis = transpose ? 1 : 0;
  if (!q.quant->per_tensor() && q.quant->axis != channel_axis) {
    return No("the scales of its weights run along axis ", q.quant->axis);
  }
  std::vector<int64_t> integers = Centred(q);
  const auto [least, most] = std::minmax_element(integers.begin(), integers.end());
  if (!integers.empty() && (*least < -128 || *most > 127)) {
    return No("without their zero point its weights reach from ", *least, " to ", *most,
              ", which s8 does not hold");
  }
  Tensor weights = q;
  weights.type = DataType::kS8;
  std::fill(weights.quant->zero_points.begin(), weights.quant->zero_points.end(), 0);
  if (transpose) {
    integers =
        Transposed(integers, static_cast<size_t>(q.shape[0]), static_cast<size_t>(q.shape[1]));
    std::swap(weights.shape[0], weights.shape[1]);
    if (!weights.quant->per_tensor()) weights.quant->axis = 0;
  }
  weights.data = FromInts(DataType::kS8, integers);
  return weights;
}

// The scales of a bias: those of the sum of products.
absl::StatusOr<QuantParams> BiasScales(float x_scale, const QuantParams& weights) {
  QuantParams quant;
  quant.axis = weights.per_tensor() ? -1 : 0;
  for (const float w_scale : weights.scales) {
    const float scale = x_scale * w_scale;
    if (!(scale > 0) || !std::isfinite(scale)) {
      return No("the product of its scales, ", x_scale, " and ", w_scale, ", is no scale");
    }
    quant.scales.push_back(scale);
    quant.zero_points.push_back(0);
  }
  return quant;
}

// Whether two lists of scales, of which one may stand for all channels, are equal within 1e-6.
bool NearlyEqual(const QuantParams& a, const QuantParams& b) {
  const size_t count = std::max(a.scales.size(), b.scales.size());
  for (size_t i = 0; i < count; ++i) {
    const double x = a.scales[a.per_tensor() ? 0 : i], y = b.scales[b.per_tensor() ? 0 : i];
    if (std::abs(x - y) > 1e-6 * x) return false;
  }
  return true;
}

// Half to even; numbers that int64_t does not hold become its largest one.
int64_t RoundToInt(double value) {
  constexpr double kTooFar = 9e18;
  return std::abs(value) < kTooFar ? std::llrint(value) : std::numeric_limits<int64_t>::max();
}

// A bias before it is known to fit.
struct WideBias {
  std::string name;
  std::vector<int64_t> integers;  // one per channel
  QuantParams quant;
};

// The bias with the scale of the sum: its own integers where it has that scale already.
absl::StatusOr<WideBias> BiasOf(const Graph& graph, const Uses& uses, TensorId id,
                                const QuantParams& scales) {
  const TensorId q = DequantizedFrom(uses, id);
  const Tensor& source = graph.tensor(q == kNoTensor ? id : q);
  if (!source.is_constant()) return No("its bias is computed");
  if (source.shape.size() != 1) return No("its bias is ", ToString(source.shape));
  std::vector<int64_t> integers;
  if (source.quant && source.type == DataType::kS32 && NearlyEqual(scales, *source.quant)) {
    integers = ToInts(source.type, source.data);
  } else {
    const std::vector<double> values =
        source.quant ? RealValuesOf(source) : ToDoubles(source.type, source.data);
    ForEachScaled(source.shape, scales.axis, [&](size_t s, size_t i) {
      integers.push_back(RoundToInt(values[i] / scales.scales[s]));
    });
  }
  return WideBias{source.name, std::move(integers), scales};
}

// One scale per channel in place of one for all.
void Spread(QuantParams& quant, size_t channels) {
  if (!quant.per_tensor()) return;
  quant.axis = 0;
  quant.scales.resize(channels, quant.scales[0]);
  quant.zero_points.resize(channels, 0);
}

// Doubles the scale of channels whose bias leaves no room for products in an s32 sum, until it
// does. Such a bias is so much larger than all products that what their weights lose is far below
// one unit of the output.
absl::Status MakeRoom(Tensor& weights, WideBias& bias, int64_t depth) {
  const int64_t limit = MaxBias(depth);
  std::vector<int64_t> integers;
  for (size_t c = 0; c < bias.integers.size(); ++c) {
    int shift = 0;
    while (shift < 32 && std::abs(bias.integers[c]) >> shift > limit) ++shift;
    if (shift == 0) continue;
    if (shift > 8) return No("its bias is too large for s32 sums of its products");
    if (integers.empty()) integers = ToInts(weights.type, weights.data);
    Spread(weights.quant.value(), bias.integers.size());
    Spread(bias.quant, bias.integers.size());
    const double step = std::ldexp(1.0, shift);
    for (size_t i = 0; i < static_cast<size_t>(depth); ++i) {
      int64_t& w = integers[c * static_cast<size_t>(depth) + i];
      w = std::llrint(static_cast<double>(w) / step);
    }
    bias.integers[c] = std::min(RoundToInt(static_cast<double>(bias.integers[c]) / step), limit);
    weights.quant->scales[c] *= static_cast<float>(step);
    bias.quant.scales[c] *= static_cast<float>(step);
  }
  if (!integers.empty()) weights.data = FromInts(DataType::kS8, integers);
  return absl::OkStatus();
}

// Plans the bias, for which weights may have to change, for an input of scale `x_scale`.
absl::Status PlanBias(const Graph& graph, const Uses& uses, TensorId id, float x_scale,
                      int64_t depth, Tensor& weights, IntegerProduct& product) {
  absl::StatusOr<QuantParams> scales = BiasScales(x_scale, *weights.quant);
  if (!scales.ok()) return scales.status();
  absl::StatusOr<WideBias> bias = BiasOf(graph, uses, id, *scales);
  if (!bias.ok()) return bias.status();
  if (absl::Status status = MakeRoom(weights, *bias, depth); !status.ok()) return status;
  Tensor tensor;
  tensor.name = bias->name;
  tensor.type = DataType::kS32;
  tensor.shape = {static_cast<int64_t>(bias->integers.size())};
  tensor.quant = bias->quant;
  tensor.data = FromInts(DataType::kS32, bias->integers);
  product.bias = std::move(tensor);
  return absl::OkStatus();
}

// Adds a tensor that takes the name of tensor `old`.
TensorId AddInPlaceOf(Graph& graph, TensorId old, Tensor tensor) {
  tensor.name = UniqueTensorName(graph, graph.tensor(old).name);
  std::swap(tensor.name, graph.tensor(old).name);
  return graph.AddTensor(std::move(tensor));
}

void Apply(Graph& graph, const Uses& uses, Node& node, IntegerProduct product) {
  const auto source = [&](TensorId id) {
    const TensorId q = DequantizedFrom(uses, id);
    return q == kNoTensor ? id : q;
  };
  node.inputs[kWeights] =
      AddInPlaceOf(graph, source(node.inputs[kWeights]), std::move(product.weights));
  if (product.bias) {
    node.inputs[kBias] = AddInPlaceOf(graph, source(node.inputs[kBias]), *std::move(product.bias));
  }
  node.inputs[kX] = product.x;
  if (node.type() == OpType::MatMulOptions) node.as<schema::MatMulOptionsT>().transpose_b = true;
}

}  // namespace

absl::StatusOr<IntegerProduct> PlanIntegerProduct(const Graph& graph, const Uses& uses,
                                                  const Node& node) {
  IntegerProduct product;
  product.x = ByteFrom(graph, uses, node.inputs[kX]);
  if (product.x == kNoTensor || graph.tensor(product.x).is_constant()) {
    return No("its input is not quantized to 8 bits with one scale");
  }
  if (node.type() == OpType::MatMulOptions && node.as<schema::MatMulOptionsT>().transpose_a) {
    return No("its first factor is transposed");
  }
  absl::StatusOr<Tensor> weights = WeightsOf(graph, uses, node);
  if (!weights.ok()) return weights.status();
  const Shape w = weights->shape;
  const int64_t depth = w.empty() || w[0] == 0 ? 0 : NumElements(w) / w[0];
  if (MaxBias(depth) < 0) return No("an output sums up ", depth, " products");
  if (node.input(kBias) != kNoTensor) {
    const float x_scale = graph.tensor(product.x).quant->scale();
    absl::Status status =
        PlanBias(graph, uses, node.inputs[kBias], x_scale, depth, *weights, product);
    if (!status.ok()) return status;
  }
  if (node.input(kResidual) != kNoTensor && graph.tensor(node.inputs[kResidual]).quant) {
    return No("its residual is quantized");
  }
  product.weights = *std::move(weights);
  return product;
}

bool AbsorbIntoProducts(Graph& graph) {
  CurrentUses current(graph);
  for (Node& node : graph.nodes) {
    if (node.type() != OpType::ConvOptions && node.type() != OpType::MatMulOptions) continue;
    const Uses& uses = current.get();
    absl::StatusOr<IntegerProduct> product = PlanIntegerProduct(graph, uses, node);
    if (!product.ok()) continue;
    Apply(graph, uses, node, *std::move(product));
    current.Note(true);
  }
  return current.any();
}

}  // namespace octet
