#include "tools/quantize/smooth.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "tools/quantize/channel_factors.h"
#include "tools/quantize/channel_profile.h"
#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

// By how much the estimated noise has to fall; more where that costs an operator that multiplies.
constexpr double kLeastGain = 0.05;
constexpr double kLeastGainOfInsertion = 0.5;

// What divides an activation.
enum class Division {
  kBefore,  // the constants of the nodes before
  kDouble,  // a second normalization
  kInsert,  // a product with constants, put before the matrix products
};

// An activation that can be smoothed.
struct Candidate {
  TensorId activation;
  std::vector<int> products;  // that read it
  Division division;
  std::vector<int> before;  // NodesForFactors; kInsert: the node that yields the activation
};

// How the activation can be divided for its products; nothing when it cannot be.
absl::optional<Candidate> CandidateFor(const Graph& graph, TensorId id, int producer,
                                       std::vector<int> before, std::vector<int> products,
                                       bool read_by_others) {
  if (producer < 0) return absl::nullopt;
  const Node& node = graph.nodes[static_cast<size_t>(producer)];
  if (!before.empty() && !read_by_others)
    return Candidate{id, std::move(products), Division::kBefore, std::move(before)};
  if (before.size() == 1 && node.type() == OpType::NormalizationOptions)
    return Candidate{id, std::move(products), Division::kDouble, std::move(before)};
  // Between integer operators a product would not be exact.
  if (RoleOf(graph, node) != Int8Role::kNone) return absl::nullopt;
  return Candidate{id, std::move(products), Division::kInsert, {producer}};
}

// In order of execution.
std::vector<Candidate> FindCandidates(const Graph& graph, const std::vector<Shape>& shapes,
                                      WeightGranularity weights) {
  std::map<TensorId, std::vector<int>> products;
  std::vector<TensorId> order;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.type() != OpType::MatMulOptions || RoleOf(graph, node) != Int8Role::kAnchor) continue;
    std::vector<int>& of_input = products[node.input(0)];
    if (of_input.empty()) order.push_back(node.input(0));
    of_input.push_back(static_cast<int>(i));
  }
  const std::vector<int> producers = Producers(graph);
  const std::vector<std::vector<int>> consumers = Consumers(graph);
  std::vector<Candidate> result;
  for (TensorId id : order) {
    const auto index = static_cast<size_t>(id);
    const bool read_by_others =
        consumers[index].size() > products[id].size() || IsOutput(graph, id);
    absl::optional<Candidate> candidate =
        CandidateFor(graph, id, producers[index], NodesForFactors(graph, shapes, id, weights),
                     products[id], read_by_others);
    if (candidate) result.push_back(*std::move(candidate));
  }
  return result;
}

// A product's weights, by output.
struct Rows {
  LayerMatrix matrix;
  std::vector<float> weights;  // [outputs, depth]
};

// About how much noise quantization adds to the results of all products: squares of activation
// steps times squares of weights, and squares of weight steps times variances of activations.
double NoiseOf(const std::vector<ChannelProfile>& channels, const std::vector<Rows>& products,
               const std::vector<float>& factors, bool per_channel) {
  constexpr double kActivationLevels = 255, kWeightLevels = 127;
  float low = 0, high = 0;
  double variance = 0;
  for (size_t c = 0; c < channels.size(); ++c) {
    low = std::min(low, channels[c].min / factors[c]);
    high = std::max(high, channels[c].max / factors[c]);
    variance += channels[c].variance / (static_cast<double>(factors[c]) * factors[c]);
  }
  const double step = (static_cast<double>(high) - low) / kActivationLevels;
  double noise = 0;
  for (const Rows& product : products) {
    double squares = 0, of_rows = 0, most = 0;
    for (size_t o = 0; o < product.matrix.outputs; ++o) {
      const float* row = product.weights.data() + o * product.matrix.depth;
      double largest = 0;
      for (size_t c = 0; c < product.matrix.depth; ++c) {
        const double w = static_cast<double>(row[c]) * factors[c];
        squares += w * w;
        largest = std::max(largest, std::abs(w));
      }
      of_rows += largest * largest;
      most = std::max(most, largest);
    }
    if (!per_channel) of_rows = most * most * static_cast<double>(product.matrix.outputs);
    noise += step * step * squares + of_rows / (kWeightLevels * kWeightLevels) * variance;
  }
  return noise;
}

