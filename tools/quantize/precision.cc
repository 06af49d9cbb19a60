#include "tools/quantize/precision.h"

#include <algorithm>

#include "runtime/core/validate.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::PadMode;
using schema::PoolKind;
using schema::ReduceKind;
using schema::UnaryKind;

// Functions that an int8 table computes without harm. Those that are missing either have unbounded
// slopes (Log, Reciprocal, ...), for which 256 values are too few, or belong to normalizations.
bool IsInt8Unary(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::CLIP:
    case UnaryKind::SIGMOID:
    case UnaryKind::TANH:
    case UnaryKind::ABS:
    case UnaryKind::NEG:
    case UnaryKind::LEAKY_RELU:
    case UnaryKind::ELU:
    case UnaryKind::HARD_SIGMOID:
    case UnaryKind::HARD_SWISH:
    case UnaryKind::SWISH:
      return true;
    default:
      return false;
  }
}

bool IsInt8Binary(BinaryKind kind) {
  return kind == BinaryKind::ADD || kind == BinaryKind::SUB || kind == BinaryKind::MUL;
}

bool IsReal(DataType type) { return type == DataType::kF32 || type == DataType::kF16; }

// Whether the tensor is a constant of real numbers, or absent.
bool IsRealConstantOrAbsent(const Graph& graph, TensorId id) {
  return id == kNoTensor || (graph.tensor(id).is_constant() && IsReal(graph.tensor(id).type));
}

// Whether the products of one output fit s32, whatever the input. A channel's weights are as many
// as all weights divided by the channels.
bool SumFits(const Shape& weights, size_t channel_axis) {
  const int64_t channels = channel_axis < weights.size() ? weights[channel_axis] : 0;
  return channels > 0 && MaxBias(NumElements(weights) / channels) >= 0;
}

bool HasConstantWeights(const Graph& graph, const Node& node) {
  const TensorId weights = node.input(1);
  return weights != kNoTensor && IsRealConstantOrAbsent(graph, weights) &&
         IsRealConstantOrAbsent(graph, node.input(2)) && node.input(0) != kNoTensor &&
         !graph.tensor(node.input(0)).is_constant();
}

bool IsMatMulWithWeights(const Graph& graph, const Node& node) {
  if (!HasConstantWeights(graph, node)) return false;
  const auto& options = node.as<schema::MatMulOptionsT>();
  const Shape& weights = graph.tensor(node.input(1)).shape;
  return weights.size() == 2 && !options.transpose_a &&
         SumFits(weights, options.transpose_b ? 0 : 1);
}

Int8Role RoleOfType(const Graph& graph, const Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return HasConstantWeights(graph, node) && SumFits(graph.tensor(node.input(1)).shape, 0)
                 ? Int8Role::kAnchor
                 : Int8Role::kNone;
    case OpType::MatMulOptions:
      return IsMatMulWithWeights(graph, node) ? Int8Role::kAnchor : Int8Role::kNone;
    case OpType::PoolOptions:
      return node.as<schema::PoolOptionsT>().kind == PoolKind::MAXIMUM ? Int8Role::kMovement
                                                                       : Int8Role::kFollower;
    case OpType::GlobalPoolOptions:
      return node.as<schema::GlobalPoolOptionsT>().kind == PoolKind::MAXIMUM ? Int8Role::kMovement
                                                                             : Int8Role::kFollower;
    case OpType::BinaryOptions:
      return IsInt8Binary(node.as<schema::BinaryOptionsT>().kind) ? Int8Role::kFollower
                                                                  : Int8Role::kNone;
    case OpType::UnaryOptions:
      return IsInt8Unary(node.as<schema::UnaryOptionsT>().kind) ? Int8Role::kFollower
                                                                : Int8Role::kNone;
    case OpType::ReduceOptions:
      return node.as<schema::ReduceOptionsT>().kind == ReduceKind::MEAN ? Int8Role::kFollower
                                                                        : Int8Role::kNone;
    case OpType::PadOptions:
    case OpType::ConcatOptions:
    case OpType::SplitOptions:
    case OpType::ReshapeOptions:
    case OpType::TransposeOptions:
      return Int8Role::kMovement;
    default:
      return Int8Role::kNone;
  }
}

