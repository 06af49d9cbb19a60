#include "runtime/testing/small_transformer.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace octet::testing {
namespace {

constexpr int64_t kHeads = 3, kDepth = kTransformerWidth / kHeads;

class Builder {
 public:
  Builder(uint32_t seed, int64_t batch, int64_t time) : random_(seed), batch_(batch), time_(time) {}

  Graph Build() {
    const TensorId x = Input("x", {batch_, time_, kTransformerWidth});
    const TensorId mask = Input("mask", {batch_, 1, 1, time_});
    const TensorId present = Input("present", {batch_, time_, 1});
    schema::AttentionOptionsT attention;
    attention.arithmetic = schema::Arithmetic::DYNAMIC;
    attention.heads_last = true;
    attention.scale = 0.4f;
    const Shape heads = {batch_, time_, kHeads, kDepth};
    const TensorId q = Reshape("q", Product("q.product", x, kTransformerWidth), heads);
    const TensorId k = Reshape("k", Product("k.product", x, kTransformerWidth), heads);
    const TensorId v = Reshape("v", Product("v.product", x, kTransformerWidth), heads);
    const TensorId mixed = Add("attention", attention, {q, k, v, mask}, heads);
    const Shape tokens = {batch_, time_, kTransformerWidth};
    const TensorId sum = Product("out", Reshape("merged", mixed, tokens), kTransformerWidth, x);
    schema::NormalizationOptionsT normalization;
    normalization.kind = schema::NormalizationKind::LAYER;
    normalization.axis = 2;
    normalization.epsilon = 1e-5f;
    const TensorId normal = Add("normal", normalization, {sum}, tokens);
    schema::UnaryOptionsT gelu;
    gelu.kind = schema::UnaryKind::GELU;
    const TensorId wide = Product("wide", normal, 40);
    const TensorId y = Product("narrow", Add("gelu", gelu, {wide}, {batch_, time_, 40}),
                               kTransformerWidth, normal);
    Pool(y, present);
    return std::move(graph_);
  }

 private:
  TensorId Real(const std::string& name, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = std::move(shape);
    return graph_.AddTensor(std::move(t));
  }

  TensorId Input(const std::string& name, Shape shape) {
    graph_.inputs.push_back(Real(name, std::move(shape)));
    return graph_.inputs.back();
  }

  template <typename OptionsT>
  TensorId Add(const std::string& name, OptionsT options, std::vector<TensorId> inputs,
               Shape shape) {
    const TensorId y = Real(name, std::move(shape));
    graph_.AddNode(name, std::move(options), std::move(inputs), {y});
    return y;
  }

  TensorId Reshape(const std::string& name, TensorId x, const Shape& shape) {
    schema::ReshapeOptionsT options;
    options.shape.assign(shape.begin(), shape.end());
    return Add(name, options, {x}, shape);
  }

  // x by random s8 weights, with a bias, and with a residual where there is one.
  TensorId Product(const std::string& name, TensorId x, int64_t columns,
                   TensorId residual = kNoTensor) {
    const int64_t depth = graph_.tensor(x).shape.back();
    Tensor w;
    w.name = name + ".w";
    w.type = DataType::kS8;
    w.shape = {depth, columns};
    w.quant = QuantParams{std::vector<float>(static_cast<size_t>(columns), 0.005f),
                          std::vector<int32_t>(static_cast<size_t>(columns), 0), 1};
    std::vector<int8_t> weights;
    for (int64_t i = 0; i < depth * columns; ++i) {
      weights.push_back(static_cast<int8_t>(static_cast<int>(random_() % 255) - 127));
    }
    w.data = Constant::Of<int8_t>(weights);
    const TensorId bias = Real(name + ".bias", {columns});
    std::vector<float> values;
    for (int64_t i = 0; i < columns; ++i) {
      values.push_back(static_cast<float>(random_() % 200) * 0.01f - 1.0f);
    }
    graph_.tensor(bias).data = Constant::Of<float>(values);
    schema::MatMulOptionsT options;
    options.arithmetic = schema::Arithmetic::DYNAMIC;
    std::vector<TensorId> inputs = {x, graph_.AddTensor(std::move(w)), bias};
    if (residual != kNoTensor) inputs.push_back(residual);
    return Add(name, options, std::move(inputs), {batch_, time_, columns});
  }

  // The output: the mean of y over the tokens that are present.
  void Pool(TensorId y, TensorId present) {
    schema::BinaryOptionsT multiply, divide;
    multiply.kind = schema::BinaryKind::MUL;
    divide.kind = schema::BinaryKind::DIV;
    schema::ReduceOptionsT sum;
    sum.kind = schema::ReduceKind::SUM;
    sum.axes = {1};
    sum.keep_dims = false;
    const TensorId kept = Add("kept", multiply, {y, present}, {batch_, time_, kTransformerWidth});
    const TensorId total = Add("total", sum, {kept}, {batch_, kTransformerWidth});
    const TensorId count = Add("count", sum, {present}, {batch_, 1});
    graph_.outputs = {Add("y", divide, {total, count}, {batch_, kTransformerWidth})};
  }

  std::mt19937 random_;
  int64_t batch_, time_;
  Graph graph_;
};

}  // namespace

Graph SmallTransformer(uint32_t seed, int64_t batch, int64_t time) {
  return Builder(seed, batch, time).Build();
}

}  // namespace octet::testing
