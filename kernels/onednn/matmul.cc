#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/onednn/engine.h"
#include "kernels/onednn/epilogue.h"
#include "kernels/onednn/primitive_kernel.h"
#include "kernels/onednn/rows.h"
#include "kernels/onednn/saturation.h"

namespace octet {
namespace {

using onednn::Engine;
using onednn::Epilogue;
using onednn::PrimitiveKernel;
using onednn::ProductOperands;
using onednn::ToDnnl;
using Dims = dnnl::memory::dims;

constexpr int kA = 0, kB = 1, kBias = 2, kResidual = 3;

// Products below which handing work to a second thread costs more than it saves.
constexpr int64_t kMinProductsForPool = 100 * 1000;

ProductOperands Operands(const KernelContext& context) {
  const auto& options = context.node->as<schema::MatMulOptionsT>();
  const Operand& b = context.input(kB);
  const int rank = static_cast<int>(b.shape.size());
  return {context.input(kA),
          b,
          context.input(kBias),
          context.input(kResidual),
          context.output(),
          /*channels=*/b.shape[rank - (options.transpose_b ? 2 : 1)],
          /*channel_axis=*/rank - (options.transpose_b ? 2 : 1),
          options.activation_min,
          options.activation_max,
          context.post};
}

absl::Status Check(const KernelContext& context) {
  if (context.deterministic) {
    return absl::UnimplementedError("its bits may differ from the reference's");
  }
  for (const Operand* o :
       {&context.input(kA), &context.input(kB), &context.input(kResidual), &context.output()}) {
    if (o->present() && o->layout != Layout::kPlain) {
      return absl::UnimplementedError("operands must be row-major");
    }
  }
  if (context.input(kA).shape.empty() || context.input(kB).shape.size() < 2) {
    return absl::UnimplementedError("a needs at least 1 dimension and b at least 2");
  }
  const ProductOperands operands = Operands(context);
  const bool per_channel = operands.w.quant != nullptr && !operands.w.quant->per_tensor();
  if (per_channel && operands.w.data == nullptr) {
    return absl::UnimplementedError("a computed b must have one scale");
  }
  return CheckOperands(context, operands);
}

// The product as oneDNN sees it: equal ranks, leading dimensions folded where possible.
struct Problem {
  Dims a, b, y;               // sizes, [batch..., rows, columns]
  Dims a_strides, b_strides;  // in elements
};

Dims RowMajorStrides(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

int64_t Product(const Dims& dims) {
  int64_t n = 1;
  for (int64_t d : dims) n *= d;
  return n;
}

// `shape`'s leading dimensions, padded in front with 1 to `rank` of them.
Dims Leading(const Shape& shape, size_t rank) {
  Dims dims(shape.begin(), shape.end() - 2);
  dims.insert(dims.begin(), rank - dims.size(), 1);
  return dims;
}

// Sizes as they lie in memory (before a transposition) to sizes and strides of the factor.
void AppendMatrix(int64_t rows, int64_t columns, bool transpose, Dims& dims, Dims& strides) {
  dims.push_back(rows);
  dims.push_back(columns);
  strides = RowMajorStrides(dims);
  if (transpose) {
    const size_t n = dims.size();
    std::swap(dims[n - 2], dims[n - 1]);
    std::swap(strides[n - 2], strides[n - 1]);
  }
}

Problem MakeProblem(const KernelContext& context) {
  const auto& options = context.node->as<schema::MatMulOptionsT>();
  Shape a = context.input(kA).shape;
  const Shape& b = context.input(kB).shape;
  const bool transpose_a = options.transpose_a && a.size() > 1;
  if (a.size() == 1) a.insert(a.begin(), 1);
  const size_t rank = std::max(a.size(), b.size()) - 2;
  Dims a_batch = Leading(a, rank), b_batch = Leading(b, rank);
  int64_t a_rows = a[a.size() - 2];
  const int64_t a_columns = a.back();
  if (Product(b_batch) == 1 && !transpose_a) {
    // Every row of a meets the same b.
    a_rows *= Product(a_batch);
    a_batch.clear();
    b_batch.clear();
  } else if (a_batch == b_batch || Product(a_batch) == 1 || Product(b_batch) == 1) {
    a_batch = {Product(a_batch)};
    b_batch = {Product(b_batch)};
  }
  Problem p;
  for (size_t i = 0; i < a_batch.size(); ++i) p.y.push_back(std::max(a_batch[i], b_batch[i]));
  p.a = a_batch;
  p.b = b_batch;
  AppendMatrix(a_rows, a_columns, transpose_a, p.a, p.a_strides);
  AppendMatrix(b[b.size() - 2], b.back(), options.transpose_b, p.b, p.b_strides);
  p.y.push_back(p.a[p.a.size() - 2]);
  p.y.push_back(p.b.back());
  return p;
}

dnnl::memory::desc PlainB(const Problem& p, DataType type) {
  return {p.b, ToDnnl(type), p.b_strides};
}

dnnl::matmul::primitive_desc Describe(const KernelContext& context, const Problem& p,
                                      const Epilogue& epilogue) {
  const Operand& b = context.input(kB);
  dnnl::memory::desc bias;
  if (epilogue.with_bias) {
    Dims dims(p.y.size(), 1);
    dims.back() = p.y.back();
    bias = {dims, dnnl::memory::data_type::f32, RowMajorStrides(dims)};
  }
  const dnnl::memory::desc weights =
      b.data == nullptr ? PlainB(p, b.type)
                        : dnnl::memory::desc(p.b, ToDnnl(b.type), dnnl::memory::format_tag::any);
  return dnnl::matmul::primitive_desc(
      Engine(), {p.a, ToDnnl(context.input(kA).type), p.a_strides}, weights, bias,
      {p.y, ToDnnl(context.output().type), RowMajorStrides(p.y)}, epilogue.attr);
}

absl::Status CheckChoice(const KernelContext& context, const std::string& implementation) {
  const ProductOperands operands = Operands(context);
  bool fit = true;
  if (operands.quantized() && !onednn::SumsExactly(implementation)) {
    const auto& options = context.node->as<schema::MatMulOptionsT>();
    const Operand& b = operands.w;
    fit = b.data != nullptr &&
          onednn::PairSumsFit(
              onednn::MatMulWeightRows(b.shape, options.transpose_b),
              {static_cast<const int8_t*>(b.data), static_cast<size_t>(NumElements(b.shape))});
  }
  return CheckImplementation(implementation, operands, fit);
}

absl::StatusOr<std::unique_ptr<Kernel>> Create(const KernelContext& context) {
  const ProductOperands operands = Operands(context);
  const Problem problem = MakeProblem(context);
  const int64_t products = Product(problem.y) * problem.a.back();
  PrimitiveKernel::Parts parts;
  parts.on_pool = context.pool->threads() > 1 && products >= kMinProductsForPool;
  const onednn::CreationThreads threads(parts.on_pool ? context.pool->threads() : 1);

  Epilogue epilogue = MakeEpilogue(operands, 1 << (problem.y.size() - 1));
  const auto description = Describe(context, problem, epilogue);
  parts.detail = description.impl_info_str();
  if (absl::Status s = CheckChoice(context, parts.detail); !s.ok()) return s;

  parts.primitive = dnnl::matmul(description);
  parts.scratch_bytes = description.scratchpad_desc().get_size();
  parts.constants = std::move(epilogue.constants);
  parts.inputs.emplace_back(DNNL_ARG_SRC, kA);
  if (operands.w.data == nullptr) {
    parts.inputs.emplace_back(DNNL_ARG_WEIGHTS, kB);
  } else {
    parts.constants.emplace_back(
        DNNL_ARG_WEIGHTS,
        onednn::PackedMemory(context, operands.w.data, PlainB(problem, operands.w.type),
                             description.weights_desc()));
  }
  if (epilogue.bias) {
    parts.constants.emplace_back(DNNL_ARG_BIAS, epilogue.bias);
  } else if (epilogue.with_bias) {
    parts.inputs.emplace_back(DNNL_ARG_BIAS, kBias);
  }
  if (operands.residual.present()) parts.in_place_input = kResidual;
  return std::make_unique<PrimitiveKernel>(std::move(parts));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return onednn::GuardedKernel([&] { return Create(context); });
}

}  // namespace

const KernelEntry kOnednnMatMul = {"onednn_matmul", Check, Prepare,
                                   /*applies_post=*/true};

}  // namespace octet
