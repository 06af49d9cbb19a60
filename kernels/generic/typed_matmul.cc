#include <algorithm>

#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

// Products of matrices of integers that stand for themselves. Sums wrap around, so that signed and
// unsigned integers of a size are the same.

namespace octet {
namespace generic {
namespace {

constexpr int64_t kColumns = 256;  // results of a row that are worked on at a time
constexpr int64_t kRows = 4;       // rows that share what is read of b

// The strides of one factor within its matrices, and between the matrices of its stack.
struct Matrices {
  int64_t row = 0, column = 0;
  Shape stack;

  Matrices(const Operand& x, bool transposed, size_t stack_rank) {
    Shape strides = Strides(x.shape, x.layout);
    const size_t rank = strides.size();
    column = strides[rank - 1];
    if (rank > 1) row = strides[rank - 2];
    if (transposed && rank > 1) std::swap(row, column);
    const size_t outer = rank > 2 ? rank - 2 : 0;
    stack =
        BroadcastStrides(Shape(x.shape.begin(), x.shape.begin() + static_cast<ptrdiff_t>(outer)),
                         strides, stack_rank);
  }
};

class TypedMatMulKernel : public Kernel {
 public:
  explicit TypedMatMulKernel(const KernelContext& context)
      : type_(context.output().type), loops_(LoopsFor(context.cpu)) {
    const auto& options = context.node->as<schema::MatMulOptionsT>();
    const Operand &a = context.input(0), &b = context.input(1), &y = context.output();
    const bool has_rows = a.shape.size() > 1;
    const size_t matrix_rank = has_rows ? 2 : 1, b_rank = b.shape.size();
    const size_t stack_rank = y.shape.size() - matrix_rank;
    const Matrices am(a, options.transpose_a, stack_rank), bm(b, options.transpose_b, stack_rank);
    a_row_ = am.row;
    a_column_ = am.column;
    b_row_ = bm.row;
    b_column_ = bm.column;
    columns_ = y.shape.back();
    rows_ = has_rows ? y.shape[stack_rank] : 1;
    depth_ = b.shape[options.transpose_b ? b_rank - 1 : b_rank - 2];
    const Shape stack(y.shape.begin(), y.shape.begin() + static_cast<ptrdiff_t>(stack_rank));
    Shape y_stack(stack_rank);
    int64_t next = rows_ * columns_;
    for (size_t d = stack_rank; d-- > 0;) {
      y_stack[d] = next;
      next *= stack[d];
    }
    stacks_ = NumElements(y.shape) == 0 ? 0 : NumElements(stack);
    stack_ = MakeNest(stack, {y_stack, am.stack, bm.stack});
    has_bias_ = context.input(2).present();
    has_residual_ = context.input(3).present();
  }

  void Run(const RunArgs& args) const override {
    DispatchSize(type_, [&](auto zero) { RunOf<decltype(zero)>(args); });
  }

 private:
  template <typename T>
  void RunOf(const RunArgs& args) const {
    const int64_t row_blocks = (rows_ + kRows - 1) / kRows;
    const int64_t work = stacks_ * rows_ * columns_ * std::max<int64_t>(1, depth_);
    const int64_t inner = stack_.inner().size;
    ParallelRanges(args.pool, stacks_ * row_blocks, work, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t stack = unit / row_blocks, row = unit % row_blocks * kRows;
        const RowWalker at(stack_, stack / inner);
        const auto offset = [&](int i) {
          return at.offset(i) + stack % inner * stack_.inner().strides[i];
        };
        for (int64_t column = 0; column < columns_; column += kColumns) {
          Tile<T>(args, offset(0) + row * columns_ + column,
                  static_cast<const T*>(args.inputs[0]) + offset(1) + row * a_row_,
                  static_cast<const T*>(args.inputs[1]) + offset(2) + column * b_column_,
                  std::min(kRows, rows_ - row), std::min(kColumns, columns_ - column), column);
        }
      }
    });
  }

  // rows x columns of y, from its element `at` on, which is in column `first`.
  template <typename T>
  void Tile(const RunArgs& args, int64_t at, const T* a, const T* b, int64_t rows, int64_t columns,
            int64_t first) const {
    using Sum = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    Sum sums[kRows][kColumns] = {};
    for (int64_t k = 0; k < depth_; ++k) {
      Sum b_row[kColumns];
      for (int64_t j = 0; j < columns; ++j) b_row[j] = b[k * b_row_ + j * b_column_];
      for (int64_t r = 0; r < rows; ++r) {
        const Sum factor = a[r * a_row_ + k * a_column_];
        if constexpr (sizeof(Sum) == 4) {
          loops_.add_scaled(b_row, factor, sums[r], columns);
        } else {
          for (int64_t j = 0; j < columns; ++j) sums[r][j] += b_row[j] * factor;
        }
      }
    }
    auto* y = static_cast<T*>(args.outputs[0]) + at;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t j = 0; j < columns; ++j) {
        Sum sum = sums[r][j];
        if (has_bias_) sum += static_cast<const T*>(args.inputs[2])[first + j];
        if (has_residual_) {
          sum += static_cast<const T*>(args.inputs[3])[at + r * columns_ + j];
        }
        y[r * columns_ + j] = static_cast<T>(sum);
      }
    }
  }

  DataType type_;
  const Loops& loops_;
  Nest stack_;
  int64_t stacks_, rows_, columns_, depth_;
  int64_t a_row_, a_column_, b_row_, b_column_;
  bool has_bias_, has_residual_;
};

absl::Status Check(const KernelContext& context) {
  const Operand& y = context.output();
  for (const Operand& x : context.inputs) {
    if (!x.present() || (IsPlainInteger(x) && IsPlainInteger(y) && x.type == y.type)) continue;
    return absl::UnimplementedError(
        absl::StrCat("all operands must be integers of one type; one is ", Describe(x)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<TypedMatMulKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kTypedMatMul = {"integers", generic::Check, generic::Prepare};

}  // namespace octet
