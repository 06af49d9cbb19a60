#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/quantization.h"
#include "tools/import/steps.h"

// Operators of ONNX Runtime (domain com.microsoft) that join several of ONNX's: what its optimizer
// writes. They are taken apart again, and simplifying joins what Octet has kernels for.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::NormalizationKind;
using schema::UnaryKind;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The attribute `activation` of FusedConv and its parameters; IDENTITY without one.
absl::StatusOr<schema::UnaryOptionsT> ReadActivation(OpContext& c) {
  const std::string name = c.attributes.String("activation", "");
  std::vector<float> parameters = c.attributes.Floats("activation_params");
  const auto parameter = [&](size_t i, float absent) {
    return i < parameters.size() ? parameters[i] : absent;
  };
  if (name.empty()) return Unary(UnaryKind::IDENTITY);
  if (name == "Relu") return Unary(UnaryKind::CLIP, 0.0f, kInfinity);
  if (name == "Tanh") return Unary(UnaryKind::TANH);
  if (name == "Sigmoid") return Unary(UnaryKind::SIGMOID);
  if (name == "LeakyRelu") return Unary(UnaryKind::LEAKY_RELU, parameter(0, 0.01f));
  if (name == "HardSigmoid") {
    return Unary(UnaryKind::HARD_SIGMOID, parameter(0, 0.2f), parameter(1, 0.5f));
  }
  if (name == "Clip") {
    const float high = parameter(1, kInfinity);
    return Unary(UnaryKind::CLIP, std::min(parameter(0, -kInfinity), high), high);
  }
  return absl::UnimplementedError(absl::StrCat("has the activation '", name, "'"));
}

// activation(conv(x, w, bias) + z)
absl::Status ImportFusedConv(OpContext& c) {
  auto activation = ReadActivation(c);
  if (!activation.ok()) return activation.status();
  std::vector<Value*> inputs = c.inputs;
  inputs.resize(std::min<size_t>(inputs.size(), 3));
  auto conv = ImportInner(c, "Conv", inputs);
  if (!conv.ok()) return conv.status();
  Steps s(c);
  TensorId y = (*conv)[0].tensor;
  if (c.has(3)) y = s.Sum("sum", y, s.Input(3));
  return s.Finish(*activation, {y});
}

// Sums the input, what skips the layer before, and a bias [C]; then normalizes. Output 3 is the
// sum.
absl::Status ImportSkipNormalization(OpContext& c) {
  const bool layer = c.node.op_type() == "SkipLayerNormalization";
  if (c.wants(1) || c.wants(2)) {
    return absl::UnimplementedError("gives mean and deviation, which are for training");
  }
  Steps s(c);
  const size_t bias = layer ? 4 : 3;
  TensorId sum = s.Sum("skip_sum", s.Input(0), s.Input(1));
  if (c.has(bias)) sum = s.Sum("bias_sum", sum, s.Input(bias));
  std::vector<TensorId> inputs = {sum, s.Input(2)};
  if (layer && c.has(3)) inputs.push_back(s.Input(3));
  if (!s.ok()) return s.status();
  schema::NormalizationOptionsT options;
  options.kind = layer ? NormalizationKind::LAYER : NormalizationKind::RMS;
  options.axis = static_cast<int>(s.rank(sum)) - 1;
  options.epsilon = c.attributes.Float("epsilon", 1e-12f);
  if (absl::Status status = s.Finish(std::move(options), std::move(inputs)); !status.ok()) {
    return status;
  }
  c.outputs.resize(3, Value::Broken());
  c.outputs.push_back(ValueOf(c.builder, sum));
  return absl::OkStatus();
}

// Gelu, and FastGelu, which approximates it by tanh, of x or x + bias.
absl::Status ImportBiasedGelu(OpContext& c) {
  Steps s(c);
  TensorId x = s.Input(0);
  if (c.has(1)) x = s.Sum("biased", x, s.Input(1));
  const bool fast = c.node.op_type() == "FastGelu";
  return s.Finish(Unary(fast ? UnaryKind::GELU_TANH : UnaryKind::GELU), {x});
}

// x * sigmoid(alpha * x)
absl::Status ImportQuickGelu(OpContext& c) {
  Steps s(c);
  const TensorId x = s.Input(0);
  const float alpha = c.attributes.Float("alpha", 1.702f);
  const TensorId scaled =
      s.Product("scaled", x, s.Number(DataType::kF32, static_cast<double>(alpha)));
  return s.Finish(Binary(BinaryKind::MUL), {x, s.Unary("gate", UnaryKind::SIGMOID, scaled)});
}

constexpr OpRow kRows[] = {
    {"BiasGelu", ImportBiasedGelu, 1, ""},
    {"FastGelu", ImportBiasedGelu, 1, ""},
    {"FusedConv", ImportFusedConv, 1, "as Conv"},
    {"Gelu", ImportBiasedGelu, 1, ""},
    {"QuickGelu", ImportQuickGelu, 1, ""},
    {"SkipLayerNormalization", ImportSkipNormalization, 1, "not the outputs for training"},
    {"SkipSimplifiedLayerNormalization", ImportSkipNormalization, 1,
     "not the outputs for training"},
};

}  // namespace

absl::Span<const OpRow> MicrosoftFusedOps() { return kRows; }

}  // namespace octet::importer
