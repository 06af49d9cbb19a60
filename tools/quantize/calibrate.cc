#include "tools/quantize/calibrate.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/evaluate/taps.h"
#include "tools/quantize/bad_value.h"

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
void Observe(Watch& watch, absl::Span<const float> values, const Shape& shape, int64_t count,
             int64_t batch) {
  if (count < batch && !shape.empty() && shape[0] % batch == 0) {
    values = values.first(values.size() / static_cast<size_t>(batch) * static_cast<size_t>(count));
  }
  watch.status = watch.observer.Observe(values);
}

absl::Status Watchable(const Graph& graph, absl::Span<const TensorId> tensors) {
  for (TensorId id : tensors) {
    const Tensor& t = graph.tensor(id);
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

absl::StatusOr<Statistics> GatherStatistics(const Graph& graph, absl::Span<const TensorId> tensors,
                                            const SampleSource& source,
                                            const GatherOptions& options) {
  absl::Status status = Watchable(graph, tensors);
  if (!status.ok()) return status;
  if (source.size() == 0)
    return absl::InvalidArgumentError("there are no samples to calibrate with");
  std::vector<Watch> watches;
  for (TensorId id : tensors)
    watches.push_back({id, Observer(options.moving_average_constant), {}});
  absl::StatusOr<Taps> taps =
      Taps::Create(graph, {tensors.begin(), tensors.end()}, source, options.run);
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
    for (const Watch& watch : watches) {
      if (watch.status.ok()) continue;
      return BadValue(graph, watch.tensor, watch.status.message(), source, first, *count);
    }
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
