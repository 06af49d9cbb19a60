#ifndef OCTET_TOOLS_REPORT_MARKUP_H_
#define OCTET_TOOLS_REPORT_MARKUP_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace octet::report {

// `text` with the characters that mean something in HTML replaced.
std::string Escape(absl::string_view text);

// A table. Cells are markup; those of columns named in `numeric` stand at the right.
struct Table {
  std::vector<std::string> titles;
  std::vector<bool> numeric;  // per column
  struct Row {
    std::vector<std::string> cells;
    bool highlighted = false;
  };
  std::vector<Row> rows;
};
std::string ToHtml(const Table& table);

}  // namespace octet::report

#endif  // OCTET_TOOLS_REPORT_MARKUP_H_
