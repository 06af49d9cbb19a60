#include <algorithm>

#include "tools/train/product.h"

namespace octet {
namespace {

// One factor as a stack of matrices that broadcasts to the result's stack.
struct Stack {
  int64_t rows, columns;         // as stored
  std::vector<int64_t> offsets;  // of the matrix for each one of the result, in elements

  int64_t stride() const { return columns; }
};

Shape StackOf(const Shape& shape) {
  return shape.size() <= 2 ? Shape() : Shape(shape.begin(), shape.end() - 2);
}

Stack MakeStack(const Shape& shape, const Shape& result_stack) {
  Stack stack{shape.size() > 1 ? shape[shape.size() - 2] : 1, shape.back(), {}};
  const Shape own = StackOf(shape);
  const size_t lead = result_stack.size() - own.size();
  const int64_t count = NumElements(result_stack);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, offset = 0, step = stack.rows * stack.columns;
    for (size_t d = result_stack.size(); d-- > 0;) {
      const int64_t at = rest % result_stack[d];
      rest /= result_stack[d];
      if (d < lead) continue;
      if (own[d - lead] > 1) offset += at * step;
      step *= own[d - lead];
    }
    stack.offsets.push_back(offset);
  }
  return stack;
}

class MatMul final : public TrainOp {
 public:
  explicit MatMul(const OpContext& context) {
    const auto& options = context.node.as<schema::MatMulOptionsT>();
    transpose_a_ = options.transpose_a && context.inputs[kX].size() > 1;
    transpose_b_ = options.transpose_b;
    Shape a = context.inputs[kX];
    const Shape& b = context.inputs[kW];
    // Rows of a stack of matrices that meet one matrix are the rows of a single one.
    if (b.size() == 2 && !transpose_a_ && a.size() > 2) {
      a = {NumElements(a) / std::max<int64_t>(a.back(), 1), a.back()};
    }
    const Shape a_stack = StackOf(a), b_stack = StackOf(b);
    Shape stack = a_stack.size() > b_stack.size() ? a_stack : b_stack;
    for (size_t d = 0; d < stack.size(); ++d) {
      const auto size = [&](const Shape& s) {
        return d + s.size() < stack.size() ? 1 : s[d + s.size() - stack.size()];
      };
      stack[d] = size(a_stack) == 1 ? size(b_stack) : size(a_stack);
    }
    a_ = MakeStack(a, stack);
    b_ = MakeStack(b, stack);
    rows_ = transpose_a_ ? a_.columns : a_.rows;
    depth_ = transpose_a_ ? a_.rows : a_.columns;
    columns_ = transpose_b_ ? b_.rows : b_.columns;
  }

  void Forward(const ForwardArgs& args) const override {
    const Factors factors = FactorsOf(args);
    ForEachMatrix([&](int64_t a_at, int64_t b_at, int64_t y_at) {
      Sgemm(rows_, columns_, depth_, factors.alpha, {factors.x + a_at, a_.stride(), transpose_a_},
            {factors.w + b_at, b_.stride(), transpose_b_}, 0, args.outputs[0] + y_at, columns_);
    });
    FinishProduct(product(), args);
  }

  void Backward(const BackwardArgs& args) const override {
    AddBiasAndResidualGradients(product(), args);
    const float* g = args.output_gradients[0];
    const RealFactor a = RealFactorOf(args.inputs[kX]), b = RealFactorOf(args.inputs[kW]);
    float *ga = args.input_gradients[kX], *gb = args.input_gradients[kW];
    ForEachMatrix([&](int64_t a_at, int64_t b_at, int64_t y_at) {
      const ConstMatrix gm{g + y_at, columns_}, gt{g + y_at, columns_, true};
      const float *am = a.data + a_at, *bm = b.data + b_at;
      // The gradient of a is g b', that of b is a' g; those of transposes are transposed.
      if (ga != nullptr && transpose_a_) {
        Sgemm(depth_, rows_, columns_, b.alpha, {bm, b_.stride(), transpose_b_}, gt, 1, ga + a_at,
              a_.stride());
      } else if (ga != nullptr) {
        Sgemm(rows_, depth_, columns_, b.alpha, gm, {bm, b_.stride(), !transpose_b_}, 1, ga + a_at,
              a_.stride());
      }
      if (gb != nullptr && transpose_b_) {
        Sgemm(columns_, depth_, rows_, a.alpha, gt, {am, a_.stride(), transpose_a_}, 1, gb + b_at,
              b_.stride());
      } else if (gb != nullptr) {
        Sgemm(depth_, columns_, rows_, a.alpha, {am, a_.stride(), !transpose_a_}, gm, 1, gb + b_at,
              b_.stride());
      }
    });
  }

 private:
  ProductShape product() const {
    return {static_cast<int64_t>(a_.offsets.size()) * rows_, columns_, 1};
  }

  template <typename Fn>
  void ForEachMatrix(const Fn& fn) const {
    for (size_t i = 0; i < a_.offsets.size(); ++i) {
      fn(a_.offsets[i], b_.offsets[i], static_cast<int64_t>(i) * rows_ * columns_);
    }
  }

  Stack a_, b_;
  bool transpose_a_, transpose_b_;
  int64_t rows_, depth_, columns_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeMatMul(const OpContext& context) {
  if (context.node.as<schema::MatMulOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("dynamic arithmetic has no scales to train");
  }
  return std::make_unique<MatMul>(context);
}

}  // namespace octet
