#include "runtime/format/model_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "flatbuffers/flatbuffers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/testing/sample_graphs.h"
#include "runtime/format/layout.h"

namespace octet {
namespace {

using testing::HasSubstr;

class ModelFileTest : public testing::Test {
 protected:
  ModelFileTest()
      : folder_(testing::TempDir() + "/model_file_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ModelFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::vector<uint8_t> Written(const Graph& graph) const {
    const absl::Status status = WriteModel(graph, Path("written.octet"));
    EXPECT_TRUE(status.ok()) << status;
    return Bytes(Path("written.octet"));
  }

  static std::vector<uint8_t> Bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const std::string folder_;
};

void ExpectSame(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.symbols, b.symbols);
  EXPECT_EQ(a.quant, b.quant);
  ASSERT_EQ(a.is_constant(), b.is_constant());
  EXPECT_EQ(a.data.as<uint8_t>(), b.data.as<uint8_t>());
}

TEST_F(ModelFileTest, RoundTripKeepsEverything) {
  const Graph a = SampleClassifier();
  ASSERT_TRUE(WriteModel(a, Path("m.octet")).ok());
  const auto loaded = ReadModel(Path("m.octet"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Graph& b = loaded->graph;
  EXPECT_EQ(b.name, "sample");
  EXPECT_EQ(b.producer, "test");
  EXPECT_EQ(b.inputs, a.inputs);
  EXPECT_EQ(b.outputs, a.outputs);
  EXPECT_EQ(b.labels, a.labels);
  ASSERT_EQ(b.tensors.size(), a.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) ExpectSame(a.tensors[i], b.tensors[i]);
  ASSERT_EQ(b.nodes.size(), a.nodes.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(b.nodes[i].name, a.nodes[i].name);
    EXPECT_EQ(b.nodes[i].type(), a.nodes[i].type());
    EXPECT_EQ(b.nodes[i].inputs, a.nodes[i].inputs);
    EXPECT_EQ(b.nodes[i].outputs, a.nodes[i].outputs);
  }
  const auto& conv = b.nodes[1].as<schema::ConvOptionsT>();
  EXPECT_EQ(conv.pads_end, (std::vector<int32_t>{1, 1}));
  EXPECT_EQ(conv.activation_min, 0);
  EXPECT_EQ(conv.activation_max, std::numeric_limits<float>::infinity());
  EXPECT_EQ(b.preprocessing->crop, 4);
  EXPECT_EQ(b.preprocessing->std, a.preprocessing->std);
  EXPECT_EQ(b.quantization->data_hash, "00ff");
  EXPECT_EQ(b.quantization->samples, 3);
  ASSERT_EQ(b.quantization->ranges.size(), 1u);
  EXPECT_EQ(b.quantization->ranges[0]->tensor, "y");
  EXPECT_EQ(b.quantization->ranges[0]->max, 60);
  // A second file of what was read is the same.
  EXPECT_EQ(Written(b), Bytes(Path("m.octet")));
}

TEST_F(ModelFileTest, ConstantsAreUsedInPlaceAndOutliveTheirGraph) {
  ASSERT_TRUE(WriteModel(SampleClassifier(), Path("m.octet")).ok());
  auto loaded = ReadModel(Path("m.octet"));
  ASSERT_TRUE(loaded.ok());
  const auto bytes = loaded->file->bytes();
  Constant w = TensorNamed(loaded->graph, "conv.w").data;
  EXPECT_GE(w.data(), bytes.data());
  EXPECT_LE(w.data() + w.size(), bytes.data() + bytes.size());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(w.data()) % 64, 0u);
  const int8_t third = w.as<int8_t>()[2];
  loaded->file->DropResidentPages();
  *loaded = LoadedModel();
  EXPECT_EQ(w.as<int8_t>()[2], third);
}

TEST_F(ModelFileTest, EqualConstantsAreStoredOnce) {
  Graph g = SampleClassifier();
  const size_t before = Written(g).size();
  Tensor copy = TensorNamed(g, "conv.w");
  copy.name = "copy";
  const auto bytes = copy.data.as<uint8_t>();
  copy.data = Constant::Own(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  g.AddTensor(copy);
  // Only the tables grow, by less than the 81 bytes of the constant and 64 of its place.
  ASSERT_TRUE(WriteModel(g, Path("m.octet")).ok());
  auto loaded = ReadModel(Path("m.octet"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(TensorNamed(loaded->graph, "conv.w").data.data(),
            TensorNamed(loaded->graph, "copy").data.data());
  EXPECT_EQ(Written(SampleClassifier()).size(), before);
}

TEST_F(ModelFileTest, WeightsBytesAreThoseOfTheFile) {
  ASSERT_TRUE(WriteModel(SampleClassifier(), Path("m.octet")).ok());
  const auto loaded = ReadModel(Path("m.octet"));
  ASSERT_TRUE(loaded.ok());
  // conv.w 81 -> at 0; conv.bias 12 at 128; classify.w 60 at 192; classify.bias 20 at 256.
  EXPECT_EQ(loaded->weights_bytes, 276u);
}

TEST_F(ModelFileTest, BytesInMemoryAnywhere) {
  const std::vector<uint8_t> file = Written(SampleClassifier());
  for (size_t shift : {0, 1, 3}) {
    auto owner = std::make_shared<std::vector<uint8_t>>(shift, uint8_t{0});
    owner->insert(owner->end(), file.begin(), file.end());
    const auto graph = ReadModelBytes(absl::MakeConstSpan(*owner).subspan(shift), owner);
    ASSERT_TRUE(graph.ok()) << graph.status();
    const Constant& w = graph->tensor(Find(*graph, "conv.w")).data;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(w.data()) % 64, 0u);
  }
}

TEST_F(ModelFileTest, AModelWithoutWeights) {
  Graph g;
  Tensor t;
  t.type = DataType::kF32;
  t.shape = {2};
  const TensorId x = g.AddTensor(t), y = g.AddTensor(t);
  g.AddNode("", schema::UnaryOptionsT(), {x}, {y});
  g.inputs = {x};
  g.outputs = {y};
  EXPECT_EQ(Written(g).size() % 64, 0u);
  const auto loaded = ReadModel(Path("written.octet"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->weights_bytes, 0u);
}

TEST_F(ModelFileTest, ANewerVersionAsksForAnUpdate) {
  std::vector<uint8_t> file = Written(SampleClassifier());
  schema::ModelT model;
  model.version = 7;
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishSizePrefixedModelBuffer(builder, schema::Model::Pack(builder, &model));
  file.assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  file.resize(AlignWeights(file.size()));
  const absl::Status status = ReadModelBytes(file, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 7"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("update"));
}

TEST_F(ModelFileTest, FilesHaveTheLowestVersionThatCanExpressThem) {
  const auto version_of = [&](const Graph& g) {
    const std::vector<uint8_t> file = Written(g);
    return schema::GetSizePrefixedModel(file.data())->version();
  };
  Graph g;
  const auto add = [&g](const char* name, DataType type) {
    Tensor t;
    t.name = name;
    t.type = type;
    t.shape = {2};
    return g.AddTensor(std::move(t));
  };
  const TensorId x = add("x", DataType::kF16), wide = add("wide", DataType::kF32);
  const TensorId y = add("y", DataType::kF32);
  schema::UnaryOptionsT tanh;
  tanh.kind = schema::UnaryKind::TANH;
  g.AddNode("cast", schema::CastOptionsT(), {x}, {wide});
  g.AddNode("tanh", tanh, {wide}, {y});
  g.inputs = {x};
  g.outputs = {y};
  EXPECT_EQ(version_of(g), 1u);
  g.tensor(wide).type = DataType::kBF16;
  EXPECT_EQ(version_of(g), 2u);
  EXPECT_TRUE(ReadModel(Path("written.octet")).ok());
}

TEST_F(ModelFileTest, VersionZeroIsDamage) {
  schema::ModelT model;
  model.version = 0;
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishSizePrefixedModelBuffer(builder, schema::Model::Pack(builder, &model));
  std::vector<uint8_t> file(builder.GetBufferPointer(),
                            builder.GetBufferPointer() + builder.GetSize());
  file.resize(AlignWeights(file.size()));
  EXPECT_EQ(ReadModelBytes(file, nullptr).status().code(), absl::StatusCode::kInvalidArgument);
}

// Each of 2000 tensors refers to the same name of 1 MB: 2 GB from a file of about 1 MB.
TEST_F(ModelFileTest, TablesThatUnfoldToFarMoreThanTheFileAreRefused) {
  flatbuffers::FlatBufferBuilder builder;
  const auto name = builder.CreateString(std::string(1 << 20, 'x'));
  std::vector<flatbuffers::Offset<schema::Tensor>> tensors;
  for (int i = 0; i < 2000; ++i) tensors.push_back(schema::CreateTensor(builder, name));
  const auto vector = builder.CreateVector(tensors);
  schema::FinishSizePrefixedModelBuffer(builder, schema::CreateModel(builder, 1, 0, 0, vector));
  std::vector<uint8_t> file(builder.GetBufferPointer(),
                            builder.GetBufferPointer() + builder.GetSize());
  file.resize(AlignWeights(file.size()));
  const absl::Status status = ReadModelBytes(file, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("far more than its size"));
}

TEST_F(ModelFileTest, ConstantsMustLieInTheWeights) {
  Graph g = SampleClassifier();
  const std::vector<uint8_t> good = Written(g);
  struct Case {
    uint64_t offset;
    uint64_t size;
  };
  for (const Case& c : {Case{32, 12}, Case{320, 12}, Case{256, 21}, Case{~uint64_t{63}, 128},
                        Case{0, ~uint64_t{0}}}) {
    std::vector<uint8_t> file = good;
    const auto* model = schema::GetSizePrefixedModel(file.data());
    const auto* data = model->tensors()->Get(static_cast<unsigned>(Find(g, "conv.bias")))->data();
    const schema::Data bad(c.offset, c.size);
    std::memcpy(file.data() + (reinterpret_cast<const uint8_t*>(data) - file.data()), &bad, 16);
    const absl::Status status = ReadModelBytes(file, nullptr).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("'conv.bias'"));
  }
}

TEST_F(ModelFileTest, BytesBehindTheEndAreRefused) {
  std::vector<uint8_t> file = Written(SampleClassifier());
  file.push_back(0);
  const absl::Status status = ReadModelBytes(file, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("276 bytes of weights, but has 277"));
}

TEST_F(ModelFileTest, MissingFile) {
  const absl::Status status = ReadModel(Path("nothing.octet")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nothing.octet: cannot be opened"));
}

TEST_F(ModelFileTest, UnreadableFile) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  Put("secret.octet", "x");
  chmod(Path("secret.octet").c_str(), 0);
  EXPECT_EQ(ReadModel(Path("secret.octet")).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ModelFileTest, WhatIsNoModelGetsAHint) {
  const auto error = [this](const std::string& name) {
    const absl::Status status = ReadModel(Path(name)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(Path(name) + ": "));
    return std::string(status.message());
  };
  std::filesystem::create_directory(Path("folder"));
  EXPECT_THAT(error("folder"), HasSubstr("is a folder"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(error("pipe"), HasSubstr("not a regular file"));
  Put("empty.octet", "");
  EXPECT_THAT(error("empty.octet"), HasSubstr("is empty"));
  Put("m.onnx", std::string("\x08\x07\x12\x07pytorch\x1a\x05", 14));
  EXPECT_THAT(error("m.onnx"), HasSubstr("ONNX file"));
  EXPECT_THAT(error("m.onnx"), HasSubstr("octet import"));
  Put("m.tflite", std::string("\x1c\0\0\0TFL3\0\0\0\0\0\0\0\0", 16));
  EXPECT_THAT(error("m.tflite"), HasSubstr("TFLite file"));
  EXPECT_THAT(error("m.tflite"), HasSubstr("'octet import'"));
  Put("cat.jpg", "\xff\xd8\xff\xe0 picture");
  EXPECT_THAT(error("cat.jpg"), HasSubstr("is not an Octet model"));
}

TEST_F(ModelFileTest, AnInvalidGraphIsNotWritten) {
  Graph g = SampleClassifier();
  TensorNamed(g, "y").quant->scales[0] = -1;
  const absl::Status status = WriteModel(g, Path("m.octet"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("m.octet: not written"));
  EXPECT_TRUE(Names().empty());
}

TEST_F(ModelFileTest, AFailureLeavesTheOldFileAndNothingElse) {
  // A folder cannot be replaced by a file: the rename fails after all was written.
  std::filesystem::create_directories(Path("m.octet/inside"));
  EXPECT_FALSE(WriteModel(SampleClassifier(), Path("m.octet")).ok());
  EXPECT_EQ(Names(), std::vector<std::string>{"m.octet"});
  const absl::Status status = WriteModel(SampleClassifier(), Path("no/such/folder/m.octet"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("no/such/folder/m.octet: cannot be written"));
}

TEST_F(ModelFileTest, AModelThatIsInUseCanBeReplaced) {
  ASSERT_TRUE(WriteModel(SampleClassifier(), Path("m.octet")).ok());
  auto loaded = ReadModel(Path("m.octet"));
  ASSERT_TRUE(loaded.ok());
  const std::vector<uint8_t> weights(81, 3);
  Graph changed = loaded->graph;
  TensorNamed(changed, "conv.w").data = Constant::Own(weights);
  ASSERT_TRUE(WriteModel(changed, Path("m.octet")).ok());
  EXPECT_EQ(Names(), std::vector<std::string>{"m.octet"});
  EXPECT_EQ(TensorNamed(loaded->graph, "conv.w").data.as<int8_t>()[0], -11);
  auto again = ReadModel(Path("m.octet"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(TensorNamed(again->graph, "conv.w").data.as<int8_t>()[0], 3);
}

}  // namespace
}  // namespace octet