class Smoother {
 public:
  Smoother(const Graph& graph, const SmoothOptions& options)
      : options_(options), result_(graph), added_(graph.nodes.size()) {}

  // False when the activation stays as it is.
  bool Smooth(const Candidate& candidate, const std::vector<ChannelProfile>& channels) {
    std::vector<Rows> products;
    for (int index : candidate.products) products.push_back(RowsOf(NodeAt(index)));
    const bool per_channel = options_.weights == WeightGranularity::kPerChannel;
    const double before =
        NoiseOf(channels, products, std::vector<float>(channels.size(), 1.0f), per_channel);
    std::vector<float> factors;
    double after = before;
    for (std::vector<float>& tried : FactorsFor(channels, products)) {
      const double noise = NoiseOf(channels, products, tried, per_channel);
      if (!(noise < after)) continue;
      after = noise;
      factors = std::move(tried);
    }
    const double gain =
        candidate.division == Division::kInsert ? kLeastGainOfInsertion : kLeastGain;
    if (!(after < (1 - gain) * before)) return false;
    for (size_t i = 0; i < products.size(); ++i)
      ScaleWeights(factors, std::move(products[i]), NodeAt(candidate.products[i]));
    for (float& factor : factors) factor = 1 / factor;
    switch (candidate.division) {
      case Division::kBefore:
        for (int index : candidate.before) ScaleChannels(factors, NodeAt(index), result_);
        break;
      case Division::kDouble:
        ScaleChannels(factors, Double(candidate), result_);
        break;
      case Division::kInsert:
        Insert(candidate, factors);
        break;
    }
    return true;
  }

  Graph Finish() {
    std::vector<Node> nodes;
    for (size_t i = 0; i < result_.nodes.size(); ++i) {
      nodes.push_back(std::move(result_.nodes[i]));
      for (Node& node : added_[i]) nodes.push_back(std::move(node));
    }
    result_.nodes = std::move(nodes);
    RemoveDead(result_);
    return std::move(result_);
  }

 private:
  Node& NodeAt(int index) { return result_.nodes[static_cast<size_t>(index)]; }

  Rows RowsOf(const Node& node) const {
    const LayerMatrix matrix = LayerMatrixOf(result_, node);
    return {matrix, ToRows<float>(node, matrix, RealValues(result_.tensor(node.input(1))))};
  }

  // Those of SmoothQuant; and those that bring channels down to some share of the largest, and
  // others part of the way up to it.
  std::vector<std::vector<float>> FactorsFor(const std::vector<ChannelProfile>& channels,
                                             const std::vector<Rows>& products) const {
    std::vector<float> weights(channels.size(), 0.0f);  // the largest
    for (const Rows& product : products) {
      for (size_t i = 0; i < product.weights.size(); ++i) {
        float& of_channel = weights[i % product.matrix.depth];
        of_channel = std::max(of_channel, std::abs(product.weights[i]));
      }
    }
    float largest = 0;
    std::vector<std::vector<float>> result(1);
    for (size_t c = 0; c < channels.size(); ++c) {
      largest = std::max(largest, channels[c].largest());
      // Scales of channels that are always 0, or that nothing reads, do not matter.
      const bool matters = channels[c].largest() > 0 && weights[c] > 0;
      const double factor = std::pow(channels[c].largest(), options_.strength) /
                            std::pow(weights[c], 1 - options_.strength);
      constexpr double kLeast = 1e-5, kMost = 1e5;
      result[0].push_back(matters ? static_cast<float>(std::clamp(factor, kLeast, kMost)) : 1.0f);
    }
    for (const float share : {1.0f, 0.7f, 0.5f, 0.35f, 0.25f, 0.18f, 0.125f, 0.09f, 0.06f}) {
      for (const float power : {0.0f, 0.25f, 0.5f, 0.75f}) {
        std::vector<float> factors;
        for (const ChannelProfile& channel : channels) {
          const float size = channel.largest() / (share * largest);
          constexpr float kLeast = 1e-3f;
          factors.push_back(size > 1 ? size : std::pow(std::max(size, kLeast), power));
        }
        result.push_back(std::move(factors));
      }
    }
    return result;
  }

