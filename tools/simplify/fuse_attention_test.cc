#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Binary;
using testing::Count;
using testing::GraphMaker;
using testing::Only;

// Of 2 pictures, 3 heads, 5 queries, 7 keys, 4 numbers per head.
class FuseAttentionTest : public ::testing::Test {
 protected:
  TensorId Heads(TensorId x, const std::vector<int>& permutation = {0, 2, 1, 3}) {
    return m_.Op(testing::Transpose(permutation), {x});
  }
  TensorId Number(float value) { return m_.Constant({}, {value}); }
  TensorId Mul(TensorId a, TensorId b) { return m_.Op(Binary(BinaryKind::MUL), {a, b}); }
  TensorId Softmax(TensorId scores) {
    schema::SoftmaxOptionsT options;
    options.axis = 3;
    return m_.Op(std::move(options), {scores});
  }
  TensorId Product(TensorId a, TensorId b, bool transpose_b = false) {
    return m_.Op(testing::MatMul(transpose_b), {a, b});
  }

  // Fuses and checks that the numbers stay. Leaves the node's options and what is around it.
  void ExpectFused(TensorId y) {
    const Graph before = m_.Finish({y});
    Graph after = before;
    NormalizeArithmetic(after);
    EXPECT_TRUE(FuseAttention(after));
    RemoveDead(after);
    testing::ExpectSameNetwork(before, after);
    AttentionHeadsLast(after);
    RemoveDead(after);
    testing::ExpectSameNetwork(before, after);
    EXPECT_EQ(Count(after, OpType::SoftmaxOptions), 0);
    EXPECT_EQ(Count(after, OpType::MatMulOptions), 0);
    ASSERT_EQ(Count(after, OpType::AttentionOptions), 1);
    const Node& node = Only(after, OpType::AttentionOptions);
    options_ = node.as<schema::AttentionOptionsT>();
    inputs_ = node.inputs.size();
    transpositions_ = Count(after, OpType::TransposeOptions);
  }
  void ExpectKept(TensorId y) {
    Graph graph = m_.Finish({y});
    NormalizeArithmetic(graph);
    EXPECT_FALSE(FuseAttention(graph));
  }

  GraphMaker m_;
  TensorId q_ = m_.Input({2, 5, 3, 4}), k_ = m_.Input({2, 7, 3, 4}), v_ = m_.Input({2, 7, 3, 4});
  schema::AttentionOptionsT options_;
  size_t inputs_ = 0;
  int transpositions_ = 0;
};

TEST_F(FuseAttentionTest, BetweenTranspositionsWithAMask) {
  const TensorId scores = Product(Heads(q_), Heads(k_, {0, 2, 3, 1}));
  const TensorId scaled = m_.Op(Binary(BinaryKind::DIV), {scores, Number(2)});
  const TensorId masked = m_.Op(Binary(BinaryKind::ADD), {scaled, m_.Input({2, 1, 1, 7})});
  ExpectFused(Heads(Product(Softmax(masked), Heads(v_))));
  EXPECT_TRUE(options_.heads_last);
  EXPECT_FLOAT_EQ(options_.scale, 0.5f);
  EXPECT_EQ(inputs_, 4u);
  EXPECT_EQ(transpositions_, 0);
}

TEST_F(FuseAttentionTest, FactorsOfQueriesAndKeys) {
  const TensorId root = Number(std::sqrt(0.5f));
  const TensorId q = Mul(Heads(q_), root), k = Mul(Heads(k_, {0, 2, 3, 1}), root);
  ExpectFused(Product(Softmax(Product(q, k)), Heads(v_)));
  EXPECT_NEAR(options_.scale, 0.5f, 1e-6);
  EXPECT_FALSE(options_.heads_last);
  EXPECT_EQ(inputs_, 3u);
}

TEST_F(FuseAttentionTest, KeysTransposedByTheProduct) {
  ExpectFused(Product(Softmax(Product(Heads(q_), Heads(k_), true)), Heads(v_)));
  EXPECT_FLOAT_EQ(options_.scale, 1.0f);
  EXPECT_EQ(transpositions_, 3);
}

TEST_F(FuseAttentionTest, ExcludedScores) {
  const TensorId kept = m_.Constant({1, 1, 1, 7}, {1, 1, 0, 1, 0, 1, 1}, DataType::kBool);
  const float lowest = -std::numeric_limits<float>::infinity();
  const TensorId scores =
      m_.Op(schema::WhereOptionsT(), {kept, Product(Heads(q_), Heads(k_), true), Number(lowest)});
  ExpectFused(Heads(Product(Softmax(scores), Heads(v_))));
  EXPECT_EQ(inputs_, 4u);
}

TEST_F(FuseAttentionTest, KeepsSmallNumbersInPlaceOfScores) {
  const TensorId kept = m_.Constant({1, 1, 1, 7}, {1, 1, 0, 1, 0, 1, 1}, DataType::kBool);
  const TensorId scores =
      m_.Op(schema::WhereOptionsT(), {kept, Product(Heads(q_), Heads(k_), true), Number(-100)});
  ExpectKept(Product(Softmax(scores), Heads(v_)));
}

TEST_F(FuseAttentionTest, KeepsSoftmaxOfOtherDimensions) {
  schema::SoftmaxOptionsT options;
  options.axis = 2;
  const TensorId weights = m_.Op(std::move(options), {Product(Heads(q_), Heads(k_), true)});
  ExpectKept(Product(weights, Heads(v_)));
}

TEST_F(FuseAttentionTest, KeepsHeadsThatBroadcast) {
  const TensorId k = Heads(m_.Input({2, 7, 1, 4}));
  ExpectKept(Product(Softmax(Product(Heads(q_), k, true)), Heads(v_)));
}

}  // namespace
}  // namespace octet
