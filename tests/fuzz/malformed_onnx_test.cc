#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/fuzz/users.h"
#include "tools/import/testing.h"

// ONNX files that are wrong on purpose, each in one way. What they declare would take terabytes, or
// never end.

namespace octet::fuzz {
namespace {

using octet::testing::Attr;
using octet::testing::OnnxMaker;
using ::testing::HasSubstr;

absl::Status Read(const std::string& bytes) {
  return UseOnnx({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::string Refusal(OnnxMaker& maker) {
  const absl::Status status = Read(maker.model().SerializeAsString());
  EXPECT_FALSE(status.ok());
  return std::string(status.message());
}

OnnxMaker TwoFloats() {
  OnnxMaker m(17);
  m.Input("x", {"2"});
  return m;
}

TEST(MalformedOnnx, Cycles) {
  OnnxMaker self = TwoFloats();
  self.Op("Add", {"x", "a"}, {"a"}).Output("a");
  EXPECT_THAT(Refusal(self), HasSubstr("cycle"));
  OnnxMaker ring = TwoFloats();
  ring.Op("Add", {"x", "c"}, {"a"}).Op("Neg", {"a"}, {"b"}).Op("Neg", {"b"}, {"c"}).Output("c");
  EXPECT_THAT(Refusal(ring), HasSubstr("cycle"));
}

TEST(MalformedOnnx, AbsurdDimensions) {
  for (const char* size : {"9223372036854775807", "1099511627777", "-9223372036854775808"}) {
    OnnxMaker m(17);
    m.Input("x", {size, size}).Op("Neg", {"x"}, {"y"}).Output("y");
    const absl::Status status = Read(m.model().SerializeAsString());
    EXPECT_EQ(status.ok(), size[0] == '-') << size;  // a negative size is an open one
  }
  for (const int64_t size : {int64_t{1} << 62, int64_t{1} << 31, int64_t{-1}}) {
    OnnxMaker m = TwoFloats();
    m.Floats("w", {size, size}, {1}).Op("Add", {"x", "w"}, {"y"}).Output("y");
    EXPECT_THAT(Refusal(m), HasSubstr("'w'"));
  }
}

// Each of these says in a few bytes that it wants more memory than there is.
TEST(MalformedOnnx, HugeTensorsInFewBytes) {
  const int64_t million = 1000000;
  const std::vector<std::function<void(OnnxMaker&)>> makers = {
      [&](OnnxMaker& m) {
        m.Ints("s", {3}, {million, million, million}).Op("ConstantOfShape", {"s"}, {"c"});
      },
      [&](OnnxMaker& m) {
        m.Floats("one", {1}, {1})
            .Ints("s", {2}, {million, million})
            .Op("Expand", {"one", "s"}, {"c"});
      },
      [&](OnnxMaker& m) {
        m.Floats("one", {1}, {1})
            .Ints("s", {1}, {million * million})
            .Op("Tile", {"one", "s"}, {"c"});
      },
      [&](OnnxMaker& m) {
        m.Floats("one", {1}, {1}).Ints("p", {2}, {million * million, million});
        m.Op("Pad", {"one", "p"}, {"c"});
      },
      [&](OnnxMaker& m) {
        m.Ints("a", {}, {0}).Ints("b", {}, {million * million}).Ints("d", {}, {1});
        m.Op("Range", {"a", "b", "d"}, {"i"}).Op("Cast", {"i"}, {"c"}, {Attr("to", 1)});
      },
      [&](OnnxMaker& m) {
        m.Ints("i", {1}, {0}).Ints("d", {}, {million * million}).Floats("v", {2}, {0, 1});
        m.Op("OneHot", {"i", "d", "v"}, {"c"});
      },
      [&](OnnxMaker& m) {
        m.Floats("w", {million * 1000, million}, {}).Op("Identity", {"w"}, {"c"});
        m.graph().mutable_initializer(0)->set_raw_data("1234");
      },
  };
  for (size_t i = 0; i < makers.size(); ++i) {
    OnnxMaker m = TwoFloats();
    makers[i](m);
    m.Op("Add", {"x", "c"}, {"y"}).Output("y");
    EXPECT_FALSE(Refusal(m).empty()) << i;
  }
}

TEST(MalformedOnnx, WrongTypes) {
  OnnxMaker undefined = TwoFloats();
  undefined.Floats("w", {2}, {1, 2}).Op("Add", {"x", "w"}, {"y"}).Output("y");
  undefined.graph().mutable_initializer(0)->set_data_type(0);
  EXPECT_THAT(Refusal(undefined), HasSubstr("w"));
  OnnxMaker unknown = TwoFloats();
  unknown.Floats("w", {2}, {1, 2}).Op("Add", {"x", "w"}, {"y"}).Output("y");
  unknown.graph().mutable_initializer(0)->set_data_type(12345);
  EXPECT_THAT(Refusal(unknown), HasSubstr("12345"));
  OnnxMaker mixed = TwoFloats();
  mixed.Ints("w", {2}, {1, 2}).Op("Add", {"x", "w"}, {"y"}).Output("y");
  EXPECT_THAT(Refusal(mixed), HasSubstr("node_y"));
  OnnxMaker attribute(17);
  attribute.Input("x", {"1", "1", "4", "4"}).Floats("w", {1, 1, 1, 1}, {1});
  attribute.Op("Conv", {"x", "w"}, {"y"}, {Attr("strides", std::string("two"))}).Output("y");
  EXPECT_THAT(Refusal(attribute), HasSubstr("'strides'"));
}

// A branch in a branch in a branch: a reader that calls itself would run out of stack.
TEST(MalformedOnnx, DeeplyNestedGraphs) {
  for (const int depth : {5, 15, 30, 100, 10000}) {
    // From the inside out, as bytes: building such a message would itself need the stack.
    onnx::GraphProto leaf;
    leaf.set_name("g");
    leaf.add_output()->set_name("x");
    std::string graph = leaf.SerializeAsString();
    const auto field = [](int number, const std::string& bytes) {
      std::string result(1, static_cast<char>(number << 3 | 2));
      size_t size = bytes.size();
      for (; size >= 0x80; size >>= 7) result.push_back(static_cast<char>(size | 0x80));
      result.push_back(static_cast<char>(size));
      return result + bytes;
    };
    for (int i = 0; i < depth; ++i) {
      // AttributeProto: name = 1, g = 6, type = 20 (GRAPH is 5).
      const auto branch = [&](const char* name, const std::string& body) {
        return field(5, field(1, name) + field(6, body) + "\xa0\x01\x05");
      };
      const std::string node = field(1, "c") + field(2, "x") + field(4, "If") +
                               branch("then_branch", graph) +
                               branch("else_branch", leaf.SerializeAsString());
      graph = field(1, node) + field(2, "g") + field(12, field(1, "x"));
    }
    OnnxMaker m(17);
    m.Input("c", {}, onnx::TensorProto::BOOL).Output("x");
    onnx::ModelProto model = m.model();
    model.clear_graph();
    const absl::Status status = Read(model.SerializeAsString() + field(7, graph));
    EXPECT_FALSE(status.ok()) << depth;
  }
}

TEST(MalformedOnnx, ManyNodes) {
  OnnxMaker m = TwoFloats();
  std::string last = "x";
  for (int i = 0; i < 20000; ++i) {
    const std::string next = absl::StrCat("t", i);
    m.Op(i % 2 ? "Neg" : "Relu", {last}, {next});
    last = next;
  }
  m.Output(last);
  EXPECT_TRUE(Read(m.model().SerializeAsString()).ok());
}

// Doubles its length sixty times.
TEST(MalformedOnnx, ExponentialGrowth) {
  OnnxMaker m(17);
  m.Input("x", {"N"});
  std::string last = "x";
  for (int i = 0; i < 60; ++i) {
    const std::string next = absl::StrCat("t", i);
    m.Op("Concat", {last, last}, {next}, {Attr("axis", 0)});
    last = next;
  }
  m.Output(last);
  EXPECT_FALSE(Refusal(m).empty());
}

}  // namespace
}  // namespace octet::fuzz
