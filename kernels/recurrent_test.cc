#include <limits>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/testing/expect_rows.h"
#include "kernels/testing/kernel_test_util.h"

// RNN, GRU and LSTM with one hidden unit and the identity for every activation, worked out by hand.

namespace octet::testing {
namespace {

using Kind = schema::RecurrentKind;
using Direction = schema::RecurrentDirection;

schema::RecurrentOptionsT Linear(Kind kind, Direction direction = Direction::FORWARD) {
  schema::RecurrentOptionsT options;
  options.kind = kind;
  options.direction = direction;
  options.hidden_size = 1;
  options.clip = std::numeric_limits<float>::infinity();
  const int functions = kind == Kind::LSTM ? 3 : kind == Kind::GRU ? 2 : 1;
  const int directions = direction == Direction::BIDIRECTIONAL ? 2 : 1;
  for (int i = 0; i < functions * directions; ++i) {
    options.activations.push_back(std::make_unique<schema::UnaryOptionsT>());
  }
  return options;
}

KernelCase Case(schema::RecurrentOptionsT options, std::vector<TestTensor> inputs) {
  const std::vector<TestTensor> outputs(options.kind == Kind::LSTM ? 3 : 2,
                                        OutputLike(DataType::kF32));
  return MakeCase("recurrent", Graph::MakeNode("recurrent", std::move(options), {}, {}),
                  std::move(inputs), outputs);
}

TEST(RecurrentTest, RnnAddsInputStateAndBothBiases) {
  // h = 2 x + 3 h + 0.5 - 0.25: 2.25, then -2 + 6.75 + 0.25.
  const KernelCase c = Case(Linear(Kind::RNN), {F32({2, 1, 1}, {1, -1}), F32({1, 1, 1}, {2}),
                                                F32({1, 1, 1}, {3}), F32({1, 2}, {0.5f, -0.25f})});
  ExpectRows<float>(c, {2.25f, 5});
  ExpectRows<float>(c, {5}, 1);
}

TEST(RecurrentTest, SequencesEndAtTheirLengths) {
  // h = x + 2 h. Forward, sample 0 has the moments 1, 2 and sample 1 has 10; sample 2 has none.
  const std::vector<TestTensor> inputs = {F32({3, 3, 1}, {1, 10, 5, 2, 20, 5, 3, 30, 5}),
                                          F32({2, 1, 1}, {1, 1}),
                                          F32({2, 1, 1}, {2, 2}),
                                          Absent(),
                                          S32({3}, {2, 1, 0}),
                                          F32({2, 3, 1}, {0, 0, 7, 0, 1, 8})};
  const KernelCase c = Case(Linear(Kind::RNN, Direction::BIDIRECTIONAL), inputs);
  // Backward: 2, then 1 + 2 * 2; 10 + 2 * 1.
  ExpectRows<float>(c, {1, 10, 0, 5, 12, 0, 4, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0});
  ExpectRows<float>(c, {4, 10, 7, 5, 12, 8}, 1);
}

TEST(RecurrentTest, ClipBoundsWhatActivationsSee) {
  schema::RecurrentOptionsT options = Linear(Kind::RNN);
  options.clip = 1.5f;
  ExpectRows<float>(
      Case(std::move(options), {F32({2, 1, 1}, {4, -9}), F32({1, 1, 1}, {1}), F32({1, 1, 1}, {0})}),
      {1.5f, -1.5f});
}

TEST(RecurrentTest, GruResetsBeforeOrAfterTheProduct) {
  const std::vector<TestTensor> inputs = {F32({1, 1, 1}, {1}),
                                          F32({1, 3, 1}, {0.5f, 2, 3}),
                                          F32({1, 3, 1}, {0, 0, 1}),
                                          F32({1, 6}, {0, 0, 0, 0, 0, 1}),
                                          Absent(),
                                          F32({1, 1, 1}, {4})};
  // z = 0.5, r = 2, n = 3 + (2 * 4) + 1 = 12, h = 0.5 * 12 + 0.5 * 4.
  ExpectRows<float>(Case(Linear(Kind::GRU), inputs), {8});
  // n = 3 + 2 * (4 + 1) = 13.
  schema::RecurrentOptionsT after = Linear(Kind::GRU);
  after.linear_before_reset = true;
  ExpectRows<float>(Case(std::move(after), inputs), {8.5f});
}

TEST(RecurrentTest, LstmPeepsAtTheCell) {
  // Gates i, o, f, c; peepholes i, o, f.
  const std::vector<TestTensor> inputs = {F32({1, 1, 1}, {1}),
                                          F32({1, 4, 1}, {1, 2, 3, 4}),
                                          F32({1, 4, 1}, {0, 0, 0, 0}),
                                          Absent(),
                                          Absent(),
                                          Absent(),
                                          F32({1, 1, 1}, {2}),
                                          F32({1, 3}, {0.5f, 10, 0.25f})};
  // i = 1 + 0.5 * 2, f = 3 + 0.25 * 2, c = 3.5 * 2 + 2 * 4 = 15, o = 2 + 10 * 15, h = 152 * 15.
  const KernelCase apart = Case(Linear(Kind::LSTM), inputs);
  ExpectRows<float>(apart, {2280});
  ExpectRows<float>(apart, {2280}, 1);
  ExpectRows<float>(apart, {15}, 2);
  // f = 1 - i = -1, c = -2 + 8 = 6, o = 2 + 60, h = 62 * 6.
  schema::RecurrentOptionsT coupled = Linear(Kind::LSTM);
  coupled.coupled_gates = true;
  ExpectRows<float>(Case(std::move(coupled), inputs), {372});
}

TEST(RecurrentTest, ReportsALengthOutside) {
  ExpectErrors(Case(Linear(Kind::RNN), {F32({2, 1, 1}, {1, 1}), F32({1, 1, 1}, {1}),
                                        F32({1, 1, 1}, {1}), Absent(), S64({1}, {3})}),
               "a sequence length is 3, outside [0, 2]");
}

}  // namespace
}  // namespace octet::testing
