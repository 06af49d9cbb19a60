#ifndef OCTET_RUNTIME_CORE_INTEGER_TYPES_H_
#define OCTET_RUNTIME_CORE_INTEGER_TYPES_H_

#include "octet/types.h"

namespace octet {

// Whether the elements are integers; booleans are not.
inline bool IsInteger(DataType type) {
  switch (type) {
    case DataType::kS8:
    case DataType::kU8:
    case DataType::kS16:
    case DataType::kU16:
    case DataType::kS32:
    case DataType::kU32:
    case DataType::kS64:
    case DataType::kU64:
      return true;
    default:
      return false;
  }
}

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_INTEGER_TYPES_H_