  // The products read the result of a copy of the node that yields the activation.
  Node& Double(const Candidate& candidate) {
    Node copy = NodeAt(candidate.before[0]);
    copy.name += "_smooth";
    return Add(candidate, std::move(copy));
  }

  // The products read the activation times the factors.
  void Insert(const Candidate& candidate, const std::vector<float>& factors) {
    const Tensor& activation = result_.tensor(candidate.activation);
    Tensor constant;
    constant.name = activation.name + "_factors";
    constant.type = DataType::kF32;
    constant.shape = {static_cast<int64_t>(factors.size())};
    constant.data = Constant::Of<float>(factors);
    schema::BinaryOptionsT options;
    options.kind = schema::BinaryKind::MUL;
    std::string name = activation.name + "_smooth";
    const TensorId factor = result_.AddTensor(std::move(constant));
    Add(candidate,
        Graph::MakeNode(std::move(name), std::move(options), {candidate.activation, factor}, {}));
  }

  // Puts the node behind the one that yields the activation, and lets the products read its result.
  Node& Add(const Candidate& candidate, Node node) {
    Tensor t = result_.tensor(candidate.activation);
    t.name += "_smooth";
    node.outputs = {result_.AddTensor(std::move(t))};
    for (int product : candidate.products) NodeAt(product).inputs[0] = node.outputs[0];
    std::vector<Node>& place = added_[static_cast<size_t>(candidate.before[0])];
    place.push_back(std::move(node));
    return place.back();
  }

  void ScaleWeights(const std::vector<float>& factors, Rows rows, Node& node) {
    for (size_t i = 0; i < rows.weights.size(); ++i)
      rows.weights[i] *= factors[i % rows.matrix.depth];
    Tensor t = result_.tensor(node.input(1));
    t.type = DataType::kF32;
    t.data = Constant::Of<float>(FromRows<float>(node, rows.matrix, rows.weights));
    node.inputs[1] = result_.AddTensor(std::move(t));
  }

  const SmoothOptions& options_;
  Graph result_;
  std::vector<std::vector<Node>> added_;  // by the node that they follow
};

}  // namespace

absl::StatusOr<absl::optional<Graph>> SmoothActivations(const Graph& graph,
                                                        const std::vector<Shape>& shapes,
                                                        const SampleSource& samples,
                                                        const SmoothOptions& options) {
  const std::vector<Candidate> candidates = FindCandidates(graph, shapes, options.weights);
  if (candidates.empty()) return absl::nullopt;
  std::map<TensorId, size_t> axes;
  for (const Candidate& candidate : candidates) {
    const TensorId id = candidate.activation;
    axes[id] = shapes[static_cast<size_t>(id)].size() - 1;
  }
  const auto profiles = MeasureChannels(graph, axes, samples, options.run);
  if (!profiles.ok()) return profiles.status();
  Smoother smoother(graph, options);
  // From the end, since the weights before an activation are the weights behind another one.
  bool any = false;
  for (size_t i = candidates.size(); i-- > 0;)
    any |= smoother.Smooth(candidates[i], profiles->at(candidates[i].activation));
  if (!any) return absl::nullopt;
  return smoother.Finish();
}

}  // namespace octet
