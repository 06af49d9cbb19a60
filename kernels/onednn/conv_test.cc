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

// One convolution; sizes of spatial dimensions in order.
struct Conv {
  DataType x = U8, y = U8;
  int64_t n = 1, c = 8, m = 8, groups = 1;
  std::vector<int64_t> size = {8, 8};
  std::vector<int> kernel = {3, 3}, strides, dilations, begin, end;
  bool bias = true, residual = false, per_channel = true;
  float min = -kInf, max = kInf;
  int32_t x_zero = 99, y_zero = 77;
};

std::vector<int> OrElse(const std::vector<int>& v, size_t count, int value) {
  return v.empty() ? std::vector<int>(count, value) : v;
}

schema::ConvOptionsT Options(const Conv& k) {
  schema::ConvOptionsT o;
  const size_t dims = k.size.size();
  o.strides = OrElse(k.strides, dims, 1);
  o.dilations = OrElse(k.dilations, dims, 1);
  o.pads_begin = OrElse(k.begin, dims, 0);
  o.pads_end = OrElse(k.end, dims, 0);
  o.groups = static_cast<int>(k.groups);
  o.activation_min = k.min;
  o.activation_max = k.max;
  return o;
}

Shape OutputShape(const Conv& k) {
  const schema::ConvOptionsT o = Options(k);
  Shape shape = {k.n, k.m};
  for (size_t i = 0; i < k.size.size(); ++i) {
    const int64_t extent = o.dilations[i] * (k.kernel[i] - 1) + 1;
    shape.push_back((k.size[i] + o.pads_begin[i] + o.pads_end[i] - extent) / o.strides[i] + 1);
  }
  return shape;
}

int32_t ZeroPoint(DataType type, int32_t u8) { return type == S8 ? u8 - 128 : u8; }

KernelCase Make(const Conv& k, Rng& rng) {
  Shape x = {k.n, k.c}, w = {k.m, k.c / k.groups};
  x.insert(x.end(), k.size.begin(), k.size.end());
  w.insert(w.end(), k.kernel.begin(), k.kernel.end());
  const float products = static_cast<float>(NumElements(w)) / static_cast<float>(k.m);
  const std::string name =
      absl::StrCat(Name(k.x), "->", Name(k.y), " ", ToString(x), " by ", ToString(w),
                   k.residual ? " residual" : "", k.bias ? " bias" : "");
  TestTensor bias = Absent(), residual = Absent();
  if (k.x == F32Type) {
    if (k.bias) bias = AsConstant(RandomF32({k.m}, -1, 1, rng));
    if (k.residual) residual = RandomF32(OutputShape(k), -3, 3, rng);
    return MakeCase(
        name, Options(k),
        {RandomF32(x, -1, 1, rng), AsConstant(RandomF32(w, -1, 1, rng)), bias, residual},
        {OutputLike(F32Type)});
  }
  // Outputs spread over about the whole range of their type, and somewhat beyond.
  const float y_scale = 0.02f * 0.01f * 70.0f * 70.0f * std::sqrt(products) / 40.0f;
  if (k.bias) bias = AsConstant(QuantizedBias(k.m, 20000, rng));
  if (k.residual) {
    residual = k.y == F32Type
                   ? RandomF32(OutputShape(k), -3, 3, rng)
                   : Quantized(k.y, OutputShape(k), y_scale * 0.7f, ZeroPoint(k.y, 141), rng);
  }
  return MakeCase(
      name, Options(k),
      {Quantized(k.x, x, 0.02f, ZeroPoint(k.x, k.x_zero), rng),
       AsConstant(QuantizedWeights(w, k.per_channel ? 0 : -1, 0.01f, rng)), bias, residual},
      {k.y == F32Type ? OutputLike(k.y) : OutputLike(k.y, y_scale, ZeroPoint(k.y, k.y_zero))});
}

void Expect(const Conv& k) {
  Rng rng(7);
  ExpectLikeReference(kOnednnConv, kReferenceConv, Make(k, rng));
}

// Each pair of types that the row supports.
template <typename Fn>
void ForEachTypes(const Fn& fn) {
  fn(F32Type, F32Type);
  for (DataType x : {U8, S8}) {
    for (DataType y : {U8, S8, F32Type}) fn(x, y);
  }
}

class ConvTypes : public ::testing::TestWithParam<std::pair<DataType, DataType>> {
 protected:
  // A convolution of the parameter's types.
  Conv Typed() const {
    Conv k;
    k.x = GetParam().first;
    k.y = GetParam().second;
    return k;
  }
};

