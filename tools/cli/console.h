#ifndef OCTET_TOOLS_CLI_CONSOLE_H_
#define OCTET_TOOLS_CLI_CONSOLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace octet::cli {

// Writes to stdout.
void Print(absl::string_view text);

// A line on stderr that tells how far a task has come. Shows nothing unless stderr is a terminal,
// and disappears at the end.
class ProgressLine {
 public:
  explicit ProgressLine(std::string task);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(int64_t done, int64_t total);

 private:
  std::string task_;
  bool enabled_;
  int64_t shown_percent_ = -1;
};

// The same for one task after another: the line is that of the task that was shown last.
class TaskLine {
 public:
  void Show(const std::string& task, int64_t done, int64_t total);
  // Until the next Show. To be called before anything else is written.
  void Clear() { line_.reset(); }

 private:
  std::string task_;
  std::unique_ptr<ProgressLine> line_;
};

// Columns of text, aligned: the first row holds the titles; numbers stand at the right.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_CONSOLE_H_
