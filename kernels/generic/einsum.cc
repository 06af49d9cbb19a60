#include "runtime/core/einsum.h"

#include <algorithm>

#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"
#include "runtime/core/operators.h"

// Einsum of up to three operands: blocks of neighbouring results, each a sum over the indices that
// the result does not have. Sums of floats are taken in f64, those of integers wrap around.

namespace octet {
namespace generic {
namespace {

constexpr int kMaxFactors = Nest::kMaxOperands - 1;
constexpr int64_t kBlock = 64;

template <typename T>
using SumOf = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

// Where the factors of one result's first product lie, and how far they are apart: of neighbouring
// results and of neighbouring products.
template <typename T>
struct Factors {
  const T* data[kMaxFactors];
  int64_t step[kMaxFactors];
};

template <typename T, int kFactors>
SumOf<T> Product(const Factors<T>& f, int64_t i) {
  auto product = static_cast<SumOf<T>>(f.data[0][i * f.step[0]]);
  for (int k = 1; k < kFactors; ++k) {
    product *= static_cast<SumOf<T>>(f.data[k][i * f.step[k]]);
  }
  return product;
}

// Adds `count` products, along which factors move by `step`.
template <typename T, int kFactors>
SumOf<T> SumProducts(const Factors<T>& f, int64_t count) {
  SumOf<T> sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += Product<T, kFactors>(f, i);
  return sum;
}

// Adds one product to each of n neighbouring sums.
template <typename T, int kFactors>
void AddProducts(const Factors<T>& f, SumOf<T>* sums, int64_t n) {
  for (int64_t j = 0; j < n; ++j) sums[j] += Product<T, kFactors>(f, j);
}

// Two factors, of which one is the same for all: the inner loop of a product of matrices.
template <typename T>
void AddScaled(const T* a, T scalar, SumOf<T>* sums, int64_t n) {
  const auto factor = static_cast<SumOf<T>>(scalar);
  for (int64_t j = 0; j < n; ++j) sums[j] += static_cast<SumOf<T>>(a[j]) * factor;
}

struct EinsumLoops {
  Nest results;  // operand 0: y; then the factors
  Nest summed;   // operands: the factors
  int64_t terms;
};

template <typename T, int kFactors>
class BlockOf {
 public:
  BlockOf(const EinsumLoops& loops, const void* const* inputs) : loops_(loops) {
    for (int k = 0; k < kFactors; ++k) inputs_[k] = static_cast<const T*>(inputs[k]);
  }

  // n results from the given offsets on.
  void operator()(const int64_t* at, T* y, int64_t n) const {
    SumOf<T> sums[kBlock] = {};
    if (loops_.terms > 0) Add(at, sums, n);
    const int64_t y_step = loops_.results.inner().strides[0];
    for (int64_t j = 0; j < n; ++j) y[at[0] + j * y_step] = static_cast<T>(sums[j]);
  }

 private:
  void Add(const int64_t* at, SumOf<T>* sums, int64_t n) const {
    const Nest::Dimension &across = loops_.results.inner(), &along = loops_.summed.inner();
    // Whether neighbouring results read neighbouring elements.
    bool adjacent = true;
    for (int k = 0; k < kFactors; ++k) adjacent = adjacent && across.strides[k + 1] <= 1;
    RowWalker row(loops_.summed, 0);
    for (int64_t rows = loops_.summed.rows(); rows > 0; --rows, row.Next()) {
      Factors<T> f;
      for (int k = 0; k < kFactors; ++k) f.data[k] = inputs_[k] + at[k + 1] + row.offset(k);
      if (adjacent) {
        AddAcross(f, sums, n);
        continue;
      }
      for (int64_t j = 0; j < n; ++j) {
        Factors<T> line;
        for (int k = 0; k < kFactors; ++k) {
          line.data[k] = f.data[k] + j * across.strides[k + 1];
          line.step[k] = along.strides[k];
        }
        sums[j] += SumProducts<T, kFactors>(line, along.size);
      }
    }
  }

  void AddAcross(Factors<T> f, SumOf<T>* sums, int64_t n) const {
    const Nest::Dimension &across = loops_.results.inner(), &along = loops_.summed.inner();
    const int64_t first = across.strides[1], second = across.strides[2];
    for (int k = 0; k < kFactors; ++k) f.step[k] = across.strides[k + 1];
    for (int64_t i = 0; i < along.size; ++i) {
      if (kFactors == 2 && first == 1 && second == 0) {
        AddScaled(f.data[0], *f.data[1], sums, n);
      } else if (kFactors == 2 && first == 0 && second == 1) {
        AddScaled(f.data[1], *f.data[0], sums, n);
      } else {
        AddProducts<T, kFactors>(f, sums, n);
      }
      for (int k = 0; k < kFactors; ++k) f.data[k] += along.strides[k];
    }
  }

