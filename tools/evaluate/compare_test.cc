#include "tools/evaluate/compare.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<SampleSource> Samples(int64_t count) {
  const auto model = ModelFromGraph(testing::SmallFloatNetwork(3), {}).value();
  const std::vector<float> values = testing::SmallNetworkInput(count, 1);
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {count, 3, 17, 19}, values)}},
                   SpecOf(*model))
      .value();
}

// y = 2 x, then z = y + 1; the second graph's factor can differ, and y can be quantized.
Graph TwoSteps(float factor, bool quantize) {
  Graph g;
  const auto add = [&](const char* name) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = {1, 2};
    return g.AddTensor(std::move(t));
  };
  const TensorId x = add("x"), y = add("y"), z = add("z");
  const TensorId a = add("a"), b = add("b");
  g.tensor(a).data = Constant::Of<float>({factor, factor});
  g.tensor(b).data = Constant::Of<float>({1, 1});
  schema::BinaryOptionsT multiply, sum;
  multiply.kind = schema::BinaryKind::MUL;
  sum.kind = schema::BinaryKind::ADD;
  g.AddNode("scale", std::move(multiply), {x, a}, {y});
  TensorId real = y;
  if (quantize) {
    const TensorId q = add("y_integers");
    real = add("y_real");
    g.tensor(q).type = DataType::kU8;
    g.tensor(q).quant = QuantParams{{0.5f}, {10}, -1};
    g.tensor(y).name = "before";
    g.tensor(q).name = "y";
    g.AddNode("q", schema::QuantizeOptionsT(), {y}, {q});
    g.AddNode("dq", schema::DequantizeOptionsT(), {q}, {real});
  }
  g.AddNode("shift", std::move(sum), {real, b}, {z});
  g.inputs = {x};
  g.outputs = {z};
  return g;
}

std::unique_ptr<SampleSource> Vectors(std::vector<float> values) {
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, 2}, {}, {}});
  const auto count = static_cast<int64_t>(values.size() / 2);
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {count, 2}, values)}}, spec).value();
}

TEST(CompareTest, NamesEveryTensorInOrder) {
  const auto source = Vectors({1, 2, 3, 4});
  const std::vector<TensorDifference> differences =
      CompareTensors(TwoSteps(2, false), TwoSteps(2.5f, false), *source, {}).value();
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0].tensor, "y");
  EXPECT_EQ(differences[0].op, "scale");
  EXPECT_EQ(differences[0].type, "Binary");
  EXPECT_EQ(differences[0].stored, DataType::kF32);
  EXPECT_EQ(differences[0].max_abs_diff, 2);  // 0.5 * 4
  EXPECT_EQ(differences[0].max_abs, 8);
  EXPECT_NEAR(differences[0].sqnr_db, 20 * std::log10(2 / 0.5), 1e-5);
  EXPECT_NEAR(differences[0].cosine, 1, 1e-6);
  EXPECT_EQ(differences[1].tensor, "z");
  // z = 2 x + 1 against 2.5 x + 1.
  EXPECT_NEAR(differences[1].sqnr_db, 10 * std::log10((9. + 25 + 49 + 81) / (0.25 * 30)), 1e-5);
}

TEST(CompareTest, QuantizedTensorsCountWithTheirRealValues) {
  const auto source = Vectors({1.1f, 2});
  const std::vector<TensorDifference> differences =
      CompareTensors(TwoSteps(2, false), TwoSteps(2, true), *source, {}).value();
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0].tensor, "y");
  EXPECT_EQ(differences[0].op, "q");
  EXPECT_EQ(differences[0].stored, DataType::kU8);
  EXPECT_NEAR(differences[0].max_abs_diff, 0.2, 1e-6);  // 2.2 becomes 2
  EXPECT_EQ(differences[0].max_abs, 4);
}

TEST(CompareTest, AModelIsEqualToItself) {
  const Graph graph = testing::SmallFloatNetwork(3);
  int64_t done = 0;
  CompareOptions options;
  options.progress = [&](int64_t d, int64_t total) {
    EXPECT_EQ(d, ++done);
    EXPECT_EQ(total, 3);
  };
  const std::vector<TensorDifference> differences =
      CompareTensors(graph, graph, *Samples(3), options).value();
  EXPECT_EQ(done, 3);
  EXPECT_EQ(differences.size(), graph.nodes.size());
  for (const TensorDifference& d : differences) {
    EXPECT_TRUE(std::isinf(d.sqnr_db)) << d.tensor;
    EXPECT_EQ(d.max_abs_diff, 0) << d.tensor;
    EXPECT_GT(d.max_abs, 0) << d.tensor;
  }
}

TEST(CompareTest, ModelsWithoutACommonTensorAreAnError) {
  Graph other = TwoSteps(2, false);
  for (Tensor& t : other.tensors) t.name += "_other";
  const auto source = Vectors({1, 2});
  const auto differences = CompareTensors(TwoSteps(2, false), other, *source, {});
  ASSERT_FALSE(differences.ok());
  EXPECT_THAT(std::string(differences.status().message()), HasSubstr("no tensor of the same name"));
}

}  // namespace
}  // namespace octet
