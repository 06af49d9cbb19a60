#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate.h"
#include "runtime/core/validate_rules.h"

namespace octet::validate {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// What an operand is, as the letters of the table below.
bool Matches(char kind, const Tensor& t) {
  switch (kind) {
    case 'r':  // real numbers; constants of 16 bits are widened when the model is loaded
      return !t.quant &&
             (t.type == DataType::kF32 ||
              (t.is_constant() && (t.type == DataType::kF16 || t.type == DataType::kBF16)));
    case 'q':  // quantized to 8 bits, one scale
      return t.quant && t.quant->per_tensor() &&
             (t.type == DataType::kU8 || t.type == DataType::kS8);
    case 'w':  // weights, one scale or one per output channel
      return t.quant && t.is_constant() && t.type == DataType::kS8;
    case 'b':  // bias
      return t.quant && t.is_constant() && t.type == DataType::kS32;
    case 'c':  // any quantized constant
      return t.quant && t.is_constant();
    case 'i':  // integers that stand for themselves
      return !t.quant && t.type != DataType::kF32 && t.type != DataType::kF16 &&
             t.type != DataType::kBF16;
    default:
      return false;
  }
}

struct Signature {
  OpType type;
  const char* inputs;  // by position; the last letter stands for all further ones
  char outputs;
};

// The legal combinations of types.
constexpr Signature kSignatures[] = {
    {OpType::ConvOptions, "rrrr", 'r'},    {OpType::ConvOptions, "qwbq", 'q'},
    {OpType::ConvOptions, "qwbr", 'r'},    {OpType::MatMulOptions, "rrrr", 'r'},
    {OpType::MatMulOptions, "qwbq", 'q'},  {OpType::MatMulOptions, "qwbr", 'r'},
    {OpType::PoolOptions, "r", 'r'},       {OpType::PoolOptions, "q", 'q'},
    {OpType::GlobalPoolOptions, "r", 'r'}, {OpType::GlobalPoolOptions, "q", 'q'},
    {OpType::GlobalPoolOptions, "q", 'r'}, {OpType::BinaryOptions, "rr", 'r'},
    {OpType::BinaryOptions, "qq", 'q'},    {OpType::UnaryOptions, "r", 'r'},
    {OpType::UnaryOptions, "q", 'q'},      {OpType::ConcatOptions, "r", 'r'},
    {OpType::ConcatOptions, "q", 'q'},     {OpType::ConcatOptions, "i", 'i'},
    {OpType::SplitOptions, "r", 'r'},      {OpType::SplitOptions, "q", 'q'},
    {OpType::SplitOptions, "i", 'i'},      {OpType::ReshapeOptions, "r", 'r'},
    {OpType::ReshapeOptions, "q", 'q'},    {OpType::ReshapeOptions, "i", 'i'},
    {OpType::TransposeOptions, "r", 'r'},  {OpType::TransposeOptions, "q", 'q'},
    {OpType::TransposeOptions, "i", 'i'},  {OpType::SoftmaxOptions, "r", 'r'},
    {OpType::SoftmaxOptions, "q", 'q'},    {OpType::PadOptions, "r", 'r'},
    {OpType::PadOptions, "q", 'q'},        {OpType::PadOptions, "i", 'i'},
    {OpType::ReduceOptions, "r", 'r'},     {OpType::ReduceOptions, "q", 'q'},
    {OpType::ReduceOptions, "q", 'r'},     {OpType::QuantizeOptions, "r", 'q'},
    {OpType::DequantizeOptions, "q", 'r'}, {OpType::DequantizeOptions, "c", 'r'},
    {OpType::RequantizeOptions, "q", 'q'},
};

bool Matches(const Signature& signature, const Graph& graph, const Node& node) {
  const size_t letters = std::strlen(signature.inputs);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const char kind = signature.inputs[std::min(i, letters - 1)];
    if (node.inputs[i] != kNoTensor && !Matches(kind, graph.tensor(node.inputs[i]))) return false;
  }
  return std::all_of(node.outputs.begin(), node.outputs.end(),
                     [&](TensorId id) { return Matches(signature.outputs, graph.tensor(id)); });
}

const Signature* FindSignature(const Graph& graph, const Node& node) {
  const auto* found =
      std::find_if(std::begin(kSignatures), std::end(kSignatures), [&](const Signature& signature) {
        return signature.type == node.type() && Matches(signature, graph, node);
      });
  return found == std::end(kSignatures) ? nullptr : found;
}

// "x u8 quantized, w constant f32 -> f32"
std::string Describe(const Graph& graph, const Node& node) {
  const auto describe = [&graph](TensorId id) {
    const Tensor& t = graph.tensor(id);
    const char* quantized = !t.quant                ? ""
                            : t.quant->per_tensor() ? " quantized"
                                                    : " quantized along an axis";
    return absl::StrCat(t.is_constant() ? "constant " : "", Name(t.type), quantized);
  };
  std::string text;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", InputName(node.type(), i), " ",
                    describe(node.inputs[i]));
  }
  text += " ->";
  for (TensorId id : node.outputs) absl::StrAppend(&text, " ", describe(id));
  return text;
}