  const EinsumLoops& loops_;
  const T* inputs_[kFactors];
};

class EinsumKernel : public Kernel {
 public:
  EinsumKernel(const KernelContext& context, const EinsumProblem& problem)
      : type_(context.output().type), factors_(context.inputs.size()) {
    const Operand& y = context.output();
    const size_t kept = problem.output_indices, indices = problem.sizes.size();
    std::vector<Shape> results = {Strides(y.shape, y.layout)}, summed;
    for (size_t i = 0; i < factors_; ++i) {
      const Shape strides = Strides(context.input(i).shape, context.input(i).layout);
      Shape of_indices(indices, 0);
      for (size_t d = 0; d < strides.size(); ++d) {
        const int index = problem.operands[i][d];
        if (index >= 0) of_indices[static_cast<size_t>(index)] += strides[d];
      }
      const auto middle = of_indices.begin() + static_cast<ptrdiff_t>(kept);
      results.emplace_back(of_indices.begin(), middle);
      summed.emplace_back(middle, of_indices.end());
    }
    const auto middle = problem.sizes.begin() + static_cast<ptrdiff_t>(kept);
    const Shape summed_shape(middle, problem.sizes.end());
    loops_.results = MakeNest(y.shape, results);
    loops_.summed = MakeNest(summed_shape, summed);
    loops_.terms = NumElements(summed_shape);
    blocks_ = (loops_.results.inner().size + kBlock - 1) / kBlock;
    units_ = NumElements(y.shape) == 0 ? 0 : loops_.results.rows() * blocks_;
    work_ = NumElements(y.shape) * std::max<int64_t>(1, loops_.terms) *
            static_cast<int64_t>(SizeOf(type_));
  }

  void Run(const RunArgs& args) const override {
    DispatchComputed(type_, [&](auto zero) {
      using T = decltype(zero);
      if (factors_ == 1) return RunWith(BlockOf<T, 1>(loops_, args.inputs), args);
      if (factors_ == 2) return RunWith(BlockOf<T, 2>(loops_, args.inputs), args);
      RunWith(BlockOf<T, 3>(loops_, args.inputs), args);
    });
  }

 private:
  template <typename T, int kFactors>
  void RunWith(const BlockOf<T, kFactors>& block_of, const RunArgs& args) const {
    auto* y = static_cast<T*>(args.outputs[0]);
    const Nest::Dimension& inner = loops_.results.inner();
    ParallelRanges(args.pool, units_, work_, [&](int64_t begin, int64_t end) {
      RowWalker row(loops_.results, begin / blocks_);
      int64_t block = begin % blocks_;
      for (int64_t unit = begin; unit < end; ++unit) {
        int64_t at[Nest::kMaxOperands] = {};
        for (int i = 0; i <= kFactors; ++i) {
          at[i] = row.offset(i) + block * kBlock * inner.strides[i];
        }
        block_of(at, y, std::min(kBlock, inner.size - block * kBlock));
        if (++block < blocks_) continue;
        block = 0;
        row.Next();
      }
    });
  }

  DataType type_;
  size_t factors_;
  EinsumLoops loops_;
  int64_t blocks_, units_, work_;
};

absl::StatusOr<EinsumProblem> ProblemOf(const KernelContext& context) {
  std::vector<Shape> shapes;
  for (const Operand& x : context.inputs) shapes.push_back(x.shape);
  return ParseEinsum(context.node->as<schema::EinsumOptionsT>().equation, shapes);
}

absl::Status Check(const KernelContext& context) {
  const Operand& y = context.output();
  if (context.inputs.size() > static_cast<size_t>(kMaxFactors)) {
    return absl::UnimplementedError(absl::StrCat("it has ", context.inputs.size(), " operands"));
  }
  for (const Operand& x : context.inputs) {
    if (x.type == y.type && y.quant == nullptr && (IsF32(x) || IsPlainInteger(x))) continue;
    return absl::UnimplementedError(
        absl::StrCat("no products of ", Describe(x), " as ", Describe(y)));
  }
  const absl::StatusOr<EinsumProblem> problem = ProblemOf(context);
  if (!problem.ok()) return problem.status();
  // RowWalker counts as many dimensions as a tensor has.
  if (problem->sizes.size() - problem->output_indices > kMaxRank) {
    return absl::UnimplementedError("it sums over too many indices");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  const absl::StatusOr<EinsumProblem> problem = ProblemOf(context);
  if (!problem.ok()) return problem.status();
  return std::make_unique<EinsumKernel>(context, *problem);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericEinsum = {"generic", generic::Check, generic::Prepare};

}  // namespace octet
