#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/import/testing.h"

// Sequences of tensors, of which nothing is left in the graph. Inputs count 0, 1, 2, ...

namespace octet {
namespace {

using testing::Attr;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportSimplified;
using testing::OnnxMaker;
using testing::RunSession;
using testing::Types;

std::string Refusal(OnnxMaker& maker) {
  const auto graph = maker.Import();
  return graph.ok() ? "" : std::string(graph.status().message());
}

// A sequence "s" of x = [0 1], y = [10 11] and z = [20 21].
OnnxMaker ThreeItems(int opset = 13) {
  OnnxMaker m(opset);
  m.Input("x", {"2"}).Floats("ten", {1}, {10}).Floats("twenty", {1}, {20});
  m.Op("Add", {"x", "ten"}, {"y"}).Op("Add", {"x", "twenty"}, {"z"});
  m.Op("SequenceConstruct", {"x", "y", "z"}, {"s"});
  return m;
}

TEST(ImportSequence, ConstantPositionsLeaveNothingInTheGraph) {
  OnnxMaker m = ThreeItems();
  m.Ints("first", {}, {0}).Ints("last", {}, {-1});
  m.Op("SequenceErase", {"s", "first"}, {"yz"});
  m.Op("SequenceInsert", {"yz", "x", "last"}, {"yxz"});
  m.Op("SequenceInsert", {"yxz", "y"}, {"yxzy"});
  m.Op("SequenceErase", {"yxzy"}, {"yxz2"});
  m.Op("ConcatFromSequence", {"yxz2"}, {"joined"}, {Attr("axis", 0)});
  const Graph graph = ImportSimplified(m.Output("joined"));
  EXPECT_THAT(RunSession(graph, {{2}}), ElementsAre(10, 11, 0, 1, 20, 21));
  OnnxMaker last = ThreeItems();
  last.Ints("last", {}, {-1}).Op("SequenceAt", {"s", "last"}, {"item"});
  const Graph at = ImportSimplified(last.Output("item"));
  EXPECT_THAT(Types(at), ElementsAre("Binary"));
  EXPECT_THAT(RunSession(at, {{2}}), ElementsAre(20, 21));
}

TEST(ImportSequence, InsertsAtEitherEnd) {
  OnnxMaker m = ThreeItems();
  m.Ints("front", {}, {-3}).Ints("behind", {}, {3}).Floats("c", {1}, {7});
  m.Op("SequenceInsert", {"s", "c", "behind"}, {"behind_s"});
  m.Op("ConcatFromSequence", {"behind_s"}, {"a"}, {Attr("axis", 0)}).Output("a");
  m.Op("SequenceInsert", {"s", "c", "front"}, {"front_s"});
  m.Op("ConcatFromSequence", {"front_s"}, {"b"}, {Attr("axis", 0)}).Output("b");
  EXPECT_THAT(RunSession(ImportSimplified(m), {{2}}),
              ElementsAre(0, 1, 10, 11, 20, 21, 7, 7, 0, 1, 10, 11, 20, 21));
}

TEST(ImportSequence, LengthIsANumberForShapes) {
  OnnxMaker m = ThreeItems();
  m.Op("SequenceLength", {"s"}, {"n"})
      .Ints("shape1", {1}, {1})
      .Op("Reshape", {"n", "shape1"}, {"v"});
  m.Op("ConstantOfShape", {"v"}, {"zeros"});
  EXPECT_THAT(RunSession(ImportSimplified(m.Output("zeros")), {{2}}), ElementsAre(0, 0, 0));
  OnnxMaker empty(13);
  empty.Input("x", {"2"}).Op("SequenceEmpty", {}, {"e"}, {Attr("dtype", 1)});
  empty.Op("SequenceLength", {"e"}, {"none"}).Op("SequenceInsert", {"e", "x"}, {"one"});
  empty.Op("SequenceLength", {"one"}, {"n"}).Op("Add", {"none", "n"}, {"sum"});
  EXPECT_THAT(RunSession(ImportSimplified(empty.Output("sum").Output("none")), {{2}}),
              ElementsAre(1, 0));
}

TEST(ImportSequence, StacksAlongANewDimension) {
  OnnxMaker m = ThreeItems();
  m.Op("ConcatFromSequence", {"s"}, {"y1"}, {Attr("axis", -1), Attr("new_axis", 1)});
  const Graph graph = ImportSimplified(m.Output("y1"));
  EXPECT_THAT(RunSession(graph, {{2}}), ElementsAre(0, 10, 20, 1, 11, 21));
}

TEST(ImportSequence, PositionFromAnInputChoosesAmongItemsOfOneShape) {
  OnnxMaker m = ThreeItems();
  m.Input("f", {}).Op("Cast", {"f"}, {"p"}, {Attr("to", onnx::TensorProto::INT64)});
  m.Op("SequenceAt", {"s", "p"}, {"item"});
  m.Output("item");
  EXPECT_THAT(RunSession(ImportSimplified(m), {{2}, {}}), ElementsAre(0, 1));
  OnnxMaker ragged = ThreeItems();
  ragged.Input("p", {}, onnx::TensorProto::INT64);
  ragged.Op("SequenceInsert", {"s", "ten"}, {"t"}).Op("SequenceAt", {"t", "p"}, {"item"});
  EXPECT_THAT(Refusal(ragged.Output("item")), HasSubstr("items of one shape"));
}

TEST(ImportSequence, SplitsIntoSinglesPartsOfASizeAndPartsOfGivenSizes) {
  OnnxMaker singles(13);
  singles.Input("x", {"2", "3"}).Ints("one", {}, {1});
  singles.Op("SplitToSequence", {"x"}, {"s"}, {Attr("axis", 1), Attr("keepdims", 0)});
  singles.Op("SequenceAt", {"s", "one"}, {"y"});
  const Graph graph = ImportSimplified(singles.Output("y"));
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, Shape({2}));
  EXPECT_THAT(RunSession(graph, {{2, 3}}), ElementsAre(1, 4));

