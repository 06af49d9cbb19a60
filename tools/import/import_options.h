#ifndef OCTET_TOOLS_IMPORT_IMPORT_OPTIONS_H_
#define OCTET_TOOLS_IMPORT_IMPORT_OPTIONS_H_

#include <map>
#include <string>

#include "octet/types.h"

namespace octet {

struct ImportOptions {
  // Shapes of inputs, by name, in place of those that the file declares; -1 leaves a size open.
  std::map<std::string, Shape> input_shapes;
};

}  // namespace octet

#endif  // OCTET_TOOLS_IMPORT_IMPORT_OPTIONS_H_
