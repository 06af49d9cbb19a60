#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "kernels/elements.h"
#include "kernels/kernel.h"
#include "kernels/testing/kernel_test_util.h"

// Kernels for elements of every type against numbers worked out by hand: every row of the registry
// that takes a case.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kBool = DataType::kBool, kS8 = DataType::kS8;
constexpr DataType kU8 = DataType::kU8, kS32 = DataType::kS32, kS64 = DataType::kS64;
constexpr DataType kU64 = DataType::kU64, kF16 = DataType::kF16, kF64 = DataType::kF64;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int32_t kMinS32 = std::numeric_limits<int32_t>::min();
constexpr int32_t kMaxS32 = std::numeric_limits<int32_t>::max();
constexpr int64_t kMinS64 = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxS64 = std::numeric_limits<int64_t>::max();

template <typename T>
void ExpectRows(const KernelCase& c, const std::vector<T>& want, size_t output = 0) {
  int accepted = 0;
  for (const KernelEntry& row : KernelsFor(c.node.type())) {
    const absl::StatusOr<Outputs> got = RunRow(row, c);
    if (absl::IsUnimplemented(got.status())) continue;
    ASSERT_TRUE(got.ok()) << row.name << ": " << got.status();
    ++accepted;
    TestTensor t;
    t.bytes = (*got)[output];
    const std::vector<T> values = t.values<T>();
    ASSERT_EQ(values.size(), want.size()) << row.name;
    for (size_t i = 0; i < want.size(); ++i) {
      const bool both_nan = values[i] != values[i] && want[i] != want[i];
      EXPECT_TRUE(values[i] == want[i] || both_nan)
          << c.name << ", " << row.name << ", element " << i << ": got " << +values[i] << ", want "
          << +want[i];
    }
  }
  EXPECT_GT(accepted, 0) << c.name << ": no row takes it";
}

template <typename T, typename Y = T>
void ExpectBinary(schema::BinaryKind kind, DataType type, const std::vector<T>& a,
                  const std::vector<T>& b, const std::vector<Y>& want, DataType y) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  const Shape shape = {static_cast<int64_t>(a.size())};
  ExpectRows(MakeCase(schema::EnumNameBinaryKind(kind), options,
                      {Elements(type, shape, a), Elements(type, shape, b)}, {OutputLike(y)}),
             want);
}

void ExpectS32(schema::BinaryKind kind, const std::vector<int32_t>& a,
               const std::vector<int32_t>& b, const std::vector<int32_t>& want) {
  ExpectBinary(kind, kS32, a, b, want, kS32);
}

using Binary = schema::BinaryKind;

TEST(TypedBinaryTest, IntegersWrapAround) {
  ExpectS32(Binary::ADD, {kMaxS32, 5}, {1, -7}, {kMinS32, -2});
  ExpectS32(Binary::SUB, {kMinS32}, {1}, {kMaxS32});
  ExpectS32(Binary::MUL, {1 << 20, 3}, {1 << 12, -4}, {0, -12});
  ExpectBinary<uint8_t>(Binary::ADD, kU8, {250}, {10}, {4}, kU8);
  ExpectBinary<uint16_t>(Binary::MUL, DataType::kU16, {65535}, {65535}, {1}, DataType::kU16);
  ExpectBinary<int64_t>(Binary::MUL, kS64, {kMaxS64}, {2}, {-2}, kS64);
}

TEST(TypedBinaryTest, QuotientsOfIntegers) {
  ExpectS32(Binary::DIV, {7, -7, 7, -7, 5, kMinS32}, {2, 2, -2, -2, 0, -1},
            {3, -3, -3, 3, 0, kMinS32});
  ExpectS32(Binary::MOD, {7, -7, 7, -7, 5, kMinS32, -6}, {3, 3, -3, -3, 0, -1, 3},
            {1, 2, -2, -1, 0, 0, 0});
  ExpectS32(Binary::FMOD, {7, -7, 7, -7, 5, kMinS32}, {3, 3, -3, -3, 0, -1}, {1, -1, 1, -1, 0, 0});
  ExpectBinary<uint64_t>(Binary::DIV, kU64, {~0ull, 3}, {2, ~0ull}, {~0ull / 2, 0}, kU64);
  ExpectBinary<int64_t>(Binary::DIV, kS64, {kMinS64}, {-1}, {kMinS64}, kS64);
}