absl::Status CheckSameType(const Graph& graph, const Node& node) {
  const DataType type = graph.tensor(node.outputs[0]).type;
  const auto same = [&](TensorId id) { return graph.tensor(id).type == type; };
  if (std::all_of(node.inputs.begin(), node.inputs.end(), same) &&
      std::all_of(node.outputs.begin(), node.outputs.end(), same)) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(
      absl::StrCat("all types must be the same, found ", Describe(graph, node)));
}

// Products of the weights that one output element sums up, and the dimension of output channels.
struct Weights {
  int64_t depth;
  int channel_axis;
};

absl::StatusOr<Weights> WeightsOf(const Node& node, const Shape& w) {
  if (w.size() < 2)
    return Invalid("the weights are ", ToString(w), "; expected at least two sizes");
  const int rank = static_cast<int>(w.size());
  if (node.type() == OpType::ConvOptions)
    return Weights{NumElements(w) / std::max<int64_t>(w[0], 1), 0};
  const bool transposed = node.as<schema::MatMulOptionsT>().transpose_b;
  return Weights{w[w.size() - (transposed ? 1 : 2)], transposed ? rank - 2 : rank - 1};
}

absl::Status CheckWeights(const QuantParams& quant, int channel_axis) {
  for (int32_t zero_point : quant.zero_points) {
    if (zero_point != 0) return Invalid("the weights have the zero point ", zero_point, ", not 0");
  }
  if (quant.axis >= 0 && quant.axis != channel_axis) {
    return Invalid("the scales of the weights run along axis ", quant.axis,
                   ", but their output channels along axis ", channel_axis);
  }
  return absl::OkStatus();
}

absl::Status CheckBias(const Tensor& bias, float scale_x, const QuantParams& weights,
                       int64_t depth) {
  if (bias.shape.size() != 1) return Invalid("bias is ", ToString(bias.shape), ", not a vector");
  const QuantParams& quant = *bias.quant;
  const size_t channels = std::max(weights.scales.size(), quant.scales.size());
  const bool counts_fit = (weights.per_tensor() || weights.scales.size() == channels) &&
                          (quant.per_tensor() || quant.scales.size() == channels);
  if (!counts_fit) {
    return Invalid("bias has ", quant.scales.size(), " scales, but the weights have ",
                   weights.scales.size());
  }
  for (size_t i = 0; i < channels; ++i) {
    const double expected =
        static_cast<double>(scale_x) * weights.scales[weights.per_tensor() ? 0 : i];
    const double found = quant.scales[quant.per_tensor() ? 0 : i];
    // Products below the normal numbers of f32 cannot be stored as precisely.
    if (std::abs(found - expected) > 1e-6 * expected + std::numeric_limits<float>::min()) {
      return Invalid("bias has the scale ", found, " for channel ", i,
                     "; expected scale of x * scale of the weights = ", expected);
    }
  }
  const int64_t limit = MaxBias(depth);
  for (int32_t value : bias.data.as<int32_t>()) {
    if (std::abs(static_cast<int64_t>(value)) > limit) {
      return Invalid("bias has the value ", value, "; with ", depth,
                     " products per output, at most ", limit, " is sure to fit the s32 sum");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckProduct(const Graph& graph, const Node& node) {
  const Tensor& x = graph.tensor(node.inputs[0]);
  const Tensor& w = graph.tensor(node.inputs[1]);
  if (node.type() == OpType::ConvOptions && !w.is_constant()) return Invalid("w is not a constant");
  if (!x.quant) return absl::OkStatus();
  const absl::StatusOr<Weights> weights = WeightsOf(node, w.shape);
  if (!weights.ok()) return weights.status();
  absl::Status status = CheckWeights(*w.quant, weights->channel_axis);
  if (!status.ok()) return status;
  if (MaxBias(weights->depth) < 0) {
    return Invalid("an output sums up ", weights->depth, " products, which may not fit s32");
  }
  if (node.input(2) == kNoTensor) return absl::OkStatus();
  return CheckBias(graph.tensor(node.input(2)), x.quant->scale(), *w.quant, weights->depth);
}

}  // namespace

absl::Status CheckOperands(const Graph& graph, const Node& node) {
  const Signature* signature = FindSignature(graph, node);
  if (signature == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("it cannot compute with these types: ", Describe(graph, node),
                     "; use f32, or 8 bits with scales throughout"));
  }
  if (signature->outputs == 'i') return CheckSameType(graph, node);
  if (node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions) {
    return CheckProduct(graph, node);
  }
  return absl::OkStatus();
}

}  // namespace octet::validate

namespace octet {

int64_t MaxBias(int64_t depth) {
  // |x - zero_point| <= 255 and |w| <= 128.
  constexpr int64_t kMaxProduct = 255 * 128;
  constexpr int64_t kMaxSum = std::numeric_limits<int32_t>::max();
  return depth > kMaxSum / kMaxProduct ? -1 : kMaxSum - depth * kMaxProduct;
}

}  // namespace octet
