#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/simplify/testing.h"

// Numbers that depend on the order of sizes: what holds for the probes, which are large, does not
// hold for all. Each model is imported once and run at several sizes.

namespace octet {
namespace {

using testing::Attr;
using testing::Count;
using testing::OnnxMaker;
using testing::RunSession;
using Longs = std::vector<int64_t>;

constexpr int kFloat = onnx::TensorProto::FLOAT, kLong = onnx::TensorProto::INT64;

// A model of x [N] that makes `k`, one number, of `n` [1], which is N, and adds it to x.
struct Number {
  const char* name;
  std::function<void(OnnxMaker&)> make;
  std::function<double(int64_t)> expected;
};

OnnxMaker Maker() {
  OnnxMaker m(13);
  m.Input("x", {"N"}).Op("Shape", {"x"}, {"n"});
  for (const int64_t number : {0, 1, 2, 3, 5, 10, 1000}) {
    m.Ints("c" + std::to_string(number), {1}, {number});
  }
  m.Ints("minus1", {1}, {-1}).Ints("minus3", {1}, {-3});
  return m;
}

absl::StatusOr<Graph> Import(const Number& number) {
  OnnxMaker m = Maker();
  number.make(m);
  m.Op("Cast", {"k"}, {"f"}, {Attr("to", kFloat)}).Op("Add", {"x", "f"}, {"y"});
  return m.Output("y").Import();
}

Number Op(const char* op, std::vector<std::string> inputs,
          std::function<double(int64_t)> expected) {
  return {op, [=](OnnxMaker& m) { m.Op(op, inputs, {"k"}); }, std::move(expected)};
}

// The length of x[start:end].
Number Sliced(const char* name, const char* start, const char* end,
              std::function<double(int64_t)> expected) {
  return {name,
          [=](OnnxMaker& m) {
            m.Op("Slice", {"x", start, end}, {"part"}).Op("Shape", {"part"}, {"k"});
          },
          std::move(expected)};
}

// How many elements a tensor of the shape that `op` makes of `n` and 5 has.
Number Sized(const char* op, std::function<double(int64_t)> expected) {
  return {op,
          [=](OnnxMaker& m) {
            m.Op(op, {"n", "c5"}, {"size"}).Op("ConstantOfShape", {"size"}, {"zeros"});
            m.Op("Exp", {"zeros"}, {"ones"}).Op("ReduceSum", {"ones"}, {"k"});
          },
          std::move(expected)};
}

std::vector<Number> Numbers() {
  const auto is = [](bool (*holds)(int64_t)) {
    return [=](int64_t n) { return holds(n) ? 1.0 : 0.0; };
  };
  std::vector<Number> numbers = {
      Op("Equal", {"n", "c1"}, is([](int64_t n) { return n == 1; })),
      Op("Greater", {"n", "c3"}, is([](int64_t n) { return n > 3; })),
      Op("LessOrEqual", {"n", "c2"}, is([](int64_t n) { return n <= 2; })),
      Op("Max", {"n", "c5"}, [](int64_t n) { return std::max<int64_t>(n, 5); }),
      Op("Min", {"n", "c5"}, [](int64_t n) { return std::min<int64_t>(n, 5); }),
      Op("Min", {"c10", "n", "c3"}, [](int64_t n) { return std::min<int64_t>(n, 3); }),
      Op("Div", {"c5", "n"}, [](int64_t n) { return 5 / n; }),
      Op("Div", {"n", "c1000"}, [](int64_t) { return 0; }),
      Op("Mod", {"c10", "n"}, [](int64_t n) { return 10 % n; }),
      Op("Mod", {"n", "c2"}, [](int64_t n) { return n % 2; }),
      Sized("Max", [](int64_t n) { return std::max<int64_t>(n, 5); }),
      Sized("Min", [](int64_t n) { return std::min<int64_t>(n, 5); }),
      Sliced("x[:5]", "c0", "c5", [](int64_t n) { return std::min<int64_t>(n, 5); }),
      Sliced("x[1:3]", "c1", "c3",
             [](int64_t n) { return std::max<int64_t>(0, std::min<int64_t>(n, 3) - 1); }),
      Sliced("x[-3:]", "minus3", "c1000", [](int64_t n) { return std::min<int64_t>(n, 3); }),
      Sliced("x[:1]", "c0", "c1", [](int64_t) { return 1; }),
  };
  const auto make = [&](const char* name, std::function<void(OnnxMaker&)> function,
                        std::function<double(int64_t)> expected) {
    numbers.push_back({name, std::move(function), std::move(expected)});
  };
  make(
      "Where",
      [](OnnxMaker& m) {
        m.Op("Equal", {"n", "c1"}, {"one"}).Op("Where", {"one", "c10", "n"}, {"k"});
      },
      [](int64_t n) { return n == 1 ? 10 : n; });
  make(
      "And",
      [](OnnxMaker& m) {
        m.Op("Greater", {"n", "c1"}, {"a"}).Op("Less", {"n", "c5"}, {"b"});
        m.Op("And", {"a", "b"}, {"both"}).Op("Not", {"both"}, {"k"});
      },
      [](int64_t n) { return !(n > 1 && n < 5); });
  make(
      "two truths",
      [](OnnxMaker& m) {
        m.Op("Greater", {"n", "c1"}, {"a"}).Op("Greater", {"n", "c5"}, {"b"});
        m.Op("Equal", {"a", "b"}, {"k"});
      },
      [](int64_t n) { return (n > 1) == (n > 5); });
  make(
      "Abs",
      [](OnnxMaker& m) {
        m.Op("Sub", {"n", "c10"}, {"d"}).Op("Abs", {"d"}, {"k"});
      },
      [](int64_t n) { return std::abs(n - 10); });
  make(
      "Relu",
      [](OnnxMaker& m) {
        m.Op("Sub", {"n", "c10"}, {"d"}).Op("Relu", {"d"}, {"k"});
      },
      [](int64_t n) { return std::max<int64_t>(n - 10, 0); });
  make(
      "Cast to bool",
      [](OnnxMaker& m) {
        m.Op("Sub", {"n", "c1"}, {"d"}).Op("Cast", {"d"}, {"k"}, {Attr("to", 9)});
      },
      [](int64_t n) { return n != 1; });
  make(
      "Ceil",
      [](OnnxMaker& m) {
        m.Op("Cast", {"n"}, {"real"}, {Attr("to", kFloat)}).Floats("tenth", {1}, {0.1f});
        m.Op("Mul", {"real", "tenth"}, {"t"})
            .Op("Reciprocal", {"t"}, {"r"})
            .Op("Ceil", {"r"}, {"k"});
      },
      [](int64_t n) { return std::ceil(10.0 / static_cast<double>(n)); });
  make(
      "ReduceMax",
      [](OnnxMaker& m) {
        m.Op("Concat", {"n", "c5"}, {"both"}, {Attr("axis", 0)});
        m.Op("ReduceMax", {"both"}, {"k"}, {Attr("axes", Longs{0})});
      },
      [](int64_t n) { return std::max<int64_t>(n, 5); });
  make(
      "a table cut to N",
      [](OnnxMaker& m) {
        m.Ints("table", {3}, {7, 20, 100}).Op("Slice", {"table", "c0", "n"}, {"cut"});
        m.Op("ReduceSum", {"cut"}, {"k"});
      },
      [](int64_t n) { return n == 1   ? 7
                             : n == 2 ? 27
                                      : 127; });
  make(
      "a table read at Min(N, 2)",
      [](OnnxMaker& m) {
        m.Ints("table", {3}, {7, 20, 100}).Op("Min", {"n", "c2"}, {"at"});
        m.Op("Gather", {"table", "at"}, {"k"});
      },
      [](int64_t n) { return n == 1 ? 20 : 100; });
  make(
      "padded to 5",
      [](OnnxMaker& m) {
        m.Op("Sub", {"c5", "n"}, {"missing"}).Op("Max", {"missing", "c0"}, {"end"});
        m.Op("Concat", {"c0", "end"}, {"pads"}, {Attr("axis", 0)}).Op("Pad", {"x", "pads"}, {"p"});
        m.Op("Shape", {"p"}, {"k"});
      },
      [](int64_t n) { return std::max<int64_t>(n, 5); });
  return numbers;
}

TEST(UncertainSizes, NumbersAreRightForSmallSizesToo) {
  for (const Number& number : Numbers()) {
    SCOPED_TRACE(number.name);
    const absl::StatusOr<Graph> graph = Import(number);
    EXPECT_TRUE(graph.ok()) << graph.status();
    if (!graph.ok()) continue;
    for (const int64_t n : {1, 2, 7, 300}) {
      const std::vector<double> y = RunSession(*graph, {{n}});
      EXPECT_EQ(static_cast<int64_t>(y.size()), n);
      for (size_t i = 0; i < y.size(); ++i) {
        ASSERT_EQ(y[i], static_cast<double>(i) + number.expected(n)) << "N is " << n;
      }
    }
  }
}

TEST(UncertainSizes, OperatorsOfDamagedFilesAreNoArithmetic) {
  for (const auto& inputs :
       std::vector<std::vector<std::string>>{{"n"}, {"n", "c1", "c2"}, {"n", ""}, {"", "n"}}) {
    EXPECT_FALSE(Import(Op("Div", inputs, nullptr)).ok()) << inputs.size();
    EXPECT_FALSE(Import(Op("Equal", inputs, nullptr)).ok()) << inputs.size();
  }
}

// A branch whose result is x + `number`.
onnx::AttributeProto Branch(const std::string& name, float number) {
  OnnxMaker m(13);
  m.Floats(name + "_by", {}, {number}).Op("Add", {"x", name + "_by"}, {name + "_y"});
  m.Output(name + "_y");
  onnx::AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::GRAPH);
  *attribute.mutable_g() = m.graph();
  return attribute;
}

TEST(UncertainSizes, BranchesAreTakenWhenTheModelRuns) {
  OnnxMaker m = Maker();
  m.Op("Equal", {"n", "c1"}, {"vector"}).Op("Squeeze", {"vector", "c0"}, {"one"});
  m.Op("If", {"one"}, {"y"}, {Branch("then_branch", 100), Branch("else_branch", 200)});
  const absl::StatusOr<Graph> graph = m.Output("y").Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(RunSession(*graph, {{1}}), (std::vector<double>{100}));
  EXPECT_EQ(RunSession(*graph, {{2}}), (std::vector<double>{200, 201}));
}

// What PyTorch writes for expand(): sizes of -1 are those of the input.
TEST(UncertainSizes, WhatIsCertainOfSizesIsFolded) {
  OnnxMaker m(13);
  m.Input("x", {"N", "1"}).Ints("four", {1}, {4}).Ints("minus1", {2}, {-1, -1});
  m.Op("Shape", {"x"}, {"s"}).Ints("zero", {1}, {0}).Op("Gather", {"s", "zero"}, {"n"});
  m.Ints("one", {1}, {1}).Op("Max", {"n", "one"}, {"at_least"});
  m.Op("Concat", {"at_least", "four"}, {"wish"}, {Attr("axis", 0)});
  m.Ints("two", {1}, {2}).Op("ConstantOfShape", {"two"}, {"ones"}, {});
  m.Op("Equal", {"wish", "minus1"}, {"keeps"}).Op("Cast", {"ones"}, {"ints"}, {Attr("to", kLong)});
  m.Op("Where", {"keeps", "ints", "wish"}, {"shape"}).Op("Expand", {"x", "shape"}, {"y"});
  const absl::StatusOr<Graph> graph = m.Output("y").Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& y = graph->tensor(graph->outputs[0]);
  EXPECT_EQ(y.shape, (Shape{-1, 4}));
  EXPECT_EQ(y.symbols[0], "N");
  EXPECT_EQ(RunSession(*graph, {{2, 1}}), (std::vector<double>{0, 0, 0, 0, 1, 1, 1, 1}));
}

// Fixed sizes that stand beside one that is not certain stay fixed.
TEST(UncertainSizes, ReshapeKeepsWhatItNames) {
  OnnxMaker m(13);
  m.Input("x", {"N", "6"}).Op("Shape", {"x"}, {"s"}).Ints("zero", {1}, {0}).Ints("two", {1}, {2});
  m.Op("Gather", {"s", "zero"}, {"n"}).Op("Min", {"n", "two"}, {"few"}).Ints("three", {1}, {3});
  m.Ints("rest", {1}, {-1}).Op("Concat", {"few", "rest", "three"}, {"t"}, {Attr("axis", 0)});
  m.Op("Reshape", {"x", "t"}, {"r"}).Floats("w", {3, 1}, {1, 1, 1}).Op("MatMul", {"r", "w"}, {"y"});
  const absl::StatusOr<Graph> graph = m.Output("y").Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->outputs[0]).shape, (Shape{-1, -1, 1}));
  EXPECT_EQ(RunSession(*graph, {{1, 6}}), (std::vector<double>{3, 12}));
  EXPECT_EQ(RunSession(*graph, {{4, 6}}).size(), 8u);
}

}  // namespace
}  // namespace octet
