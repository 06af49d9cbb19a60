#include <algorithm>
#include <cmath>

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

using schema::NormalizationKind;

constexpr size_t kScale = 1, kBias = 2;

// scale or bias: where the number for an element of x lies.
class Parameter {
 public:
  Parameter(const Problem& problem, size_t input, const RunArgs& args)
      : present_(problem.has_input(input)),
        per_channel_(problem.node->as<schema::NormalizationOptionsT>().kind ==
                     NormalizationKind::GROUP),
        numbers_(present_ ? problem.In(input, args) : problem.In(0, args)) {}

  double At(const Shape& index, double absent) const {
    if (!present_) return absent;
    if (per_channel_) return numbers_.Real(index[1]);
    const Shape& shape = numbers_.shape();
    const size_t skipped = index.size() - shape.size();
    int64_t offset = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] > 1) offset += index[skipped + d] * numbers_.strides()[d];
    }
    return numbers_.Real(offset);
  }

 private:
  bool present_, per_channel_;
  Numbers numbers_;
};

// Elements that are normalized together: those at begin + index for every index into `inner`.
struct Rows {
  Shape outer;  // how many rows along each dimension
  Shape inner;

  Rows(const schema::NormalizationOptionsT& options, const Shape& x) : outer(x), inner(x) {
    if (options.kind == NormalizationKind::GROUP) {
      std::fill(outer.begin() + 1, outer.end(), 1);
      outer[1] = options.groups;
      inner[0] = 1;
      inner[1] = x[1] / options.groups;
      return;
    }
    std::fill(outer.begin() + options.axis, outer.end(), 1);
    std::fill(inner.begin(), inner.begin() + options.axis, 1);
  }

  // Calls fn(index) for each element of a row.
  template <typename Fn>
  void ForEachElement(const Shape& row, const Fn& fn) const {
    Shape index(row.size());
    ForEachIndex(inner, [&](const Shape& at) {
      for (size_t d = 0; d < at.size(); ++d) index[d] = row[d] * inner[d] + at[d];
      fn(index);
    });
  }
};

void Compute(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::NormalizationOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const Parameter scale(problem, kScale, args), bias(problem, kBias, args);
  const Rows rows(options, x.shape());
  const auto count = static_cast<double>(NumElements(rows.inner));
  ForEachIndex(rows.outer, [&](const Shape& row) {
    const auto real = [&](const Shape& at) { return static_cast<double>(x.Real(x.Offset(at))); };
    double mean = 0, squares = 0;
    if (options.kind != NormalizationKind::RMS) {
      rows.ForEachElement(row, [&](const Shape& at) { mean += real(at); });
      mean /= count;
    }
    rows.ForEachElement(row,
                        [&](const Shape& at) { squares += (real(at) - mean) * (real(at) - mean); });
    const double deviation = std::sqrt(squares / count + options.epsilon);
    rows.ForEachElement(row, [&](const Shape& at) {
      const double v = (real(at) - mean) / deviation * scale.At(at, 1) + bias.At(at, 0);
      y.SetReal(y.Offset(at), static_cast<float>(v));
    });
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceNormalization = {"reference", CheckF32,
                                             reference::PrepareWith<reference::Compute>};

}  // namespace octet
