#include "tools/quantize/pair_sums.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "kernels/onednn/saturation.h"
#include "runtime/core/validate.h"
#include "tools/quantize/scheme.h"

namespace octet {
namespace {

using onednn::kLargestPairSum;
using onednn::WeightRows;

// Scales that are tried, from the present one to the one at which no pair needs to be lowered.
constexpr int kScaleSteps = 16;

bool IsByteProduct(const Graph& graph, const Node& node) {
  if (node.type() != OpType::ConvOptions && node.type() != OpType::MatMulOptions) return false;
  const Tensor& x = graph.tensor(node.input(0));
  const Tensor& w = graph.tensor(node.input(1));
  return x.type == DataType::kU8 && x.quant && w.is_constant() && w.type == DataType::kS8 &&
         w.quant;
}

WeightRows RowsOf(const Graph& graph, const Node& node) {
  const Shape& shape = graph.tensor(node.input(1)).shape;
  if (node.type() == OpType::ConvOptions) {
    return onednn::ConvWeightRows(shape, node.as<schema::ConvOptionsT>().groups);
  }
  return onednn::MatMulWeightRows(shape, node.as<schema::MatMulOptionsT>().transpose_b);
}

// The weights of one reduction.
using Row = std::vector<int>;

// How far two neighbours of one sign exceed what their sum may be; 0 if they do not.
int Excess(int a, int b) {
  const bool same_sign = (a > 0 && b > 0) || (a < 0 && b < 0);
  return same_sign ? std::max(std::abs(a + b) - kLargestPairSum, 0) : 0;
}

int LargestExcess(const Row& row) {
  int largest = 0;
  for (size_t i = 1; i < row.size(); ++i) largest = std::max(largest, Excess(row[i - 1], row[i]));
  return largest;
}

// Takes the excess from both neighbours alike, which is least in squares. Smaller weights keep the
// pairs before them within the limit.
void LowerPairs(Row& row) {
  for (size_t i = 1; i < row.size(); ++i) {
    const int excess = Excess(row[i - 1], row[i]);
    const int sign = row[i] < 0 ? -1 : 1;
    row[i - 1] -= sign * (excess / 2);
    row[i] -= sign * (excess - excess / 2);
  }
}

// `row` for a scale that is `factor` times as large.
Row Rescaled(const Row& row, double factor) {
  Row result;
  for (int weight : row) {
    const double exact = std::nearbyint(weight / factor);
    result.push_back(static_cast<int>(std::clamp(exact, -double{kMaxS8}, double{kMaxS8})));
  }
  LowerPairs(result);
  return result;
}

// The squares of the errors, and the square of their sum, which shifts the output where inputs have
// a mean. In units of the present scale.
double Cost(const Row& row, const Row& changed, double factor) {
  double squares = 0, sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const double error = factor * changed[i] - row[i];
    squares += error * error;
    sum += error;
  }
  return squares + sum * sum;
}

// Limits rows that share a scale, and returns what the scale is multiplied by.
double Limit(std::vector<Row>& rows) {
  int excess = 0;
  for (const Row& row : rows) excess = std::max(excess, LargestExcess(row));
  if (excess == 0) return 1;
  const double largest = static_cast<double>(kLargestPairSum + excess) / kLargestPairSum;
  double best = 1, best_cost = 0;
  std::vector<Row> result;
  for (int step = 0; step <= kScaleSteps; ++step) {
    const double factor = 1 + (largest - 1) * step / kScaleSteps;
    std::vector<Row> changed;
    double cost = 0;
    for (const Row& row : rows) {
      changed.push_back(Rescaled(row, factor));
      cost += Cost(row, changed.back(), factor);
    }
    if (step > 0 && cost >= best_cost) continue;
    best = factor;
    best_cost = cost;
    result = std::move(changed);
  }
  rows = std::move(result);
  return best;
}

void LimitLayer(Graph& graph, const Node& node) {
  const WeightRows places = RowsOf(graph, node);
  Tensor weights = graph.tensor(node.input(1));
  const absl::Span<const int8_t> values = weights.data.as<int8_t>();
  std::vector<int8_t> limited(values.begin(), values.end());
  // Rows that share a scale: all of them, or each one for itself.
  const size_t groups = weights.quant->per_tensor() ? 1 : static_cast<size_t>(places.rows);
  const int64_t rows_per_group = places.rows / static_cast<int64_t>(groups);
  std::vector<double> factors;
  for (size_t g = 0; g < groups; ++g) {
    const int64_t first = static_cast<int64_t>(g) * rows_per_group;
    std::vector<Row> rows(static_cast<size_t>(rows_per_group));
    for (int64_t r = 0; r < rows_per_group; ++r) {
      for (int64_t i = 0; i < places.length; ++i) {
        rows[static_cast<size_t>(r)].push_back(
            values[static_cast<size_t>(places.index(first + r, i))]);
      }
    }
    factors.push_back(Limit(rows));
    for (int64_t r = 0; r < rows_per_group; ++r) {
      for (int64_t i = 0; i < places.length; ++i) {
        limited[static_cast<size_t>(places.index(first + r, i))] =
            static_cast<int8_t>(rows[static_cast<size_t>(r)][static_cast<size_t>(i)]);
      }
    }
  }
  const auto scale = [&](QuantParams& params) {
    for (size_t i = 0; i < params.scales.size(); ++i) {
      params.scales[i] = static_cast<float>(params.scales[i] * factors[i]);
    }
  };
  scale(*weights.quant);
  weights.data = Constant::Of<int8_t>(limited);
  graph.tensor(node.input(1)) = std::move(weights);
  if (node.input(2) == kNoTensor) return;
  Tensor bias = graph.tensor(node.input(2));
  std::vector<int32_t> sums;
  for (int32_t value : bias.data.as<int32_t>()) {
    const double factor = factors[factors.size() == 1 ? 0 : sums.size()];
    sums.push_back(static_cast<int32_t>(std::nearbyint(value / factor)));
  }
  scale(*bias.quant);
  bias.data = Constant::Of<int32_t>(sums);
  graph.tensor(node.input(2)) = std::move(bias);
}

}  // namespace

std::vector<int> LayersAtRisk(const Graph& integer) {
  std::vector<int> result;
  for (size_t i = 0; i < integer.nodes.size(); ++i) {
    const Node& node = integer.nodes[i];
    if (!IsByteProduct(integer, node)) continue;
    const absl::Span<const int8_t> weights = integer.tensor(node.input(1)).data.as<int8_t>();
    if (!onednn::PairSumsFit(RowsOf(integer, node), weights)) result.push_back(static_cast<int>(i));
  }
  return result;
}

std::vector<std::string> NamesOfLayersAtRisk(const Graph& integer) {
  std::vector<std::string> names;
  for (int node : LayersAtRisk(integer)) {
    names.push_back(integer.nodes[static_cast<size_t>(node)].name);
  }
  return names;
}

void LimitPairSums(Graph& integer) {
  for (int node : LayersAtRisk(integer)) {
    LimitLayer(integer, integer.nodes[static_cast<size_t>(node)]);
  }
}

}  // namespace octet
