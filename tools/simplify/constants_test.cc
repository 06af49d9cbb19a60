#include "tools/simplify/constants.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"
#include "runtime/core/half.h"

namespace octet {
namespace {

TEST(FloatToHalf, RestoresEveryHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = HalfToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      EXPECT_EQ(FloatToHalf(value), half) << value;
    }
  }
}

TEST(FloatToHalf, RoundsTiesToEvenAndOverflowsToInfinity) {
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f), 0x3c00);             // between 1 and the next: even is 1
  EXPECT_EQ(FloatToHalf(1.0f + 3 * 0x1p-11f), 0x3c02);         // between odd and even
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);  // above the tie
  EXPECT_EQ(FloatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e9f), 0xfc00);
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0x0000);  // half of the smallest: tie to zero
  EXPECT_EQ(FloatToHalf(0x1.8p-25f), 0x0001);
  EXPECT_EQ(FloatToHalf(3 * 0x1p-25f), 0x0002);
  EXPECT_EQ(FloatToHalf(1e-30f), 0x0000);
}

TEST(FloatToBFloat16, RoundsTiesToEven) {
  EXPECT_EQ(FloatToBFloat16(1.0f), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(1.0f + 3 * 0x1p-8f), 0x3f82);
  EXPECT_EQ(FloatToBFloat16(-2.5f), 0xc020);
  EXPECT_TRUE(std::isnan(BFloat16ToFloat(FloatToBFloat16(std::nanf("")))));
}

TEST(Constants, KeepNumbersOfEveryType) {
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kS8,
                              DataType::kU8, DataType::kS16, DataType::kS32, DataType::kS64}) {
    const std::vector<double> values = {0, 1, 2, 100};
    EXPECT_EQ(ToDoubles(type, FromDoubles(type, values)), values) << Name(type);
    EXPECT_EQ(ToInts(type, FromInts(type, {0, 1, 2, 100})), (std::vector<int64_t>{0, 1, 2, 100}));
  }
  EXPECT_EQ(ToInts(DataType::kBool, FromInts(DataType::kBool, {0, 7})),
            (std::vector<int64_t>{0, 1}));
}

TEST(Constants, SaturateWhereDoublesLeaveInt64) {
  const Constant c = FromDoubles(DataType::kF32, {1e30, -1e30, std::nan("")});
  EXPECT_EQ(ToInts(DataType::kF32, c),
            (std::vector<int64_t>{std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min(), 0}));
}

TEST(Constants, ReadUnalignedBytes) {
  std::vector<uint8_t> bytes(9);
  const float value = 1.5f;
  std::memcpy(bytes.data() + 1, &value, 4);
  std::memcpy(bytes.data() + 5, &value, 4);
  const Constant c = Constant::Borrow(bytes.data() + 1, 8, nullptr);
  EXPECT_EQ(ToDoubles(DataType::kF32, c), (std::vector<double>{1.5, 1.5}));
}

}  // namespace
}  // namespace octet
