#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)octet::fuzz::ReadTflite({data, size});
  return 0;
}
