#include <cstring>

#include "kernels/elements.h"
#include "kernels/testing/cases.h"

namespace octet::testing {
namespace {

void Narrow(TestTensor& t, DataType type) {
  if (t.type != DataType::kF32) return;
  const std::vector<float> values = t.values<float>();
  TestTensor narrow = Values(type, t.shape, std::vector<double>(values.begin(), values.end()));
  narrow.constant = t.constant;
  t = std::move(narrow);
}

bool StaysF32(OpType op, size_t input) {
  switch (op) {
    case OpType::ConvOptions:
    case OpType::MatMulOptions:
    case OpType::ConvTransposeOptions:
      return input == 2;
    case OpType::AttentionOptions:
      return input == 3;
    default:
      return false;
  }
}

bool IsF32Case(const KernelCase& c) {
  for (const std::vector<TestTensor>* operands : {&c.inputs, &c.outputs}) {
    for (const TestTensor& t : *operands) {
      if (t.quant) return false;
    }
  }
  return c.outputs[0].type == DataType::kF32 && !c.inputs.empty() &&
         c.inputs[0].type == DataType::kF32 && c.post.empty();
}

}  // namespace

std::vector<KernelCase> HalfCasesFor(OpType op, DataType type) {
  std::vector<KernelCase> cases;
  for (KernelCase& c : CasesFor(op)) {
    if (!IsF32Case(c)) continue;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      if (!StaysF32(op, i)) Narrow(c.inputs[i], type);
    }
    for (TestTensor& t : c.outputs) {
      if (t.type == DataType::kF32) t.type = type;
    }
    c.name += std::string(", ") + std::string(Name(type));
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace octet::testing
