#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)octet::fuzz::ReadOnnx({data, size});
  return 0;
}
