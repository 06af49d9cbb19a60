#include "tools/evaluate/numerics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "runtime/core/half.h"
#include "tools/evaluate/taps.h"

namespace octet {
namespace {

bool IsReal(const Tensor& t) {
  return !t.quant &&
         (t.type == DataType::kF32 || t.type == DataType::kF16 || t.type == DataType::kBF16);
}

// What a tensor holds that is not finite.
struct State {
  bool nan = false, infinite = false;
  int64_t count = 0;
  int64_t first = -1;  // element
  float value = 0;
  double largest = 0;  // finite magnitude
};

template <typename Values>
State StateOf(const Values& value_at, int64_t count) {
  State state;
  for (int64_t i = 0; i < count; ++i) {
    const float v = value_at(i);
    if (std::isfinite(v)) {
      state.largest = std::max<double>(state.largest, std::abs(v));
      continue;
    }
    state.nan = state.nan || std::isnan(v);
    state.infinite = state.infinite || std::isinf(v);
    if (state.count++ == 0) {
      state.first = i;
      state.value = v;
    }
  }
  return state;
}

State StateOfConstant(const Tensor& t) {
  const int64_t count = NumElements(t.shape);
  if (t.type == DataType::kF32) {
    const absl::Span<const float> values = t.data.as<float>();
    return StateOf([&](int64_t i) { return values[static_cast<size_t>(i)]; }, count);
  }
  const absl::Span<const uint16_t> values = t.data.as<uint16_t>();
  const auto widen = t.type == DataType::kF16 ? HalfToFloat : BFloat16ToFloat;
  return StateOf([&](int64_t i) { return widen(values[static_cast<size_t>(i)]); }, count);
}

// States of all real tensors in one run.
class Search {
 public:
  explicit Search(const Graph& graph) : graph_(graph), states_(graph.tensors.size()) {
    for (size_t i = 0; i < graph.tensors.size(); ++i) {
      const Tensor& t = graph.tensors[i];
      if (IsReal(t) && t.is_constant()) states_[i] = StateOfConstant(t);
    }
    std::vector<bool> listed(graph.tensors.size(), false);
    const auto list = [&](TensorId id) {
      if (id == kNoTensor || !IsReal(graph.tensor(id)) || listed[static_cast<size_t>(id)]) return;
      listed[static_cast<size_t>(id)] = true;
      tensors_.push_back(id);
    };
    for (TensorId id : graph.inputs) list(id);
    for (const Node& node : graph.nodes) {
      for (TensorId id : node.outputs) list(id);
    }
  }

  const std::vector<TensorId>& tensors() const { return tensors_; }

  absl::optional<NonFinite> Look(Taps& taps, int64_t first, int64_t count) {
    sizes_.clear();
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const absl::Span<const float> values = taps.values(i);
      sizes_.push_back(static_cast<int64_t>(values.size()));
      states_[static_cast<size_t>(tensors_[i])] =
          StateOf([&](int64_t k) { return values[static_cast<size_t>(k)]; },
                  static_cast<int64_t>(values.size()));
    }
    for (const Node& node : graph_.nodes) {
      for (TensorId id : node.outputs) {
        if (id == kNoTensor || !Turns(node, states_[static_cast<size_t>(id)])) continue;
        return Describe(node, id, first, count, taps.batch());
      }
    }
    return absl::nullopt;
  }

 private:
  // Whether the operator makes non-finite numbers of finite ones.
  bool Turns(const Node& node, const State& y) const {
    if (y.count == 0) return false;
    bool nan = false, any = false;
    for (TensorId id : node.inputs) {
      if (id == kNoTensor) continue;
      const State& x = states_[static_cast<size_t>(id)];
      nan = nan || x.nan;
      any = any || x.count > 0;
    }
    return (y.nan && !nan) || !any;
  }

  NonFinite Describe(const Node& node, TensorId id, int64_t first, int64_t count,
                     int64_t batch) const {
    const State& state = states_[static_cast<size_t>(id)];
    const Tensor& t = graph_.tensor(id);
    NonFinite found;
    found.tensor = t.name;
    found.op = node.name;
    found.type = std::string(Name(node.type()));
    found.stored = t.type;
    found.value = state.value;
    found.element = state.first;
    found.elements = state.count;
    // Samples lie one behind the other in a batch.
    const int64_t elements = Elements(id);
    const int64_t in_batch =
        elements >= batch ? state.first / std::max<int64_t>(elements / batch, 1) : 0;
    found.sample = first + std::min(in_batch, count - 1);
    for (TensorId input : node.inputs) {
      if (input == kNoTensor) continue;
      found.largest = std::max(found.largest, states_[static_cast<size_t>(input)].largest);
    }
    return found;
  }

  int64_t Elements(TensorId id) const {
    const auto at = std::find(tensors_.begin(), tensors_.end(), id);
    return sizes_.at(static_cast<size_t>(at - tensors_.begin()));
  }

  const Graph& graph_;
  std::vector<State> states_;      // by tensor
  std::vector<TensorId> tensors_;  // real inputs and computed tensors
  std::vector<int64_t> sizes_;     // of these in the last run
};

}  // namespace

absl::StatusOr<absl::optional<NonFinite>> FindNonFinite(const Graph& graph,
                                                        const SampleSource& source,
                                                        const ModelOptions& options) {
  Search search(graph);
  absl::StatusOr<Taps> taps = Taps::Create(graph, search.tensors(), source, options);
  if (!taps.ok()) return taps.status();
  for (int64_t first = 0; first < source.size(); first += taps->batch()) {
    const absl::StatusOr<int64_t> count = taps->Run(first);
    if (!count.ok()) return count.status();
    absl::optional<NonFinite> found = search.Look(*taps, first, *count);
    if (found) return found;
  }
  return absl::optional<NonFinite>();
}

}  // namespace octet
