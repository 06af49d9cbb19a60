// Headers of others come before the pragma, so that no code that files share is compiled for this
// set.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/generic/loops.h"
#include "runtime/core/half.h"

#pragma GCC target("avx2")
#include "kernels/generic/loops-inl.h"

namespace octet {
namespace generic {

const Loops kAvx2Loops = MakeLoops();

}  // namespace generic
}  // namespace octet
