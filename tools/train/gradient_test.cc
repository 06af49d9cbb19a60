// Every operator's Backward against central differences of its Forward.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "runtime/core/infer.h"
#include "tools/simplify/testing.h"
#include "tools/train/op.h"

namespace octet {
namespace {

using testing::Binary;
using testing::Unary;

// An operator alone: its inputs, of which some may be constants.
struct Case {
  std::string name;
  Node node;
  std::vector<Shape> inputs;
  size_t outputs = 1;
  float least = -2, most = 2;    // of the inputs' elements
  std::vector<int64_t> indices;  // of the last input, when it holds indices instead
};

template <typename OptionsT>
Case Make(const std::string& name, OptionsT options, std::vector<Shape> inputs) {
  Case c;
  c.name = name;
  c.node = Graph::MakeNode(name, std::move(options), {}, {});
  c.inputs = std::move(inputs);
  return c;
}

schema::ConvOptionsT Conv(std::vector<int> strides, std::vector<int> dilations,
                          std::vector<int> pads, int groups) {
  schema::ConvOptionsT o;
  o.strides = std::move(strides);
  o.dilations = std::move(dilations);
  o.pads_begin = pads;
  o.pads_end = std::move(pads);
  o.pads_end.back() += 1;
  o.groups = groups;
  return o;
}

schema::PoolOptionsT Pool(schema::PoolKind kind, bool include_pad) {
  schema::PoolOptionsT o;
  o.kind = kind;
  o.kernel = {3, 2};
  o.strides = {2, 1};
  o.dilations = {1, 2};
  o.pads_begin = {1, 1};
  o.pads_end = {0, 1};
  o.count_include_pad = include_pad;
  return o;
}

schema::MatMulOptionsT MatMul(bool transpose_a, bool transpose_b) {
  schema::MatMulOptionsT o;
  o.transpose_a = transpose_a;
  o.transpose_b = transpose_b;
  return o;
}

schema::NormalizationOptionsT Normalization(schema::NormalizationKind kind, int axis, int groups) {
  schema::NormalizationOptionsT o;
  o.kind = kind;
  o.axis = axis;
  o.groups = groups;
  o.epsilon = 1e-3f;
  return o;
}

schema::ReduceOptionsT Reduce(schema::ReduceKind kind) {
  schema::ReduceOptionsT o;
  o.kind = kind;
  o.axes = {0, 2};
  o.keep_dims = false;
  return o;
}

void AddTransposedConvolutions(std::vector<Case>& cases) {
  schema::ConvTransposeOptionsT o;
  o.strides = {2, 3};
  o.dilations = {1, 2};
  o.pads_begin = {1, 0};
  o.pads_end = {0, 2};
  o.output_padding = {1, 0};
  cases.push_back(Make("transposed conv", o, {{2, 4, 5, 3}, {4, 3, 3, 2}, {3}}));
  o.groups = 2;
  cases.push_back(Make("transposed conv, grouped", o, {{1, 4, 5, 3}, {4, 2, 3, 2}}));
  schema::ConvTransposeOptionsT line;
  line.strides = line.dilations = {1};
  line.pads_begin = line.pads_end = line.output_padding = {0};
  cases.push_back(Make("transposed conv of lines", line, {{1, 2, 5}, {2, 3, 4}, {3}}));
}

void AddProducts(std::vector<Case>& cases) {
  cases.push_back(
      Make("conv point", Conv({1, 1}, {1, 1}, {0, 0}, 1), {{2, 3, 4, 5}, {6, 3, 1, 1}, {6}}));
  cases.back().node.as<schema::ConvOptionsT>().pads_end = {0, 0};
  cases.push_back(
      Make("conv dense", Conv({2, 1}, {1, 2}, {1, 2}, 1), {{2, 3, 7, 6}, {4, 3, 3, 2}, {4}}));
  cases.push_back(Make("conv grouped, without bias", Conv({1, 2}, {1, 1}, {1, 1}, 2),
                       {{1, 4, 5, 6}, {6, 2, 3, 3}}));
  cases.push_back(
      Make("conv depthwise", Conv({1, 1}, {1, 1}, {1, 1}, 5), {{2, 5, 6, 21}, {5, 1, 3, 3}, {5}}));
  cases.push_back(Make("conv depthwise, strided", Conv({2, 2}, {1, 1}, {2, 2}, 3),
                       {{1, 3, 7, 9}, {6, 1, 5, 5}, {6}}));
  cases.push_back(
      Make("conv with residual", Conv({1}, {1}, {1}, 1), {{1, 2, 5}, {3, 2, 4}, {3}, {1, 3, 5}}));
  cases.push_back(Make("conv of volumes", Conv({1, 2, 1}, {1, 1, 1}, {0, 1, 1}, 1),
                       {{1, 2, 3, 4, 4}, {2, 2, 2, 3, 2}, {2}}));
  AddTransposedConvolutions(cases);
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      cases.push_back(Make(absl::StrCat("matmul ", a, b), MatMul(a, b),
                           {a ? Shape{5, 3} : Shape{3, 5}, b ? Shape{4, 5} : Shape{5, 4}, {4}}));
      cases.push_back(
          Make(absl::StrCat("matmul of stacks ", a, b), MatMul(a, b),
               {a ? Shape{2, 1, 5, 3} : Shape{2, 1, 3, 5}, b ? Shape{4, 4, 5} : Shape{4, 5, 4}}));
    }
  }
  cases.push_back(Make("matmul of a stack and a matrix", MatMul(false, false),
                       {{2, 3, 5}, {5, 4}, {4}, {2, 3, 4}}));
  cases.push_back(Make("matmul of a vector", MatMul(false, true), {{5}, {4, 5}, {4}}));
}