TEST_P(ConvTypes, PointwiseWithReluAndResidual) {
  Conv k = Typed();
  k.kernel = {1, 1};
  k.c = 40, k.m = 70, k.size = {7, 9};
  k.min = 0;
  Expect(k);
  k.residual = true;
  Expect(k);
  k.strides = {2, 2};
  Expect(k);
}

TEST_P(ConvTypes, FirstLayerOfThreeChannels) {
  Conv k = Typed();
  k.c = 3, k.m = 32, k.size = {33, 33};
  k.strides = {2, 2}, k.begin = {0, 0}, k.end = {1, 1};
  k.min = 0, k.max = 6;
  Expect(k);
}

TEST_P(ConvTypes, DenseWithDilationAndAsymmetricPads) {
  Conv k = Typed();
  k.c = 17, k.m = 33, k.size = {12, 11};
  k.dilations = {2, 1}, k.begin = {2, 0}, k.end = {1, 2};
  k.min = -0.5f, k.max = 2.25f;
  k.residual = true;
  Expect(k);
}

TEST_P(ConvTypes, DepthwiseAndGrouped) {
  Conv k = Typed();
  k.c = k.m = k.groups = 48;
  k.begin = k.end = {1, 1};
  Expect(k);
  k.strides = {2, 2}, k.kernel = {5, 5}, k.begin = k.end = {2, 2};
  Expect(k);
  k = Typed();
  k.c = 24, k.m = 48, k.groups = 4, k.begin = k.end = {1, 1};
  Expect(k);
}

TEST_P(ConvTypes, OneAndThreeSpatialDimensions) {
  Conv k = Typed();
  k.size = {21}, k.kernel = {5}, k.begin = {2}, k.end = {1}, k.c = 12, k.m = 20;
  Expect(k);
  k.size = {5, 6, 7}, k.kernel = {3, 2, 3}, k.begin = {1, 0, 1}, k.end = {1, 1, 1};
  Expect(k);
}

TEST_P(ConvTypes, PerTensorWithoutBias) {
  Conv k = Typed();
  k.bias = k.per_channel = false;
  k.x_zero = k.y_zero = 0;
  k.begin = k.end = {1, 1};
  Expect(k);
}

TEST_P(ConvTypes, OnePixelAndOneChannel) {
  Conv k = Typed();
  k.c = k.m = 1, k.size = {1, 1}, k.kernel = {1, 1};
  Expect(k);
  k.kernel = {3, 3}, k.begin = k.end = {1, 1};
  Expect(k);
}

TEST_P(ConvTypes, RandomShapes) {
  Rng rng(static_cast<uint32_t>(GetParam().first) * 100 + static_cast<uint32_t>(GetParam().second));
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); };
  for (int i = 0; i < 15; ++i) {
    Conv k = Typed();
    k.n = pick(1, 3), k.size = {pick(4, 18), pick(4, 18)};
    k.kernel = {pick(1, 4), pick(1, 4)};
    k.strides = {pick(1, 2), pick(1, 2)};
    k.begin = {pick(0, k.kernel[0] - 1), pick(0, k.kernel[1] - 1)};
    k.end = {pick(0, k.kernel[0] - 1), pick(0, k.kernel[1] - 1)};
    const int kind = pick(0, 2);
    k.groups = kind == 2 ? pick(1, 40) : kind == 1 ? pick(2, 3) : 1;
    k.c = k.groups * (kind == 2 ? 1 : pick(1, 40));
    k.m = k.groups * (kind == 2 ? 1 : pick(1, 40));
    k.bias = pick(0, 1), k.residual = pick(0, 1), k.per_channel = pick(0, 3) > 0;
    if (pick(0, 1)) k.min = 0;
    k.x_zero = pick(0, 255), k.y_zero = pick(0, 255);
    ExpectLikeReference(kOnednnConv, kReferenceConv, Make(k, rng));
  }
}

TEST_P(ConvTypes, BatchOfEightHasTheBitsOfItsSamples) {
  Conv k = Typed();
  if (k.x == F32Type) GTEST_SKIP() << "float sums may depend on how the work is cut";
  Rng rng(3);
  k.n = 8, k.begin = k.end = {1, 1};
  for (int64_t c : {3, 16, 70}) {
    for (int size : {5, 14, 28}) {
      for (int kernel : {1, 3}) {
        k.c = c, k.m = 40, k.size = {size, size}, k.kernel = {kernel, kernel};
        k.residual = kernel == 1;
        ExpectSamplesLikeBatch(kOnednnConv, Make(k, rng));
      }
    }
  }
  k.c = k.m = k.groups = 32;
  ExpectSamplesLikeBatch(kOnednnConv, Make(k, rng));
}

