#include "tools/cli/quantize_data.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/data/file.h"

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

absl::Status WithUnreadable(const QuantizeRequest& request, const SampleSource* samples,
                            const absl::Status& status) {
  if (samples == nullptr || !IsFolder(request.data) || request.skip_unreadable) return status;
  const std::vector<UnreadableSample> unreadable = FindUnreadable(*samples);
  if (unreadable.empty()) return status;
  return absl::InvalidArgumentError(absl::StrCat(DescribeUnreadable(unreadable, samples->size()),
                                                 "; --skip-unreadable leaves them out"));
}

absl::StatusOr<std::unique_ptr<SampleSource>> OpenData(const QuantizeRequest& request,
                                                       const Graph& graph,
                                                       std::vector<UnreadableSample>& skipped) {
  absl::StatusOr<std::unique_ptr<SampleSource>> samples =
      OpenSamples(request.data, SpecOfGraph(graph));
  if (!samples.ok() || !request.skip_unreadable) return samples;
  skipped = FindUnreadable(**samples);
  return WithoutUnreadable(*std::move(samples), skipped);
}

}  // namespace octet::cli
