#ifndef OCTET_KERNELS_SCALAR_FUNCTIONS_H_
#define OCTET_KERNELS_SCALAR_FUNCTIONS_H_

#include <cstdint>

#include "octet/types.h"
#include "schema/model_generated.h"

// The functions behind Unary and Binary, one number at a time, as accurate as the C++ library.
// Tables of 8-bit kernels and the reference are made of them.

namespace octet {

float UnaryValue(const schema::UnaryOptionsT& options, float x);

// Without the activation.
float BinaryValue(schema::BinaryKind kind, float a, float b);

// Functions of integers of one type and of booleans (0 and 1). Arguments are their numbers, those
// of u64 by their bits; what the result has beyond the type's width is to be cut. Kinds that
// integers do not take give x or a.
int64_t UnaryInteger(const schema::UnaryOptionsT& options, DataType type, int64_t x);
int64_t BinaryInteger(schema::BinaryKind kind, DataType type, int64_t a, int64_t b);

// The number of the type that is nearest to a bound of CLIP, cut towards 0.
int64_t ClipBound(DataType type, float bound);

// a to the power of b. Negative exponents: the quotient 1 / a^-b rounded towards 0, 0 for a = 0.
int64_t PowerInteger(DataType a_type, int64_t a, DataType b_type, int64_t b);
// The power as a real number, cut to an integer as Cast does.
int64_t PowerReal(DataType a_type, int64_t a, float b);

}  // namespace octet

#endif  // OCTET_KERNELS_SCALAR_FUNCTIONS_H_
