#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/infer.h"
#include "runtime/core/testing/sample_graphs.h"
#include "runtime/core/validate.h"
#include "runtime/format/model_file.h"

// Whatever happens to a file, reading it gives an error or a graph that keeps all rules. Run it
// with
// --config=asan and --config=ubsan, too.

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

}  // namespace
}  // namespace octet
