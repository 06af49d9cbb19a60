#include "runtime/core/einsum.h"

#include "kernels/elements.h"
#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

// How far each operand moves when one of the indices grows by 1.
std::vector<Shape> IndexStrides(const EinsumProblem& einsum, const std::vector<Numbers>& operands) {
  std::vector<Shape> strides;
  for (size_t i = 0; i < operands.size(); ++i) {
    Shape& of_indices = strides.emplace_back(einsum.sizes.size(), 0);
    for (size_t d = 0; d < einsum.operands[i].size(); ++d) {
      const int index = einsum.operands[i][d];
      if (index >= 0) of_indices[static_cast<size_t>(index)] += operands[i].strides()[d];
    }
  }
  return strides;
}

void Compute(const Problem& problem, const RunArgs& args) {
  std::vector<Numbers> operands;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    operands.push_back(problem.In(i, args));
    shapes.push_back(operands.back().shape());
  }
  const absl::StatusOr<EinsumProblem> einsum =
      ParseEinsum(problem.node->as<schema::EinsumOptionsT>().equation, shapes);
  if (!einsum.ok()) return;  // Check has parsed it
  const std::vector<Shape> strides = IndexStrides(*einsum, operands);
  const size_t kept = einsum->output_indices;
  const Shape summed(einsum->sizes.begin() + static_cast<ptrdiff_t>(kept), einsum->sizes.end());
  const auto offset_of = [&](size_t operand, const Shape& at, const Shape& index) {
    int64_t offset = 0;
    for (size_t d = 0; d < at.size(); ++d) offset += at[d] * strides[operand][d];
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[operand][kept + d];
    return offset;
  };
  Numbers y = problem.Out(0, args);
  const bool whole = IsWhole(problem.outputs[0]);
  ForEachIndex(y.shape(), [&](const Shape& at) {
    double sum = 0;
    uint64_t whole_sum = 0;
    ForEachIndex(summed, [&](const Shape& index) {
      double product = 1;
      uint64_t whole_product = 1;
      for (size_t i = 0; i < operands.size(); ++i) {
        const int64_t offset = offset_of(i, at, index);
        if (whole) {
          whole_product *= static_cast<uint64_t>(operands[i].Whole(offset));
        } else {
          product *= static_cast<double>(operands[i].Real(offset));
        }
      }
      sum += product;
      whole_sum += whole_product;
    });
    if (whole) return y.SetWhole(y.Offset(at), static_cast<int64_t>(whole_sum));
    y.SetReal(y.Offset(at), static_cast<float>(sum));
  });
}

absl::Status Check(const KernelContext& context) {
  const Operand& y = context.output();
  std::vector<Shape> shapes;
  for (const Operand& x : context.inputs) {
    shapes.push_back(x.shape);
    if (x.type == y.type && (IsF32(x) || IsPlainInteger(x)) && y.quant == nullptr) continue;
    return absl::UnimplementedError(
        absl::StrCat("no products of ", Describe(x), " as ", Describe(y)));
  }
  return ParseEinsum(context.node->as<schema::EinsumOptionsT>().equation, shapes).status();
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceEinsum = {"reference", reference::Check,
                                      reference::PrepareWith<reference::Compute>};

}  // namespace octet
