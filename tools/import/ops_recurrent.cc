#include <algorithm>
#include <limits>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"

// RNN, GRU and LSTM.

namespace octet::importer {
namespace {

using schema::RecurrentDirection;
using schema::RecurrentKind;
using schema::UnaryKind;

// Functions of gates. alpha and beta are what ONNX takes where the node does not give them; those
// without such parameters take none of the node's.
struct Activation {
  const char* name;
  UnaryKind kind;
  float alpha, beta;
  int parameters;
};

constexpr Activation kActivations[] = {
    {"relu", UnaryKind::CLIP, 0.0f, std::numeric_limits<float>::infinity(), 0},
    {"tanh", UnaryKind::TANH, 0.0f, 0.0f, 0},
    {"sigmoid", UnaryKind::SIGMOID, 0.0f, 0.0f, 0},
    {"leakyrelu", UnaryKind::LEAKY_RELU, 0.01f, 0.0f, 1},
    {"thresholdedrelu", UnaryKind::THRESHOLDED_RELU, 1.0f, 0.0f, 1},
    {"hardsigmoid", UnaryKind::HARD_SIGMOID, 0.2f, 0.5f, 2},
    {"elu", UnaryKind::ELU, 1.0f, 0.0f, 1},
    {"softsign", UnaryKind::SOFTSIGN, 0.0f, 0.0f, 0},
    {"softplus", UnaryKind::SOFTPLUS, 0.0f, 0.0f, 0},
};

absl::Status ReadActivations(OpContext& c, const std::vector<std::string>& defaults,
                             size_t directions, schema::RecurrentOptionsT& options) {
  std::vector<std::string> names = c.attributes.Strings("activations");
  for (size_t d = 0; d < directions && !c.attributes.Has("activations"); ++d) {
    names.insert(names.end(), defaults.begin(), defaults.end());
  }
  const std::vector<float> alphas = c.attributes.Floats("activation_alpha");
  const std::vector<float> betas = c.attributes.Floats("activation_beta");
  size_t alpha = 0, beta = 0;
  for (const std::string& name : names) {
    const auto row =
        std::find_if(std::begin(kActivations), std::end(kActivations),
                     [&](const Activation& a) { return absl::AsciiStrToLower(name) == a.name; });
    if (row == std::end(kActivations)) {
      return absl::UnimplementedError(absl::StrCat("has the activation ", name));
    }
    auto activation =
        std::make_unique<schema::UnaryOptionsT>(Unary(row->kind, row->alpha, row->beta));
    if (row->parameters > 0 && alpha < alphas.size()) activation->alpha = alphas[alpha++];
    if (row->parameters > 1 && beta < betas.size()) activation->beta = betas[beta++];
    options.activations.push_back(std::move(activation));
  }
  return absl::OkStatus();
}

absl::StatusOr<schema::RecurrentOptionsT> ReadOptions(OpContext& c) {
  schema::RecurrentOptionsT options;
  const std::string& op = c.node.op_type();
  std::vector<std::string> defaults = {"Tanh"};
  options.kind = RecurrentKind::RNN;
  if (op == "GRU") {
    options.kind = RecurrentKind::GRU;
    defaults = {"Sigmoid", "Tanh"};
    options.linear_before_reset = c.attributes.Int("linear_before_reset", 0) != 0;
  } else if (op == "LSTM") {
    options.kind = RecurrentKind::LSTM;
    defaults = {"Sigmoid", "Tanh", "Tanh"};
    options.coupled_gates = c.attributes.Int("input_forget", 0) != 0;
  }
  const std::string direction = c.attributes.String("direction", "forward");
  if (direction == "reverse") {
    options.direction = RecurrentDirection::REVERSE;
  } else if (direction == "bidirectional") {
    options.direction = RecurrentDirection::BIDIRECTIONAL;
  } else if (direction != "forward") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'direction' is '", direction, "'"));
  }
  options.clip = c.attributes.Float("clip", std::numeric_limits<float>::infinity());
  // The recurrence weights [D, gates * H, H] say it too.
  const Shape& r = c.value(2).shape[0];
  const int64_t hidden =
      c.attributes.Int("hidden_size", r.size() == 3 && c.value(2).fixed(2) ? r[2] : 0);
  if (hidden < 1 || hidden > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat("has the hidden size ", hidden));
  }
  options.hidden_size = static_cast<int>(hidden);
  const size_t directions = options.direction == RecurrentDirection::BIDIRECTIONAL ? 2 : 1;
  absl::Status status = ReadActivations(c, defaults, directions, options);
  if (!status.ok()) return status;
  return options;
}

absl::Status ImportRecurrent(OpContext& c) {
  auto inputs = c.Tensors(3);
  if (!inputs.ok()) return inputs.status();
  auto options = ReadOptions(c);
  if (!options.ok()) return options.status();
  const int outputs = options->kind == RecurrentKind::LSTM ? 3 : 2;
  if (c.attributes.Int("layout", 0) == 0) {
    return c.FinishMany(outputs, *std::move(options), *std::move(inputs));
  }
  // Batches come first: x [N, T, I], states [N, D, H], y [N, T, D, H].
  Steps s(c);
  for (const size_t i : {size_t{0}, size_t{5}, size_t{6}}) {
    if (i >= inputs->size() || (*inputs)[i] == kNoTensor) continue;
    (*inputs)[i] = s.Transpose(absl::StrCat("input", i), {1, 0, 2}, (*inputs)[i]);
  }
  if (!s.ok()) return s.status();
  std::vector<std::string> names;
  for (int i = 0; i < outputs; ++i) names.push_back(c.Intermediate(absl::StrCat("turned", i)));
  auto values = c.builder.EmitMany(c.name, *std::move(options), *std::move(inputs), names);
  if (!values.ok()) return values.status();
  const std::vector<std::string> own = c.OutputNames(outputs);
  for (size_t i = 0; i < values->size(); ++i) {
    schema::TransposeOptionsT back;
    back.permutation = i == 0 ? std::vector<int>{2, 0, 1, 3} : std::vector<int>{1, 0, 2};
    auto value = c.builder.Emit(own[i], std::move(back), {(*values)[i].tensor}, own[i]);
    if (!value.ok()) return value.status();
    c.outputs.push_back(*std::move(value));
  }
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"GRU", ImportRecurrent, 1, "not the activations Affine and ScaledTanh"},
    {"LSTM", ImportRecurrent, 1, "not the activations Affine and ScaledTanh"},
    {"RNN", ImportRecurrent, 1, "not the activations Affine and ScaledTanh"},
};

}  // namespace

absl::Span<const OpRow> RecurrentOps() { return kRows; }

}  // namespace octet::importer
