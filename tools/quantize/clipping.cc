#include "tools/quantize/clipping.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "octet/thread_pool.h"
#include "runtime/core/numerics.h"
#include "tools/evaluate/taps.h"
#include "tools/quantize/layer_run.h"
#include "tools/quantize/scheme.h"
#include "tools/quantize/sharing.h"
#include "tools/quantize/value_loops.h"

namespace octet {
namespace {

// What is left of an end's distance from 0, and how often the search goes on where the least is
// best.
constexpr float kShares[] = {0.95f, 0.9f, 0.85f, 0.8f, 0.7f, 0.6f, 0.5f};
constexpr int kMostRounds = 4;

// By how much the error has to fall for an end to move: no more than chance among the samples.
constexpr double kLeastGain = 0.01;

constexpr int64_t kMostRuns = 32;
constexpr size_t kMostBytes = size_t{512} << 20;  // of layers that are examined at a time
constexpr int64_t kBlock = 1 << 14;               // values that a thread rounds at a time

// Something that reads tensors of a set.
struct Reader {
  int node;                       // -1: the values themselves count
  std::vector<TensorId> tensors;  // of the set
};

// Tensors with one range.
struct Set {
  Range range;
  std::vector<TensorId> members;  // that are computed
  std::vector<Reader> readers;
  std::vector<Range> candidates;  // none, or `range` and narrower ones
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
    FindSets(ranges);
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
    for (const Set& set : sets_) {
      for (TensorId id : set.members) {
        Range& range = ranges.at(id);
        range.min = std::max(range.min, set.range.min);
        range.max = std::min(range.max, set.range.max);
      }
    }
    return absl::OkStatus();
  }

 private:
  void FindSets(const std::map<TensorId, Range>& ranges) {
    const std::vector<TensorId> set_of = RangeSets(graph_, precision_);
    std::map<TensorId, Set> sets;
    std::set<TensorId> fixed;
    for (const auto& [id, range] : ShareRanges(graph_, precision_, ranges)) {
      const TensorId root = set_of[static_cast<size_t>(id)];
      if (options_.fixed.count(id) > 0) fixed.insert(root);
      sets[root].range = range;
      if (!graph_.tensor(id).is_constant()) sets[root].members.push_back(id);
    }
    for (auto& [root, set] : sets) {
      if (set.members.empty() || fixed.count(root) > 0) continue;
      FindReaders(set);
      if (!set.readers.empty()) sets_.push_back(std::move(set));
    }
    const auto first_reader = [](const Set& set) { return set.readers[0].node; };
    std::stable_sort(sets_.begin(), sets_.end(),
                     [&](const Set& a, const Set& b) { return first_reader(a) < first_reader(b); });
  }

