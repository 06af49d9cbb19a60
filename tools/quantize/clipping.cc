#include "tools/quantize/clipping.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "octet/thread_pool.h"
#include "runtime/core/numerics.h"
#include "runtime/model_internal.h"
#include "tools/evaluate/evaluate.h"
#include "tools/evaluate/taps.h"
#include "tools/quantize/layer_run.h"
#include "tools/quantize/range_sets.h"
#include "tools/quantize/scheme.h"
#include "tools/quantize/value_loops.h"

namespace octet {
namespace {

// What is left of an end's distance from 0, and how often the search goes on where the least is
// best.
constexpr float kShares[] = {0.95f, 0.9f, 0.85f, 0.8f, 0.7f, 0.6f, 0.5f};
constexpr int kMostRounds = 4;

// By how much the error has to fall for an end to move: no more than chance among the samples.
constexpr double kLeastGain = 0.01;

constexpr double kLeastDecibels = 0.2;  // at the outputs

constexpr int64_t kMostRuns = 8;
constexpr size_t kMostBytes = size_t{512} << 20;  // of layers that are examined at a time
constexpr int64_t kBlock = 1 << 14;               // values that a thread rounds at a time

// A set while it is examined.
struct Examined {
  RangeSet set;
  Range original;
  std::vector<Range> candidates;  // none, or the set's range and narrower ones
  std::vector<double> errors;     // by candidate
};

class Narrowing {
 public:
  Narrowing(const Graph& graph, const std::vector<Precision>& precision,
            const SampleSource& samples, const ClippingOptions& options)
      : graph_(graph),
        precision_(precision),
        samples_(samples),
        options_(options),
        pool_(options.run.pool == nullptr ? ThreadPool::Shared() : options.run.pool) {}

  absl::Status Narrow(std::map<TensorId, Range>& ranges) {
    for (RangeSet& set : FindRangeSets(graph_, precision_, ranges, options_.fixed)) {
      const Range range = set.range;
      sets_.push_back({std::move(set), range, {}, {}});
    }
    for (size_t first = 0; first < sets_.size();) {
      const size_t end = EndOfChunk(first);
      const auto chunk = absl::MakeSpan(sets_).subspan(first, end - first);
      for (const bool upper : {true, false}) {
        absl::Status status = NarrowEnd(upper, chunk);
        if (!status.ok()) return status;
      }
      first = end;
    }
    pool_->Rest();
    absl::Status status = Confirm();
    if (!status.ok()) return status;
    for (const Examined& examined : sets_) {
      for (TensorId id : examined.set.members) {
        Range& range = ranges.at(id);
        range.min = std::max(range.min, examined.set.range.min);
        range.max = std::min(range.max, examined.set.range.max);
      }
    }
    return absl::OkStatus();
  }

 private:
  size_t EndOfChunk(size_t first) const {
    size_t bytes = 0, end = first;
    for (; end < sets_.size(); ++end) {
      for (const RangeReader& reader : sets_[end].set.readers) {
        if (reader.node < 0) continue;
        for (TensorId id : graph_.nodes[static_cast<size_t>(reader.node)].inputs)
          bytes += id == kNoTensor ? 0 : graph_.tensor(id).data.size();
      }
      if (end > first && bytes > kMostBytes) break;
    }
    return end;
  }

  absl::Status NarrowEnd(bool upper, absl::Span<Examined> sets) {
    for (Examined& set : sets) SetCandidates(upper, set);
    for (int round = 0; round < kMostRounds; ++round) {
      absl::Status status = Measure(sets);
      if (!status.ok()) return status;
      for (Examined& set : sets) {
        const bool more = Choose(set);
        set.candidates.clear();
        if (more) SetCandidates(upper, set);
      }
    }
    return absl::OkStatus();
  }

  // The two ends of a symmetric range move together, as upper ones.
  static void SetCandidates(bool upper, Examined& examined) {
    examined.candidates.clear();
    const Range& widest = examined.set.range;
    const float end = upper ? widest.max : widest.min;
    if (end == 0 || (!upper && widest.symmetric)) return;
    examined.candidates = {widest};
    for (const float share : kShares) {
      Range range = widest;
      if (upper || range.symmetric) range.max *= share;
      if (!upper || range.symmetric) range.min *= share;
      examined.candidates.push_back(range);
    }
    examined.errors.assign(examined.candidates.size(), 0.0);
  }

