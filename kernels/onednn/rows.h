#ifndef OCTET_KERNELS_ONEDNN_ROWS_H_
#define OCTET_KERNELS_ONEDNN_ROWS_H_

#include "kernels/kernel.h"

namespace octet {

// Products by oneDNN: f32, bf16 and f16 where the CPU has instructions for them, and convolution
// and matrix product of int8 (within 1 unit of the reference, most often equal to it). Pooling of
// bf16 and f16. See README.md for what they refuse and why.
extern const KernelEntry kOnednnConv;
extern const KernelEntry kOnednnMatMul;
extern const KernelEntry kOnednnConvTranspose;
extern const KernelEntry kOnednnAttention;
extern const KernelEntry kOnednnPool;  // Pool and GlobalPool

}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_ROWS_H_
