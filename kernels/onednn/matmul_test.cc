#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/onednn/product_test_util.h"

namespace octet::testing {
namespace {

constexpr DataType F32Type = DataType::kF32, U8 = DataType::kU8, S8 = DataType::kS8;
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Product {
  DataType a_type = U8, y_type = U8;
  Shape a = {3, 20}, b = {20, 30};  // as they lie in memory
  Shape y = {3, 30};
  bool transpose_a = false, transpose_b = false;
  bool constant_b = true, bias = true, residual = false, per_channel = true;
  float min = -kInf, max = kInf;
};

KernelCase Make(const Product& k, Rng& rng) {
  schema::MatMulOptionsT o;
  o.transpose_a = k.transpose_a;
  o.transpose_b = k.transpose_b;
  o.activation_min = k.min;
  o.activation_max = k.max;
  const int rank = static_cast<int>(k.b.size());
  const int channel_axis = rank - (k.transpose_b ? 2 : 1);
  const int64_t channels = k.b[channel_axis];
  const float depth = static_cast<float>(k.b[rank - (k.transpose_b ? 1 : 2)]);
  const std::string name = absl::StrCat(Name(k.a_type), "->", Name(k.y_type), " ", ToString(k.a),
                                        k.transpose_a ? "'" : "", " by ", ToString(k.b),
                                        k.transpose_b ? "'" : "", k.constant_b ? " constant" : "");
  TestTensor bias = Absent(), residual = Absent();
  if (k.a_type == F32Type) {
    TestTensor b = RandomF32(k.b, -1, 1, rng);
    if (k.constant_b) b = AsConstant(b);
    if (k.bias) bias = AsConstant(RandomF32({channels}, -1, 1, rng));
    if (k.residual) residual = RandomF32(k.y, -3, 3, rng);
    return MakeCase(name, o, {RandomF32(k.a, -1, 1, rng), b, bias, residual},
                    {OutputLike(F32Type)});
  }
  const float y_scale = 0.02f * 0.01f * 70.0f * 70.0f * std::sqrt(depth) / 40.0f;
  TestTensor b = QuantizedWeights(k.b, k.per_channel ? channel_axis : -1, 0.01f, rng);
  if (k.constant_b) b = AsConstant(b);
  if (k.bias) bias = AsConstant(QuantizedBias(channels, 20000, rng));
  const int32_t y_zero = k.y_type == S8 ? -9 : 120;
  if (k.residual) {
    residual = k.y_type == F32Type ? RandomF32(k.y, -3, 3, rng)
                                   : Quantized(k.y_type, k.y, y_scale * 0.7f, y_zero + 3, rng);
  }
  return MakeCase(
      name, o, {Quantized(k.a_type, k.a, 0.02f, k.a_type == S8 ? 5 : 131, rng), b, bias, residual},
      {k.y_type == F32Type ? OutputLike(F32Type) : OutputLike(k.y_type, y_scale, y_zero)});
}

void Expect(const Product& k) {
  Rng rng(5);
  ExpectLikeReference(kOnednnMatMul, kReferenceMatMul, Make(k, rng));
}

class MatMulTypes : public ::testing::TestWithParam<std::pair<DataType, DataType>> {
 protected:
  Product Typed() const {
    Product k;
    k.a_type = GetParam().first;
    k.y_type = GetParam().second;
    return k;
  }
};

TEST_P(MatMulTypes, FullyConnectedOfOneSample) {
  Product k = Typed();
  k.a = {1, 320}, k.b = {320, 100}, k.y = {1, 100};
  Expect(k);
  k.b = {100, 320}, k.transpose_b = true;
  Expect(k);
  k.min = 0;
  Expect(k);
}

TEST_P(MatMulTypes, Transposed) {
  for (bool transpose_a : {false, true}) {
    for (bool transpose_b : {false, true}) {
      Product k = Typed();
      k.transpose_a = transpose_a, k.transpose_b = transpose_b;
      k.a = transpose_a ? Shape{20, 3} : Shape{3, 20};
      k.b = transpose_b ? Shape{30, 20} : Shape{20, 30};
      Expect(k);
    }
  }
}

TEST_P(MatMulTypes, ResidualAndActivation) {
  Product k = Typed();
  k.residual = true, k.min = 0, k.max = 2;
  Expect(k);
  k.bias = k.per_channel = false;
  Expect(k);
}

TEST_P(MatMulTypes, Vector) {
  Product k = Typed();
  k.a = {20}, k.y = {30};
  Expect(k);
}

TEST_P(MatMulTypes, LeadingDimensions) {
  Product k = Typed();
  k.a = {2, 3, 5, 20}, k.y = {2, 3, 5, 30};
  Expect(k);
  k.a = {2, 3, 20, 5}, k.transpose_a = true;
  Expect(k);
}

TEST_P(MatMulTypes, ComputedB) {
  Product k = Typed();
  k.constant_b = k.per_channel = false;
  k.a = {4, 6, 20}, k.b = {4, 20, 7}, k.y = {4, 6, 7};
  Expect(k);
  k.b = {4, 7, 20}, k.transpose_b = true;
  Expect(k);
}

TEST_P(MatMulTypes, BroadcastLeadingDimensions) {
  Product k = Typed();
  k.constant_b = k.per_channel = false;
  k.a = {2, 1, 6, 20}, k.b = {3, 20, 7}, k.y = {2, 3, 6, 7};
  Expect(k);
  k.a = {6, 20}, k.b = {5, 20, 7}, k.y = {5, 6, 7};
  Expect(k);
}

TEST_P(MatMulTypes, RandomShapes) {
  Rng rng(17);
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); };
  for (int i = 0; i < 15; ++i) {
    Product k = Typed();
    const int64_t m = pick(1, 40), n = pick(1, 130), depth = pick(1, 200);
    k.transpose_a = pick(0, 3) == 0, k.transpose_b = pick(0, 1);
    k.a = k.transpose_a ? Shape{depth, m} : Shape{m, depth};
    k.b = k.transpose_b ? Shape{n, depth} : Shape{depth, n};
    k.y = {m, n};
    k.bias = pick(0, 1), k.residual = pick(0, 1), k.per_channel = pick(0, 3) > 0;
    ExpectLikeReference(kOnednnMatMul, kReferenceMatMul, Make(k, rng));
  }
}