schema::AttentionOptionsT Attention(bool heads_last, bool causal, float softcap) {
  schema::AttentionOptionsT o;
  o.scale = 0.6f;
  o.heads_last = heads_last;
  o.causal = causal;
  o.softcap = softcap;
  return o;
}

void AddAttention(std::vector<Case>& cases) {
  const Shape q = {2, 4, 5, 3}, k = {2, 4, 6, 3}, v = {2, 4, 6, 7};
  cases.push_back(Make("attention", Attention(false, false, 0), {q, k, v}));
  cases.push_back(Make("attention, heads last", Attention(true, false, 0),
                       {{2, 5, 4, 3}, {2, 6, 4, 3}, {2, 6, 4, 7}}));
  cases.push_back(
      Make("attention, shared heads", Attention(false, false, 0), {q, {2, 2, 6, 3}, {2, 2, 6, 7}}));
  cases.push_back(Make("attention, causal", Attention(false, true, 0), {q, k, v}));
  // More queries than keys: the first ones see nothing.
  cases.push_back(Make("attention, causal, few keys", Attention(false, true, 0),
                       {q, {2, 4, 3, 3}, {2, 4, 3, 7}}));
  cases.push_back(Make("attention with softcap", Attention(true, false, 1.5f),
                       {{1, 5, 2, 3}, {1, 6, 2, 3}, {1, 6, 2, 4}, {1, 1, 1, 6}}));
  for (const Shape& mask : {Shape{2, 1, 1, 6}, Shape{2, 4, 5, 6}, Shape{5, 6}, Shape{4, 1, 6}}) {
    cases.push_back(Make(absl::StrCat("attention with mask ", ToString(mask)),
                         Attention(false, false, 0), {q, k, v, mask}));
  }
}

void AddReductions(std::vector<Case>& cases) {
  using schema::PoolKind;
  using schema::ReduceKind;
  cases.push_back(Make("pool maximum", Pool(PoolKind::MAXIMUM, false), {{2, 3, 6, 7}}));
  cases.push_back(Make("pool average", Pool(PoolKind::AVERAGE, false), {{2, 3, 6, 7}}));
  cases.push_back(Make("pool average with pads", Pool(PoolKind::AVERAGE, true), {{1, 2, 6, 7}}));
  for (PoolKind kind : {PoolKind::MAXIMUM, PoolKind::AVERAGE}) {
    schema::GlobalPoolOptionsT o;
    o.kind = kind;
    cases.push_back(
        Make(absl::StrCat("global pool ", schema::EnumNamePoolKind(kind)), o, {{2, 3, 4, 5}}));
  }
  for (ReduceKind kind :
       {ReduceKind::MEAN, ReduceKind::SUM, ReduceKind::MAXIMUM, ReduceKind::MINIMUM}) {
    cases.push_back(
        Make(absl::StrCat("reduce ", schema::EnumNameReduceKind(kind)), Reduce(kind), {{3, 4, 5}}));
  }
}

