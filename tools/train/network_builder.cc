#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "runtime/core/cpu_features.h"
#include "runtime/core/numerics.h"
#include "runtime/core/validate.h"
#include "runtime/lower/resolve.h"
#include "tools/quantize/layer_pairs.h"
#include "tools/quantize/sharing.h"
#include "tools/train/first_values.h"
#include "tools/train/network.h"
#include "tools/train/node_ops.h"
#include "tools/train/quantizers.h"
#include "tools/train/real_graph.h"

namespace octet {
namespace {

// A bias that several integer layers share has another scale in each of them.
void UnshareBiases(Graph& graph) {
  std::set<TensorId> seen;
  for (Node& node : graph.nodes) {
    const TensorId bias = IsProduct(node) ? node.input(2) : kNoTensor;
    if (bias == kNoTensor || !graph.tensor(bias).quant || seen.insert(bias).second) continue;
    Tensor copy = graph.tensor(bias);
    copy.name = absl::StrCat(copy.name, "_of_", node.name);
    node.inputs[2] = graph.AddTensor(std::move(copy));
  }
}

// What an operator clamps its result to.
std::pair<float, float> ActivationOf(const Node& node) {
  const auto range = [](const auto& o) { return std::pair(o.activation_min, o.activation_max); };
  switch (node.type()) {
    case OpType::ConvOptions:
      return range(node.as<schema::ConvOptionsT>());
    case OpType::MatMulOptions:
      return range(node.as<schema::MatMulOptionsT>());
    case OpType::ConvTransposeOptions:
      return range(node.as<schema::ConvTransposeOptionsT>());
    case OpType::BinaryOptions:
      return range(node.as<schema::BinaryOptionsT>());
    default:
      return {-INFINITY, INFINITY};
  }
}

// Averages that round ties by the stored integers need one scale and zero point on both sides.
bool TiesSides(const Node& node) {
  return node.type() == OpType::PoolOptions &&
         node.as<schema::PoolOptionsT>().ties == schema::TieRule::AWAY_FROM_ZERO;
}

int BitsOf(DataType type) { return static_cast<int>(8 * SizeOf(type)); }

}  // namespace

class NetworkBuilder {
 public:
  NetworkBuilder(const Graph& graph, const Graph* real, const NetworkOptions& options)
      : real_(real), options_(options), network_(new TrainingNetwork) {
    network_->graph_ = graph;
    network_->options_ = options;
    UnshareBiases(network_->graph_);
  }

  absl::StatusOr<std::unique_ptr<TrainingNetwork>> Build(std::vector<Shape> shapes) {
    absl::Status status = Resolve(std::move(shapes));
    if (status.ok()) status = MakeSteps();
    if (status.ok()) status = BindConstants();
    if (!status.ok()) return status;
    MakeQuantizers();
    for (size_t i = 0; i < network_->steps_.size(); ++i) FinishStep(i);
    // Biases need the quantizers of what they are added to.
    for (const auto& [bias, node] : bias_nodes_) BindBias(bias, *node);
    network_->Update();
    return std::move(network_);
  }

 private:
  using TensorState = TrainingNetwork::TensorState;

  TensorState& state(TensorId id) { return network_->tensors_[static_cast<size_t>(id)]; }

  absl::Status Resolve(std::vector<Shape> shapes) {
    graph_ = network_->graph_;
    if (shapes.size() != graph_.inputs.size()) {
      return absl::InvalidArgumentError(absl::StrCat("there are ", shapes.size(), " shapes for ",
                                                     graph_.inputs.size(), " inputs"));
    }
    const std::vector<Constant> values(shapes.size());
    const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(1);
    absl::StatusOr<std::vector<Shape>> resolved =
        ResolveValues(graph_, shapes, values, {CpuFeatures::Host(), pool.get()});
    if (!resolved.ok()) return resolved.status();
    network_->shapes_ = *std::move(resolved);
    network_->input_shapes_ = std::move(shapes);
    network_->tensors_.resize(graph_.tensors.size());
    for (size_t i = 0; i < graph_.tensors.size(); ++i) {
      network_->tensors_[i].size = NumElements(network_->shapes_[i]);
    }
    return absl::OkStatus();
  }

  absl::Status MakeSteps() {
    absl::StatusOr<NodeOps> nodes = MakeNodeOps(graph_, network_->shapes_);
    if (!nodes.ok()) return nodes.status();
    network_->given_ = std::move(nodes->given);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (network_->given_.nodes[n]) continue;
      TrainingNetwork::Step step;
      step.op = std::move(nodes->ops[n]);
      step.inputs = graph_.nodes[n].inputs;
      network_->steps_.push_back(std::move(step));
      step_nodes_.push_back(n);
    }
    return absl::OkStatus();
  }

  int AddParameter(TensorId id, ParameterRole role, std::vector<float> values) {
    const char* suffix = role == ParameterRole::kScale ? "/scale" : "";
    network_->parameters_.push_back(
        {absl::StrCat(id, ":", graph_.tensor(id).name, suffix), role, std::move(values)});
    return static_cast<int>(network_->parameters_.size()) - 1;
  }

