#include "tools/simplify/constants.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"

namespace octet {
namespace {

TEST(Constants, KeepNumbersOfEveryType) {
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kS8,
                              DataType::kU8, DataType::kS16, DataType::kS32, DataType::kS64,
                              DataType::kF64, DataType::kU16, DataType::kU32, DataType::kU64}) {
    const std::vector<double> values = {0, 1, 2, 100};
    EXPECT_EQ(ToDoubles(type, FromDoubles(type, values)), values) << Name(type);
    EXPECT_EQ(ToInts(type, FromInts(type, {0, 1, 2, 100})), (std::vector<int64_t>{0, 1, 2, 100}));
  }
  EXPECT_EQ(ToInts(DataType::kBool, FromInts(DataType::kBool, {0, 7})),
            (std::vector<int64_t>{0, 1}));
}

TEST(Constants, KeepLargeIntegers) {
  const std::vector<int64_t> values = {(int64_t{1} << 53) + 1, std::numeric_limits<int64_t>::min()};
  EXPECT_EQ(ToInts(DataType::kS64, FromInts(DataType::kS64, values)), values);
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
