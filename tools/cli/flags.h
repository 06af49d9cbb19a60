#ifndef OCTET_TOOLS_CLI_FLAGS_H_
#define OCTET_TOOLS_CLI_FLAGS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace octet::cli {

// The flags of one command: what they mean, and where their values go. Flags are written `--name
// value` or
// `--name=value`, switches `--name`; one-letter names take a single dash. Everything else is an
// operand, and so is all that follows `--`.
class FlagSet {
 public:
  // `usage` is what follows "octet", `summary` one sentence, `example` a command line that works.
  FlagSet(std::string usage, std::string summary, std::string example);

  // Each registers a flag. Targets must outlive the set and keep their value when the flag is
  // absent.
  void Text(const std::string& name, const std::string& value, const std::string& help,
            std::string* target);
  // May be given several times.
  void List(const std::string& name, const std::string& value, const std::string& help,
            std::vector<std::string>* target);
  void Integer(const std::string& name, const std::string& value, const std::string& help,
               int64_t min, int64_t max, int64_t* target);
  void Real(const std::string& name, const std::string& value, const std::string& help, double min,
            double max, double* target);
  void Choice(const std::string& name, const std::vector<std::string>& choices,
              const std::string& help, std::string* target);
  void Switch(const std::string& name, const std::string& help, bool* target);

  // Sets the targets and returns the operands. InvalidArgument names the flag that is unknown, with
  // the most similar known one, or whose value is missing or wrong.
  absl::StatusOr<std::vector<std::string>> Parse(absl::Span<const std::string> arguments) const;

  // Text for --help.
  std::string Help() const;

 private:
  struct Flag {
    std::string name;   // without dashes
    std::string value;  // what the value is called; empty for a switch
    std::string help;
    std::function<absl::Status(absl::string_view)> set;
  };

  const Flag* Find(absl::string_view name) const;
  absl::Status Unknown(absl::string_view argument) const;

  std::string usage_;
  std::string summary_;
  std::string example_;
  std::vector<Flag> flags_;
};

// Insertions, deletions and replacements of characters that turn one word into the other
// (Levenshtein).
int EditDistance(absl::string_view a, absl::string_view b);

// The word of `words` that is most similar to `word`; empty when none is.
std::string MostSimilar(absl::string_view word, const std::vector<std::string>& words);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_FLAGS_H_
