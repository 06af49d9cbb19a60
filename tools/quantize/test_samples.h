#ifndef OCTET_TOOLS_QUANTIZE_TEST_SAMPLES_H_
#define OCTET_TOOLS_QUANTIZE_TEST_SAMPLES_H_

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "tools/data/sample_source.h"
#include "tools/evaluate/evaluate.h"

namespace octet::testing {

// Samples of one f32 input "x": `values` holds them one after another, each of shape `sample`.
inline std::unique_ptr<SampleSource> Samples(const Shape& sample,
                                             const std::vector<float>& values) {
  Shape shape = {-1};
  shape.insert(shape.end(), sample.begin(), sample.end());
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, shape, {}, {}});
  shape[0] = static_cast<int64_t>(values.size()) / NumElements(sample);
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, shape, values)}}, spec).value();
}

// `count` samples for SmallFloatNetwork; sample i depends on seed + i alone.
inline std::unique_ptr<SampleSource> SmallNetworkSamples(int64_t count, uint32_t seed) {
  return Samples({3, 17, 19}, SmallNetworkInput(count, seed));
}

// Numbers from a normal distribution with deviation 1.
inline std::vector<float> NormalValues(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& v : values) v = normal(random);
  return values;
}

// How the outputs of `graph` compare with those of `reference`.
inline Evaluation Compare(const Graph& graph, const Graph& reference, const SampleSource& samples) {
  const auto model = ModelFromGraph(graph, {}).value();
  const auto truth = ModelFromGraph(reference, {}).value();
  return Evaluate(*model, truth.get(), samples, {}).value();
}
inline double Decibels(const Graph& graph, const Graph& reference, const SampleSource& samples) {
  return *Compare(graph, reference, samples).sqnr_db;
}

}  // namespace octet::testing

#endif  // OCTET_TOOLS_QUANTIZE_TEST_SAMPLES_H_
