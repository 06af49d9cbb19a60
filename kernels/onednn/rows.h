#ifndef OCTET_KERNELS_ONEDNN_ROWS_H_
#define OCTET_KERNELS_ONEDNN_ROWS_H_

#include "kernels/kernel.h"

namespace octet {

// Convolution and matrix product by oneDNN, f32 (also transposed convolution) and int8 (within 1
// unit of the reference, most often equal to it). See README.md for what they refuse and why.
extern const KernelEntry kOnednnConv;
extern const KernelEntry kOnednnMatMul;
extern const KernelEntry kOnednnConvTranspose;
extern const KernelEntry kOnednnAttention;

}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_ROWS_H_
