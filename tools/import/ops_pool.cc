#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/import/quantization.h"
#include "tools/import/steps.h"

namespace octet::importer {
namespace {

// How far the window reaches past x in dimension `i` when the number of outputs is rounded up. A
// window that would start in the padding at the end is left out.
absl::StatusOr<int64_t> ExtraPad(const Value& x, const Window& w, size_t i) {
  const int64_t stride = w.strides[i];
  const int64_t extent = int64_t{w.dilations[i]} * (w.kernel[i] - 1) + 1;
  if (!x.fixed(i + 2)) {
    // stride - 1 rounds every size up, as long as no window starts beyond x.
    if (extent >= w.pads_end[i] + stride) return stride - 1;
    return absl::UnimplementedError(
        "rounds a size up that is known only when the model runs; export the model with fixed "
        "sizes");
  }
  const int64_t size = x.shape[0][i + 2];
  const int64_t span = size + w.pads_begin[i] + w.pads_end[i] - extent;
  if (span < 0) return 0;
  int64_t last = (span + stride - 1) / stride * stride;
  if (last >= size + w.pads_begin[i]) last -= stride;
  return std::max<int64_t>(last - span, 0);
}

// The window of a pool, with what rounding up adds to its padding. `counts_pad`: an average that
// counts padding, but not what rounding up adds.
absl::StatusOr<schema::PoolOptionsT> ReadPool(OpContext& c, bool counts_pad) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  const std::vector<int64_t> kernel = c.attributes.Ints("kernel_shape");
  if (kernel.empty()) return absl::InvalidArgumentError("lacks the attribute 'kernel_shape'");
  auto window = ReadWindow(c, c.value(0), kernel);
  if (!window.ok()) return window.status();
  if (c.attributes.Int("ceil_mode", 0) != 0) {
    for (size_t i = 0; i < window->kernel.size(); ++i) {
      auto extra = ExtraPad(c.value(0), *window, i);
      if (!extra.ok()) return extra.status();
      const bool pads = window->pads_begin[i] + window->pads_end[i] > 0;
      if (*extra > 0 && counts_pad && (pads || window->kernel.size() > 1)) {
        return absl::UnimplementedError("combines ceil_mode with count_include_pad");
      }
      window->pads_end[i] += static_cast<int>(*extra);
    }
  }
  schema::PoolOptionsT options;
  options.kernel = window->kernel;
  options.strides = window->strides;
  options.dilations = window->dilations;
  options.pads_begin = window->pads_begin;
  options.pads_end = window->pads_end;
  return options;
}

bool IsDilated(const schema::PoolOptionsT& options) {
  return std::any_of(options.dilations.begin(), options.dilations.end(),
                     [](int dilation) { return dilation != 1; });
}

// Maxima of plain integers are those of the numbers that they may stand for.
absl::Status FinishMaxima(OpContext& c, schema::PoolOptionsT options) {
  const DataType type = c.value(0).type;
  absl::StatusOr<TensorId> x = IntegersOf(c, 0, UnitScale());
  if (!x.ok()) return x.status();
  absl::StatusOr<Value> y = c.Step("maxima", std::move(options), {*x}, type);
  if (!y.ok()) return y.status();
  c.builder.graph().tensor(y->tensor).quant = UnitScale();
  return c.Finish(schema::CastOptionsT(), {y->tensor}, type);
}

// Small integers average as floats, which hold them exactly.
absl::Status FinishPool(OpContext& c, schema::PoolOptionsT options) {
  Steps s(c);
  TensorId x = s.Input(0);
  const DataType type = c.value(0).type;
  if (type != DataType::kU8 && type != DataType::kS8) return s.Finish(std::move(options), {x});
  if (options.kind == schema::PoolKind::MAXIMUM) return FinishMaxima(c, std::move(options));
  x = s.Cast("real", DataType::kF32, x);
  return s.Finish(schema::CastOptionsT(), {s.Add("pool", std::move(options), {x})}, type);
}

absl::Status ImportMaxPool(OpContext& c) {
  if (c.wants(1)) {
    return absl::UnimplementedError("gives the indices of the maxima as its second output");
  }
  c.attributes.Ignore("storage_order");
  auto options = ReadPool(c, false);
  if (!options.ok()) return options.status();
  options->kind = schema::PoolKind::MAXIMUM;
  return FinishPool(c, *std::move(options));
}

absl::Status ImportAveragePool(OpContext& c) {
  const bool count_pad = c.attributes.Int("count_include_pad", 0) != 0;
  auto options = ReadPool(c, count_pad);
  if (!options.ok()) return options.status();
  if (IsDilated(*options)) return absl::UnimplementedError("averages over a dilated window");
  options->kind = schema::PoolKind::AVERAGE;
  options->count_include_pad = count_pad;
  return FinishPool(c, *std::move(options));
}

// |x|^p
TensorId Powers(Steps& s, TensorId x, double p) {
  const TensorId magnitudes = s.Unary("magnitudes", schema::UnaryKind::ABS, x);
  if (p == 1.0) return magnitudes;
  if (p == 2.0) return s.Product("powers", x, x);
  return s.Binary("powers", schema::BinaryKind::POW, magnitudes, s.Number(DataType::kF32, p));
}

absl::Status FinishRoot(Steps& s, TensorId sums, double p) {
  if (p == 2.0) return s.Finish(Unary(schema::UnaryKind::SQRT), {sums});
  return s.Finish(Binary(schema::BinaryKind::POW), {sums, s.Number(DataType::kF32, 1.0 / p)});
}

// The p-norm of a window: its mean, with zeros around x, times the size of the window is the sum.
absl::Status ImportLpPool(OpContext& c) {
  const auto p = static_cast<double>(c.attributes.Int("p", 2));
  auto options = ReadPool(c, false);
  if (!options.ok()) return options.status();
  if (IsDilated(*options)) return absl::UnimplementedError("sums over a dilated window");
  double elements = 1.0;
  for (const int size : options->kernel) elements *= size;
  options->kind = schema::PoolKind::AVERAGE;
  options->count_include_pad = true;
  Steps s(c);
  const TensorId powers = Powers(s, s.Input(0), p);
  const TensorId means = s.Add("means", *std::move(options), {powers});
  return FinishRoot(s, s.Product("sums", means, s.Number(DataType::kF32, elements)), p);
}

absl::Status ImportGlobalLpPool(OpContext& c) {
  const auto p = static_cast<double>(c.attributes.Int("p", 2));
  Steps s(c);
  const TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  std::vector<int> axes;
  for (size_t i = 2; i < c.value(0).rank(); ++i) axes.push_back(static_cast<int>(i));
  if (axes.empty()) return absl::InvalidArgumentError("reads a tensor without spatial dimensions");
  return FinishRoot(s, s.Reduce("sums", schema::ReduceKind::SUM, axes, Powers(s, x, p)), p);
}

absl::Status ImportGlobalPool(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  schema::GlobalPoolOptionsT options;
  options.kind = c.node.op_type() == "GlobalAveragePool" ? schema::PoolKind::AVERAGE
                                                         : schema::PoolKind::MAXIMUM;
  return c.Finish(std::move(options), {*x});
}

constexpr OpRow kRows[] = {
    {"AveragePool", ImportAveragePool, 1, "not ceil_mode with count_include_pad; no dilations"},
    {"GlobalAveragePool", ImportGlobalPool, 1, ""},
    {"GlobalLpPool", ImportGlobalLpPool, 1, ""},
    {"GlobalMaxPool", ImportGlobalPool, 1, ""},
    {"LpPool", ImportLpPool, 1, "no dilations"},
    {"MaxPool", ImportMaxPool, 1, "without indices"},
};

}  // namespace

absl::Span<const OpRow> PoolOps() { return kRows; }

}  // namespace octet::importer
