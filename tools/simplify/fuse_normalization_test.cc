#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::NormalizationKind;
using schema::UnaryKind;
using testing::Binary;
using testing::GraphMaker;
using testing::Unary;

class FuseNormalizationTest : public ::testing::Test {
 protected:
  TensorId Number(float value) { return m_.Constant({}, {value}); }
  TensorId Op(BinaryKind kind, TensorId a, TensorId b) { return m_.Op(Binary(kind), {a, b}); }
  TensorId Mean(TensorId a) {
    return m_.Op(testing::Reduce(schema::ReduceKind::MEAN, {2}, true), {a});
  }
  TensorId Centered() { return Op(BinaryKind::SUB, x_, Mean(x_)); }
  TensorId Square(TensorId a) { return Op(BinaryKind::POW, a, Number(2)); }
  // sqrt(mean(square) + epsilon).
  TensorId Root(TensorId square) {
    return m_.Op(Unary(UnaryKind::SQRT), {Op(BinaryKind::ADD, Mean(square), Number(0.01f))});
  }
  TensorId Inverse(TensorId a) { return m_.Op(Unary(UnaryKind::RECIPROCAL), {a}); }

  void ExpectFused(TensorId y, NormalizationKind kind, bool pool = false) {
    const Graph before = m_.Finish({y});
    Graph after = before;
    NormalizeArithmetic(after);
    EXPECT_EQ(pool && ReduceToPool(after), pool);
    EXPECT_TRUE(FuseNormalization(after));
    RemoveDead(after);
    FoldNormalizationAffine(after);
    RemoveDead(after);
    testing::ExpectSameNetwork(before, after);
    ASSERT_EQ(after.nodes.size(), 1u);
    const auto& options =
        testing::Only(after, OpType::NormalizationOptions).as<schema::NormalizationOptionsT>();
    EXPECT_EQ(options.kind, kind);
    EXPECT_EQ(options.axis, 2);
    EXPECT_FLOAT_EQ(options.epsilon, 0.01f);
  }

  GraphMaker m_;
  TensorId x_ = m_.Input({2, 3, 20});
};

TEST_F(FuseNormalizationTest, DividedByTheRoot) {
  const TensorId c = Centered();
  ExpectFused(Op(BinaryKind::DIV, c, Root(Square(c))), NormalizationKind::LAYER);
}

TEST_F(FuseNormalizationTest, MeansThatBecamePools) {
  const TensorId c = Centered();
  ExpectFused(Op(BinaryKind::DIV, c, Root(Square(c))), NormalizationKind::LAYER, true);
}

TEST_F(FuseNormalizationTest, MeanSubtractedTwice) {
  const TensorId c = Centered();
  ExpectFused(Op(BinaryKind::DIV, Centered(), Root(Op(BinaryKind::MUL, c, c))),
              NormalizationKind::LAYER);
}

TEST_F(FuseNormalizationTest, TimesTheReciprocalWithScaleAndBias) {
  const TensorId c = Centered();
  const TensorId y = Op(BinaryKind::MUL, Inverse(Root(Square(c))), c);
  const TensorId scaled = Op(BinaryKind::MUL, m_.RandomConstant({20}), y);
  ExpectFused(Op(BinaryKind::ADD, scaled, m_.RandomConstant({20})), NormalizationKind::LAYER);
}

TEST_F(FuseNormalizationTest, RmsWithScale) {
  const TensorId y = Op(BinaryKind::MUL, x_, Inverse(Root(Square(x_))));
  ExpectFused(Op(BinaryKind::MUL, y, m_.RandomConstant({1, 1, 20})), NormalizationKind::RMS);
}

TEST_F(FuseNormalizationTest, RmsByAPower) {
  const TensorId w = Op(BinaryKind::ADD, Mean(Op(BinaryKind::MUL, x_, x_)), Number(0.01f));
  ExpectFused(Op(BinaryKind::MUL, x_, Op(BinaryKind::POW, w, Number(-0.5f))),
              NormalizationKind::RMS);
}

TEST_F(FuseNormalizationTest, RmsByOneOverTheRoot) {
  const TensorId r = Op(BinaryKind::DIV, Number(1), Root(Square(x_)));
  ExpectFused(Op(BinaryKind::MUL, r, x_), NormalizationKind::RMS);
}

TEST_F(FuseNormalizationTest, KeepsAnotherNumerator) {
  Graph graph = m_.Finish({Op(BinaryKind::DIV, m_.Input({2, 3, 20}), Root(Square(Centered())))});
  EXPECT_FALSE(FuseNormalization(graph));
}

TEST_F(FuseNormalizationTest, KeepsACube) {
  const TensorId cube = Op(BinaryKind::POW, x_, Number(4));
  Graph graph = m_.Finish({Op(BinaryKind::DIV, x_, Root(cube))});
  EXPECT_FALSE(FuseNormalization(graph));
}

TEST_F(FuseNormalizationTest, KeepsAMeanOverOtherDimensions) {
  const TensorId mean = m_.Op(testing::Reduce(schema::ReduceKind::MEAN, {1}, true), {Square(x_)});
  const TensorId root = m_.Op(Unary(UnaryKind::SQRT), {Op(BinaryKind::ADD, mean, Number(0.01f))});
  Graph graph = m_.Finish({Op(BinaryKind::DIV, x_, root)});
  EXPECT_FALSE(FuseNormalization(graph));
}

TEST_F(FuseNormalizationTest, KeepsScalesOfOtherDimensions) {
  const TensorId y = Op(BinaryKind::DIV, x_, Root(Square(x_)));
  Graph graph = m_.Finish({Op(BinaryKind::MUL, y, m_.RandomConstant({3, 1}))});
  EXPECT_TRUE(FuseNormalization(graph));
  EXPECT_FALSE(FoldNormalizationAffine(graph));
}

}  // namespace
}  // namespace octet
