#include "tools/data/array.h"

#include "gtest/gtest.h"

namespace octet {
namespace {

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

TEST(ArrayTest, RealNumbersDoNotBecomeIntegers) {
  const Array array = ArrayOf<float>(DataType::kF32, {1}, {1.0f});
  EXPECT_EQ(ConvertArray(array, DataType::kS32).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace octet
