#ifndef OCTET_TOOLS_IMPORT_OP_LIST_H_
#define OCTET_TOOLS_IMPORT_OP_LIST_H_

#include <string>
#include <vector>

namespace octet {

// An ONNX operator that can be imported.
struct SupportedOp {
  std::string name;  // with "domain." before it where it is not ONNX's own
  int first = 0;     // versions of its operator set
  int last = 0;
  std::string types;  // of the elements that it computes with
  std::string notes;  // what is not supported, or how; may be empty
};

// All of them, by name: those of ONNX first. It is what the importer itself looks operators up in.
std::vector<SupportedOp> SupportedOps();

// The same as a table for terminals.
std::string SupportedOpsAsText();

// The same as the page docs/operators.md.
std::string SupportedOpsAsMarkdown();

}  // namespace octet

#endif  // OCTET_TOOLS_IMPORT_OP_LIST_H_
