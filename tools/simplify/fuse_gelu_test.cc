#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;
using testing::Binary;
using testing::GraphMaker;
using testing::Unary;

class FuseGeluTest : public ::testing::Test {
 protected:
  TensorId Number(float value) { return m_.Constant({}, {value}, number_type_); }
  TensorId Mul(TensorId a, TensorId b) { return m_.Op(Binary(BinaryKind::MUL), {a, b}); }
  TensorId Add(TensorId a, TensorId b) { return m_.Op(Binary(BinaryKind::ADD), {a, b}); }
  TensorId Pow(TensorId a, float n) { return m_.Op(Binary(BinaryKind::POW), {a, Number(n)}); }
  TensorId Apply(UnaryKind kind, TensorId a) { return m_.Op(Unary(kind), {a}); }

  // 1 + erf(x / sqrt(2)).
  TensorId ErfGate() {
    const TensorId scaled = m_.Op(Binary(BinaryKind::DIV), {x_, Number(1.41421354f)});
    return Add(Apply(UnaryKind::ERF, scaled), Number(1));
  }
  // 0.5 * x * (1 + tanh(argument)).
  TensorId OfTanh(TensorId argument) {
    return Mul(Mul(x_, Number(0.5f)), Add(Number(1), Apply(UnaryKind::TANH, argument)));
  }

  void ExpectFused(TensorId y, UnaryKind kind, double tolerance = 1e-5) {
    const Graph before = m_.Finish({y});
    Graph after = before;
    NormalizeArithmetic(after);
    EXPECT_TRUE(FuseGelu(after));
    RemoveDead(after);
    testing::ExpectSameNetwork(before, after, tolerance);
    ASSERT_EQ(after.nodes.size(), 1u);
    EXPECT_EQ(testing::Only(after, OpType::UnaryOptions).as<schema::UnaryOptionsT>().kind, kind);
  }
  void ExpectKept(TensorId y) {
    Graph graph = m_.Finish({y});
    NormalizeArithmetic(graph);
    EXPECT_FALSE(FuseGelu(graph));
  }

  DataType number_type_ = DataType::kF32;
  GraphMaker m_;
  TensorId x_ = m_.Input({2, 30});
};

TEST_F(FuseGeluTest, HalfLast) {
  ExpectFused(Mul(Mul(x_, ErfGate()), Number(0.5f)), UnaryKind::GELU);
}

TEST_F(FuseGeluTest, HalfWithX) {
  ExpectFused(Mul(ErfGate(), Mul(Number(0.5f), x_)), UnaryKind::GELU);
}

TEST_F(FuseGeluTest, HalfWithTheGate) {
  ExpectFused(Mul(x_, Mul(ErfGate(), Number(0.5f))), UnaryKind::GELU);
}

TEST_F(FuseGeluTest, HalfInsideTheGate) {
  const TensorId erf = Apply(UnaryKind::ERF, Mul(x_, Number(0.70710678f)));
  ExpectFused(Mul(x_, Add(Mul(erf, Number(0.5f)), Number(0.5f))), UnaryKind::GELU);
}

TEST_F(FuseGeluTest, OfAProduct) {
  x_ = Mul(x_, m_.Input({2, 30}));
  const Graph before = m_.Finish({Mul(Mul(x_, ErfGate()), Number(0.5f))});
  Graph after = before;
  NormalizeArithmetic(after);
  EXPECT_TRUE(FuseGelu(after));
  RemoveDead(after);
  testing::ExpectSameNetwork(before, after);
  EXPECT_EQ(after.nodes.size(), 2u);
}

TEST_F(FuseGeluTest, TanhOfACube) {
  const TensorId cubic = Add(x_, Mul(Number(0.044715f), Pow(x_, 3)));
  ExpectFused(OfTanh(Mul(cubic, Number(0.79788458f))), UnaryKind::GELU_TANH);
}

TEST_F(FuseGeluTest, TanhOfProducts) {
  const TensorId cubic = Add(x_, Mul(Mul(Mul(x_, x_), x_), Number(0.044715f)));
  ExpectFused(OfTanh(Mul(Number(0.79788458f), cubic)), UnaryKind::GELU_TANH);
}

TEST_F(FuseGeluTest, TanhOfASquare) {
  const TensorId even = Add(Mul(Mul(x_, x_), Number(0.044715f)), Number(1));
  ExpectFused(OfTanh(Mul(Mul(x_, Number(0.79788458f)), even)), UnaryKind::GELU_TANH);
}

TEST_F(FuseGeluTest, NumbersStoredAsF16) {
  number_type_ = DataType::kF16;
  ExpectFused(Mul(Mul(x_, ErfGate()), Number(0.5f)), UnaryKind::GELU, 1e-3);
  m_ = GraphMaker();
  x_ = m_.Input({2, 30});
  const TensorId cube = Mul(Pow(x_, 3), Number(0.044715f));
  ExpectFused(OfTanh(Mul(Add(x_, cube), Number(0.7978846f))), UnaryKind::GELU_TANH, 1e-3);
  m_ = GraphMaker();
  x_ = m_.Input({2, 30});
  ExpectKept(Mul(Mul(x_, ErfGate()), Number(0.498f)));
}

TEST_F(FuseGeluTest, KeepsOtherNumbers) { ExpectKept(Mul(Mul(x_, ErfGate()), Number(0.4f))); }

TEST_F(FuseGeluTest, KeepsAnotherCubic) {
  ExpectKept(OfTanh(Mul(Add(x_, Mul(Number(0.05f), Pow(x_, 3))), Number(0.79788458f))));
}

TEST_F(FuseGeluTest, KeepsAGateOfAnotherTensor) {
  const TensorId gate = ErfGate();
  ExpectKept(Mul(Mul(m_.Input({2, 30}), gate), Number(0.5f)));
}

}  // namespace
}  // namespace octet
