#ifndef OCTET_KERNELS_GENERIC_MOVEMENT_H_
#define OCTET_KERNELS_GENERIC_MOVEMENT_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "kernels/generic/strided_copy.h"
#include "kernels/kernel.h"

namespace octet {
namespace generic {

// Copies of boxes, each from one input to one output.
class MovementKernel : public Kernel {
 public:
  void Add(StridedCopy copy, size_t input, size_t output) {
    steps_.push_back({std::move(copy), input, output});
  }

  void Run(const RunArgs& args) const override {
    for (const Step& step : steps_) {
      step.copy.Run(args.inputs[step.input], args.outputs[step.output], args.pool);
    }
  }

 private:
  struct Step {
    StridedCopy copy;
    size_t input, output;
  };
  std::vector<Step> steps_;
};

// Unimplemented unless elements of x can become those of y, as bytes or through a table.
absl::Status CheckMovement(const Operand& x, const Operand& y);

// The copy of `box` from x to y.
StridedCopy MakeCopy(const KernelContext& context, const Shape& box, const Operand& x,
                     StridedCopy::Side from, const Operand& y, StridedCopy::Side to);

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_MOVEMENT_H_
