#include "tools/data/array.h"

#include <gmock/gmock.h>

#include <limits>

#include "gtest/gtest.h"
#include "runtime/core/half.h"

namespace octet {
namespace {

using ::testing::ElementsAre;

TEST(ArrayTest, HalvesAndIntegersBecomeFloats) {
  const Array halves = ArrayOf<uint16_t>(DataType::kF16, {3}, {0x3c00, 0xc000, 0x3555});
  const Array floats = ConvertArray(halves, DataType::kF32).value();
  EXPECT_EQ(floats.as<float>()[0], 1.0f);
  EXPECT_EQ(floats.as<float>()[1], -2.0f);
  EXPECT_NEAR(floats.as<float>()[2], 1.0f / 3, 1e-4);
  const Array bytes = ArrayOf<uint8_t>(DataType::kU8, {2}, {0, 255});
  EXPECT_EQ(ConvertArray(bytes, DataType::kF32)->as<float>()[1], 255.0f);
}

TEST(ArrayTest, IntegersChangeTypeAsLongAsTheyFit) {
  const Array array = ArrayOf<int64_t>(DataType::kS64, {2}, {-128, 127});
  const Array narrow = ConvertArray(array, DataType::kS8).value();
  EXPECT_EQ(narrow.as<int8_t>()[0], -128);
  EXPECT_EQ(narrow.as<int8_t>()[1], 127);
  const absl::Status status = ConvertArray(array, DataType::kU8).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(), "value -128 at element 0 does not fit u8");
}

TEST(ArrayTest, RealNumbersAreRoundedOnceHalfToEven) {
  // 1 + 2^-11 lies between two halves, the even one is below; a little more goes up. Rounding to
  // f32 first would lose that little.
  const Array doubles = ArrayOf<double>(
      DataType::kF64, {9},
      {1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40, 1 + 3 * 0x1p-11, 65519.0, 65520.0, 0x1p-25,
       0x1p-25 + 0x1p-50, -0x1p-15, std::numeric_limits<double>::quiet_NaN()});
  const Array halves = ConvertArray(doubles, DataType::kF16).value();
  EXPECT_THAT(halves.as<uint16_t>(),
              ElementsAre(0x3c00, 0x3c01, 0x3c02, 0x7bff, 0x7c00, 0x0000, 0x0001, 0x8200, 0x7e00));
  const Array floats =
      ArrayOf<float>(DataType::kF32, {6},
                     {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, -2.5f, 0x1.fep127f, 0x1.ffp127f, 0x1p-133f});
  EXPECT_THAT(ConvertArray(floats, DataType::kBF16)->as<uint16_t>(),
              ElementsAre(0x3f80, 0x3f82, 0xc020, 0x7f7f, 0x7f80, 0x0001));
  EXPECT_EQ(ConvertArray(doubles, DataType::kF32)->as<float>()[3], 65519.0f);
  // 2^63 + 2^39 + 1 is just above a tie of f32, which f64 in between would make of it.
  const Array large = ArrayOf<uint64_t>(DataType::kU64, {1}, {(1ull << 63) + (1ull << 39) + 1});
  EXPECT_EQ(ConvertArray(large, DataType::kF32)->as<float>()[0], 0x1.000002p63f);
}

TEST(ArrayTest, EveryHalfSurvivesTheWayThere) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0) continue;  // NaN
    EXPECT_EQ(HalfFromReal(HalfToFloat(half)), half);
  }
}

TEST(ArrayTest, LargeUnsignedIntegersFitWhereTheyShould) {
  const Array array = ArrayOf<uint64_t>(DataType::kU64, {1}, {~uint64_t{0}});
  EXPECT_EQ(ConvertArray(array, DataType::kS64).status().message(),
            "value 18446744073709551615 at element 0 does not fit s64");
  const Array small = ArrayOf<uint64_t>(DataType::kU64, {1}, {70000});
  EXPECT_EQ(ConvertArray(small, DataType::kU32)->as<uint32_t>()[0], 70000u);
  EXPECT_EQ(ConvertArray(small, DataType::kU16).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(ArrayTest, RealNumbersDoNotBecomeIntegers) {
  const Array array = ArrayOf<float>(DataType::kF32, {1}, {1.0f});
  EXPECT_EQ(ConvertArray(array, DataType::kS32).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace octet
