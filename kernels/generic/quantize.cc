#include <algorithm>

#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

// Quantize and Dequantize, which convert between layouts on the way.

namespace octet {
namespace generic {
namespace {

// How the elements of y lie compared to those of x: per image, x is a matrix [rows, columns] and y
// its transpose; with one row both are the same.
struct Order {
  int64_t images = 1, rows = 1, columns = 0;

  Order(const Operand& x, const Operand& y) {
    columns = NumElements(x.shape);
    if (SameOrder(x, y)) return;
    images = x.shape[0];
    const int64_t channels = x.shape[1], spatial = columns / (images * channels);
    rows = x.layout == Layout::kPlain ? channels : spatial;
    columns = x.layout == Layout::kPlain ? spatial : channels;
  }
};

constexpr int64_t kTileRows = 16, kTileColumns = 256;

// Calls fn(image, first row, rows, first column, columns) for tiles that cover all images, from
// several threads. `max_rows` x `max_columns` is the size of a tile.
template <typename Fn>
void ParallelTiles(ThreadPool* pool, const Order& order, int64_t max_rows, int64_t max_columns,
                   const Fn& fn) {
  const int64_t down = (order.rows + max_rows - 1) / max_rows;
  const int64_t across = (order.columns + max_columns - 1) / max_columns;
  const int64_t elements = order.images * order.rows * order.columns;
  ParallelRanges(pool, order.images * across * down, 8 * elements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i % down * max_rows, column = i / down % across * max_columns;
      fn(i / (down * across), row, std::min(max_rows, order.rows - row), column,
         std::min(max_columns, order.columns - column));
    }
  });
}

class QuantizeKernel : public Kernel {
 public:
  explicit QuantizeKernel(const KernelContext& context)
      : order_(context.input(0), context.output()), loops_(LoopsFor(context.cpu)) {
    const Operand& y = context.output();
    scale_ = y.quant->scale();
    target_ = {y.quant->zero_point(), RangeOf(y.type)};
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t plane = order_.rows * order_.columns;
    ParallelTiles(args.pool, order_, kTileRows, kTileColumns,
                  [&](int64_t image, int64_t row, int64_t rows, int64_t column, int64_t columns) {
                    const float* from = x + image * plane + row * order_.columns + column;
                    uint8_t* to = y + image * plane + column * order_.rows + row;
                    if (order_.rows == 1) {
                      loops_.quantize(from, to, columns, scale_, target_);
                      return;
                    }
                    uint8_t tile[kTileRows * kTileColumns];
                    for (int64_t r = 0; r < rows; ++r) {
                      loops_.quantize(from + r * order_.columns, tile + r * kTileColumns, columns,
                                      scale_, target_);
                    }
                    loops_.transpose1(tile, kTileColumns, to, order_.rows, rows, columns);
                  });
  }

 private:
  Order order_;
  const Loops& loops_;
  float scale_;
  IntTarget target_;
};

class DequantizeKernel : public Kernel {
 public:
  explicit DequantizeKernel(const KernelContext& context)
      : order_(context.input(0), context.output()), loops_(LoopsFor(context.cpu)) {
    const Operand& x = context.input(0);
    is_signed_ = x.type == DataType::kS8;
    scale_ = x.quant->scale();
    zero_point_ = static_cast<float>(x.quant->zero_point());
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t plane = order_.rows * order_.columns;
    if (order_.rows == 1) {
      ParallelTiles(args.pool, order_, 1, kTileColumns,
                    [&](int64_t, int64_t, int64_t, int64_t column, int64_t columns) {
                      Widen(x + column, y + column, columns);
                    });
      return;
    }
    ParallelTiles(args.pool, order_, kTileColumns, kTileRows,
                  [&](int64_t image, int64_t row, int64_t rows, int64_t column, int64_t columns) {
                    uint8_t tile[kTileRows * kTileColumns];
                    loops_.transpose1(x + image * plane + row * order_.columns + column,
                                      order_.columns, tile, kTileColumns, rows, columns);
                    float* to = y + image * plane + column * order_.rows + row;
                    for (int64_t c = 0; c < columns; ++c) {
                      Widen(tile + c * kTileColumns, to + c * order_.rows, rows);
                    }
                  });
  }

 private:
  void Widen(const uint8_t* x, float* y, int64_t n) const {
    if (is_signed_) {
      loops_.widen_s8(reinterpret_cast<const int8_t*>(x), y, n, zero_point_);
    } else {
      loops_.widen_u8(x, y, n, zero_point_);
    }
    loops_.scale(y, n, scale_);
  }

  Order order_;
  const Loops& loops_;
  bool is_signed_;
  float scale_, zero_point_;
};

absl::Status CheckTypes(const Operand& real, const Operand& integers) {
  if (IsF32(real) && IsInt8(integers)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("the integers must be u8 or s8 with one scale, not ",
                                               Describe(integers), ", the reals f32"));
}

absl::Status CheckQuantize(const KernelContext& context) {
  return CheckTypes(context.input(0), context.output());
}

absl::Status CheckDequantize(const KernelContext& context) {
  return CheckTypes(context.output(), context.input(0));
}

template <typename KernelT>
absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<KernelT>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericQuantize = {"generic", generic::CheckQuantize,
                                      generic::Prepare<generic::QuantizeKernel>};
const KernelEntry kGenericDequantize = {"generic", generic::CheckDequantize,
                                        generic::Prepare<generic::DequantizeKernel>};

}  // namespace octet