void AddResizes(std::vector<Case>& cases) {
  using schema::ResizeMode;
  for (ResizeMode mode : {ResizeMode::NEAREST, ResizeMode::LINEAR, ResizeMode::CUBIC}) {
    const char* name = schema::EnumNameResizeMode(mode);
    schema::ResizeOptionsT o;
    o.mode = mode;
    o.axes = {2, 3};
    o.sizes = {6, 5};
    cases.push_back(Make(absl::StrCat("resize ", name), o, {{2, 3, 3, 4}}));
    o.antialias = mode != ResizeMode::NEAREST;
    o.sizes = {2, 3};
    cases.push_back(Make(absl::StrCat("resize to less ", name), o, {{1, 2, 5, 7}}));
  }
}

void AddFunctions(std::vector<Case>& cases) {
  using K = schema::UnaryKind;
  for (K kind : {K::IDENTITY, K::SIGMOID, K::TANH, K::EXP, K::NEG, K::ERF, K::SWISH, K::GELU,
                 K::GELU_TANH, K::SOFTPLUS, K::HARD_SWISH}) {
    cases.push_back(Make(schema::EnumNameUnaryKind(kind), Unary(kind), {{3, 50}}));
  }
  for (K kind : {K::LOG, K::SQRT, K::RECIPROCAL, K::ABS}) {
    cases.push_back(Make(schema::EnumNameUnaryKind(kind), Unary(kind), {{3, 50}}));
    cases.back().least = 0.5f;
  }
  // Each with elements on both sides of its bends, but none near one.
  for (float sign : {-1.0f, 1.0f}) {
    const std::string side = sign < 0 ? " below" : " above";
    for (auto [kind, alpha, beta] :
         {std::tuple(K::CLIP, -0.4f, 0.4f), std::tuple(K::LEAKY_RELU, 0.1f, 0.0f),
          std::tuple(K::ELU, 1.5f, 0.0f), std::tuple(K::HARD_SIGMOID, 2.0f, 0.5f),
          std::tuple(K::ABS, 0.0f, 0.0f)}) {
      cases.push_back(
          Make(schema::EnumNameUnaryKind(kind) + side, Unary(kind, alpha, beta), {{40}}));
      cases.back().least = sign < 0 ? -1.5f : 0.5f;
      cases.back().most = sign < 0 ? -0.5f : 1.5f;
    }
  }
  cases.push_back(Make("clip within", Unary(K::CLIP, -3, 3), {{40}}));
  using B = schema::BinaryKind;
  for (B kind : {B::ADD, B::SUB, B::MUL, B::DIV, B::MINIMUM, B::MAXIMUM, B::PRELU}) {
    const char* name = schema::EnumNameBinaryKind(kind);
    cases.push_back(Make(name, Binary(kind), {{2, 3, 4}, {2, 3, 4}}));
    cases.push_back(Make(absl::StrCat(name, " broadcast"), Binary(kind), {{2, 3, 4}, {3, 1}}));
    cases.push_back(Make(absl::StrCat(name, " broadcast a"), Binary(kind), {{4}, {2, 3, 4}}));
    for (size_t i = cases.size() - 3; i < cases.size(); ++i) {
      if (kind == B::DIV) cases[i].least = 0.7f;
      if (kind == B::PRELU) cases[i].most = -0.2f;
    }
  }
  for (bool log : {false, true}) {
    schema::SoftmaxOptionsT o;
    o.axis = 1;
    o.log = log;
    cases.push_back(Make(log ? "log softmax" : "softmax", o, {{2, 7, 3}}));
  }
  using N = schema::NormalizationKind;
  cases.push_back(Make("layer norm", Normalization(N::LAYER, 1, 1), {{3, 4, 5}, {4, 5}, {5}}));
  cases.push_back(Make("layer norm alone", Normalization(N::LAYER, 2, 1), {{3, 4, 5}}));
  cases.push_back(Make("rms norm", Normalization(N::RMS, 2, 1), {{3, 4, 5}, {5}}));
  cases.push_back(Make("group norm", Normalization(N::GROUP, 0, 2), {{2, 4, 3, 3}, {4}, {4}}));
}

