#include "tools/import/slice_sizes.h"

#include "absl/types/optional.h"

namespace octet::importer {
namespace {

// An end of a slice, counted from the start of a dimension of `size`; nothing where it may have to
// be cut.
absl::optional<ProbedSize> Resolve(const ProbedSize& number, const ProbedSize& size,
                                   const Probes& probes) {
  if (IsFixed(number) && number[0] < 0) {
    ProbedSize from_start;
    for (size_t p = 0; p < kProbes; ++p) from_start[p] = size[p] + number[p];
    const bool exists = probes.AtLeast(size).value_or(0) >= -number[0] ||
                        probes.AtLeast(from_start).value_or(-1) >= 0;
    return exists ? absl::make_optional(from_start) : absl::nullopt;
  }
  if (probes.AtLeast(number).value_or(-1) < 0) return absl::nullopt;
  if (probes.LeastDifference(number, size).value_or(-1) >= 0) return size;
  if (probes.LeastDifference(size, number).value_or(-1) >= 0) return number;
  return absl::nullopt;
}

}  // namespace

bool IsCertainSlice(const ProbedSize& size, const ProbedSize& start, const ProbedSize& end,
                    const ProbedSize& step, const Probes& probes) {
  const bool whole_back = IsFixed(step) && step[0] == -1 && IsFixed(start) && start[0] == -1 &&
                          IsFixed(end) && end[0] < -(int64_t{1} << 30);
  if (whole_back || (IsFixed(size) && IsFixed(start) && IsFixed(end) && IsFixed(step))) return true;
  if (!IsFixed(step) || step[0] < 1) return false;
  const auto first = Resolve(start, size, probes), last = Resolve(end, size, probes);
  return first && last && probes.LeastDifference(*last, *first).value_or(-1) >= 0;
}

void SettleSlice(absl::Span<const Node> bound, const ProbedShape& x, Probes& probes,
                 ProbedShape& y) {
  const auto options = [&](size_t p) -> const schema::SliceOptionsT& {
    return bound[p].as<schema::SliceOptionsT>();
  };
  const auto set_unknown = [&](size_t dim) {
    const ProbedSize unknown = probes.Unknown();
    probes.NoteAtLeast(unknown, 0);
    for (size_t p = 0; p < kProbes; ++p) y[p][dim] = unknown[p];
  };
  for (size_t i = 0; i < options(0).axes.size(); ++i) {
    const auto axis = static_cast<size_t>(options(0).axes[i]);
    ProbedSize start, end, step;
    bool same_axes = true;
    for (size_t p = 0; p < kProbes; ++p) {
      same_axes = same_axes && options(p).axes == options(0).axes;
      start[p] = options(p).starts[i];
      end[p] = options(p).ends[i];
      step[p] = options(p).steps.empty() ? 1 : options(p).steps[i];
    }
    if (!same_axes) {
      for (size_t dim = 0; dim < y[0].size(); ++dim) set_unknown(dim);
      return;
    }
    if (IsCertainSlice(SizeAt(x, axis), start, end, step, probes)) {
      if (!IsFixed(SizeAt(y, axis))) probes.NoteAtLeast(SizeAt(y, axis), 0);
    } else if (IsFixed(SizeAt(y, axis))) {
      set_unknown(axis);
    }
  }
}

}  // namespace octet::importer