TEST_P(MatMulTypes, BatchOfEightHasTheBitsOfItsSamples) {
  Product k = Typed();
  if (k.a_type == F32Type) GTEST_SKIP() << "float sums may depend on how the work is cut";
  Rng rng(3);
  for (int64_t depth : {20, 320, 1280}) {
    k.a = {8, depth}, k.b = {depth, 100}, k.y = {8, 100};
    ExpectSamplesLikeBatch(kOnednnMatMul, Make(k, rng));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, MatMulTypes,
                         ::testing::Values(std::make_pair(F32Type, F32Type), std::make_pair(U8, U8),
                                           std::make_pair(U8, S8), std::make_pair(U8, F32Type),
                                           std::make_pair(S8, S8), std::make_pair(S8, F32Type)),
                         [](const ::testing::TestParamInfo<std::pair<DataType, DataType>>& info) {
                           return absl::StrCat(Name(info.param.first), "_",
                                               Name(info.param.second));
                         });

TEST(OnednnMatMul, DeclinesWithReasons) {
  Rng rng(1);
  const KernelCase c = Make(Product(), rng);
  RunOptions options = NaturalOptions(c);
  options.deterministic = true;
  absl::Status s = RunRow(kOnednnMatMul, c, options).status();
  EXPECT_TRUE(absl::IsUnimplemented(s)) << s;
  EXPECT_NE(s.message().find("bits"), absl::string_view::npos) << s;

  Product computed;
  computed.constant_b = false;
  s = RunRow(kOnednnMatMul, Make(computed, rng), NaturalOptions(c)).status();
  EXPECT_TRUE(absl::IsUnimplemented(s)) << s;
  EXPECT_NE(s.message().find("one scale"), absl::string_view::npos) << s;
}

}  // namespace
}  // namespace octet::testing
