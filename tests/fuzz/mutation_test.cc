#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "runtime/format/model_file.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/users.h"
#include "tools/import/onnx_importer.h"
#include "tools/import/tflite_importer.h"

// Files of the corpus that are cut and changed, many times: each gives a graph or an error, soon,
// and without taking much memory.

namespace octet::fuzz {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr char kCorpus[] = "tests/fuzz/corpus/";
constexpr int64_t kMaxKilobytes = 768 * 1024;  // that the process may grow to
constexpr std::chrono::seconds kMaxTime(5);    // for one file

Bytes ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> FilesOf(const std::string& ending) {
  std::vector<std::string> paths;
  DIR* folder = opendir(kCorpus);
  EXPECT_NE(folder, nullptr);
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name.size() > ending.size() &&
        name.compare(name.size() - ending.size(), ending.size(), ending) == 0) {
      paths.push_back(kCorpus + name);
    }
  }
  closedir(folder);
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<Bytes> Files(const std::string& ending) {
  std::vector<Bytes> files;
  for (const std::string& path : FilesOf(ending)) files.push_back(ReadAll(path));
  return files;
}

Bytes OctetFile(const Graph& graph) {
  const std::string path = ::testing::TempDir() + "/mutation_test.octet";
  EXPECT_TRUE(WriteModel(graph, path).ok());
  Bytes bytes = ReadAll(path);
  std::remove(path.c_str());
  return bytes;
}

// What the importers make of the files.
std::vector<Bytes> OctetFiles() {
  std::vector<Bytes> files;
  for (const std::string& path : FilesOf(".onnx")) {
    const auto graph = ImportOnnx(path);
    // The data of one lie in a file that is not there.
    if (graph.ok()) files.push_back(OctetFile(*graph));
  }
  for (const std::string& path : FilesOf(".tflite")) {
    const auto graph = ImportTflite(path);
    EXPECT_TRUE(graph.ok()) << graph.status();
    if (graph.ok()) files.push_back(OctetFile(*graph));
  }
  return files;
}

// Counts what a reader accepts and refuses, and ends the test where it takes too long.
struct Tally {
  explicit Tally(Reader read) : reader(read) {}

  void Read(const Bytes& bytes) {
    const auto start = std::chrono::steady_clock::now();
    const absl::Status status = reader(bytes);
    ASSERT_LT(std::chrono::steady_clock::now() - start, kMaxTime) << status;
    (status.ok() ? accepted : refused) += 1;
  }

  Reader reader;
  int accepted = 0;
  int refused = 0;
};

void CutAndChange(Reader reader, const std::vector<Bytes>& files, int changes) {
  ASSERT_FALSE(files.empty());
  std::mt19937 random(20);
  Tally tally(reader);
  constexpr size_t kCuts = 50;  // per file
  for (size_t i = 0; i < files.size(); ++i) {
    const Bytes& file = files[i];
    for (size_t n = 0; n < kCuts; ++n) {
      const auto end = static_cast<ptrdiff_t>(file.size() * n / kCuts);
      ASSERT_NO_FATAL_FAILURE(tally.Read(Bytes(file.begin(), file.begin() + end)));
    }
    for (int n = 0; n < changes; ++n) {
      Bytes changed = file;
      Mutate(changed, files[random() % files.size()], random);
      ASSERT_NO_FATAL_FAILURE(tally.Read(changed)) << "file " << i << ", change " << n;
    }
  }
  // Else the changes would be too small, or so large that they reach nothing.
  EXPECT_GT(tally.accepted, 0);
  EXPECT_GT(tally.refused, 0);
  rusage usage;
  ASSERT_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  EXPECT_LT(usage.ru_maxrss, kMaxKilobytes);
}

TEST(MutationTest, OnnxFiles) { CutAndChange(UseOnnx, Files(".onnx"), 1500); }
TEST(MutationTest, TfliteFiles) { CutAndChange(UseTflite, Files(".tflite"), 1500); }
TEST(MutationTest, OctetFiles) { CutAndChange(UseOctet, OctetFiles(), 1500); }

TEST(MutationTest, MutationsAreTheSameEverywhere) {
  const Bytes other = {100, 101, 102, 103};
  const auto mutated = [&] {
    std::mt19937 random(1);
    Bytes bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    for (int i = 0; i < 100; ++i) Mutate(bytes, other, random);
    return bytes;
  };
  EXPECT_EQ(mutated(), mutated());
  EXPECT_NE(mutated(), (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  std::mt19937 random(1);
  Bytes empty;
  Mutate(empty, other, random);
  EXPECT_TRUE(empty.empty());
}

}  // namespace
}  // namespace octet::fuzz
