#include "tools/quantize/ranges_file.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "tools/quantize/observer.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using nlohmann::json;
using testing::GraphBuilder;
using ::testing::HasSubstr;

Graph Net(float weight) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  b.graph.outputs = {b.Conv("y", x, {weight, 0, 0, 1})};
  return std::move(b.graph);
}

Statistics Gathered() {
  Statistics statistics;
  statistics.data_hash = "abc";
  statistics.samples = 12;
  statistics.moving_average_constant = 0.1;
  Observer first(0.1), second(0.1), nothing;
  for (float f : {0.1f, -1e-30f, 3.3333333f, std::numeric_limits<float>::denorm_min()}) {
    EXPECT_TRUE(first.Observe(std::vector<float>{f, -f, 0}).ok());
    EXPECT_TRUE(second.Observe(std::vector<float>{f, 2 * f}).ok());
  }
  statistics.tensors[0] = first.statistics();
  statistics.tensors[1] = second.statistics();
  statistics.tensors[3] = nothing.statistics();
  return statistics;
}

TEST(RangesFileTest, ReadsExactlyWhatWasWritten) {
  const Statistics written = Gathered();
  const std::string path = ::testing::TempDir() + "/ranges.json";
  ASSERT_TRUE(WriteStatistics(path, Net(1), written).ok());
  const absl::StatusOr<Statistics> read = ReadStatistics(path, Net(1));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->tensors, written.tensors);
  EXPECT_EQ(read->data_hash, "abc");
  EXPECT_EQ(read->samples, 12);
  EXPECT_EQ(read->moving_average_constant, 0.1);
}

TEST(RangesFileTest, BelongsToOneModel) {
  const std::string text = FormatStatistics(Net(1), Gathered());
  EXPECT_TRUE(ParseStatistics(text, Net(1)).ok());
  EXPECT_THAT(std::string(ParseStatistics(text, Net(2)).status().message()),
              HasSubstr("belongs to another model"));
  Graph clamped = Net(1);
  clamped.nodes[0].as<schema::ConvOptionsT>().activation_max = 6;
  EXPECT_THAT(std::string(ParseStatistics(text, clamped).status().message()),
              HasSubstr("belongs to another model"));
  Graph renamed = Net(1);
  renamed.tensors[0].name = "z";
  EXPECT_FALSE(ParseStatistics(text, renamed).ok());
}

TEST(RangesFileTest, RefusesOtherFiles) {
  const std::string text = FormatStatistics(Net(1), Gathered());
  for (const std::string& other : {std::string("{}"), std::string("hello"), std::string("[1]"),
                                   std::string(), text.substr(0, text.size() / 2)}) {
    EXPECT_THAT(std::string(ParseStatistics(other, Net(1)).status().message()),
                HasSubstr("is not a file of ranges"));
  }
  EXPECT_THAT(
      std::string(
          ParseStatistics(absl::StrReplaceAll(text, {{"\"version\":1", "\"version\":2"}}), Net(1))
              .status()
              .message()),
      HasSubstr("is of another version"));
  const absl::Status status = ReadStatistics("no/such/file", Net(1)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("no/such/file"));
}

// Every member in turn is removed or given values it cannot have.
TEST(RangesFileTest, SaysWhatIsDamaged) {
  const json original = json::parse(FormatStatistics(Net(1), Gathered()));
  const auto message = [](const json& damaged) {
    return std::string(ParseStatistics(damaged.dump(), Net(1)).status().message());
  };
  ASSERT_EQ(message(original), "");
  const json::json_pointer paths[] = {
      "/model"_json_pointer,
      "/data_hash"_json_pointer,
      "/samples"_json_pointer,
      "/moving_average_constant"_json_pointer,
      "/tensors"_json_pointer,
      "/tensors/0/tensor"_json_pointer,
      "/tensors/0/name"_json_pointer,
      "/tensors/0/count"_json_pointer,
      "/tensors/0/extremes"_json_pointer,
      "/tensors/0/moving_average"_json_pointer,
      "/tensors/0/histogram"_json_pointer,
      "/tensors/0/histogram/zeros"_json_pointer,
      "/tensors/0/histogram/exponent"_json_pointer,
      "/tensors/0/histogram/first"_json_pointer,
      "/tensors/0/histogram/counts"_json_pointer,
  };
  for (const json::json_pointer& path : paths) {
    json damaged = original;
    damaged[path.parent_pointer()].erase(path.back());
    EXPECT_THAT(message(damaged), HasSubstr("'" + path.back() + "' is missing")) << path;
    const bool is_text = original[path].is_string();
    for (const json& value : {json(nullptr), is_text ? json(7) : json("text"), json({{"a", 1}})}) {
      damaged = original;
      damaged[path] = value;
      EXPECT_THAT(message(damaged), HasSubstr("damaged: ")) << path << " " << value;
    }
  }
  const std::pair<json::json_pointer, json> impossible[] = {
      {"/tensors/0/tensor"_json_pointer, 99},
      {"/tensors/0/count"_json_pointer, -1},
      {"/tensors/0/count"_json_pointer, 1e30},
      {"/tensors/0/count"_json_pointer, 18446744073709551615u},
      {"/tensors/0/extremes"_json_pointer, {2, 1}},
      {"/tensors/0/extremes"_json_pointer, {-1e300, 1}},
      {"/tensors/0/histogram/exponent"_json_pointer, 1000},
      {"/tensors/0/histogram/first"_json_pointer, 1},
      {"/tensors/0/histogram/zeros"_json_pointer, 5},
      {"/tensors/0/histogram/counts"_json_pointer, {12}},
      {"/tensors/0/histogram/counts"_json_pointer, std::vector<int>(5000, 0)},
      {"/tensors/0/histogram/counts/0"_json_pointer, -3},
      {"/tensors/0/histogram/counts/0"_json_pointer, 0.5},
  };
  for (const auto& [path, value] : impossible) {
    json damaged = original;
    damaged[path] = value;
    EXPECT_THAT(message(damaged), HasSubstr("damaged: ")) << path << " " << value;
  }
  json renamed = original;
  renamed["tensors"][0]["name"] = "q";
  EXPECT_THAT(message(renamed), HasSubstr("the model has no tensor 'q'"));
}

}  // namespace
}  // namespace octet
