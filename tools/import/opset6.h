#ifndef OCTET_TOOLS_IMPORT_OPSET6_H_
#define OCTET_TOOLS_IMPORT_OPSET6_H_

#include "absl/status/status.h"
#include "tools/import/op.h"

namespace octet::importer {

// Makes a node of operator set 6 look like one of set 7, from which on operands broadcast as in
// numpy. Before, `axis` said where the second operand lies within the first: that operand becomes
// `reshaped`, with ones after its sizes. Attributes that set 7 does not know are marked as read
// where they change nothing.
absl::Status AdaptOpset6(OpContext& context, Value& reshaped);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_OPSET6_H_
