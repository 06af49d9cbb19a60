#include "tools/quantize/calibrate.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/evaluate/taps.h"

namespace octet {
namespace {

// A tensor that is watched.
struct Watch {
  TensorId tensor;
  Observer observer;
  absl::Status status;  // of the last observation
};

// Lets the watch see what was computed for `count` samples of a batch of `batch`. The rest of the
// batch repeats a sample.
void Observe(Watch& watch, absl::Span<const float> values, Shape shape, int64_t count,
             int64_t batch) {
  if (count < batch && !shape.empty() && shape[0] % batch == 0) {
    shape[0] = shape[0] / batch * count;
    values = values.first(static_cast<size_t>(NumElements(shape)));
  }
  watch.status = watch.observer.Observe(values, shape);
}

absl::Status FirstProblem(const Graph& graph, const std::vector<Watch>& watches,
                          const std::string& samples) {
  for (const Watch& watch : watches) {
    if (watch.status.ok()) continue;
    return absl::Status(
        watch.status.code(),
        absl::StrCat("tensor '", graph.tensor(watch.tensor).name, "' has ", watch.status.message(),
                     " for ", samples, "; leave out that sample or mend the model"));
  }
  return absl::OkStatus();
}

std::string NamesOf(const SampleSource& source, int64_t first, int64_t count) {
  const std::string sample = absl::StrCat("sample ", first);
  if (count == 1 && source.NameOf(first) == sample) return sample;
  if (count == 1) return absl::StrCat(sample, " (", source.NameOf(first), ")");
  return absl::StrCat("one of the samples ", first, " to ", first + count - 1);
}

absl::Status Watchable(const Graph& graph, absl::Span<const WatchedTensor> tensors) {
  for (const WatchedTensor& watched : tensors) {
    const Tensor& t = graph.tensor(watched.tensor);
    if (t.type != DataType::kF32 || t.is_constant()) {
      return absl::InternalError(absl::StrCat("tensor '", t.name, "' cannot be observed"));
    }
  }
  return absl::OkStatus();
}

std::shared_ptr<ThreadPool> PoolOrShared(std::shared_ptr<ThreadPool> pool) {
  return pool != nullptr ? std::move(pool) : ThreadPool::Shared();
}

}  // namespace

absl::StatusOr<Statistics> GatherStatistics(const Graph& graph,
                                            absl::Span<const WatchedTensor> tensors,
                                            const SampleSource& source,
                                            const GatherOptions& options) {
  absl::Status status = Watchable(graph, tensors);
  if (!status.ok()) return status;
  if (source.size() == 0)
    return absl::InvalidArgumentError("there are no samples to calibrate with");
  std::vector<Watch> watches;
  std::vector<TensorId> ids;
  for (const WatchedTensor& watched : tensors) {
    watches.push_back(
        {watched.tensor, Observer(options.moving_average_constant, watched.channel_axis), {}});
    ids.push_back(watched.tensor);
  }
  absl::StatusOr<Taps> taps = Taps::Create(graph, ids, source, options.run);
  if (!taps.ok()) return taps.status();

  const std::shared_ptr<ThreadPool> pool = PoolOrShared(options.run.pool);
  Sha256 hash;
  for (int64_t first = 0; first < source.size(); first += taps->batch()) {
    const absl::StatusOr<int64_t> count =
        taps->Run(first, [&](const Sample& sample) { HashSample(sample, hash); });
    if (!count.ok()) return count.status();
    pool->ParallelFor(static_cast<int64_t>(watches.size()), [&](int64_t i) {
      const auto index = static_cast<size_t>(i);
      Observe(watches[index], taps->values(index), taps->shape(index), *count, taps->batch());
    });
    status = FirstProblem(graph, watches, NamesOf(source, first, *count));
    if (!status.ok()) return status;
    if (options.progress) options.progress(first + *count, source.size());
  }
  pool->Rest();
  Statistics result;
  result.data_hash = hash.HexDigest();
  result.samples = source.size();
  result.moving_average_constant = options.moving_average_constant;
  for (const Watch& watch : watches) result.tensors[watch.tensor] = watch.observer.statistics();
  return result;
}

std::map<TensorId, Range> ChooseRanges(const Statistics& statistics, const RangeRules& rules,
                                       std::shared_ptr<ThreadPool> pool) {
  pool = PoolOrShared(std::move(pool));
  std::vector<std::pair<TensorId, const TensorStatistics*>> tensors;
  for (const auto& [id, tensor] : statistics.tensors) tensors.emplace_back(id, &tensor);
  std::vector<Range> ranges(tensors.size());
  pool->ParallelFor(static_cast<int64_t>(tensors.size()), [&](int64_t i) {
    const auto [id, tensor] = tensors[static_cast<size_t>(i)];
    const auto special = rules.special.find(id);
    const RangeRule& rule = special == rules.special.end() ? rules.common : special->second;
    Range& range = ranges[static_cast<size_t>(i)];
    range = rule.fixed ? *rule.fixed : ChooseRange(*tensor, rule.calibrator, rule.scheme);
    range.symmetric = rule.scheme.symmetric;
  });
  pool->Rest();
  std::map<TensorId, Range> result;
  for (size_t i = 0; i < tensors.size(); ++i) result[tensors[i].first] = ranges[i];
  return result;
}

}  // namespace octet
