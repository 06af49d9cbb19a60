#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

namespace octet::testing {
namespace {

using Kind = schema::RecurrentKind;
using Direction = schema::RecurrentDirection;
using Function = schema::UnaryKind;

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Sizes {
  int64_t steps, batch, inputs, hidden;
};

// What a case adds to x, w and r.
struct Extras {
  bool bias = false, lengths = false, states = false, peepholes = false;
};

void SetActivations(schema::RecurrentOptionsT& options, const std::vector<Function>& functions,
                    float alpha = 0.0f, float beta = 0.0f) {
  options.activations.clear();
  const int directions = options.direction == Direction::BIDIRECTIONAL ? 2 : 1;
  for (int d = 0; d < directions; ++d) {
    for (Function function : functions) {
      auto activation = std::make_unique<schema::UnaryOptionsT>();
      activation->kind = function;
      activation->alpha = alpha;
      activation->beta = beta;
      options.activations.push_back(std::move(activation));
    }
  }
}

schema::RecurrentOptionsT Options(Kind kind, Direction direction) {
  schema::RecurrentOptionsT options;
  options.kind = kind;
  options.direction = direction;
  options.clip = kInf;
  const auto f = Function::SIGMOID, g = Function::TANH;
  SetActivations(options, kind == Kind::LSTM  ? std::vector<Function>{f, g, g}
                          : kind == Kind::GRU ? std::vector<Function>{f, g}
                                              : std::vector<Function>{g});
  return options;
}

KernelCase RecurrentCase(const std::string& what, schema::RecurrentOptionsT options, Sizes sizes,
                         Extras extras, bool constant, Rng& rng) {
  const int64_t directions = options.direction == Direction::BIDIRECTIONAL ? 2 : 1;
  const int64_t hidden = sizes.hidden;
  const int64_t gates = hidden * (options.kind == Kind::LSTM  ? 4
                                  : options.kind == Kind::GRU ? 3
                                                              : 1);
  options.hidden_size = static_cast<int32_t>(hidden);
  const auto weights = [&](const Shape& shape, float bound) {
    TestTensor t = RandomF32(shape, -bound, bound, rng);
    t.constant = constant;
    return t;
  };
  std::vector<TestTensor> inputs = {RandomF32({sizes.steps, sizes.batch, sizes.inputs}, -1, 1, rng),
                                    weights({directions, gates, sizes.inputs}, 0.5f),
                                    weights({directions, gates, hidden}, 0.3f)};
  inputs.push_back(extras.bias ? weights({directions, 2 * gates}, 0.5f) : Absent());
  std::vector<int64_t> lengths;
  for (int64_t n = 0; n < sizes.batch; ++n)
    lengths.push_back((sizes.steps + n) % (sizes.steps + 1));
  inputs.push_back(extras.lengths ? S64({sizes.batch}, lengths) : Absent());
  for (int i = 0; i < 2; ++i) {
    inputs.push_back(extras.states ? RandomF32({directions, sizes.batch, hidden}, -1, 1, rng)
                                   : Absent());
  }
  if (extras.peepholes) inputs.push_back(weights({directions, 3 * hidden}, 0.5f));
  const std::string name = absl::StrCat(schema::EnumNameRecurrentKind(options.kind), " ",
                                        schema::EnumNameRecurrentDirection(options.direction), " T",
                                        sizes.steps, " N", sizes.batch, " I", sizes.inputs, " H",
                                        hidden, what, constant ? "" : ", computed weights");
  const std::vector<TestTensor> outputs(options.kind == Kind::LSTM ? 3 : 2,
                                        OutputLike(DataType::kF32));
  return MakeCase(name, Graph::MakeNode(name, std::move(options), {}, {}), inputs, outputs);
}

}  // namespace

std::vector<KernelCase> RecurrentCases() {
  Rng rng(41);
  std::vector<KernelCase> cases;
  const auto add = [&](const std::string& what, const schema::RecurrentOptionsT& options,
                       Sizes sizes, Extras extras, bool constant = true) {
    cases.push_back(RecurrentCase(what, options, sizes, extras, constant, rng));
  };
  for (Kind kind : schema::EnumValuesRecurrentKind()) {
    const bool lstm = kind == Kind::LSTM;
    for (Direction direction : schema::EnumValuesRecurrentDirection()) {
      schema::RecurrentOptionsT options = Options(kind, direction);
      add("", options, {5, 2, 3, 4}, {});
      add(", lengths", options, {6, 5, 7, 9}, {true, true, false, false});
      add(", all inputs", options, {4, 3, 5, 17}, {true, true, true, lstm});
      add("", options, {3, 2, 6, 5}, {true, false, true, false}, false);
      options.clip = 0.4f;
      options.coupled_gates = lstm;
      options.linear_before_reset = kind == Kind::GRU;
      add(", clipped and coupled", options, {4, 3, 5, 8}, {true, true, true, lstm});
    }
    schema::RecurrentOptionsT options = Options(kind, Direction::BIDIRECTIONAL);
    add("", options, {40, 1, 96, 48}, {true, false, false, false});
    add("", options, {0, 2, 3, 4}, {true, false, true, false});
    add("", options, {20, 9, 130, 100}, {true, true, true, false});
    const size_t functions = options.activations.size() / 2;
    SetActivations(options, std::vector<Function>(functions, Function::HARD_SIGMOID), 0.3f, 0.4f);
    add(", hard sigmoid", options, {4, 2, 5, 6}, {true, false, false, false});
    SetActivations(options, std::vector<Function>(functions, Function::SOFTSIGN));
    add(", softsign", options, {4, 2, 5, 6}, {true, false, false, false});
    options = Options(kind, Direction::FORWARD);
    add("", options, {12, 1, 200, 256}, {true, false, false, false});
  }
  return cases;
}

}  // namespace octet::testing