TEST(TypedBinaryTest, PowersAndOrder) {
  ExpectS32(Binary::POW, {2, -3, 2, 1, -1, -1, 0, 0, 3}, {10, 3, -1, -5, -3, -4, 0, -2, 40},
            {1024, -27, 0, 1, -1, 1, 1, 0, 689956897});  // 3^40 modulo 2^32
  ExpectS32(Binary::PRELU, {-3, 3, 0}, {5, 5, 5}, {-15, 3, 0});
  ExpectBinary<uint64_t>(Binary::MAXIMUM, kU64, {~0ull, 1}, {1, 2}, {~0ull, 2}, kU64);
  ExpectBinary<uint64_t>(Binary::MINIMUM, kU64, {~0ull}, {1}, {1}, kU64);
  ExpectBinary<uint64_t, uint8_t>(Binary::LESS, kU64, {~0ull, 1}, {1, ~0ull}, {0, 1}, kBool);
}

TEST(TypedBinaryTest, Bits) {
  ExpectBinary<uint8_t>(Binary::SHIFT_LEFT, kU8, {1, 3, 1, 1}, {7, 7, 8, 200}, {128, 128, 0, 0},
                        kU8);
  ExpectS32(Binary::SHIFT_RIGHT, {-8, 8, -8, 8}, {1, 1, 32, -1}, {-4, 4, 0, 0});
  ExpectBinary<int8_t>(Binary::BIT_XOR, kS8, {-1, 5}, {1, 3}, {-2, 6}, kS8);
}

TEST(TypedBinaryTest, ComparisonsWithNanAreFalse) {
  const std::vector<float> a = {1, 2, kNan, kNan, kInf, -0.0f}, b = {2, 2, 1, kNan, kInf, 0};
  const auto expect = [&](Binary kind, const std::vector<uint8_t>& want) {
    ExpectBinary<float, uint8_t>(kind, kF32, a, b, want, kBool);
  };
  expect(Binary::EQUAL, {0, 1, 0, 0, 1, 1});
  expect(Binary::LESS, {1, 0, 0, 0, 0, 0});
  expect(Binary::LESS_EQUAL, {1, 1, 0, 0, 1, 1});
  expect(Binary::GREATER, {0, 0, 0, 0, 0, 0});
  expect(Binary::GREATER_EQUAL, {0, 1, 0, 0, 1, 1});
}

TEST(TypedBinaryTest, RestsOfFloats) {
  ExpectBinary<float>(Binary::MOD, kF32, {7, -7, 7, -7, 5.5f}, {3, 3, -3, -3, 2},
                      {1, 2, -2, -1, 1.5f}, kF32);
  ExpectBinary<float>(Binary::FMOD, kF32, {7, -7, 7, -7}, {3, 3, -3, -3}, {1, -1, 1, -1}, kF32);
}

TEST(TypedBinaryTest, PowersOfMixedTypes) {
  schema::BinaryOptionsT options;
  options.kind = Binary::POW;
  ExpectRows<float>(
      MakeCase("f32 by s64", options, {F32({3}, {2, 3, 4}), Values(kS64, {3}, {3, 2, -1})},
               {OutputLike(kF32)}),
      {8, 9, 0.25f});
  // 10^0.5 = 3.16; 3^18 is not a float, but an integer.
  ExpectRows<int32_t>(
      MakeCase("s32 by f32", options, {S32({3}, {10, 3, 2}), F32({3}, {0.5f, 18, -1})},
               {OutputLike(kS32)}),
      {3, 387420489, 0});
}

TEST(TypedBinaryTest, BooleansHaveTheirOwnFunctions) {
  ExpectBinary<uint8_t>(Binary::AND, kBool, {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 0, 0, 1}, kBool);
  ExpectBinary<uint8_t>(Binary::OR, kBool, {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 1}, kBool);
  ExpectBinary<uint8_t>(Binary::XOR, kBool, {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 0}, kBool);
  ExpectBinary<uint8_t>(Binary::EQUAL, kBool, {0, 0, 1, 1}, {0, 1, 0, 1}, {1, 0, 0, 1}, kBool);
}

template <typename T>
void ExpectUnary(schema::UnaryKind kind, float alpha, float beta, const TestTensor& x, DataType y,
                 const std::vector<T>& want) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  options.alpha = alpha;
  options.beta = beta;
  ExpectRows(MakeCase(schema::EnumNameUnaryKind(kind), options, {x}, {OutputLike(y)}), want);
}

