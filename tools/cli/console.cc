#include "tools/cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace octet::cli {
namespace {

bool IsNumber(const std::string& text) {
  double value;
  return absl::SimpleAtod(text, &value);
}

}  // namespace

void Print(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

ProgressLine::ProgressLine(std::string task)
    : task_(std::move(task)), enabled_(isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
  if (enabled_ && shown_percent_ >= 0) std::fputs("\r\033[K", stderr);
}

void ProgressLine::Show(int64_t done, int64_t total) {
  const int64_t percent = total > 0 ? done * 100 / total : 100;
  if (!enabled_ || percent == shown_percent_) return;
  shown_percent_ = percent;
  absl::FPrintF(stderr, "\r%s: %d of %d (%d%%)", task_, done, total, percent);
  std::fflush(stderr);
}

void TaskLine::Show(const std::string& task, int64_t done, int64_t total) {
  if (line_ == nullptr || task != task_) {
    Clear();  // before the next one starts
    line_ = std::make_unique<ProgressLine>(task_ = task);
  }
  line_->Show(done, total);
}

std::string FormatTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      const bool right = IsNumber(row[i]);
      absl::StrAppend(&line, i > 0 ? "  " : "", right ? padding : "", row[i], right ? "" : padding);
    }
    absl::StripTrailingAsciiWhitespace(&line);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

}  // namespace octet::cli