  // Takes the best candidate. Whether it is the narrowest.
  static bool Choose(Examined& examined) {
    const std::vector<double>& errors = examined.errors;
    if (examined.candidates.empty()) return false;
    const auto least = std::min_element(errors.begin(), errors.end());
    if (!(*least < (1 - kLeastGain) * errors[0])) return false;
    examined.set.range = examined.candidates[static_cast<size_t>(least - errors.begin())];
    return least + 1 == errors.end();
  }

  // Adds up the errors of all candidates.
  absl::Status Measure(absl::Span<Examined> sets) {
    std::map<int, LayerRun> layers;
    std::map<TensorId, size_t> taps_of;
    std::vector<TensorId> tapped;
    const auto tap = [&](TensorId id) {
      if (taps_of.emplace(id, tapped.size()).second) tapped.push_back(id);
    };
    for (const Examined& examined : sets) {
      if (examined.candidates.empty()) continue;
      for (const RangeReader& reader : examined.set.readers) {
        for (TensorId id : reader.tensors) tap(id);
        if (reader.node < 0 || layers.count(reader.node) > 0) continue;
        absl::StatusOr<LayerRun> layer =
            LayerRun::Create(graph_, graph_.nodes[static_cast<size_t>(reader.node)], options_.run);
        if (!layer.ok()) return layer.status();
        for (TensorId id : layer->inputs()) tap(id);
        layers.emplace(reader.node, *std::move(layer));
      }
    }
    if (tapped.empty()) return absl::OkStatus();
    absl::StatusOr<Taps> taps = Taps::Create(graph_, tapped, samples_, options_.run);
    if (!taps.ok()) return taps.status();
    const int64_t all = (samples_.size() + taps->batch() - 1) / taps->batch();
    const int64_t runs = std::min(all, kMostRuns);
    for (int64_t run = 0; run < runs; ++run) {
      absl::Status status = taps->Run(run * all / runs * taps->batch()).status();
      if (!status.ok()) return status;
      for (Examined& examined : sets) {
        if (examined.candidates.empty()) continue;
        for (const RangeReader& reader : examined.set.readers) {
          if (reader.node < 0) {
            MeasureValues(reader, taps_of, *taps, examined);
          } else {
            status = MeasureLayer(reader, taps_of, *taps, layers.at(reader.node), examined);
          }
          if (!status.ok()) return status;
        }
      }
    }
    return absl::OkStatus();
  }

  void MeasureValues(const RangeReader& reader, const std::map<TensorId, size_t>& taps_of,
                     Taps& taps, Examined& set) {
    for (TensorId id : reader.tensors) {
      const absl::Span<const float> values = taps.values(taps_of.at(id));
      rounded_.resize(values.size());
      for (size_t c = 0; c < set.candidates.size(); ++c) {
        Round(values, set.candidates[c], absl::MakeSpan(rounded_));
        AddError(values, rounded_, set.errors[c]);
      }
    }
  }

  absl::Status MeasureLayer(const RangeReader& reader, const std::map<TensorId, size_t>& taps_of,
                            Taps& taps, LayerRun& layer, Examined& set) {
    std::vector<Shape> shapes;
    for (TensorId id : layer.inputs()) shapes.push_back(taps.shape(taps_of.at(id)));
    absl::Status status = layer.Resize(shapes);
    if (!status.ok()) return status;
    const auto run = [&](const Range* range) {
      for (size_t i = 0; i < layer.inputs().size(); ++i) {
        const TensorId id = layer.inputs()[i];
        const absl::Span<const float> values = taps.values(taps_of.at(id));
        const bool of_set =
            std::find(reader.tensors.begin(), reader.tensors.end(), id) != reader.tensors.end();
        if (range != nullptr && of_set) {
          Round(values, *range, layer.input(i));
        } else {
          std::copy(values.begin(), values.end(), layer.input(i).begin());
        }
      }
      return layer.Run();
    };
    status = run(nullptr);
    if (!status.ok()) return status;
    exact_.assign(layer.output().begin(), layer.output().end());
    for (size_t c = 0; c < set.candidates.size(); ++c) {
      status = run(&set.candidates[c]);
      if (!status.ok()) return status;
      AddError(exact_, layer.output(), set.errors[c]);
    }
    return absl::OkStatus();
  }

