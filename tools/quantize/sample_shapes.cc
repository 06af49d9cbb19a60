#include "tools/quantize/sample_shapes.h"

#include <memory>
#include <utility>

#include "runtime/lower/resolve.h"

namespace octet {

absl::StatusOr<std::vector<Shape>> ShapesForSample(const Graph& graph, const SampleSource& samples,
                                                   const ModelOptions& run) {
  if (samples.size() == 0)
    return absl::InvalidArgumentError("there are no samples to calibrate with");
  absl::StatusOr<Sample> sample = samples.Load(0);
  if (!sample.ok()) return sample.status();
  std::vector<Shape> shapes;
  std::vector<Constant> values;
  for (size_t i = 0; i < sample->size() && i < graph.inputs.size(); ++i) {
    const Shape& declared = graph.tensor(graph.inputs[i]).shape;
    Shape shape = {declared.empty() || declared[0] < 0 ? 1 : declared[0]};
    shape.insert(shape.end(), (*sample)[i].shape.begin(), (*sample)[i].shape.end());
    // The sample is the whole input where its batch is one.
    values.push_back(shape[0] == 1 ? Constant::Own((*sample)[i].bytes) : Constant());
    shapes.push_back(std::move(shape));
  }
  const std::shared_ptr<ThreadPool> pool = run.pool != nullptr ? run.pool : ThreadPool::Shared();
  Graph resolved = graph;
  return ResolveValues(resolved, shapes, values, {CpuFeatures::Host(), pool.get()});
}

}  // namespace octet
