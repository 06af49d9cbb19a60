#include "tools/quantize/calibrate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/model_internal.h"
#include "tools/data/batch.h"

namespace octet {
namespace {

// A tensor to watch, and where a session shows its values.
struct Watch {
  TensorId tensor;
  bool is_input;
  int index;  // of the input or output
  std::unique_ptr<Observer> observer;
};

std::vector<Watch> MakeWatches(Graph& graph, const std::vector<TensorId>& tensors,
                               const ObserverFactory& observers) {
  std::vector<Watch> watches;
  for (TensorId id : tensors) {
    const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), id);
    if (input != graph.inputs.end()) {
      watches.push_back({id, true, static_cast<int>(input - graph.inputs.begin()), observers()});
      continue;
    }
    auto output = std::find(graph.outputs.begin(), graph.outputs.end(), id);
    if (output == graph.outputs.end()) output = graph.outputs.insert(output, id);
    watches.push_back({id, false, static_cast<int>(output - graph.outputs.begin()), observers()});
  }
  return watches;
}

absl::Span<const float> ValuesOf(const Watch& watch, Session& session) {
  if (watch.is_input) return session.input<float>(watch.index);
  return session.output<float>(watch.index);
}

absl::Status ObserveAll(const Graph& graph, std::vector<Watch>& watches, const std::string& samples,
                        Session& session) {
  for (Watch& watch : watches) {
    absl::Status status = watch.observer->Observe(ValuesOf(watch, session));
    if (status.ok()) continue;
    return absl::Status(status.code(), absl::StrCat("tensor '", graph.tensor(watch.tensor).name,
                                                    "' has ", status.message(), " for ", samples,
                                                    "; leave out that sample or mend the model"));
  }
  return absl::OkStatus();
}

std::string NamesOf(const SampleSource& source, int64_t first, int64_t count) {
  const std::string sample = absl::StrCat("sample ", first);
  if (count == 1 && source.NameOf(first) == sample) return sample;
  if (count == 1) return absl::StrCat(sample, " (", source.NameOf(first), ")");
  return absl::StrCat("one of the samples ", first, " to ", first + count - 1);
}

absl::Status Watchable(const Graph& graph, const std::vector<TensorId>& tensors) {
  for (TensorId id : tensors) {
    const Tensor& t = graph.tensor(id);
    if (t.type != DataType::kF32 || t.is_constant()) {
      return absl::InternalError(absl::StrCat("tensor '", t.name, "' cannot be observed"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Calibration> Calibrate(const Graph& graph, const std::vector<TensorId>& tensors,
                                      const SampleSource& source, const ObserverFactory& observers,
                                      const ModelOptions& options, const Progress& progress) {
  absl::Status status = Watchable(graph, tensors);
  if (!status.ok()) return status;
  if (source.size() == 0)
    return absl::InvalidArgumentError("there are no samples to calibrate with");
  Graph exposed = graph;
  std::vector<Watch> watches = MakeWatches(exposed, tensors, observers);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(exposed), options);
  if (!model.ok()) return model.status();
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(**model, source, 1);
  if (!feeder.ok()) return feeder.status();

  Sha256 hash;
  std::unique_ptr<Session> session;
  for (int64_t first = 0; first < source.size(); first += feeder->batch()) {
    absl::StatusOr<int64_t> count =
        feeder->Fill(first, session, [&](const Sample& sample) { HashSample(sample, hash); });
    if (!count.ok()) return count.status();
    status = session->Run();
    if (status.ok()) status = ObserveAll(graph, watches, NamesOf(source, first, *count), *session);
    if (!status.ok()) return status;
    if (progress) progress(first + *count, source.size());
  }
  Calibration result;
  result.data_hash = hash.HexDigest();
  result.samples = source.size();
  for (const Watch& watch : watches) {
    result.ranges[watch.tensor] = watch.observer->ChooseRange().value_or(Range());
  }
  return result;
}

}  // namespace octet
