#ifndef OCTET_KERNELS_REFERENCE_PROBLEM_H_
#define OCTET_KERNELS_REFERENCE_PROBLEM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/kernel.h"
#include "kernels/operands.h"

namespace octet {
namespace reference {

// The elements of one operand while the kernel runs. Offsets count elements.
class Numbers {
 public:
  Numbers(const Operand& operand, const void* data);

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  float scale() const { return quant_->scale(); }
  int32_t zero_point() const { return quant_->zero_point(); }

  int64_t Offset(const Shape& index) const {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) offset += index[i] * strides_[i];
    return offset;
  }

  // The stored integer.
  int32_t Int(int64_t offset) const;
  void SetInt(int64_t offset, int32_t value);
  // Integers that stand for themselves and booleans; those of u64 by their bits. SetWhole cuts to
  // the type's width.
  int64_t Whole(int64_t offset) const;
  void SetWhole(int64_t offset, int64_t value);
  // The real value, by the tensor's scale when it is quantized.
  float Real(int64_t offset) const;
  void SetReal(int64_t offset, float value);

  uint8_t* data() const { return data_; }

 private:
  DataType type_;
  Shape shape_;
  Shape strides_;
  const QuantParams* quant_;
  uint8_t* data_;
};

// An operator with its operands, kept for Run.
struct Problem {
  const Node* node;
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;

  bool has_input(size_t i) const { return i < inputs.size() && inputs[i].present(); }
  Numbers In(size_t i, const RunArgs& args) const { return Numbers(inputs[i], args.inputs[i]); }
  Numbers Out(size_t i, const RunArgs& args) const { return Numbers(outputs[i], args.outputs[i]); }
};

using ComputeFunction = void (*)(const Problem& problem, const RunArgs& args);

std::unique_ptr<Kernel> MakeKernel(const KernelContext& context, ComputeFunction compute);

// A prepare function for `kCompute`.
template <ComputeFunction kCompute>
absl::StatusOr<std::unique_ptr<Kernel>> PrepareWith(const KernelContext& context) {
  return MakeKernel(context, kCompute);
}

// Calls fn(index) for each index into `shape`, in row-major order.
template <typename Fn>
void ForEachIndex(const Shape& shape, const Fn& fn) {
  if (NumElements(shape) == 0) return;
  Shape index(shape.size(), 0);
  for (;;) {
    fn(index);
    size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

// The offset of the element of `x` that broadcasts to the index `at` of a larger shape.
int64_t BroadcastOffset(const Numbers& x, const Shape& at);

// One element from `from` to `to`: its bytes where they mean the same, else its real value.
class ElementCopy {
 public:
  ElementCopy(const Operand& from, const Operand& to);
  void operator()(const Numbers& from, int64_t from_offset, Numbers& to, int64_t to_offset) const;

 private:
  size_t bytes_;  // 0: by value
};

// Unimplemented when ElementCopy cannot copy from one operand to the other.
absl::Status CheckCopy(const Operand& from, const Operand& to);

}  // namespace reference
}  // namespace octet

#endif  // OCTET_KERNELS_REFERENCE_PROBLEM_H_