class Chooser {
 public:
  Chooser(const Graph& graph, const KernelQuery& has_kernel)
      : graph_(graph), producers_(Producers(graph)), consumers_(Consumers(graph)) {
    for (const Node& node : graph.nodes) {
      Int8Role role = RoleOf(graph, node);
      if (role != Int8Role::kNone && !has_kernel(node, Precision::kInt8)) role = Int8Role::kNone;
      roles_.push_back(role);
    }
  }

  std::vector<Precision> Choose(const KernelQuery& has_kernel) {
    const size_t n = graph_.nodes.size();
    fed_.assign(n, false);
    wanted_.assign(n, false);
    for (size_t i = 0; i < n; ++i) fed_[i] = IsFed(i);
    for (size_t i = n; i-- > 0;) wanted_[i] = IsWanted(i);
    std::vector<Precision> result(n, Precision::kFloat);
    for (size_t i = 0; i < n; ++i) {
      if (IsInt8(i)) result[i] = Precision::kInt8;
    }
    // From the end, since whether an operator yields f32 depends on its readers.
    for (size_t i = n; i-- > 0;) {
      if (!ReadByInt8(i, result) && CanYieldFloat(i, result) &&
          has_kernel(graph_.nodes[i], Precision::kInt8ToFloat)) {
        result[i] = Precision::kInt8ToFloat;
      }
    }
    return result;
  }

 private:
  bool IsInt8(size_t i) const { return roles_[i] == Int8Role::kAnchor || (fed_[i] && wanted_[i]); }

  // Whether integers can reach the node without a detour through f32.
  bool IsFed(size_t i) const {
    if (roles_[i] == Int8Role::kNone) return false;
    if (roles_[i] == Int8Role::kAnchor) return true;
    for (TensorId id : ActivationInputs(graph_, graph_.nodes[i])) {
      if (graph_.tensor(id).is_constant()) continue;
      const int producer = producers_[static_cast<size_t>(id)];
      const bool input = producer < 0;
      if (input && roles_[i] != Int8Role::kMovement) return false;
      if (!input && !fed_[static_cast<size_t>(producer)]) return false;
    }
    return true;
  }

  // Whether an int8 operator reads what the node yields.
  bool IsWanted(size_t i) const {
    for (TensorId id : graph_.nodes[i].outputs) {
      for (int reader : consumers_[static_cast<size_t>(id)]) {
        const auto r = static_cast<size_t>(reader);
        const bool activation = IsActivationOf(id, graph_.nodes[r]);
        if (activation && IsInt8(r)) return true;
      }
    }
    return false;
  }

  bool IsActivationOf(TensorId id, const Node& node) const {
    const std::vector<TensorId> inputs = ActivationInputs(graph_, node);
    return std::find(inputs.begin(), inputs.end(), id) != inputs.end();
  }

  bool ReadByInt8(size_t i, const std::vector<Precision>& precision) const {
    for (TensorId id : graph_.nodes[i].outputs) {
      for (int reader : consumers_[static_cast<size_t>(id)]) {
        if (precision[static_cast<size_t>(reader)] != Precision::kFloat) return true;
      }
    }
    return false;
  }

  // Products have f32 sums at hand, and so has an average that reads int8 values.
  bool CanYieldFloat(size_t i, const std::vector<Precision>& precision) const {
    if (precision[i] == Precision::kInt8) return roles_[i] == Int8Role::kAnchor;
    const Node& node = graph_.nodes[i];
    const bool average =
        roles_[i] == Int8Role::kFollower &&
        (node.type() == OpType::GlobalPoolOptions || node.type() == OpType::ReduceOptions);
    if (!average) return false;
    const int producer = producers_[static_cast<size_t>(node.input(0))];
    return producer >= 0 && precision[static_cast<size_t>(producer)] == Precision::kInt8;
  }

