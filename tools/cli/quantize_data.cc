#include "tools/cli/quantize_data.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace octet::cli {

DataSpec SpecOfGraph(const Graph& graph) {
  DataSpec spec;
  for (TensorId id : graph.inputs) {
    const Tensor& t = graph.tensor(id);
    spec.inputs.push_back({t.name, t.type, t.shape, t.symbols, t.quant});
  }
  if (graph.preprocessing != nullptr) {
    const schema::PreprocessingT& p = *graph.preprocessing;
    spec.preprocessing = ImagePreprocessing{
        p.input, p.pixel_order == schema::PixelOrder::BGR, p.resize, p.crop, p.mean, p.std};
  }
  spec.labels = graph.labels;
  return spec;
}

absl::Status UnreadableError(const SampleSource& samples) {
  const std::vector<UnreadableSample> unreadable = FindUnreadable(samples);
  if (unreadable.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(DescribeUnreadable(unreadable, samples.size()),
                                                 "; --skip-unreadable leaves them out"));
}

absl::StatusOr<std::unique_ptr<SampleSource>> OpenData(const std::string& path, const Graph& graph,
                                                       bool skip_unreadable,
                                                       std::vector<UnreadableSample>& skipped) {
  absl::StatusOr<std::unique_ptr<SampleSource>> samples = OpenSamples(path, SpecOfGraph(graph));
  if (!samples.ok() || !skip_unreadable) return samples;
  const std::vector<UnreadableSample> unreadable = FindUnreadable(**samples);
  skipped.insert(skipped.end(), unreadable.begin(), unreadable.end());
  return WithoutUnreadable(*std::move(samples), unreadable);
}

}  // namespace octet::cli
