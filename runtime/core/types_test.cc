#include "octet/types.h"

#include "gtest/gtest.h"

namespace octet {
namespace {

TEST(DataType, NamesAndSizes) {
  EXPECT_EQ(Name(DataType::kF32), "f32");
  EXPECT_EQ(Name(DataType::kBF16), "bf16");
  EXPECT_EQ(Name(DataType::kU8), "u8");
  EXPECT_EQ(Name(DataType::kBool), "bool");
  EXPECT_EQ(SizeOf(DataType::kF32), 4u);
  EXPECT_EQ(SizeOf(DataType::kF16), 2u);
  EXPECT_EQ(SizeOf(DataType::kS8), 1u);
  EXPECT_EQ(SizeOf(DataType::kS64), 8u);
}

TEST(DataType, UnknownValuesHaveNoSize) {
  EXPECT_EQ(SizeOf(DataType::kUnknown), 0u);
  EXPECT_EQ(SizeOf(static_cast<DataType>(14)), 0u);
  EXPECT_EQ(SizeOf(static_cast<DataType>(65535)), 0u);
  EXPECT_EQ(Name(static_cast<DataType>(14)), "unknown");
}

TEST(ShapeText, ShowsOpenSizesAndScalars) {
  EXPECT_EQ(ToString(Shape{1, 3, 224, 224}), "1x3x224x224");
  EXPECT_EQ(ToString(Shape{-1, 10}), "?x10");
  EXPECT_EQ(ToString(Shape{}), "scalar");
  EXPECT_EQ(ToString(Shape{0}), "0");
}

TEST(NumElements, IsTheProduct) {
  EXPECT_EQ(NumElements({}), 1);
  EXPECT_EQ(NumElements({2, 3, 4}), 24);
  EXPECT_EQ(NumElements({2, 0, 4}), 0);
  EXPECT_EQ(NumElements({1 << 20, 1 << 20}), int64_t{1} << 40);
}

}  // namespace
}  // namespace octet