  const Graph& graph_;
  const std::vector<int> producers_;
  const std::vector<std::vector<int>> consumers_;
  std::vector<Int8Role> roles_;
  std::vector<bool> fed_;
  std::vector<bool> wanted_;
};

}  // namespace

absl::string_view Name(Precision precision) {
  switch (precision) {
    case Precision::kFloat:
      return "float";
    case Precision::kInt8:
    case Precision::kInt8ToFloat:
      return "int8";
    case Precision::kDynamic:
      return "dynamic";
    case Precision::kWeightOnly:
      return "weight-only";
    case Precision::kInt16:
    case Precision::kInt16ToFloat:
      return "int16";
    case Precision::kBF16:
      return "bf16";
    case Precision::kF16:
      return "f16";
  }
  return "";
}

absl::optional<Precision> ExceptionNamed(absl::string_view name) {
  for (Precision p : {Precision::kFloat, Precision::kInt8, Precision::kDynamic, Precision::kInt16,
                      Precision::kBF16, Precision::kF16}) {
    if (name == Name(p)) return p;
  }
  return absl::nullopt;
}

Int8Role RoleOf(const Graph& graph, const Node& node) {
  const Int8Role role = RoleOfType(graph, node);
  if (role == Int8Role::kNone) return role;
  for (TensorId id : ActivationInputs(graph, node)) {
    const Tensor& t = graph.tensor(id);
    const bool real = t.is_constant() ? IsReal(t.type) : t.type == DataType::kF32;
    if (!real || t.quant) return Int8Role::kNone;
  }
  for (TensorId id : node.outputs) {
    if (graph.tensor(id).type != DataType::kF32) return Int8Role::kNone;
  }
  return role;
}

std::vector<TensorId> ActivationInputs(const Graph& /*graph*/, const Node& node) {
  const bool product = node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
  std::vector<TensorId> result;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    constexpr size_t kWeights = 1;
    constexpr size_t kBias = 2;
    if (node.inputs[i] == kNoTensor || (product && (i == kWeights || i == kBias))) continue;
    result.push_back(node.inputs[i]);
  }
  return result;
}

bool ReadsAsInteger(const Node& node, Precision precision, TensorId id) {
  if (!IsStatic(precision)) return false;
  if (!YieldsIntegers(precision)) return node.inputs[0] == id;
  const bool product = node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
  // A residual is read as it is stored.
  if (product && IsInt16(precision)) return node.inputs[0] == id;
  return std::find(node.inputs.begin(), node.inputs.end(), id) != node.inputs.end();
}

std::vector<Precision> ChoosePrecision(const Graph& graph, const KernelQuery& has_kernel) {
  return Chooser(graph, has_kernel).Choose(has_kernel);
}

bool CanBeWeightOnly(const Graph& graph, const Node& node) {
  return RoleOf(graph, node) == Int8Role::kAnchor;
}

bool CanBeDynamic(const Graph& graph, const Node& node) {
  if (node.type() == OpType::AttentionOptions) return true;
  const bool grouped =
      node.type() == OpType::ConvOptions && node.as<schema::ConvOptionsT>().groups != 1;
  return !grouped && CanBeWeightOnly(graph, node);
}

std::vector<Precision> ChooseDynamic(const Graph& graph, const KernelQuery& has_kernel) {
  std::vector<Precision> result;
  for (const Node& node : graph.nodes) {
    const bool dynamic = CanBeDynamic(graph, node) && has_kernel(node, Precision::kDynamic);
    result.push_back(dynamic ? Precision::kDynamic : Precision::kFloat);
  }
  return result;
}

std::vector<Precision> ChooseWeightOnly(const Graph& graph) {
  std::vector<Precision> result;
  for (const Node& node : graph.nodes) {
    result.push_back(CanBeWeightOnly(graph, node) ? Precision::kWeightOnly : Precision::kFloat);
  }
  return result;
}

}  // namespace octet
