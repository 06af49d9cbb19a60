#include "tools/quantize/pair_sums.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>

#include "kernels/onednn/saturation.h"
#include "tools/quantize/layer_pairs.h"
#include "tools/quantize/scheme.h"
#include "tools/quantize/sharing.h"

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

// The integers of one reduction, and what they stand for, in units of the present scale.
using Row = std::vector<int>;
using Targets = std::vector<double>;

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

// Integers for a scale that is `factor` times as large.
Row Rounded(const Targets& targets, double factor) {
  Row result;
  for (double target : targets) {
    const double exact = std::nearbyint(target / factor);
    result.push_back(static_cast<int>(std::clamp(exact, -double{kMaxS8}, double{kMaxS8})));
  }
  return result;
}

// The squares of the errors, and the square of their sum, which shifts the output where inputs have
// a mean.
double Cost(const Targets& targets, const Row& row, double factor) {
  double squares = 0, sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const double error = factor * row[i] - targets[i];
    squares += error * error;
    sum += error;
  }
  return squares + sum * sum;
}

struct Limited {
  double factor = 1;  // of the scale
  std::vector<Row> rows;
};

// Limits rows that share a scale.
Limited Limit(const std::vector<Targets>& targets) {
  Limited best;
  int excess = 0;
  for (const Targets& row : targets) {
    best.rows.push_back(Rounded(row, 1));
    excess = std::max(excess, LargestExcess(best.rows.back()));
  }
  if (excess == 0) return best;
  const double largest = static_cast<double>(kLargestPairSum + excess) / kLargestPairSum;
  double best_cost = std::numeric_limits<double>::infinity();
  for (int step = 0; step <= kScaleSteps; ++step) {
    Limited trial;
    trial.factor = 1 + (largest - 1) * step / kScaleSteps;
    double cost = 0;
    for (const Targets& row : targets) {
      trial.rows.push_back(Rounded(row, trial.factor));
      LowerPairs(trial.rows.back());
      cost += Cost(row, trial.rows.back(), trial.factor);
    }
    if (cost >= best_cost) continue;
    best_cost = cost;
    best = std::move(trial);
  }
  return best;
}

// What each integer stands for, in units of its scale: the real weight if that was rounded to it,
// else the value nearest to the real weight that is. Without real weights, itself.
std::vector<double> TargetsOf(const Tensor& weights, absl::Span<const float> real,
                              const std::vector<float>& scale_of_weight) {
  constexpr double kAlmostHalf = 0.499;
  std::vector<double> targets;
  for (int8_t integer : weights.data.as<int8_t>()) {
    const size_t i = targets.size();
    const double exact = real.empty() ? integer : real[i] / scale_of_weight[i];
    targets.push_back(std::clamp(exact, integer - kAlmostHalf, integer + kAlmostHalf));
  }
  return targets;
}

// `real` may be empty.
void LimitLayer(Graph& graph, const Node& node, absl::Span<const float> real) {
  const WeightRows places = RowsOf(graph, node);
  Tensor weights = graph.tensor(node.input(1));
  // Rows that share a scale: all of them, or each one for itself.
  const size_t groups = weights.quant->per_tensor() ? 1 : static_cast<size_t>(places.rows);
  const int64_t rows_per_group = places.rows / static_cast<int64_t>(groups);
  const auto place = [&](size_t group, size_t row, size_t i) {
    const int64_t of_all = static_cast<int64_t>(group) * rows_per_group + static_cast<int64_t>(row);
    return static_cast<size_t>(places.index(of_all, static_cast<int64_t>(i)));
  };
  const auto rows = static_cast<size_t>(rows_per_group);
  const auto length = static_cast<size_t>(places.length);
  std::vector<float> scale_of_weight(weights.data.size());
  for (size_t g = 0; g < groups; ++g) {
    for (size_t r = 0; r < rows; ++r) {
      for (size_t i = 0; i < length; ++i)
        scale_of_weight[place(g, r, i)] = weights.quant->scales[g];
    }
  }
  const std::vector<double> all = TargetsOf(weights, real, scale_of_weight);
  std::vector<int8_t> limited(all.size());
  std::vector<double> factors;
  for (size_t g = 0; g < groups; ++g) {
    std::vector<Targets> targets(rows);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t i = 0; i < length; ++i) targets[r].push_back(all[place(g, r, i)]);
    }
    const Limited best = Limit(targets);
    factors.push_back(best.factor);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t i = 0; i < length; ++i) {
        limited[place(g, r, i)] = static_cast<int8_t>(best.rows[r][i]);
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

void LimitPairSums(const Graph& real, Graph& integer) {
  std::map<int, int> origins;
  for (const LayerPair& pair : PairLayers(real, integer)) origins[pair.integer] = pair.real;
  for (int node : LayersAtRisk(integer)) {
    std::vector<float> weights;
    if (const auto origin = origins.find(node); origin != origins.end()) {
      weights = RealValues(real.tensor(real.nodes[static_cast<size_t>(origin->second)].input(1)));
    }
    LimitLayer(integer, integer.nodes[static_cast<size_t>(node)], weights);
  }
}

}  // namespace octet
