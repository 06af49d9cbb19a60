#include <algorithm>

#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/reals.h"
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

// The transposition of elements of type T.
void Transpose(const Loops& loops, const uint8_t* from, int64_t from_stride, uint8_t* to,
               int64_t to_stride, int64_t rows, int64_t columns) {
  loops.transpose1(from, from_stride, to, to_stride, rows, columns);
}
void Transpose(const Loops& loops, const uint16_t* from, int64_t from_stride, uint16_t* to,
               int64_t to_stride, int64_t rows, int64_t columns) {
  loops.transpose2(from, from_stride, to, to_stride, rows, columns);
}

// T: an unsigned integer of the size of the integers.
template <typename T>
class QuantizeKernel : public Kernel {
 public:
  explicit QuantizeKernel(const KernelContext& context)
      : order_(context.input(0), context.output()),
        loops_(LoopsFor(context.cpu)),
        integers_(context.output(), loops_) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[0]);
    auto* y = static_cast<T*>(args.outputs[0]);
    const int64_t plane = order_.rows * order_.columns;
    ParallelTiles(args.pool, order_, kTileRows, kTileColumns,
                  [&](int64_t image, int64_t row, int64_t rows, int64_t column, int64_t columns) {
                    const float* from = x + image * plane + row * order_.columns + column;
                    T* to = y + image * plane + column * order_.rows + row;
                    if (order_.rows == 1) return integers_.Store(from, columns, to);
                    T tile[kTileRows * kTileColumns];
                    for (int64_t r = 0; r < rows; ++r) {
                      integers_.Store(from + r * order_.columns, columns, tile + r * kTileColumns);
                    }
                    Transpose(loops_, tile, kTileColumns, to, order_.rows, rows, columns);
                  });
  }

 private:
  Order order_;
  const Loops& loops_;
  Reals integers_;
};

template <typename T>
class DequantizeKernel : public Kernel {
 public:
  explicit DequantizeKernel(const KernelContext& context)
      : order_(context.input(0), context.output()),
        loops_(LoopsFor(context.cpu)),
        integers_(context.input(0), loops_) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const T*>(args.inputs[0]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t plane = order_.rows * order_.columns;
    if (order_.rows == 1) {
      ParallelTiles(args.pool, order_, 1, kTileColumns,
                    [&](int64_t, int64_t, int64_t, int64_t column, int64_t columns) {
                      integers_.Load(x + column, columns, y + column);
                    });
      return;
    }
    ParallelTiles(args.pool, order_, kTileColumns, kTileRows,
                  [&](int64_t image, int64_t row, int64_t rows, int64_t column, int64_t columns) {
                    T tile[kTileRows * kTileColumns];
                    Transpose(loops_, x + image * plane + row * order_.columns + column,
                              order_.columns, tile, kTileColumns, rows, columns);
                    float* to = y + image * plane + column * order_.rows + row;
                    for (int64_t c = 0; c < columns; ++c) {
                      integers_.Load(tile + c * kTileColumns, rows, to + c * order_.rows);
                    }
                  });
  }

 private:
  Order order_;
  const Loops& loops_;
  Reals integers_;
};

absl::Status CheckTypes(const Operand& real, const Operand& integers) {
  if (IsF32(real) && IsQuantized(integers)) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("the integers must be u8, s8 or s16 with one scale, not ", Describe(integers),
                   ", the reals f32"));
}

absl::Status CheckQuantize(const KernelContext& context) {
  return CheckTypes(context.input(0), context.output());
}

absl::Status CheckDequantize(const KernelContext& context) {
  return CheckTypes(context.output(), context.input(0));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareQuantize(const KernelContext& context) {
  if (IsInt8(context.output())) return std::make_unique<QuantizeKernel<uint8_t>>(context);
  return std::make_unique<QuantizeKernel<uint16_t>>(context);
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareDequantize(const KernelContext& context) {
  if (IsInt8(context.input(0))) return std::make_unique<DequantizeKernel<uint8_t>>(context);
  return std::make_unique<DequantizeKernel<uint16_t>>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericQuantize = {"generic", generic::CheckQuantize, generic::PrepareQuantize};
const KernelEntry kGenericDequantize = {"generic", generic::CheckDequantize,
                                        generic::PrepareDequantize};

}  // namespace octet
