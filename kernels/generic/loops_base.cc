
#include "kernels/generic/loops-inl.h"

namespace octet {
namespace generic {

const Loops kBaseLoops = MakeLoops();

}  // namespace generic
}  // namespace octet
