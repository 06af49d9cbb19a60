#ifndef OCTET_RUNTIME_LOWER_ARITHMETIC_H_
#define OCTET_RUNTIME_LOWER_ARITHMETIC_H_

#include <string>

#include "kernels/kernel.h"

namespace octet {

// Whether the operator's results are elements of its first inputs as they are, so that only the
// size of elements matters.
bool MovesElements(const Node& node);

// How an operator computes, for people.
struct ArithmeticInfo {
  std::string computed;     // the elements that are combined: "u8 x s8", "bf16", "f32"
  std::string accumulated;  // sums of products: "s32", "f32", "f16"; empty without sums of products
  bool conversion = false;  // nothing but a conversion between types
};

// `widened`: the kernel that was chosen converts operands of 16 bits to f32 (Selected::widened).
ArithmeticInfo DescribeArithmetic(const KernelContext& context, bool widened);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_ARITHMETIC_H_
