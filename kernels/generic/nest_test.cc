#include "kernels/generic/nest.h"

#include "gtest/gtest.h"

namespace octet {
namespace generic {
namespace {

TEST(NestTest, NeighboursThatAllOperandsStepThroughEvenlyAreOne) {
  const Shape shape = {2, 3, 4, 5};
  const Shape dense = Strides(shape, Layout::kPlain);
  const Nest nest = MakeNest(shape, {dense, dense});
  ASSERT_EQ(nest.dims.size(), 1);
  EXPECT_EQ(nest.inner().size, 120);
  EXPECT_EQ(nest.rows(), 1);
}

TEST(NestTest, FollowsTheMemoryOfOperand0) {
  const Shape shape = {2, 3, 4, 5};
  const Nest nest =
      MakeNest(shape, {Strides(shape, Layout::kChannelsLast), Strides(shape, Layout::kPlain)});
  // Images, pixels, channels.
  ASSERT_EQ(nest.dims.size(), 3);
  EXPECT_EQ(nest.dims[1].size, 20);
  EXPECT_EQ(nest.dims[1].strides[1], 1);
  EXPECT_EQ(nest.inner().size, 3);
  EXPECT_EQ(nest.inner().strides[0], 1);
  EXPECT_EQ(nest.inner().strides[1], 20);
}

TEST(NestTest, BroadcastDimensionsStandStill) {
  const Shape strides = BroadcastStrides({3, 1, 1}, {1, 1, 1}, 4);
  EXPECT_EQ(strides, (Shape{0, 1, 0, 0}));
}

TEST(NestTest, AScalarIsOneRowOfOne) {
  const Nest nest = MakeNest({}, {Shape(), Shape()});
  EXPECT_EQ(nest.rows(), 1);
  EXPECT_EQ(nest.inner().size, 1);
  EXPECT_EQ(nest.inner().strides[0], 1);
}

TEST(RowWalkerTest, StartsAnywhereAndStepsThroughAllRows) {
  const Shape shape = {2, 3, 4, 5};
  const Nest nest =
      MakeNest(shape, {Strides(shape, Layout::kPlain), Strides(shape, Layout::kChannelsLast)});
  RowWalker walker(nest, 0);
  for (int64_t row = 0; row < nest.rows(); ++row, walker.Next()) {
    const RowWalker direct(nest, row);
    EXPECT_EQ(walker.offset(0), direct.offset(0));
    EXPECT_EQ(walker.offset(1), direct.offset(1));
    EXPECT_EQ(walker.offset(0), row * nest.inner().size);
  }
}

TEST(SameOrderTest, IgnoresDimensionsOfOne) {
  Operand plain, last;
  plain.shape = last.shape = {2, 8, 1, 1};
  last.layout = Layout::kChannelsLast;
  EXPECT_TRUE(SameOrder(plain, last));
  plain.shape = last.shape = {2, 8, 1, 2};
  EXPECT_FALSE(SameOrder(plain, last));
}

}  // namespace
}  // namespace generic
}  // namespace octet