  OnnxMaker pairs(13);
  pairs.Input("x", {"5"}).Ints("two", {}, {2}).Ints("last", {}, {-1});
  pairs.Op("SplitToSequence", {"x", "two"}, {"s"}).Op("SequenceAt", {"s", "last"}, {"y"});
  pairs.Op("SequenceLength", {"s"}, {"n"});
  EXPECT_THAT(RunSession(ImportSimplified(pairs.Output("y").Output("n")), {{5}}),
              ElementsAre(4, 3));

  OnnxMaker sizes(13);
  sizes.Input("x", {"5"}).Ints("sizes", {2}, {4, 1}).Ints("zero", {}, {0});
  sizes.Op("SplitToSequence", {"x", "sizes"}, {"s"}).Op("SequenceAt", {"s", "zero"}, {"y"});
  EXPECT_THAT(RunSession(ImportSimplified(sizes.Output("y")), {{5}}), ElementsAre(0, 1, 2, 3));
}

TEST(ImportSequence, SplitsByAnInputWhoseLengthIsKnown) {
  OnnxMaker m(13);
  m.Input("x", {"n"}).Input("f", {"3"}).Ints("last", {}, {2});
  m.Op("Cast", {"f"}, {"sizes"}, {Attr("to", onnx::TensorProto::INT64)});
  m.Op("SplitToSequence", {"x", "sizes"}, {"s"}).Op("SequenceLength", {"s"}, {"n"});
  m.Op("SequenceAt", {"s", "last"}, {"y"}).Output("n").Output("y");
  // Sizes 0, 1 and 2 of three numbers.
  EXPECT_THAT(RunSession(ImportSimplified(m), {{3}, {3}}), ElementsAre(3, 1, 2));
}

TEST(ImportSequence, BranchesReadSequencesFromOutside) {
  OnnxMaker m = ThreeItems();
  m.Input("f", {})
      .Op("Cast", {"f"}, {"c"}, {Attr("to", onnx::TensorProto::BOOL)})
      .Ints("one", {}, {1})
      .Ints("two", {}, {2});
  const auto branch = [](const char* name, const char* position) {
    onnx::AttributeProto attribute;
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto& graph = *attribute.mutable_g();
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type("SequenceAt");
    node.add_input("s");
    node.add_input(position);
    node.add_output("item");
    graph.add_output()->set_name("item");
    return attribute;
  };
  m.Op("If", {"c"}, {"chosen"}, {branch("then_branch", "one"), branch("else_branch", "two")});
  // The condition is 0: false.
  EXPECT_THAT(RunSession(ImportSimplified(m.Output("chosen")), {{2}, {}}), ElementsAre(20, 21));
}

TEST(ImportSequence, RefusesWhatNeedsSequencesToRun) {
  OnnxMaker relu = ThreeItems();
  EXPECT_THAT(Refusal(relu.Op("Relu", {"s"}, {"y1"}).Output("y1")), HasSubstr("takes a sequence"));
  OnnxMaker output = ThreeItems();
  EXPECT_THAT(Refusal(output.Output("s")), HasSubstr("'s' is a sequence"));
  OnnxMaker position = ThreeItems();
  position.Ints("three", {}, {3}).Op("SequenceAt", {"s", "three"}, {"item"});
  EXPECT_THAT(Refusal(position.Output("item")), HasSubstr("position 3 of a sequence that has 3"));
  OnnxMaker tensor = ThreeItems();
  EXPECT_THAT(Refusal(tensor.Op("SequenceLength", {"x"}, {"n"}).Output("n")),
              HasSubstr("takes a sequence, not a tensor"));
  OnnxMaker nested = ThreeItems();
  EXPECT_THAT(Refusal(nested.Op("SequenceInsert", {"s", "s"}, {"t"}).Output("y")),
              HasSubstr("puts a sequence into a sequence"));
  OnnxMaker none(13);
  none.Op("SequenceEmpty", {}, {"e"}).Op("SequenceErase", {"e"}, {"f"});
  none.Op("ConcatFromSequence", {"f"}, {"y"}, {Attr("axis", 0)});
  EXPECT_THAT(Refusal(none.Output("y")), HasSubstr("empty sequence"));
  OnnxMaker open(13);
  open.Input("x", {"n"}).Op("SplitToSequence", {"x"}, {"s"}).Op("SequenceLength", {"s"}, {"l"});
  EXPECT_THAT(Refusal(open.Output("l")), HasSubstr("fixed input shapes"));
  OnnxMaker many(13);
  many.Input("x", {"100000"}).Op("SplitToSequence", {"x"}, {"s"});
  EXPECT_THAT(Refusal(many.Op("SequenceLength", {"s"}, {"l"}).Output("l")),
              HasSubstr("more than 4096"));
}

}  // namespace
}  // namespace octet
