#include "kernels/open/open.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// An operand with its numbers; must outlive what is made of it.
template <typename T>
struct Holder {
  DataType type;
  Shape shape;
  std::vector<T> values;

  OpenOperand operand() const { return {type, shape, values.data()}; }
};

using F32 = Holder<float>;
using Bytes = Holder<uint8_t>;
using S64 = Holder<int64_t>;

class Results : public OpenResults {
 public:
  void* Allocate(size_t index, const Shape& shape) override {
    shapes.resize(std::max(shapes.size(), index + 1));
    bytes.resize(shapes.size());
    shapes[index] = shape;
    bytes[index].resize(static_cast<size_t>(NumElements(shape)) * 8 + 8);
    return bytes[index].data();
  }
  template <typename T>
  std::vector<T> Values(size_t index) const {
    const auto* begin = reinterpret_cast<const T*>(bytes[index].data());
    return std::vector<T>(begin, begin + NumElements(shapes[index]));
  }

  std::vector<Shape> shapes;
  std::vector<std::vector<uint8_t>> bytes;
};

template <typename OptionsT>
absl::Status RunOperator(OptionsT options, std::vector<OpenOperand> inputs, Results& results) {
  const Node node = Graph::MakeNode("n", std::move(options), {}, {});
  return RunOpenOperator(node, inputs, results);
}

TEST(OpenTest, NonZeroListsIndicesByDimension) {
  const F32 x{DataType::kF32, {2, 3}, {0, 5, -0.0f, 1, 0, std::numeric_limits<float>::quiet_NaN()}};
  Results results;
  ASSERT_TRUE(RunOperator(schema::NonZeroOptionsT(), {x.operand()}, results).ok());
  EXPECT_EQ(results.shapes[0], (Shape{2, 3}));
  EXPECT_THAT(results.Values<int64_t>(0), ElementsAre(0, 1, 1, 1, 0, 2));
  const Bytes none{DataType::kBool, {2}, {0, 0}};
  ASSERT_TRUE(RunOperator(schema::NonZeroOptionsT(), {none.operand()}, results).ok());
  EXPECT_EQ(results.shapes[0], (Shape{1, 0}));
}

TEST(OpenTest, CompressTakesSlicesOrElements) {
  const F32 x{DataType::kF32, {3, 2}, {1, 2, 3, 4, 5, 6}};
  const Bytes condition{DataType::kBool, {3}, {0, 1, 1}};
  schema::CompressOptionsT options;
  options.axis = 0;
  Results results;
  ASSERT_TRUE(RunOperator(options, {x.operand(), condition.operand()}, results).ok());
  EXPECT_EQ(results.shapes[0], (Shape{2, 2}));
  EXPECT_THAT(results.Values<float>(0), ElementsAre(3, 4, 5, 6));
  options.axis = -1;
  ASSERT_TRUE(RunOperator(options, {x.operand(), condition.operand()}, results).ok());
  EXPECT_THAT(results.Values<float>(0), ElementsAre(2, 3));
  options.axis = 1;
  EXPECT_THAT(
      std::string(RunOperator(options, {x.operand(), condition.operand()}, results).message()),
      HasSubstr("takes index 2 of 2"));
}

TEST(OpenTest, UniqueSortsOrKeepsTheOrder) {
  const F32 x{DataType::kF32, {5}, {2, 1, 1, 3, 2}};
  schema::UniqueOptionsT options;
  options.axis = -1;
  Results results;
  ASSERT_TRUE(RunOperator(options, {x.operand()}, results).ok());
  EXPECT_THAT(results.Values<float>(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(results.Values<int64_t>(1), ElementsAre(1, 0, 3));
  EXPECT_THAT(results.Values<int64_t>(2), ElementsAre(1, 0, 0, 2, 1));
  EXPECT_THAT(results.Values<int64_t>(3), ElementsAre(2, 2, 1));
  options.sorted = false;
  ASSERT_TRUE(RunOperator(options, {x.operand()}, results).ok());
  EXPECT_THAT(results.Values<float>(0), ElementsAre(2, 1, 3));
  EXPECT_THAT(results.Values<int64_t>(2), ElementsAre(0, 1, 1, 2, 0));
}

TEST(OpenTest, UniqueComparesSlices) {
  const F32 x{DataType::kF32, {2, 3}, {1, 0, 1, 2, 9, 2}};
  schema::UniqueOptionsT options;
  options.axis = 1;
  Results results;
  ASSERT_TRUE(RunOperator(options, {x.operand()}, results).ok());
  EXPECT_EQ(results.shapes[0], (Shape{2, 2}));
  EXPECT_THAT(results.Values<float>(0), ElementsAre(0, 1, 9, 2));
  options.axis = 2;
  EXPECT_FALSE(RunOperator(options, {x.operand()}, results).ok());
}

TEST(OpenTest, NonMaxSuppressionDropsOverlaps) {
  // Boxes 0 and 1 overlap by 0.81 / 1.19 = 0.68; box 2 stands apart, with its corners exchanged.
  const F32 boxes{DataType::kF32, {1, 3, 4}, {0, 0, 1, 1, 0.1f, 0.1f, 1.1f, 1.1f, 6, 6, 5, 5}};
  const F32 scores{DataType::kF32, {1, 1, 3}, {0.9f, 0.95f, 0.5f}};
  const S64 count{DataType::kS64, {1}, {5}};
  const F32 overlap{DataType::kF32, {1}, {0.5f}};
  const F32 least{DataType::kF32, {1}, {0.6f}};
  Results results;
  ASSERT_TRUE(RunOperator(schema::NonMaxSuppressionOptionsT(),
                          {boxes.operand(), scores.operand(), count.operand(), overlap.operand()},
                          results)
                  .ok());
  EXPECT_THAT(results.Values<int64_t>(0), ElementsAre(0, 0, 1, 0, 0, 2));
  ASSERT_TRUE(RunOperator(schema::NonMaxSuppressionOptionsT(),
                          {boxes.operand(), scores.operand(), count.operand(), overlap.operand(),
                           least.operand()},
                          results)
                  .ok());
  EXPECT_THAT(results.Values<int64_t>(0), ElementsAre(0, 0, 1));
  // Without a count nothing is asked for.
  ASSERT_TRUE(
      RunOperator(schema::NonMaxSuppressionOptionsT(), {boxes.operand(), scores.operand()}, results)
          .ok());
  EXPECT_EQ(results.shapes[0], (Shape{0, 3}));
  EXPECT_THAT(std::string(RunOperator(schema::NonMaxSuppressionOptionsT(),
                                      {scores.operand(), scores.operand()}, results)
                              .message()),
              HasSubstr("expected [N, M, 4]"));
}

}  // namespace
}  // namespace octet
