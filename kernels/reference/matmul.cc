#include "kernels/elements.h"
#include "kernels/reference/product.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

// One factor as a stack of matrices.
struct Matrices {
  int64_t row_stride = 0, column_stride = 0;  // of the factor as it is multiplied
  Shape stack;                                // the dimensions before
  Shape stack_strides;

  Matrices(const Numbers& factor, bool transposed) {
    const Shape &shape = factor.shape(), &strides = factor.strides();
    const size_t rank = shape.size();
    column_stride = strides[rank - 1];
    if (rank == 1) return;
    row_stride = strides[rank - 2];
    if (transposed) std::swap(row_stride, column_stride);
    stack.assign(shape.begin(), shape.end() - 2);
    stack_strides.assign(strides.begin(), strides.end() - 2);
  }

  // Where the matrix begins that broadcasts to `index` of the output's stack.
  int64_t Begin(const Shape& index) const {
    const size_t lead = index.size() - stack.size();
    int64_t offset = 0;
    for (size_t i = 0; i < stack.size(); ++i) {
      if (stack[i] != 1) offset += index[lead + i] * stack_strides[i];
    }
    return offset;
  }
};

template <typename A, typename B>
void Multiply(const Problem& problem, const RunArgs& args) {
  using Sum = typename SumOf<A>::type;
  const auto& options = problem.node->as<schema::MatMulOptionsT>();
  const Numbers a = problem.In(0, args), b = problem.In(1, args), y = problem.Out(0, args);
  Product product(problem, args, options.activation_min, options.activation_max);
  const Matrices am(a, options.transpose_a), bm(b, options.transpose_b);
  const bool has_rows = a.shape().size() > 1;
  const size_t b_rank = b.shape().size(), y_rank = y.shape().size();
  const int64_t depth = options.transpose_b ? b.shape()[b_rank - 1] : b.shape()[b_rank - 2];
  const auto* a_data = reinterpret_cast<const A*>(a.data());
  const auto* b_data = reinterpret_cast<const B*>(b.data());
  const auto za = static_cast<Sum>(product.x_zero_point());
  const auto zb = static_cast<Sum>(product.w_zero_point());
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const Shape stack(at.begin(), at.end() - (has_rows ? 2 : 1));
    const int64_t row = has_rows ? at[y_rank - 2] : 0, column = at[y_rank - 1];
    const A* a_row = a_data + am.Begin(stack) + row * am.row_stride;
    const B* b_column = b_data + bm.Begin(stack) + column * bm.column_stride;
    Sum sum{};
    for (int64_t k = 0; k < depth; ++k) {
      sum += (static_cast<Sum>(a_row[k * am.column_stride]) - za) *
             (static_cast<Sum>(b_column[k * bm.row_stride]) - zb);
    }
    product.Store(at, column, sum);
  });
}

// Rows of a are quantized one by one.
void MultiplyDynamic(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::MatMulOptionsT>();
  const Numbers a = problem.In(0, args), b = problem.In(1, args), y = problem.Out(0, args);
  Product product(problem, args, options.activation_min, options.activation_max);
  const Matrices am(a, options.transpose_a), bm(b, options.transpose_b);
  const bool has_rows = a.shape().size() > 1;
  const size_t b_rank = b.shape().size(), y_rank = y.shape().size();
  const int64_t depth = b.shape()[options.transpose_b ? b_rank - 1 : b_rank - 2];
  DynamicRow quantized;
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const Shape stack(at.begin(), at.end() - (has_rows ? 2 : 1));
    const int64_t column = at[y_rank - 1];
    if (column == 0) {
      const int64_t row = has_rows ? at[y_rank - 2] : 0;
      quantized.Quantize(
          reinterpret_cast<const float*>(a.data()) + am.Begin(stack) + row * am.row_stride, depth,
          am.column_stride);
    }
    const int64_t b_column = bm.Begin(stack) + column * bm.column_stride;
    int64_t sum = 0;
    for (int64_t k = 0; k < depth; ++k) {
      sum += static_cast<int64_t>(quantized.offsets[static_cast<size_t>(k)]) *
             b.Int(b_column + k * bm.row_stride);
    }
    product.StoreDynamic(at, column, sum, quantized.scale);
  });
}

// Integers that stand for themselves: sums wrap around.
void MultiplyWhole(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::MatMulOptionsT>();
  const Numbers a = problem.In(0, args), b = problem.In(1, args);
  Numbers y = problem.Out(0, args);
  const Matrices am(a, options.transpose_a), bm(b, options.transpose_b);
  const bool has_rows = a.shape().size() > 1;
  const size_t b_rank = b.shape().size(), y_rank = y.shape().size();
  const int64_t depth = b.shape()[options.transpose_b ? b_rank - 1 : b_rank - 2];
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const Shape stack(at.begin(), at.end() - (has_rows ? 2 : 1));
    const int64_t column = at[y_rank - 1];
    const int64_t row = has_rows ? at[y_rank - 2] : 0;
    const int64_t a_row = am.Begin(stack) + row * am.row_stride;
    const int64_t b_column = bm.Begin(stack) + column * bm.column_stride;
    uint64_t sum = 0;
    for (int64_t k = 0; k < depth; ++k) {
      sum += static_cast<uint64_t>(a.Whole(a_row + k * am.column_stride)) *
             static_cast<uint64_t>(b.Whole(b_column + k * bm.row_stride));
    }
    for (const size_t i : {kBias, kResidual}) {
      if (!problem.has_input(i)) continue;
      const Numbers term = problem.In(i, args);
      sum += static_cast<uint64_t>(term.Whole(BroadcastOffset(term, at)));
    }
    y.SetWhole(y.Offset(at), static_cast<int64_t>(sum));
  });
}

void Compute(const Problem& problem, const RunArgs& args) {
  if (IsWhole(problem.inputs[0])) return MultiplyWhole(problem, args);
  if (problem.node->as<schema::MatMulOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC) {
    return MultiplyDynamic(problem, args);
  }
  DispatchTypes(problem.inputs[0].type, problem.inputs[1].type,
                [&](auto a, auto b) { Multiply<decltype(a), decltype(b)>(problem, args); });
}

absl::Status Check(const KernelContext& context) {
  if (IsPlainInteger(context.input(0))) return CheckWholeProduct(context);
  const auto& options = context.node->as<schema::MatMulOptionsT>();
  const int rank = static_cast<int>(context.input(1).shape.size());
  return CheckProduct(context, options.transpose_b ? rank - 2 : rank - 1, options.arithmetic);
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceMatMul = {"reference", reference::Check,
                                      reference::PrepareWith<reference::Compute>};

}  // namespace octet
