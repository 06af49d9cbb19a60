#ifndef OCTET_TOOLS_IMPORT_ISSUES_H_
#define OCTET_TOOLS_IMPORT_ISSUES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace octet::importer {

// What a model has that cannot be imported, collected so that all of it is reported at once.
class Issues {
 public:
  // `op` of node `node` is not supported, because of `why`; `hint` says what is, and may be empty.
  void Add(absl::string_view op, absl::string_view node, absl::string_view why,
           absl::string_view hint);

  bool empty() const { return entries_.empty(); }

  // Unimplemented: one line per operator and reason, with the names of all nodes it holds for.
  // `format` says what the operators belong to, such as "operator set 17".
  absl::Status ToStatus(absl::string_view path, absl::string_view format) const;

 private:
  struct Entry {
    std::string op;
    std::string why;
    std::string hint;
    std::vector<std::string> nodes;
  };
  std::vector<Entry> entries_;  // in order of appearance
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_ISSUES_H_