  // Takes back what brings the network's outputs no closer when it is done alone.
  absl::Status Confirm() {
    absl::StatusOr<std::shared_ptr<const Model>> truth = ModelFromGraph(graph_, options_.run);
    if (!truth.ok()) return truth.status();
    const FirstSamples some(samples_, kMostRuns);
    for (Examined& examined : sets_) {
      const Range narrow = examined.set.range, wide = examined.original;
      if (narrow == wide) continue;
      const Range between = {(narrow.min + wide.min) / 2, (narrow.max + wide.max) / 2,
                             wide.symmetric};
      const Range candidates[] = {wide, between, narrow};
      std::vector<std::shared_ptr<const Model>> models;
      std::vector<const Model*> pointers;
      for (const Range& range : candidates) {
        absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(
            WithRoundedSet(graph_, precision_, examined.set, range, options_.activations),
            options_.run);
        if (!model.ok()) return model.status();
        models.push_back(*std::move(model));
        pointers.push_back(models.back().get());
      }
      absl::StatusOr<std::vector<Evaluation>> judged =
          EvaluateAll(pointers, truth->get(), some, {});
      if (!judged.ok()) return judged.status();
      double best = judged->front().sqnr_db.value_or(0) + kLeastDecibels;
      examined.set.range = wide;
      for (size_t c = 1; c < judged->size(); ++c) {
        const double decibels = (*judged)[c].sqnr_db.value_or(0);
        if (decibels < best) continue;
        best = decibels;
        examined.set.range = candidates[c];
      }
    }
    return absl::OkStatus();
  }

  void Round(absl::Span<const float> values, const Range& range, absl::Span<float> result) {
    const QuantParams params = ActivationParams(range, options_.activations);
    const IntRange integers = ActivationScheme{options_.activations, range.symmetric}.integers();
    ForBlocks(values.size(), [&](size_t first, size_t size, size_t) {
      RoundValues(values.subspan(first, size), params, integers, result.subspan(first, size));
    });
  }

  void AddError(absl::Span<const float> exact, absl::Span<const float> rounded, double& error) {
    std::vector<Squares> blocks(exact.size() / kBlock + 1);
    ForBlocks(exact.size(), [&](size_t first, size_t size, size_t block) {
      blocks[block] = SquaresOf(exact.subspan(first, size), rounded.subspan(first, size));
    });
    Squares sum;
    for (const Squares& block : blocks) {
      sum.values += block.values;
      sum.differences += block.differences;
    }
    if (sum.values > 0) error += sum.differences / sum.values;
  }

  template <typename Fn>
  void ForBlocks(size_t size, Fn fn) {
    const auto blocks = static_cast<int64_t>((size + kBlock - 1) / kBlock);
    pool_->ParallelFor(blocks, [&](int64_t block) {
      const auto first = static_cast<size_t>(block * kBlock);
      fn(first, std::min(size - first, static_cast<size_t>(kBlock)), static_cast<size_t>(block));
    });
  }

  const Graph& graph_;
  const std::vector<Precision>& precision_;
  const SampleSource& samples_;
  const ClippingOptions& options_;
  const std::shared_ptr<ThreadPool> pool_;
  std::vector<Examined> sets_;
  std::vector<float> exact_, rounded_;
};

}  // namespace

absl::Status NarrowRanges(const Graph& graph, const std::vector<Precision>& precision,
                          const SampleSource& samples, const ClippingOptions& options,
                          std::map<TensorId, Range>& ranges) {
  return Narrowing(graph, precision, samples, options).Narrow(ranges);
}

}  // namespace octet
