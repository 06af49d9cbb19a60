#ifndef OCTET_TOOLS_QUANTIZE_TEST_ROAD_H_
#define OCTET_TOOLS_QUANTIZE_TEST_ROAD_H_

#include <cstdio>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tools/quantize/road.h"

// What tests of the road share.

namespace octet::testing {

inline std::vector<std::string> Names(const RoadResult& result) {
  std::vector<std::string> names;
  for (const RoadStep& step : result.steps) names.push_back(step.name);
  return names;
}

inline RoadOptions Quick() {
  RoadOptions options;
  options.latency_seconds = 0.01;
  return options;
}

// A path in the folder for temporary files, where there is no file.
inline std::string FreshFile(const std::string& name) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::remove(path.c_str());
  return path;
}

// Fails the current test unless both searches have found the same, but for times.
inline void ExpectEqual(const RoadResult& a, const RoadResult& b) {
  EXPECT_EQ(Names(a), Names(b));
  EXPECT_EQ(a.chosen, b.chosen);
  EXPECT_EQ(a.exceptions, b.exceptions);
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].accuracy.sqnr_db, b.steps[i].accuracy.sqnr_db) << a.steps[i].name;
    EXPECT_EQ(a.steps[i].weights_bytes, b.steps[i].weights_bytes) << a.steps[i].name;
  }
  ASSERT_EQ(a.graph.tensors.size(), b.graph.tensors.size());
  for (size_t i = 0; i < a.graph.tensors.size(); ++i) {
    const Tensor &left = a.graph.tensors[i], &right = b.graph.tensors[i];
    EXPECT_EQ(left.name, right.name);
    EXPECT_EQ(left.quant, right.quant) << left.name;
    EXPECT_EQ(left.data.as<uint8_t>(), right.data.as<uint8_t>()) << left.name;
  }
  EXPECT_EQ(a.statistics.tensors, b.statistics.tensors);
  EXPECT_EQ(a.report.int8_operators, b.report.int8_operators);
}

}  // namespace octet::testing

#endif  // OCTET_TOOLS_QUANTIZE_TEST_ROAD_H_