TEST(TypedUnaryTest, Integers) {
  using Kind = schema::UnaryKind;
  const TestTensor x = S32({4}, {kMinS32, -3, 0, 7});
  ExpectUnary<int32_t>(Kind::ABS, 0, 0, x, kS32, {kMinS32, 3, 0, 7});
  ExpectUnary<int32_t>(Kind::NEG, 0, 0, x, kS32, {kMinS32, 3, 0, -7});
  ExpectUnary<int32_t>(Kind::SIGN, 0, 0, x, kS32, {-1, -1, 0, 1});
  ExpectUnary<int32_t>(Kind::BIT_NOT, 0, 0, x, kS32, {kMaxS32, 2, -1, -8});
  ExpectUnary<int32_t>(Kind::CLIP, -2, 5, x, kS32, {-2, -2, 0, 5});
  ExpectUnary<int32_t>(Kind::CLIP, -kInf, 5, x, kS32, {kMinS32, -3, 0, 5});
  ExpectUnary<uint8_t>(Kind::CLIP, -2, 300, Values(kU8, {2}, {0, 255}), kU8, {0, 255});
  ExpectUnary<uint64_t>(Kind::CLIP, 1, 1e30f, Elements<uint64_t>(kU64, {2}, {0, ~0ull}), kU64,
                        {1, ~0ull});
}

TEST(TypedUnaryTest, TestsOfFloats) {
  using Kind = schema::UnaryKind;
  const TestTensor x = F32({4}, {1, kNan, kInf, -kInf});
  ExpectUnary<uint8_t>(Kind::IS_NAN, 0, 0, x, kBool, {0, 1, 0, 0});
  ExpectUnary<uint8_t>(Kind::IS_INF, 1, 1, x, kBool, {0, 0, 1, 1});
  ExpectUnary<uint8_t>(Kind::IS_INF, 1, 0, x, kBool, {0, 0, 0, 1});
  ExpectUnary<uint8_t>(Kind::IS_INF, 0, 1, x, kBool, {0, 0, 1, 0});
  ExpectUnary<uint8_t>(Kind::NOT, 0, 0, Values(kBool, {2}, {0, 1}), kBool, {1, 0});
}

template <typename T>
void ExpectCast(const TestTensor& x, DataType y, const std::vector<T>& want) {
  ExpectRows(MakeCase("cast", schema::CastOptionsT(), {x}, {OutputLike(y)}), want);
}

TEST(CastTest, FloatsToIntegersAreCut) {
  const TestTensor x = F32({8}, {2.9f, -2.9f, 300, -1, 3e9f, -3e9f, 1e30f, kNan});
  ExpectCast<int32_t>(x, kS32, {2, -2, 300, -1, kMaxS32, kMinS32, kMaxS32, 0});
  ExpectCast<uint8_t>(x, kU8, {2, 254, 44, 255, 0, 0, 255, 0});
  ExpectCast<int64_t>(x, kS64, {2, -2, 300, -1, 3000000000, -3000000000, kMaxS64, 0});
  ExpectCast<uint64_t>(x, kU64,
                       {2, ~0ull - 1, 300, ~0ull, 3000000000, 0 - 3000000000ull, ~0ull, 0});
  ExpectCast<uint8_t>(F32({4}, {0, -0.0f, 0.3f, kNan}), kBool, {0, 0, 1, 1});
}

TEST(CastTest, IntegersWrapAround) {
  const TestTensor x = S32({4}, {300, -1, 128, kMinS32});
  ExpectCast<uint8_t>(x, kU8, {44, 255, 128, 0});
  ExpectCast<int8_t>(x, kS8, {44, -1, -128, 0});
  ExpectCast<int64_t>(x, kS64, {300, -1, 128, kMinS32});
  ExpectCast<uint8_t>(x, kBool, {1, 1, 1, 1});
  ExpectCast<float>(Elements<uint64_t>(kU64, {1}, {~0ull}), kF32, {18446744073709551616.0f});
}

TEST(CastTest, SixteenBitFloatsRoundOnce) {
  // 1 + 2^-11 is a tie of halves; with 2^-40 more it is not, but a float would lose that.
  const TestTensor x =
      Elements<double>(kF64, {4}, {1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40, 65520 - 0x1p-30, -1e300});
  ExpectCast<uint16_t>(x, kF16, {0x3c00, 0x3c01, 0x7bff, 0xfc00});
  // 2^62 + 2^54 is a tie of bfloat16; the 1 breaks it.
  const int64_t tie = (int64_t{1} << 62) + (int64_t{1} << 54);
  ExpectCast<uint16_t>(Elements<int64_t>(kS64, {3}, {tie, tie + 1, -tie - 1}), DataType::kBF16,
                       {0x5e80, 0x5e81, 0xde81});
  ExpectCast<float>(Elements<uint16_t>(kF16, {3}, {0x3c00, 0x0001, 0xfc00}), kF32,
                    {1, 0x1p-24f, -kInf});
  ExpectCast<int32_t>(Elements<uint16_t>(kF16, {2}, {0x4100, 0xfc00}), kS32, {2, kMinS32});
}

