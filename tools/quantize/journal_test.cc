#include "tools/quantize/journal.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <limits>

#include "gtest/gtest.h"
#include "tools/data/file.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

const JournalSubject kSubject = {"model hash", "data hash", "options"};

std::string FreshPath(const char* name) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::remove(path.c_str());
  return path;
}

absl::StatusOr<double> NotAsked() {
  ADD_FAILURE() << "measured again";
  return 0.0;
}

TEST(JournalTest, MeasuresOnce) {
  Journal journal;
  int measured = 0;
  const auto measure = [&]() -> absl::StatusOr<double> { return ++measured * 1.5; };
  EXPECT_EQ(journal.Recall<double>("a", measure).value(), 1.5);
  EXPECT_EQ(journal.Recall<double>("a", NotAsked).value(), 1.5);
  EXPECT_EQ(journal.Recall<double>("b", measure).value(), 3.0);
  EXPECT_EQ(journal.found(), 0);
}

TEST(JournalTest, AFileKeepsValuesToTheLastBit) {
  const std::string path = FreshPath("journal_values");
  Verdict verdict;
  verdict.accuracy.samples = 7;
  verdict.accuracy.agreement = 1.0 / 3;
  verdict.accuracy.sqnr_db = std::numeric_limits<double>::infinity();
  verdict.weights_bytes = uint64_t{1} << 40;
  verdict.int8_operators = 5;
  verdict.seconds = 0.1;
  RefinedLayers layers;
  layers[3] = {{-127, 0, 127}, {0.1f, 1e-30f}, {1.0 / 3, -2e300}};
  layers[9] = {{1}, {2.5f}, {}};
  std::vector<OperatorTime> profile(1);
  profile[0].step = {"name", "Conv",   "u8",     "u8 x s8", "s32",
                     true,   "kernel", "reason", {"x"},     {"y", "z"}};
  profile[0].median_us = 12.25;
  {
    Journal journal = Journal::Open(path, kSubject).value();
    ASSERT_TRUE(journal
                    .Put({{"verdict", Encode(verdict)},
                          {"layers", Encode(layers)},
                          {"profile", Encode(profile)},
                          {"times", Encode(std::vector<double>{0.1, 0.2})}})
                    .ok());
    ASSERT_TRUE(journal.Put({{"text", Encode(std::string("words\n"))}}).ok());
  }
  Journal journal = Journal::Open(path, kSubject).value();
  EXPECT_EQ(journal.found(), 5);
  Verdict read;
  ASSERT_TRUE(Decode(*journal.Find("verdict"), read));
  EXPECT_EQ(read.accuracy.samples, 7);
  EXPECT_EQ(read.accuracy.agreement, verdict.accuracy.agreement);
  EXPECT_EQ(read.accuracy.sqnr_db, verdict.accuracy.sqnr_db);
  EXPECT_EQ(read.accuracy.top1, absl::nullopt);
  EXPECT_EQ(read.weights_bytes, verdict.weights_bytes);
  EXPECT_EQ(read.int8_operators, 5);
  EXPECT_EQ(read.seconds, 0.1);
  RefinedLayers read_layers;
  ASSERT_TRUE(Decode(*journal.Find("layers"), read_layers));
  EXPECT_EQ(read_layers, layers);
  std::vector<OperatorTime> read_profile;
  ASSERT_TRUE(Decode(*journal.Find("profile"), read_profile));
  ASSERT_EQ(read_profile.size(), 1u);
  EXPECT_EQ(read_profile[0].step.name, "name");
  EXPECT_EQ(read_profile[0].step.computed, "u8 x s8");
  EXPECT_EQ(read_profile[0].step.accumulated, "s32");
  EXPECT_TRUE(read_profile[0].step.conversion);
  EXPECT_EQ(read_profile[0].step.outputs, profile[0].step.outputs);
  EXPECT_EQ(read_profile[0].median_us, 12.25);
  std::string text;
  ASSERT_TRUE(Decode(*journal.Find("text"), text));
  EXPECT_EQ(text, "words\n");
  EXPECT_EQ(journal.Find("nothing"), nullptr);
}

TEST(JournalTest, DecodesNothingElse) {
  for (const nlohmann::json& json :
       {nlohmann::json(), nlohmann::json("text"), nlohmann::json({{"node", 1}}),
        nlohmann::json::array({1, "x"}), nlohmann::json({{"samples", "many"}})}) {
    Verdict verdict;
    EXPECT_FALSE(Decode(json, verdict)) << json;
    double value;
    EXPECT_FALSE(Decode(json, value)) << json;
  }
  RefinedLayers layers;
  EXPECT_FALSE(Decode(nlohmann::json::array({{{"node", 1}, {"weights", "text"}}}), layers));
  std::vector<OperatorTime> profile;
  EXPECT_FALSE(Decode(nlohmann::json::array({1}), profile));
}

TEST(JournalTest, AFailureIsNotKept) {
  Journal journal;
  const auto fail = []() -> absl::StatusOr<double> { return absl::InternalError("broken"); };
  EXPECT_EQ(journal.Recall<double>("a", fail).status().message(), "broken");
  EXPECT_EQ(journal.Find("a"), nullptr);
}

TEST(JournalTest, BelongsToOneSubject) {
  const std::string path = FreshPath("journal_subject");
  ASSERT_TRUE(Journal::Open(path, kSubject).value().Put({{"a", Encode(1.0)}}).ok());
  const std::pair<std::string JournalSubject::*, const char*> parts[] = {
      {&JournalSubject::model, "other model"},
      {&JournalSubject::data, "other data"},
      {&JournalSubject::options, "other options"}};
  for (const auto& [part, words] : parts) {
    JournalSubject other = kSubject;
    other.*part = "another";
    const absl::Status status = Journal::Open(path, other).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
}

TEST(JournalTest, NoticesEveryChangeOfTheFile) {
  const std::string path = FreshPath("journal_damage");
  ASSERT_TRUE(Journal::Open(path, kSubject).value().Put({{"a", Encode(1.0)}}).ok());
  const std::vector<uint8_t> bytes = ReadFile(path).value();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::vector<uint8_t> damaged = bytes;
    damaged[i] ^= 0x10;
    if (i == 79) continue;  // the line's end, which nothing depends on
    ASSERT_TRUE(WriteFile(path, damaged).ok());
    EXPECT_FALSE(Journal::Open(path, kSubject).ok()) << i;
    ASSERT_TRUE(WriteFile(path, absl::MakeConstSpan(bytes).first(i)).ok());
    EXPECT_FALSE(Journal::Open(path, kSubject).ok()) << i;
  }
  EXPECT_THAT(std::string(Journal::Open(::testing::TempDir(), kSubject).status().message()),
              HasSubstr(::testing::TempDir()));
}

TEST(JournalTest, WritingMayFail) {
  Journal journal = Journal::Open("/no/such/folder/journal", kSubject).value();
  EXPECT_FALSE(journal.Put({{"a", Encode(1.0)}}).ok());
}

}  // namespace
}  // namespace octet