  // The layer of the float network that a node was made from; null when there is none.
  const Node* OriginOf(const Node& node) const {
    const auto found = origins_.find(node.outputs[0]);
    return found == origins_.end() ? nullptr : found->second;
  }

  void FindOrigins() {
    if (real_ == nullptr) return;
    for (const LayerPair& pair : PairLayers(*real_, network_->graph_)) {
      const Node& integer = network_->graph_.nodes[static_cast<size_t>(pair.integer)];
      const Node& real = real_->nodes[static_cast<size_t>(pair.real)];
      const Shape& shape = network_->graph_.tensor(integer.input(1)).shape;
      if (real_->tensor(real.input(1)).shape == shape) origins_[integer.outputs[0]] = &real;
    }
  }

  // Values that a parameter begins with.
  std::vector<float> FirstValues(const Node& node, size_t input) const {
    const Tensor& stored = graph_.tensor(node.inputs[input]);
    const Node* origin = OriginOf(node);
    const TensorId real = origin == nullptr ? kNoTensor : origin->input(input);
    if (real == kNoTensor || !stored.quant || !real_->tensor(real).is_constant()) {
      return RealConstant(stored);
    }
    return KeepIntegers(stored, RealValues(real_->tensor(real)));
  }

  absl::Status BindConstants() {
    FindOrigins();
    for (size_t n : step_nodes_) {
      const Node& node = graph_.nodes[n];
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const TensorId id = node.inputs[i];
        if (id == kNoTensor || !graph_.tensor(id).is_constant()) continue;
        TensorState& s = state(id);
        s.is_constant = true;
        if (s.weights >= 0 || !s.constant.empty() || bias_nodes_.count(id) > 0) continue;
        absl::Status status;
        if (IsProduct(node) && i == 2 && graph_.tensor(id).quant) {
          status = CheckBias(node);
          bias_nodes_[id] = &node;
        } else if (IsParameter(node, i)) {
          status = BindWeights(node, i);
        } else {
          status = BindFixed(id);
        }
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  // The scale of an integer bias follows from those of an integer input and of weights.
  absl::Status CheckBias(const Node& node) {
    if (state(node.input(1)).weights >= 0 && IsNarrow(graph_.tensor(node.input(0)))) {
      return absl::OkStatus();
    }
    return absl::UnimplementedError(absl::StrCat(
        "operator '", node.name, "' adds integers to a product without constant weights"));
  }

  // A constant that stays.
  absl::Status BindFixed(TensorId id) {
    const Tensor& t = graph_.tensor(id);
    TensorState& s = state(id);
    if (IsRealType(t)) {
      s.constant = RealValues(t);
    } else if (IsNarrow(t) && t.quant->per_tensor()) {
      for (size_t i = 0; i < static_cast<size_t>(s.size); ++i) {
        s.constant.push_back(static_cast<float>(IntegerAt(t, i) - t.quant->zero_point()));
      }
    } else if (t.quant) {
      return absl::UnimplementedError(
          absl::StrCat("constant '", t.name, "' is ", Name(t.type), " with a scale per channel"));
    }
    return absl::OkStatus();
  }

  absl::Status BindWeights(const Node& node, size_t input) {
    const TensorId id = node.inputs[input];
    const Tensor& t = graph_.tensor(id);
    const bool is_weight = HasWeights(node) && input == 1;
    const ParameterRole role = is_weight ? ParameterRole::kWeight : ParameterRole::kBias;
    std::vector<float> values = FirstValues(node, input);
    if (t.quant && !IsNarrow(t)) {
      return absl::UnimplementedError(absl::StrCat("weights '", t.name, "' are ", Name(t.type)));
    }
    const int parameter = AddParameter(id, role, values);
    state(id).weights = static_cast<int>(network_->weights_.size());
    state(id).needs_gradient = true;
    if (!t.quant) {
      network_->weights_.emplace_back(id, parameter);
      return absl::OkStatus();
    }
    const int bits = options_.weight_bits == 0 ? BitsOf(t.type) : options_.weight_bits;
    if (bits < 2 || bits > BitsOf(t.type)) {
      return absl::InvalidArgumentError(absl::StrCat("weights '", t.name, "' are ", Name(t.type),
                                                     " and cannot have ", bits, " bits"));
    }
    Grid grid = SymmetricGrid(bits);
    const std::vector<int32_t>& zeros = t.quant->zero_points;
    const bool affine = std::any_of(zeros.begin(), zeros.end(), [](int32_t z) { return z != 0; });
    if (affine || t.type == DataType::kU8) {
      if (bits < BitsOf(t.type)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "weights '", t.name, "' have a zero point and cannot have ", bits, " bits"));
      }
      grid = GridOf(t.type, zeros[0]);
    } else if (bits == BitsOf(t.type)) {
      // Other quantizers use the lowest integer, too.
      for (size_t i = 0; i < values.size(); ++i) {
        grid.low = std::min(grid.low, static_cast<float>(IntegerAt(t, i)));
      }
    }
    int scales = -1;
    if (options_.learn_weight_scales) {
      scales =
          AddParameter(id, ParameterRole::kScale, std::vector<float>(t.quant->scales.size(), 0.0f));
    }
    network_->weights_.emplace_back(id, t, grid, parameter, scales);
    if (bits < BitsOf(t.type)) network_->weights_.back().SearchScales(values);
    return absl::OkStatus();
  }

