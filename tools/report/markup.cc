#include "tools/report/markup.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace octet::report {

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string ToHtml(const Table& table) {
  const auto open = [&](const char* tag, size_t column) {
    const bool right = column < table.numeric.size() && table.numeric[column];
    return absl::StrCat("<", tag, right ? " class=\"n\">" : ">");
  };
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (size_t i = 0; i < table.titles.size(); ++i) {
    absl::StrAppend(&html, open("th", i), Escape(table.titles[i]), "</th>");
  }
  html += "</tr></thead><tbody>\n";
  for (const Table::Row& row : table.rows) {
    html += row.highlighted ? "<tr class=\"chosen\">" : "<tr>";
    for (size_t i = 0; i < row.cells.size(); ++i) {
      absl::StrAppend(&html, open("td", i), row.cells[i], "</td>");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace octet::report
