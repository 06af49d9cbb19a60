#ifndef OCTET_KERNELS_SCALAR_FUNCTIONS_H_
#define OCTET_KERNELS_SCALAR_FUNCTIONS_H_

#include "schema/model_generated.h"

// The functions behind Unary and Binary, one number at a time, as accurate as the C++ library.
// Tables of 8-bit kernels and the reference are made of them.

namespace octet {

float UnaryValue(const schema::UnaryOptionsT& options, float x);

// Without the activation.
float BinaryValue(schema::BinaryKind kind, float a, float b);

}  // namespace octet

#endif  // OCTET_KERNELS_SCALAR_FUNCTIONS_H_