  void FindReaders(Set& set) const {
    const auto is_member = [&](TensorId id) {
      return std::find(set.members.begin(), set.members.end(), id) != set.members.end();
    };
    std::set<TensorId> real;  // that are read as real numbers
    for (TensorId id : graph_.outputs) {
      if (is_member(id)) real.insert(id);
    }
    std::set<TensorId> made;  // as integers
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (precision_[i] == Precision::kInt8) made.insert(node.outputs.begin(), node.outputs.end());
      Reader reader = {static_cast<int>(i), {}};
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        const TensorId id = node.inputs[k];
        if (!is_member(id)) continue;
        if (IsReadAsInteger(precision_[i], k)) {
          reader.tensors.push_back(id);
        } else if (made.count(id) > 0) {
          real.insert(id);
        }
      }
      const bool moves =
          precision_[i] == Precision::kInt8 && RoleOf(graph_, node) == Int8Role::kMovement;
      if (!reader.tensors.empty() && !moves) set.readers.push_back(std::move(reader));
    }
    if (!real.empty()) set.readers.push_back({-1, {real.begin(), real.end()}});
  }

  static bool IsReadAsInteger(Precision precision, size_t input) {
    return precision == Precision::kInt8 || (precision == Precision::kInt8ToFloat && input == 0);
  }

  size_t EndOfChunk(size_t first) const {
    size_t bytes = 0, end = first;
    for (; end < sets_.size(); ++end) {
      for (const Reader& reader : sets_[end].readers) {
        if (reader.node < 0) continue;
        for (TensorId id : graph_.nodes[static_cast<size_t>(reader.node)].inputs)
          bytes += id == kNoTensor ? 0 : graph_.tensor(id).data.size();
      }
      if (end > first && bytes > kMostBytes) break;
    }
    return end;
  }

  absl::Status NarrowEnd(bool upper, absl::Span<Set> sets) {
    for (Set& set : sets) SetCandidates(upper, set);
    for (int round = 0; round < kMostRounds; ++round) {
      absl::Status status = Measure(sets);
      if (!status.ok()) return status;
      for (Set& set : sets) {
        const bool more = Choose(set);
        set.candidates.clear();
        if (more) SetCandidates(upper, set);
      }
    }
    return absl::OkStatus();
  }

  // The two ends of a symmetric range move together, as upper ones.
  static void SetCandidates(bool upper, Set& set) {
    set.candidates.clear();
    const float end = upper ? set.range.max : set.range.min;
    if (end == 0 || (!upper && set.range.symmetric)) return;
    set.candidates = {set.range};
    for (const float share : kShares) {
      Range range = set.range;
      if (upper || range.symmetric) range.max *= share;
      if (!upper || range.symmetric) range.min *= share;
      set.candidates.push_back(range);
    }
    set.errors.assign(set.candidates.size(), 0.0);
  }

  // Takes the best candidate. Whether it is the narrowest.
  static bool Choose(Set& set) {
    if (set.candidates.empty()) return false;
    const auto least = std::min_element(set.errors.begin(), set.errors.end());
    if (!(*least < (1 - kLeastGain) * set.errors[0])) return false;
    set.range = set.candidates[static_cast<size_t>(least - set.errors.begin())];
    return least + 1 == set.errors.end();
  }

  // Adds up the errors of all candidates.
  absl::Status Measure(absl::Span<Set> sets) {
    std::map<int, LayerRun> layers;
    std::map<TensorId, size_t> taps_of;
    std::vector<TensorId> tapped;
    const auto tap = [&](TensorId id) {
      if (taps_of.emplace(id, tapped.size()).second) tapped.push_back(id);
    };
    for (const Set& set : sets) {
      if (set.candidates.empty()) continue;
      for (const Reader& reader : set.readers) {
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
      for (Set& set : sets) {
        if (set.candidates.empty()) continue;
        for (const Reader& reader : set.readers) {
          if (reader.node < 0) {
            MeasureValues(reader, taps_of, *taps, set);
          } else {
            status = MeasureLayer(reader, taps_of, *taps, layers.at(reader.node), set);
          }
          if (!status.ok()) return status;
        }
      }
    }
    return absl::OkStatus();
  }

  void MeasureValues(const Reader& reader, const std::map<TensorId, size_t>& taps_of, Taps& taps,
                     Set& set) {
    for (TensorId id : reader.tensors) {
      const absl::Span<const float> values = taps.values(taps_of.at(id));
      rounded_.resize(values.size());
      for (size_t c = 0; c < set.candidates.size(); ++c) {
        Round(values, set.candidates[c], absl::MakeSpan(rounded_));
        AddError(values, rounded_, set.errors[c]);
      }
    }
  }

  absl::Status MeasureLayer(const Reader& reader, const std::map<TensorId, size_t>& taps_of,
                            Taps& taps, LayerRun& layer, Set& set) {
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
  std::vector<Set> sets_;
  std::vector<float> exact_, rounded_;
};

}  // namespace

absl::Status NarrowRanges(const Graph& graph, const std::vector<Precision>& precision,
                          const SampleSource& samples, const ClippingOptions& options,
                          std::map<TensorId, Range>& ranges) {
  return Narrowing(graph, precision, samples, options).Narrow(ranges);
}

}  // namespace octet
