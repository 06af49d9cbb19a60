#ifndef OCTET_KERNELS_ONEDNN_PADDED_KERNEL_H_
#define OCTET_KERNELS_ONEDNN_PADDED_KERNEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "kernels/kernel.h"

namespace octet {
namespace onednn {

// How a channels-last tensor of bytes [n, c, spatial...] grows at its borders.
struct Padding {
  Shape shape;          // before
  Shape begin, end;     // elements added per spatial dimension
  uint8_t value = 0;    // the byte of a border element
  bool on_pool = true;  // false: too small to be worth a second thread

  Shape padded_shape() const;
};

// Copies `x` with a border around it to `padded`.
void Pad(const Padding& padding, const uint8_t* x, uint8_t* padded, ThreadPool* pool);

// Runs `inner` on input 0 with a border around it. The padded copy lies in scratch memory.
class PaddedKernel : public Kernel {
 public:
  // `inner` has `inputs` inputs, at most 4.
  PaddedKernel(Padding padding, int inputs, std::unique_ptr<Kernel> inner);

  void Run(const RunArgs& args) const override;
  size_t scratch_bytes() const override { return copy_bytes_ + inner_->scratch_bytes(); }
  int in_place_input() const override { return inner_->in_place_input(); }
  std::string detail() const override { return "pad+" + inner_->detail(); }

 private:
  const Padding padding_;
  const int inputs_;
  const std::unique_ptr<Kernel> inner_;
  size_t copy_bytes_;  // a multiple of 64
};

}  // namespace onednn
}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_PADDED_KERNEL_H_
