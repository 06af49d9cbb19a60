#include "tools/simplify/quantization_summary.h"

#include "gtest/gtest.h"
#include "tools/simplify/simplify.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using testing::GraphMaker;

TEST(QuantizationSummary, SaysWhatIsLeftAndWhy) {
  GraphMaker m;
  const QuantParams scale = {{0.125f}, {0}, -1};
  const auto conv = [&](TensorId x, DataType weights) {
    const TensorId w = m.RandomIntegers({4, 4, 1, 1}, weights, scale);
    return m.Rounded(m.Op(testing::Conv2d(), {x, m.Dequantize(w)}), DataType::kU8, 4, 128);
  };
  TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), DataType::kU8, 0.125f, 128);
  x = conv(conv(x, DataType::kS8), DataType::kU8);
  Graph graph = m.Finish({m.Op(testing::Unary(schema::UnaryKind::EXP), {x})});
  ASSERT_EQ(Simplify(graph), absl::OkStatus());
  const QuantizationSummary summary = SummarizeQuantization(graph);
  EXPECT_EQ(summary.operators, 3);
  EXPECT_EQ(summary.int8, 1);
  EXPECT_EQ(summary.conversions, 4);
  EXPECT_EQ(summary.ToString(),
            "1 of 3 operators int8, 4 conversions left: 1 at the model's inputs, "
            "2 since Conv 'n7' has weights that are not integers of 8 bits with zero point 0, "
            "1 since Unary 'n10' yields a tensor that is not quantized");
}

}  // namespace
}  // namespace octet