void AddMovements(std::vector<Case>& cases) {
  schema::ReshapeOptionsT reshape;
  reshape.shape = {4, -1};
  cases.push_back(Make("reshape", reshape, {{2, 3, 4}}));
  schema::TransposeOptionsT transpose;
  transpose.permutation = {2, 0, 1};
  cases.push_back(Make("transpose", transpose, {{2, 3, 4}}));
  schema::ConcatOptionsT concat;
  concat.axis = 1;
  cases.push_back(Make("concat", concat, {{2, 3, 2}, {2, 1, 2}, {2, 4, 2}}));
  schema::SplitOptionsT split;
  split.axis = 1;
  split.sizes = {2, 3};
  cases.push_back(Make("split", split, {{2, 5, 3}}));
  cases.back().outputs = 2;
  for (schema::PadMode mode : {schema::PadMode::CONSTANT, schema::PadMode::REFLECT}) {
    schema::PadOptionsT pad;
    pad.mode = mode;
    pad.pads_begin = {0, 1, 2};
    pad.pads_end = {1, 1, 1};
    if (mode == schema::PadMode::REFLECT) pad.pads_end[0] = 0;
    pad.value = 0.5f;
    cases.push_back(Make(absl::StrCat("pad ", schema::EnumNamePadMode(mode)), pad, {{2, 3, 4}}));
  }
  schema::SliceOptionsT slice;
  slice.axes = {1, 2};
  slice.starts = {1, 3};
  slice.ends = {3, -5};
  slice.steps = {1, -2};
  cases.push_back(Make("slice", slice, {{2, 4, 4}}));
  schema::GatherOptionsT gather;
  gather.axis = 1;
  cases.push_back(Make("gather", gather, {{2, 4, 3}, {3}}));
  cases.back().indices = {2, 0, 2};
  schema::ExpandOptionsT expand;
  expand.shape = {2, 3, 4};
  cases.push_back(Make("expand", expand, {{3, 1}}));
  schema::DepthToSpaceOptionsT depth;
  depth.block_size = 2;
  cases.push_back(Make("depth to space", depth, {{1, 8, 2, 3}}));
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  AddProducts(cases);
  AddAttention(cases);
  AddReductions(cases);
  AddResizes(cases);
  AddFunctions(cases);
  AddMovements(cases);
  return cases;
}

// Evenly spaced numbers in random order, so that no two are so close that a step changes which is
// the larger one.
std::vector<float> Spread(int64_t count, float least, float most, std::mt19937& random) {
  std::vector<float> values;
  for (int64_t k = 0; k < count; ++k) {
    values.push_back(least +
                     (most - least) * (static_cast<float>(k) + 0.37f) / static_cast<float>(count));
  }
  std::shuffle(values.begin(), values.end(), random);
  return values;
}

