#include "tools/import/issues.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace octet::importer {

void Issues::Add(absl::string_view op, absl::string_view node, absl::string_view why,
                 absl::string_view hint) {
  for (Entry& entry : entries_) {
    if (entry.op == op && entry.why == why) {
      entry.nodes.emplace_back(node);
      return;
    }
  }
  entries_.push_back({std::string(op), std::string(why), std::string(hint), {std::string(node)}});
}

absl::Status Issues::ToStatus(absl::string_view path, absl::string_view format) const {
  size_t nodes = 0;
  for (const Entry& entry : entries_) nodes += entry.nodes.size();
  std::string text = absl::StrCat(path, ": ", nodes, nodes == 1 ? " node" : " nodes",
                                  " cannot be imported (", format, "):");
  for (const Entry& entry : entries_) {
    absl::StrAppend(&text, "\n  ", entry.op, " ", entry.why);
    if (!entry.hint.empty()) absl::StrAppend(&text, " (", entry.hint, ")");
    absl::StrAppend(&text, "\n    ", entry.nodes.size() == 1 ? "node " : "nodes ",
                    absl::StrJoin(entry.nodes, ", "));
  }
  return absl::UnimplementedError(text);
}

}  // namespace octet::importer
