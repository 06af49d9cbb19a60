#include "tools/import/opset6.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/import/testing.h"

namespace octet {
namespace {

using Doubles = std::vector<double>;
using testing::Attr;
using ::testing::HasSubstr;
using testing::OnnxMaker;
using testing::RunCounting;

Doubles Outputs(OnnxMaker& m, const std::vector<Shape>& shapes) {
  const auto graph = m.Output("y").Import();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? RunCounting(*graph, shapes) : Doubles{};
}

TEST(ImportOpset6, AxisSaysWhereTheSecondOperandLies) {
  OnnxMaker constant(6);
  constant.Input("x", {"1", "2", "2"}).Floats("c", {2}, {10, 20});
  constant.Op("Add", {"x", "c"}, {"y"}, {Attr("broadcast", 1), Attr("axis", 1)});
  EXPECT_EQ(Outputs(constant, {{1, 2, 2}}), (Doubles{10, 11, 22, 23}));

  OnnxMaker computed(6);
  computed.Input("x", {"2", "2"}).Input("b", {"2"});
  computed.Op("Sub", {"x", "b"}, {"y"}, {Attr("broadcast", 1), Attr("axis", -2)});
  EXPECT_EQ(Outputs(computed, {{2, 2}, {2}}), (Doubles{0, 1, 1, 2}));

  // Without an axis, the last dimensions correspond, as they do in numpy.
  OnnxMaker last(6);
  last.Input("x", {"2", "2"}).Floats("c", {2}, {10, 20});
  last.Op("Mul", {"x", "c"}, {"y"}, {Attr("broadcast", 1)});
  EXPECT_EQ(Outputs(last, {{2, 2}}), (Doubles{0, 20, 20, 60}));

  for (const int axis : {2, -3}) {
    OnnxMaker wrong(6);
    wrong.Input("x", {"2", "2"}).Floats("c", {2}, {1, 2});
    wrong.Op("Add", {"x", "c"}, {"y"}, {Attr("broadcast", 1), Attr("axis", axis)}).Output("y");
    const absl::Status status = wrong.Import().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("axis"));
  }
}

TEST(ImportOpset6, SlopesArePerChannel) {
  OnnxMaker m(6);
  m.Input("x", {"1", "2", "2"}).Floats("two", {1}, {2}).Floats("slopes", {2}, {0.5f, 0.25f});
  m.Op("Sub", {"x", "two"}, {"n"}, {Attr("broadcast", 1)});
  m.Op("PRelu", {"n", "slopes"}, {"y"});
  EXPECT_EQ(Outputs(m, {{1, 2, 2}}), (Doubles{-1, -0.5, 0, 1}));
}

TEST(ImportOpset6, InferenceMustBeAskedFor) {
  for (const int is_test : {0, 1}) {
    OnnxMaker m(6);
    m.Input("x", {"2"}).Op("Dropout", {"x"}, {"d"}, {Attr("is_test", is_test)});
    m.Op("Neg", {"d"}, {"y"});
    if (is_test == 1) {
      EXPECT_EQ(Outputs(m, {{2}}), (Doubles{0, -1}));
    } else {
      EXPECT_THAT(std::string(m.Output("y").Import().status().message()),
                  HasSubstr("training mode"));
    }
  }
}

}  // namespace
}  // namespace octet
