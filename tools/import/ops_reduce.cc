#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Reductions: of the elements themselves, or with a function before and after.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::ReduceKind;
using schema::UnaryKind;

// Which dimensions a reduction takes: in the options, or as a second input.
struct Axes {
  schema::ReduceOptionsT options;
  TensorId input = kNoTensor;
  bool nothing = false;  // no dimension at all is reduced

  std::vector<TensorId> Inputs(TensorId x) const {
    return input == kNoTensor ? std::vector<TensorId>{x} : std::vector<TensorId>{x, input};
  }
  schema::ReduceOptionsT Of(ReduceKind kind) const {
    schema::ReduceOptionsT result = options;
    result.kind = kind;
    return result;
  }
};

absl::StatusOr<Axes> ReadAxes(OpContext& c, int since) {
  Axes result;
  const bool noop = c.attributes.Int("noop_with_empty_axes", 0) != 0;
  result.options.keep_dims = c.attributes.Int("keepdims", 1) != 0;
  if (c.opset >= since && c.IsOpen(1)) {
    absl::StatusOr<TensorId> axes = c.Tensor(1);
    if (!axes.ok()) return axes.status();
    result.input = *axes;
    result.options.empty_is_none = noop;
    return result;
  }
  auto axes = c.Numbers("axes", 1, since);
  if (!axes.ok()) return axes.status();
  const size_t rank = c.value(0).rank();
  std::vector<int>& to = result.options.axes;
  for (size_t i = 0; i < rank && axes->empty() && !noop; ++i) to.push_back(static_cast<int>(i));
  for (const int64_t a : *axes) {
    const auto axis = NormalizeAxis(a, rank);
    if (!axis.ok()) return axis.status();
    to.push_back(static_cast<int>(*axis));
  }
  std::sort(to.begin(), to.end());
  to.erase(std::unique(to.begin(), to.end()), to.end());
  result.nothing = to.empty();
  // A scalar has no dimensions to name.
  result.options.empty_is_none = result.nothing;
  return result;
}

absl::Status FinishReduce(OpContext& c, const Axes& axes, ReduceKind kind, const Value& x) {
  if (!axes.nothing) return c.Finish(axes.Of(kind), axes.Inputs(x.tensor));
  c.outputs = {x};
  return absl::OkStatus();
}

struct ReduceRow {
  const char* op;
  ReduceKind kind;
  int axes_since;  // the version from which axes are an input
  UnaryKind before;
  bool square;
  UnaryKind after;
};

constexpr auto kNone = UnaryKind::IDENTITY;

constexpr ReduceRow kReduce[] = {
    {"ReduceL1", ReduceKind::SUM, 18, UnaryKind::ABS, false, kNone},
    {"ReduceL2", ReduceKind::SUM, 18, kNone, true, UnaryKind::SQRT},
    {"ReduceLogSum", ReduceKind::SUM, 18, kNone, false, UnaryKind::LOG},
    {"ReduceMax", ReduceKind::MAXIMUM, 18, kNone, false, kNone},
    {"ReduceMean", ReduceKind::MEAN, 18, kNone, false, kNone},
    {"ReduceMin", ReduceKind::MINIMUM, 18, kNone, false, kNone},
    {"ReduceProd", ReduceKind::PRODUCT, 18, kNone, false, kNone},
    {"ReduceSum", ReduceKind::SUM, 13, kNone, false, kNone},
    {"ReduceSumSquare", ReduceKind::SUM, 18, kNone, true, kNone},
};

absl::StatusOr<Value> Prepared(OpContext& c, const ReduceRow& row, TensorId x) {
  if (row.square) return c.Step("squares", Binary(BinaryKind::MUL), {x, x});
  if (row.before != kNone) return c.Step("prepared", Unary(row.before), {x});
  return c.value(0);
}

absl::Status ImportReduce(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto row = std::find_if(std::begin(kReduce), std::end(kReduce),
                                [&](const ReduceRow& r) { return c.node.op_type() == r.op; });
  const auto axes = ReadAxes(c, row->axes_since);
  if (!axes.ok()) return axes.status();
  const auto elements = Prepared(c, *row, *x);
  if (!elements.ok()) return elements.status();
  if (row->after == kNone) {
    // Booleans are ordered too, false below true.
    return FinishReduce(c, *axes, row->kind, *elements);
  }
  absl::StatusOr<Value> sum = *elements;
  if (!axes->nothing) sum = c.Step("sum", axes->Of(row->kind), axes->Inputs(elements->tensor));
  if (!sum.ok()) return sum.status();
  return c.Finish(Unary(row->after), {sum->tensor});
}

// log(sum(exp(x))) = m + log(sum(exp(x - m))) for the maximum m, which keeps exp within range.
// Infinite maxima are taken for the largest numbers, so that no difference of infinities occurs.
absl::Status ImportLogSumExp(OpContext& c) {
  constexpr float kMost = std::numeric_limits<float>::max();
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto axes = ReadAxes(c, 18);
  if (!axes.ok()) return axes.status();
  if (axes->nothing) return c.Forward(0);
  Axes kept = *axes;
  kept.options.keep_dims = true;
  auto most = c.Step("max", kept.Of(ReduceKind::MAXIMUM), kept.Inputs(*x));
  if (!most.ok()) return most.status();
  auto finite = c.Step("finite", Unary(UnaryKind::CLIP, -kMost, kMost), {most->tensor});
  if (!finite.ok()) return finite.status();
  auto shifted = c.Step("shifted", Binary(BinaryKind::SUB), {*x, finite->tensor});
  if (!shifted.ok()) return shifted.status();
  auto powers = c.Step("exp", Unary(UnaryKind::EXP), {shifted->tensor});
  if (!powers.ok()) return powers.status();
  auto sum = c.Step("sum", axes->Of(ReduceKind::SUM), axes->Inputs(powers->tensor));
  if (!sum.ok()) return sum.status();
  auto log = c.Step("log", Unary(UnaryKind::LOG), {sum->tensor});
  if (!log.ok()) return log.status();
  TensorId shift = finite->tensor;
  if (!axes->options.keep_dims) {
    auto dropped = c.Step("shift", axes->Of(ReduceKind::MAXIMUM), axes->Inputs(shift));
    if (!dropped.ok()) return dropped.status();
    shift = dropped->tensor;
  }
  return c.Finish(Binary(BinaryKind::ADD), {log->tensor, shift});
}

constexpr OpRow kRows[] = {
    {"ReduceL1", ImportReduce, 1, ""},     {"ReduceL2", ImportReduce, 1, ""},
    {"ReduceLogSum", ImportReduce, 1, ""}, {"ReduceLogSumExp", ImportLogSumExp, 1, ""},
    {"ReduceMax", ImportReduce, 1, ""},    {"ReduceMean", ImportReduce, 1, ""},
    {"ReduceMin", ImportReduce, 1, ""},    {"ReduceProd", ImportReduce, 1, ""},
    {"ReduceSum", ImportReduce, 1, ""},    {"ReduceSumSquare", ImportReduce, 1, ""},
};

}  // namespace

absl::Span<const OpRow> ReduceOps() { return kRows; }

}  // namespace octet::importer
