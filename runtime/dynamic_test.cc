#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "octet/model.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_transformer.h"

// DYNAMIC arithmetic in a whole network: a sentence's bits depend on itself alone.

namespace octet {
namespace {

using testing::kTransformerWidth;

using Sentence = std::vector<float>;  // [time, kTransformerWidth]

Sentence RandomSentence(int64_t time, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Sentence result(static_cast<size_t>(time * kTransformerWidth));
  for (float& v : result) v = normal(random);
  return result;
}

// One row of kTransformerWidth numbers per sentence, each padded to `time` tokens.
std::vector<float> Embed(const std::vector<Sentence>& sentences, int64_t time, int threads) {
  const auto batch = static_cast<int64_t>(sentences.size());
  ModelOptions options;
  options.pool = ThreadPool::Create(threads);
  const auto model = ModelFromGraph(testing::SmallTransformer(1, batch, time), options);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return {};
  auto session = *(*model)->NewSession();
  for (int i = 0; i < 3; ++i) {
    const absl::Span<float> input = session->input<float>(i);
    std::fill(input.begin(), input.end(), i == 1 ? -10000.0f : 0.0f);
  }
  for (int64_t b = 0; b < batch; ++b) {
    const Sentence& s = sentences[static_cast<size_t>(b)];
    const auto tokens = static_cast<int64_t>(s.size()) / kTransformerWidth;
    std::copy(s.begin(), s.end(), session->input<float>(0).begin() + b * time * kTransformerWidth);
    std::fill_n(session->input<float>(1).begin() + b * time, tokens, 0.0f);
    std::fill_n(session->input<float>(2).begin() + b * time, tokens, 1.0f);
  }
  const absl::Status status = session->Run();
  EXPECT_TRUE(status.ok()) << status;
  const absl::Span<const float> y = session->output<float>(0);
  return {y.begin(), y.end()};
}

TEST(DynamicTest, NeitherBatchNorPaddingNorThreadsChangeABit) {
  std::vector<Sentence> sentences;
  std::vector<float> expected;
  for (int64_t time : {1, 5, 16, 23, 9, 31, 40, 2}) {
    sentences.push_back(RandomSentence(time, static_cast<uint32_t>(time)));
    const std::vector<float> alone = Embed({sentences.back()}, time, 1);
    expected.insert(expected.end(), alone.begin(), alone.end());
    EXPECT_EQ(Embed({sentences.back()}, time + 1, 1), alone) << time << " tokens";
    EXPECT_EQ(Embed({sentences.back()}, time + 32, 2), alone) << time << " tokens";
  }
  EXPECT_TRUE(std::any_of(expected.begin(), expected.end(), [](float v) { return v != 0; }));
  for (int threads : {1, 2, 3}) EXPECT_EQ(Embed(sentences, 40, threads), expected);
  EXPECT_EQ(Embed(sentences, 77, 2), expected);
}

}  // namespace
}  // namespace octet
