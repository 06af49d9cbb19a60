#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "flatbuffers/flatbuffers.h"
#include "gtest/gtest.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/infer.h"
#include "runtime/core/testing/sample_graphs.h"
#include "runtime/core/validate.h"
#include "runtime/format/layout.h"
#include "runtime/format/model_file.h"
#include "schema/model_generated.h"

// Whatever happens to a file, reading it gives an error or a graph that keeps all rules. Run it
// with --config=asan and --config=ubsan, too.

namespace octet {
namespace {

std::vector<uint8_t> SampleFile() {
  const std::string path = testing::TempDir() + "/corruption_test.octet";
  const absl::Status status = WriteModel(SampleClassifier(), path);
  EXPECT_TRUE(status.ok()) << status;
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Touches all that a graph holds.
void Use(const Graph& graph) {
  const Graph copy = graph;
  size_t sum = copy.name.size() + copy.labels.size();
  for (const Tensor& t : copy.tensors) {
    sum += ToString(t.shape).size();
    for (uint8_t byte : t.data.as<uint8_t>()) sum += byte;
  }
  for (const Node& node : copy.nodes) sum += node.name.size() + Name(node.type()).size();
  EXPECT_GT(sum, 0u);
  EXPECT_TRUE(ValidateGraph(copy).ok());
}

// Reads from a buffer of exactly that size, so that a sanitizer sees a byte too much.
bool ReadsWell(absl::Span<const uint8_t> bytes) {
  auto owner = std::make_shared<AlignedBuffer>((bytes.size() + 63) / 64 * 64);
  uint8_t* data = owner->data();
  std::copy(bytes.begin(), bytes.end(), data);
  const auto graph = ReadModelBytes({data, bytes.size()}, owner);
  if (graph.ok()) {
    Use(*graph);
  } else {
    EXPECT_FALSE(graph.status().message().empty());
    EXPECT_TRUE(absl::IsInvalidArgument(graph.status()) || absl::IsUnimplemented(graph.status()))
        << graph.status();
  }
  return graph.ok();
}

TEST(Corruption, TheWholeFileIsGood) { EXPECT_TRUE(ReadsWell(SampleFile())); }

TEST(Corruption, CutAtEachLength) {
  const std::vector<uint8_t> file = SampleFile();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ReadsWell(absl::MakeConstSpan(file).subspan(0, size))) << size;
  }
}

TEST(Corruption, EachByteFlipped) {
  const std::vector<uint8_t> original = SampleFile();
  for (uint8_t mask : {0x01, 0x02, 0x10, 0x80, 0xff}) {
    for (size_t i = 0; i < original.size(); ++i) {
      std::vector<uint8_t> file = original;
      file[i] ^= mask;
      ReadsWell(file);
    }
  }
}

TEST(Corruption, NumbersReplacedByExtremes) {
  const std::vector<uint8_t> original = SampleFile();
  for (uint32_t value : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0x7fc00000u, 0xff800000u}) {
    for (size_t i = 0; i + 4 <= original.size(); i += 4) {
      std::vector<uint8_t> file = original;
      std::memcpy(file.data() + i, &value, 4);
      ReadsWell(file);
    }
  }
}

TEST(Corruption, ManyBytesAtRandom) {
  const std::vector<uint8_t> original = SampleFile();
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> file = original;
    const unsigned changes = 1 + random() % 6;
    for (unsigned change = 0; change < changes; ++change) {
      // The first bytes say what the file is; damage there is found at once.
      file[8 + random() % (file.size() - 8)] = static_cast<uint8_t>(random());
    }
    ReadsWell(file);
  }
}

// A file without weights.
std::vector<uint8_t> FileOf(const schema::ModelT& model) {
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishSizePrefixedModelBuffer(builder, schema::Model::Pack(builder, &model));
  const uint8_t* tables = builder.GetBufferPointer();
  std::vector<uint8_t> file(tables, tables + builder.GetSize());
  file.resize(AlignWeights(file.size()));
  return file;
}

// Lets the vector of the 64-bit numbers 1 and 0 start 4 bytes late: there it is a vector of one 0.
void Misalign(std::vector<uint8_t>& file) {
  constexpr uint32_t kVector[] = {2, 1, 0, 0, 0};
  const auto* begin = reinterpret_cast<const uint8_t*>(kVector);
  const auto found = std::search(file.begin(), file.end(), begin, begin + sizeof(kVector));
  ASSERT_NE(found, file.end());
  for (auto at = file.begin(); at < found; at += 4) {
    uint32_t offset;
    std::memcpy(&offset, &*at, 4);
    if (offset != found - at) continue;
    *at = static_cast<uint8_t>(*at + 4);
    return;
  }
  FAIL() << "nothing refers to the vector";
}

// Unlike all others, these are not refused by FlatBuffers' verifier.
TEST(Corruption, MisalignedNumbersInEveryPlace) {
  const std::vector<int64_t> numbers = {1, 0};
  std::vector<schema::OptionsUnion> options(10);
  const auto set = [&](size_t i, auto option, auto member) {
    option.*member = numbers;
    options[i].Set(std::move(option));
  };
  set(0, schema::SplitOptionsT(), &schema::SplitOptionsT::sizes);
  set(1, schema::ReshapeOptionsT(), &schema::ReshapeOptionsT::shape);
  set(2, schema::PadOptionsT(), &schema::PadOptionsT::pads_begin);
  set(3, schema::PadOptionsT(), &schema::PadOptionsT::pads_end);
  set(4, schema::SliceOptionsT(), &schema::SliceOptionsT::starts);
  set(5, schema::SliceOptionsT(), &schema::SliceOptionsT::ends);
  set(6, schema::SliceOptionsT(), &schema::SliceOptionsT::steps);
  set(7, schema::ExpandOptionsT(), &schema::ExpandOptionsT::shape);
  set(8, schema::TileOptionsT(), &schema::TileOptionsT::repeats);
  set(9, schema::ResizeOptionsT(), &schema::ResizeOptionsT::sizes);
  for (size_t i = 0; i <= options.size(); ++i) {
    schema::ModelT model;
    model.version = kFormatVersion;
    model.subgraphs.push_back(std::make_unique<schema::SubgraphT>());
    schema::SubgraphT& body = *model.subgraphs[0];
    if (i < options.size()) {
      body.operators.push_back(std::make_unique<schema::OperatorT>());
      body.operators[0]->options = options[i];
    } else {
      body.tensors.push_back(std::make_unique<schema::TensorT>());
      body.tensors[0]->shape = numbers;
    }
    std::vector<uint8_t> file = FileOf(model);
    ASSERT_NO_FATAL_FAILURE(Misalign(file)) << i;
    const absl::Status status = ReadModelBytes(file, nullptr).status();
    EXPECT_NE(status.message().find("not well formed"), absl::string_view::npos) << i << status;
  }
}

}  // namespace
}  // namespace octet
