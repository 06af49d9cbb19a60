#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "gtest/gtest.h"
#include "tools/import/onnx_importer.h"
#include "tools/import/testing.h"

// Tensors whose data lie in files beside the model.

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::OnnxMaker;

class ExternalDataTest : public ::testing::Test {
 protected:
  ExternalDataTest() : top_(::testing::TempDir() + "/externalXXXXXX") {
    EXPECT_NE(mkdtemp(top_.data()), nullptr);
    Folder("model");
  }

  std::string Path(const std::string& name) const { return top_ + "/" + name; }
  void Folder(const std::string& name) { EXPECT_EQ(mkdir(Path(name).c_str(), 0755), 0); }
  void File(const std::string& name, const std::vector<float>& values) {
    std::ofstream(Path(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
  }

  // Imports model/m.onnx: y = x + w, with the `size` floats of w where `entries` say.
  absl::StatusOr<Graph> Import(const std::vector<std::pair<std::string, std::string>>& entries,
                               int64_t size = 2) {
    OnnxMaker m(13);
    m.Input("x", {"1"}).Floats("w", {size}, {}).Op("Add", {"x", "w"}, {"y"}).Output("y");
    onnx::TensorProto& w = *m.graph().mutable_initializer(0);
    w.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : entries) {
      onnx::StringStringEntryProto* entry = w.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    std::ofstream(Path("model/m.onnx"), std::ios::binary) << m.model().SerializeAsString();
    return ImportOnnx(Path("model/m.onnx"));
  }

  // The refusal that an import with these entries ends with.
  std::string Refusal(const std::vector<std::pair<std::string, std::string>>& entries) {
    const absl::Status status = Import(entries).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("initializer 'w'"));
    return std::string(status.message());
  }

  std::string top_;
};

const Tensor& Weights(const Graph& graph) {
  for (const Tensor& tensor : graph.tensors) {
    if (tensor.is_constant()) return tensor;
  }
  ADD_FAILURE() << "no constant";
  return graph.tensors[0];
}

TEST_F(ExternalDataTest, IsReadFromTheFileItNames) {
  File("model/w.data", {1, 2, 3, 4});
  for (const auto& entries : {std::vector<std::pair<std::string, std::string>>{
                                  {"location", "w.data"}, {"offset", "4"}, {"length", "8"}},
                              {{"offset", "4"}, {"location", "./w.data"}, {"checksum", "x"}}}) {
    const auto graph = Import(entries);
    ASSERT_TRUE(graph.ok()) << graph.status();
    EXPECT_THAT(Weights(*graph).data.as<float>(), ElementsAre(2, 3));
  }
  const auto start = Import({{"location", "w.data"}});
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_THAT(Weights(*start).data.as<float>(), ElementsAre(1, 2));
}

TEST_F(ExternalDataTest, MayLieInAFolderBelow) {
  Folder("model/parts");
  File("model/parts/w", {5, 6});
  const auto graph = Import({{"location", "parts/w"}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(Weights(*graph).data.as<float>(), ElementsAre(5, 6));
}

TEST_F(ExternalDataTest, NeedNotBeAligned) {
  File("model/w.data", {1, 2, 3});
  const auto graph = Import({{"location", "w.data"}, {"offset", "2"}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(Weights(*graph).data.size(), 8u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(Weights(*graph).data.data()) % sizeof(float), 0u);
}

TEST_F(ExternalDataTest, ConstantNodesHaveItToo) {
  File("model/w.data", {7, 8});
  OnnxMaker m(13);
  onnx::AttributeProto value;
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  value.mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
  value.mutable_t()->add_dims(2);
  value.mutable_t()->set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::StringStringEntryProto* entry = value.mutable_t()->add_external_data();
  entry->set_key("location");
  entry->set_value("w.data");
  m.Input("x", {"2"}).Op("Constant", {}, {"w"}, {value}).Op("Add", {"x", "w"}, {"y"}).Output("y");
  std::ofstream(Path("model/m.onnx"), std::ios::binary) << m.model().SerializeAsString();
  const auto graph = ImportOnnx(Path("model/m.onnx"));
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(Weights(*graph).data.as<float>(), ElementsAre(7, 8));
}

// The file has a hole: only the pages that are looked at take memory, and none takes space on disk.
TEST_F(ExternalDataTest, MayBeLargerThanTwoGigabytes) {
  constexpr int64_t kCount = (int64_t{1} << 29) + 16;  // floats: 2 GiB and 64 bytes
  const int file = open(Path("model/w.data").c_str(), O_CREAT | O_WRONLY, 0644);
  const float last = 42;
  ASSERT_EQ(pwrite(file, &last, sizeof(last), (kCount - 1) * 4 + 4096), 4);
  close(file);
  const auto graph = Import({{"location", "w.data"}, {"offset", "4096"}}, kCount);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Constant& data = Weights(*graph).data;
  EXPECT_EQ(data.size(), static_cast<size_t>(kCount) * 4);
  EXPECT_EQ(data.as<float>()[0], 0.0f);
  EXPECT_EQ(data.as<float>()[kCount - 1], 42.0f);
}

TEST_F(ExternalDataTest, OutsideOfTheModelsFolderIsRefused) {
  File("secret", {1, 2});
  File("model/w.data", {1, 2});
  Folder("model/parts");
  EXPECT_THAT(Refusal({{"location", Path("model/w.data")}}), HasSubstr("relative to the model"));
  EXPECT_THAT(Refusal({{"location", "../secret"}}), HasSubstr("outside of the model's folder"));
  EXPECT_THAT(Refusal({{"location", "parts/../w.data"}}), HasSubstr("outside"));
  EXPECT_THAT(Refusal({{"location", std::string("w.data\0x", 8)}}), HasSubstr("no possible name"));
}

TEST_F(ExternalDataTest, SymbolicLinksAreRefused) {
  Folder("other");
  File("other/w", {1, 2});
  File("model/w.data", {1, 2});
  ASSERT_EQ(symlink("../other/w", Path("model/file").c_str()), 0);
  ASSERT_EQ(symlink("w.data", Path("model/inside").c_str()), 0);
  ASSERT_EQ(symlink("../other", Path("model/folder").c_str()), 0);
  for (const char* location : {"file", "inside", "folder/w"}) {
    EXPECT_THAT(Refusal({{"location", location}}), HasSubstr("symbolic link")) << location;
  }
}

TEST_F(ExternalDataTest, WhatIsNoFileIsRefused) {
  Folder("model/folder");
  ASSERT_EQ(mkfifo(Path("model/pipe").c_str(), 0644), 0);
  EXPECT_THAT(Refusal({{"location", "folder"}}), HasSubstr("not a regular file"));
  EXPECT_THAT(Refusal({{"location", "pipe"}}), HasSubstr("not a regular file"));
  EXPECT_THAT(Refusal({{"location", "none"}}), HasSubstr("No such file"));
  EXPECT_THAT(Refusal({{"location", "."}}), HasSubstr("is a folder"));
  EXPECT_THAT(Refusal({{"location", ""}}), HasSubstr("has no name"));
  EXPECT_THAT(Refusal({}), HasSubstr("has no name"));
}

TEST_F(ExternalDataTest, DataThatTheFileDoesNotHoldAreRefused) {
  File("model/w.data", {1, 2, 3});
  const auto at = [&](const std::string& offset, const std::string& length) {
    return Refusal({{"location", "w.data"}, {"offset", offset}, {"length", length}});
  };
  EXPECT_THAT(at("8", "8"), HasSubstr("ends before its data do: 8 bytes from 8 on, of 12"));
  EXPECT_THAT(at("16", "8"), HasSubstr("ends before"));
  // The end would wrap around to 4.
  EXPECT_THAT(at("18446744073709551612", "8"), HasSubstr("ends before"));
  EXPECT_THAT(at("0", "4"), HasSubstr("4 bytes of external data; its shape needs 8"));
  EXPECT_THAT(at("-4", "8"), HasSubstr("offset is '-4'"));
  EXPECT_THAT(at("0", "8 bytes"), HasSubstr("length is '8 bytes'"));
  File("model/w.data", {});
  EXPECT_THAT(at("0", "8"), HasSubstr("ends before"));
}

}  // namespace
}  // namespace octet