std::vector<std::pair<DataType, DataType>> AllTypes() {
  std::vector<std::pair<DataType, DataType>> all;
  ForEachTypes([&](DataType x, DataType y) { all.emplace_back(x, y); });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Types, ConvTypes, ::testing::ValuesIn(AllTypes()),
                         [](const ::testing::TestParamInfo<std::pair<DataType, DataType>>& info) {
                           return absl::StrCat(Name(info.param.first), "_",
                                               Name(info.param.second));
                         });

// x * 1 with a multiplier of 1/2: every odd x is a tie.
TEST(OnednnConv, TiesGoToEven) {
  std::vector<int32_t> x(64);
  for (int i = 0; i < 64; ++i) x[i] = i;
  schema::ConvOptionsT o = Options(Conv());
  const KernelCase c = MakeCase(
      "ties", o,
      {Ints(U8, {1, 1, 8, 8}, 1.0f, 0, x), AsConstant(Ints(S8, {1, 1, 1, 1}, 1.0f, 0, {1}))},
      {OutputLike(U8, 2.0f, 0)});
  const absl::StatusOr<Outputs> got = RunRow(kOnednnConv, c, NaturalOptions(c));
  if (!got.ok() && MayDecline(c)) GTEST_SKIP() << got.status();
  ASSERT_TRUE(got.ok()) << got.status();
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ((*got)[0][i], static_cast<int>(std::nearbyint(i / 2.0))) << i;
  }
}

// The largest sums that 8-bit operands can give, of either sign, saturate and do not wrap.
TEST(OnednnConv, ExtremesSaturate) {
  for (const int weight : {127, -127}) {
    const int64_t channels = 2048;
    schema::ConvOptionsT o = Options(Conv());
    const KernelCase c =
        MakeCase("extremes", o,
                 {Ints(U8, {1, channels, 1, 1}, 1.0f, 0, std::vector<int32_t>(channels, 255)),
                  AsConstant(Ints(S8, {1, channels, 1, 1}, 1.0f, 0,
                                  std::vector<int32_t>(channels, weight)))},
                 {OutputLike(S8, 1000.0f, 3)});
    const absl::StatusOr<Outputs> got = RunRow(kOnednnConv, c, NaturalOptions(c));
    if (!got.ok() && MayDecline(c)) continue;
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(static_cast<int8_t>((*got)[0][0]), weight > 0 ? 127 : -128);
  }
}

TEST(OnednnConv, DeclinesWithReasons) {
  Rng rng(1);
  const KernelCase c = Make(Conv(), rng);
  RunOptions options = NaturalOptions(c);
  options.deterministic = true;
  absl::Status s = RunRow(kOnednnConv, c, options).status();
  EXPECT_TRUE(absl::IsUnimplemented(s)) << s;
  EXPECT_NE(s.message().find("bits"), absl::string_view::npos) << s;

  options = NaturalOptions(c);
  options.layout = Layout::kPlain;
  s = RunRow(kOnednnConv, c, options).status();
  EXPECT_TRUE(absl::IsUnimplemented(s)) << s;
  EXPECT_NE(s.message().find("channels last"), absl::string_view::npos) << s;

  KernelCase shifted = c;
  shifted.inputs[1].quant->zero_points[0] = 1;
  s = RunRow(kOnednnConv, shifted, NaturalOptions(c)).status();
  EXPECT_TRUE(absl::IsUnimplemented(s)) << s;
  EXPECT_NE(s.message().find("zero point 0"), absl::string_view::npos) << s;
}

TEST(OnednnConv, DeclinesSaturatingSumsWithoutVnni) {
  if (TestCpu().vnni()) GTEST_SKIP() << "this CPU has VNNI";
  Conv k;
  k.kernel = {1, 1}, k.c = 32;
  Rng rng(1);
  const KernelCase c = Make(k, rng);
  const absl::Status s = RunRow(kOnednnConv, c, NaturalOptions(c)).status();
  EXPECT_TRUE(absl::IsUnimplemented(s)) << s;
  EXPECT_NE(s.message().find("16 bits"), absl::string_view::npos) << s;
}

}  // namespace
}  // namespace octet::testing