// The case as a graph of one node, with its operator.
class OpUnderTest {
 public:
  explicit OpUnderTest(const Case& c) : node_(c.node) {
    std::mt19937 random(7);
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      Tensor t;
      t.name = absl::StrCat("x", i);
      t.type = DataType::kF32;
      t.shape = c.inputs[i];
      values_.emplace_back();
      const bool is_indices = !c.indices.empty() && i + 1 == c.inputs.size();
      if (is_indices) {
        t.type = DataType::kS64;
        t.data = Constant::Of<int64_t>(c.indices);
      } else {
        values_[i] = Spread(NumElements(t.shape), c.least, c.most, random);
      }
      node_.inputs.push_back(graph_.AddTensor(std::move(t)));
    }
    node_.outputs.resize(c.outputs);
    absl::StatusOr<std::vector<Shape>> shapes = InferShapes(node_, c.inputs);
    EXPECT_TRUE(shapes.ok()) << shapes.status();
    if (!shapes.ok()) return;
    for (size_t o = 0; o < c.outputs; ++o) {
      Tensor t;
      t.name = absl::StrCat("y", o);
      t.type = DataType::kF32;
      t.shape = (*shapes)[o];
      results_.emplace_back(static_cast<size_t>(NumElements(t.shape)));
      weights_.emplace_back();
      for (size_t k = 0; k < results_[o].size(); ++k) {
        weights_[o].push_back(std::uniform_real_distribution<float>(-1, 1)(random));
      }
      node_.outputs[o] = graph_.AddTensor(std::move(t));
    }
    absl::StatusOr<std::unique_ptr<TrainOp>> op =
        MakeTrainOp({graph_, node_, c.inputs, *std::move(shapes)});
    EXPECT_TRUE(op.ok()) << op.status();
    if (op.ok()) op_ = *std::move(op);
    if (op_ != nullptr) scratch_.resize(op_->scratch());
  }

  bool ok() const { return op_ != nullptr; }
  std::vector<std::vector<float>>& values() { return values_; }

  // A sum of the results' elements with random weights.
  double Loss() {
    std::vector<float*> outputs;
    for (std::vector<float>& y : results_) outputs.push_back(y.data());
    op_->Forward({Inputs(), outputs, std::vector<float>(outputs.size(), 0.0f), scratch_.data()});
    double loss = 0;
    for (size_t o = 0; o < results_.size(); ++o) {
      for (size_t k = 0; k < results_[o].size(); ++k) {
        loss += static_cast<double>(weights_[o][k]) * results_[o][k];
      }
    }
    return loss;
  }

  std::vector<std::vector<float>> Gradients() {
    Loss();
    std::vector<std::vector<float>> gradients;
    std::vector<float*> to;
    for (const std::vector<float>& x : values_) gradients.emplace_back(x.size(), 0.0f);
    for (std::vector<float>& g : gradients) to.push_back(g.empty() ? nullptr : g.data());
    std::vector<const float*> from;
    for (const std::vector<float>& w : weights_) from.push_back(w.data());
    std::vector<TrainValue> outputs(results_.size());
    for (size_t o = 0; o < outputs.size(); ++o) outputs[o].data = results_[o].data();
    op_->Backward({Inputs(), outputs, from, to, scratch_.data()});
    return gradients;
  }

 private:
  std::vector<TrainValue> Inputs() const {
    std::vector<TrainValue> inputs(values_.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].data = values_[i].empty() ? nullptr : values_[i].data();
    }
    return inputs;
  }

  Graph graph_;
  Node node_;
  std::unique_ptr<TrainOp> op_;
  std::vector<std::vector<float>> values_;   // of the inputs
  std::vector<std::vector<float>> results_;  // of the outputs
  std::vector<std::vector<float>> weights_;  // of the outputs in the loss
  std::vector<float> scratch_;
};

TEST(Gradients, AgreeWithCentralDifferences) {
  constexpr float kStep = 1.0f / 512;
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    OpUnderTest op(c);
    ASSERT_TRUE(op.ok());
    const std::vector<std::vector<float>> gradients = op.Gradients();
    for (size_t i = 0; i < gradients.size(); ++i) {
      double difference = 0, size = 0;
      for (size_t k = 0; k < gradients[i].size(); ++k) {
        float& x = op.values()[i][k];
        const float at = x;
        x = at + kStep;
        const double above = op.Loss(), high = x;
        x = at - kStep;
        const double below = op.Loss(), low = x;
        x = at;
        const double expected = (above - below) / (high - low);
        difference += (expected - gradients[i][k]) * (expected - gradients[i][k]);
        size += expected * expected;
      }
      if (gradients[i].empty()) continue;
      EXPECT_LE(std::sqrt(difference), 1e-3 * std::sqrt(size) + 1e-6) << "of input " << i;
    }
  }
}

TEST(Gradients, OperatorsWithoutOneAreNamed) {
  Graph graph;
  const Node node = Graph::MakeNode("n", Unary(schema::UnaryKind::FLOOR), {}, {});
  const absl::StatusOr<std::unique_ptr<TrainOp>> op = MakeTrainOp({graph, node, {{1}}, {{1}}});
  EXPECT_EQ(op.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(op.status().message().find("FLOOR"), absl::string_view::npos) << op.status();
}

}  // namespace
}  // namespace octet