TEST(WhereTest, BroadcastsEachOperand) {
  ExpectRows<int64_t>(
      MakeCase("where", schema::WhereOptionsT(),
               {Values(kBool, {2, 1}, {1, 0}), Values(kS64, {3}, {1, 2, 3}), Values(kS64, {}, {9})},
               {OutputLike(kS64)}),
      {1, 2, 3, 9, 9, 9});
}

template <typename T>
void ExpectReduced(schema::ReduceKind kind, const TestTensor& x, const std::vector<int>& axes,
                   const std::vector<T>& want) {
  schema::ReduceOptionsT options;
  options.kind = kind;
  options.axes = axes;
  options.empty_is_none = true;
  ExpectRows(MakeCase(schema::EnumNameReduceKind(kind), options, {x}, {OutputLike(x.type)}), want);
}

TEST(TypedReduceTest, Integers) {
  using Kind = schema::ReduceKind;
  const TestTensor x = S32({2, 3}, {1, -7, 4, kMaxS32, 1, kMinS32});
  ExpectReduced<int32_t>(Kind::SUM, x, {1}, {-2, 0});
  ExpectReduced<int32_t>(Kind::SUM, x, {0}, {kMinS32, -6, kMinS32 + 4});
  ExpectReduced<int32_t>(Kind::MEAN, x, {1}, {0, 0});  // -2 / 3, rounded towards 0
  ExpectReduced<int32_t>(Kind::MAXIMUM, x, {0, 1}, {kMaxS32});
  ExpectReduced<int32_t>(Kind::MINIMUM, x, {0}, {1, -7, kMinS32});
  ExpectReduced<int32_t>(Kind::PRODUCT, x, {1}, {-28, kMinS32});
  ExpectReduced<int32_t>(Kind::MEAN, x, {}, {1, -7, 4, kMaxS32, 1, kMinS32});
  ExpectReduced<uint8_t>(Kind::MEAN, Values(kU8, {3}, {255, 255, 250}), {0}, {253});
}

TEST(TypedReduceTest, NothingIsWhatChangesNothing) {
  using Kind = schema::ReduceKind;
  const TestTensor floats = F32({2, 0}, {}), ints = S32({0, 1}, {}), bools = Values(kBool, {0}, {});
  ExpectReduced<float>(Kind::SUM, floats, {1}, {0, 0});
  ExpectReduced<float>(Kind::PRODUCT, floats, {1}, {1, 1});
  ExpectReduced<float>(Kind::MAXIMUM, floats, {1}, {-kInf, -kInf});
  ExpectReduced<float>(Kind::MINIMUM, floats, {1}, {kInf, kInf});
  ExpectReduced<float>(Kind::MEAN, floats, {1}, {kNan, kNan});
  ExpectReduced<int32_t>(Kind::SUM, ints, {0}, {0});
  ExpectReduced<int32_t>(Kind::PRODUCT, ints, {0}, {1});
  ExpectReduced<int32_t>(Kind::MAXIMUM, ints, {0}, {kMinS32});
  ExpectReduced<int32_t>(Kind::MINIMUM, ints, {0}, {kMaxS32});
  ExpectReduced<int32_t>(Kind::MEAN, ints, {0}, {0});
  ExpectReduced<uint8_t>(Kind::MAXIMUM, bools, {0}, {0});
  ExpectReduced<uint8_t>(Kind::MINIMUM, bools, {0}, {1});
}

TEST(ArgTest, FirstOrLastAndNan) {
  schema::ArgOptionsT options;
  options.axis = 1;
  const auto expect = [&](schema::ArgKind kind, bool last, const std::vector<int64_t>& want) {
    options.kind = kind;
    options.last = last;
    ExpectRows(MakeCase("arg", options, {F32({3, 4}, {1, 5, 5, 1, 2, kNan, 9, kNan, 3, 3, 3, 3})},
                        {OutputLike(kS64)}),
               want);
  };
  expect(schema::ArgKind::MAXIMUM, false, {1, 1, 0});
  expect(schema::ArgKind::MAXIMUM, true, {2, 3, 3});
  expect(schema::ArgKind::MINIMUM, false, {0, 1, 0});
  expect(schema::ArgKind::MINIMUM, true, {3, 3, 3});
}

