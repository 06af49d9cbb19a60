#include "tools/quantize/channel_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using testing::GraphBuilder;

// What is seen of each index along `axis`, by looking at each value on its own.
std::vector<ChannelProfile> Naive(const std::vector<float>& values, const Shape& shape,
                                  size_t axis) {
  const int64_t channels = shape[axis];
  int64_t inner = 1;
  for (size_t d = axis + 1; d < shape.size(); ++d) inner *= shape[d];
  std::vector<ChannelProfile> result;
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<double> of_channel;
    for (size_t i = 0; i < values.size(); ++i) {
      if (static_cast<int64_t>(i) / inner % channels == c) of_channel.push_back(values[i]);
    }
    ChannelProfile profile;
    const auto count = static_cast<double>(of_channel.size());
    for (double v : of_channel) {
      profile.min = std::min(profile.min, static_cast<float>(v));
      profile.max = std::max(profile.max, static_cast<float>(v));
      profile.mean += v / count;
    }
    for (double v : of_channel) {
      profile.variance += (v - profile.mean) * (v - profile.mean) / count;
      profile.moving += (v != 0 && v != static_cast<double>(profile.max)) / count;
    }
    result.push_back(profile);
  }
  return result;
}

TEST(ChannelProfileTest, MeasuresAlongAnyAxis) {
  GraphBuilder b;
  const TensorId x = b.Input("x", {-1, 2, 5, 3});
  b.graph.outputs = {b.Unary("y", schema::UnaryKind::CLIP, x)};
  auto& clip = b.graph.nodes[0].as<schema::UnaryOptionsT>();
  clip.alpha = -1;
  clip.beta = 1;
  std::vector<float> values = testing::NormalValues(4 * 2 * 5 * 3, 7);
  for (size_t i = 0; i < values.size(); i += 7) values[i] = 0;
  std::vector<float> clipped = values;
  for (float& v : clipped) v = std::clamp(v, -1.0f, 1.0f);
  const auto samples = testing::Samples({2, 5, 3}, values);
  for (size_t axis = 1; axis < 4; ++axis) {
    const TensorId y = b.graph.outputs[0];
    const auto measured = MeasureChannels(b.graph, {{x, axis}, {y, axis}}, *samples, {}).value();
    for (TensorId id : {x, y}) {
      const auto expected = Naive(id == x ? values : clipped, {4, 2, 5, 3}, axis);
      ASSERT_EQ(measured.at(id).size(), expected.size());
      for (size_t c = 0; c < expected.size(); ++c) {
        const ChannelProfile& profile = measured.at(id)[c];
        EXPECT_EQ(profile.min, expected[c].min);
        EXPECT_EQ(profile.max, expected[c].max);
        EXPECT_NEAR(profile.mean, expected[c].mean, 1e-9);
        EXPECT_NEAR(profile.variance, expected[c].variance, 1e-9);
        EXPECT_NEAR(profile.moving, expected[c].moving, 1e-9);
        EXPECT_EQ(profile.largest(), std::max(-expected[c].min, expected[c].max));
      }
    }
  }
}

TEST(ChannelProfileTest, NamesTensorAndSampleOfBadValues) {
  GraphBuilder b;
  const TensorId x = b.Input("x", {-1, 2, 1, 1});
  b.graph.outputs = {b.Conv("y", x)};
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {infinity, std::nanf("")}) {
    const auto samples = testing::Samples({2, 1, 1}, {1, 2, 3, bad});
    const absl::Status status = MeasureChannels(b.graph, {{x, 1}}, *samples, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              "tensor 'x' has a value that is NaN or infinite for sample 1; leave out that sample "
              "or mend the model");
  }
}

}  // namespace
}  // namespace octet