  void BindBias(TensorId id, const Node& node) {
    const TensorId x = node.input(0), w = node.input(1);
    const int parameter = AddParameter(id, ParameterRole::kBias, FirstValues(node, 2));
    // Narrower weights get other scales, and the bias other units.
    const int bits = options_.weight_bits;
    const bool keeps = bits == 0 || bits == BitsOf(graph_.tensor(w).type);
    const TensorState& weights = state(w);
    const auto channels = std::max<int64_t>(state(id).size, 1);
    state(id).bias = static_cast<int>(network_->biases_.size());
    state(id).needs_gradient = true;
    const Tensor& operand = graph_.tensor(x);
    network_->biases_.push_back({TrainedBias(graph_.tensor(id), id, parameter,
                                             MaxBias(weights.size / channels, operand.type), keeps),
                                 state(x).quantizer, operand.quant->scale(), weights.weights});
  }

  void MakeQuantizers() {
    std::vector<bool> activations, keeps_scale(graph_.nodes.size(), false);
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < graph_.tensors.size(); ++i) {
      const Tensor& t = graph_.tensors[i];
      const TensorState& s = network_->tensors_[i];
      const bool unused = t.is_constant() && !s.is_constant;
      activations.push_back(IsNarrow(t) && t.quant->per_tensor() && s.weights < 0 && !unused);
      sizes.push_back(s.size);
    }
    for (size_t i = 0; i < step_nodes_.size(); ++i) {
      const size_t n = step_nodes_[i];
      keeps_scale[n] = network_->steps_[i].op->moves() || TiesSides(graph_.nodes[n]);
    }
    network_->quantizers_ = FindQuantizers(graph_, activations, keeps_scale, sizes);
    for (size_t i = 0; i < network_->quantizers_.size(); ++i) {
      ActivationQuantizer& q = network_->quantizers_[i];
      for (TensorId id : q.tensors) state(id).quantizer = static_cast<int>(i);
      // Averages choose parameters of 8 bits.
      const bool averages = options_.ranges == RangeMode::kMovingAverage;
      q.fixed = q.fixed || (averages && q.type == DataType::kS16);
      const bool learns = options_.ranges == RangeMode::kLearned && !q.fixed;
      if (learns) q.parameter = AddParameter(q.tensors[0], ParameterRole::kScale, {0.0f});
    }
  }

  void FinishStep(size_t i) {
    const Node& node = graph_.nodes[step_nodes_[i]];
    TrainingNetwork::Step& step = network_->steps_[i];
    bool gradient = false, same_scale = step.op->moves();
    for (TensorId x : node.inputs) {
      if (x == kNoTensor) continue;
      gradient = gradient || state(x).needs_gradient || bias_nodes_.count(x) > 0;
    }
    const auto [min, max] = ActivationOf(node);
    for (TensorId y : node.outputs) {
      TrainingNetwork::Output output;
      output.tensor = y;
      const int quantizer = state(y).quantizer;
      bool moved = same_scale && state(node.inputs[0]).quantizer == quantizer;
      if (node.type() == OpType::ConcatOptions) {
        for (TensorId x : node.inputs) moved = moved && state(x).quantizer == quantizer;
      }
      output.min = min;
      output.max = max;
      output.rounds = quantizer >= 0 && !moved;
      output.clamps = quantizer < 0 && (min > -INFINITY || max < INFINITY);
      const bool learns =
          output.rounds && network_->quantizers_[static_cast<size_t>(quantizer)].parameter >= 0;
      state(y).needs_gradient = gradient || learns;
      step.outputs.push_back(output);
    }
  }

  const Graph* real_;
  const NetworkOptions options_;
  std::unique_ptr<TrainingNetwork> network_;
  Graph graph_;                              // with all numbers that decide shapes in the options
  std::vector<size_t> step_nodes_;           // by step
  std::map<TensorId, const Node*> origins_;  // by result of the integer layer
  std::map<TensorId, const Node*> bias_nodes_;  // integer biases and whose they are
};

absl::StatusOr<std::unique_ptr<TrainingNetwork>> TrainingNetwork::Create(
    const Graph& graph, const Graph* real, std::vector<Shape> shapes,
    const NetworkOptions& options) {
  return NetworkBuilder(graph, real, options).Build(std::move(shapes));
}

}  // namespace octet