TEST(TopKTest, TiesKeepTheirOrderAndNanIsLargest) {
  schema::TopKOptionsT options;
  options.axis = 0;
  options.k = 4;
  const std::vector<TestTensor> x = {F32({6}, {3, 1, kNan, 3, 1, -kInf})};
  const std::vector<TestTensor> y = {OutputLike(kF32), OutputLike(kS64)};
  const KernelCase largest = MakeCase("largest", options, x, y);
  ExpectRows<float>(largest, {kNan, 3, 3, 1}, 0);
  ExpectRows<int64_t>(largest, {2, 0, 3, 1}, 1);
  options.largest = false;
  const KernelCase smallest = MakeCase("smallest", options, x, y);
  ExpectRows<float>(smallest, {-kInf, 1, 1, 3}, 0);
  ExpectRows<int64_t>(smallest, {5, 1, 4, 0}, 1);
}

TEST(CumulateTest, DirectionsAndExclusion) {
  schema::CumulateOptionsT options;
  options.axis = 0;
  const auto expect = [&](const std::vector<int32_t>& want) {
    ExpectRows(MakeCase("cumulate", options, {S32({4}, {1, 2, 3, 4})}, {OutputLike(kS32)}), want);
  };
  expect({1, 3, 6, 10});
  options.exclusive = true;
  expect({0, 1, 3, 6});
  options.reverse = true;
  expect({9, 7, 4, 0});
  options.kind = schema::CumulateKind::PRODUCT;
  expect({24, 12, 4, 1});
}

TEST(OneHotTest, IndicesOutsideHaveNoPlace) {
  schema::OneHotOptionsT options;
  options.axis = 1;
  options.depth = 3;
  ExpectRows<float>(
      MakeCase("one hot", options, {Values(kS64, {4}, {0, -1, 3, -4}), F32({2}, {2, 5})},
               {OutputLike(kF32)}),
      {5, 2, 2, 2, 2, 5, 2, 2, 2, 2, 2, 2});
}

TEST(RangeTest, CountsByDelta) {
  schema::RangeOptionsT options;
  options.start = 10;
  options.limit = 4;
  options.delta = -2.5;
  ExpectRows<float>(MakeCase("floats", options, {}, {OutputLike(kF32)}), {10, 7.5f, 5});
  options.limit = 0x1p53;
  options.start = options.limit - 3;
  options.delta = 2;
  ExpectRows<int64_t>(MakeCase("integers", options, {}, {OutputLike(kS64)}),
                      {(int64_t{1} << 53) - 3, (int64_t{1} << 53) - 1});
}

TEST(TriluTest, DiagonalsOfWideMatrices) {
  schema::TriluOptionsT options;
  const auto expect = [&](bool upper, int64_t k, const std::vector<int32_t>& want) {
    options.upper = upper;
    options.k = k;
    ExpectRows(MakeCase("trilu", options, {S32({2, 3}, {1, 2, 3, 4, 5, 6})}, {OutputLike(kS32)}),
               want);
  };
  expect(true, 0, {1, 2, 3, 0, 5, 6});
  expect(true, 1, {0, 2, 3, 0, 0, 6});
  expect(false, 0, {1, 0, 0, 4, 5, 0});
  expect(false, -1, {0, 0, 0, 4, 0, 0});
  expect(false, 5, {1, 2, 3, 4, 5, 6});
}

TEST(TypedMatMulTest, SumsWrapAround) {
  ExpectRows<uint8_t>(MakeCase("u8", schema::MatMulOptionsT(),
                               {Values(kU8, {1, 2}, {200, 3}), Values(kU8, {2, 2}, {2, 1, 5, 7})},
                               {OutputLike(kU8)}),
                      {static_cast<uint8_t>(415), 221});
}

TEST(EinsumTest, TracesAndOuterProducts) {
  schema::EinsumOptionsT options;
  options.equation = "ii";
  ExpectRows<float>(MakeCase("trace", options, {F32({2, 2}, {1, 2, 3, 4})}, {OutputLike(kF32)}),
                    {5});
  options.equation = "i,j->ji";
  ExpectRows<float>(
      MakeCase("outer", options, {F32({2}, {1, 2}), F32({2}, {3, 5})}, {OutputLike(kF32)}),
      {3, 6, 5, 10});
}

}  // namespace
}  // namespace octet::testing
