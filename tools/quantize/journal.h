#ifndef OCTET_TOOLS_QUANTIZE_JOURNAL_H_
#define OCTET_TOOLS_QUANTIZE_JOURNAL_H_

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/quantize/journal_values.h"

namespace octet {

// What a journal is about. Each member is a text or a hash that differs when results would.
struct JournalSubject {
  std::string model;
  std::string data;
  std::string options;
};

// What a long search has found out so far, by name, and the file that keeps it. A search that asks
// the journal before it measures, and decides by nothing but what it measured, goes on after an
// interruption as if there had been none. Not thread-safe.
class Journal {
 public:
  // Keeps results in memory alone.
  Journal() = default;

  // Reads `path`, or starts a journal that will be written there if there is no such file.
  // InvalidArgument names the path when the file is no journal, is damaged, of another version, or
  // about another subject, and says which part of the subject differs.
  static absl::StatusOr<Journal> Open(const std::string& path, const JournalSubject& subject);

  // Of the file; empty: results are kept in memory alone.
  const std::string& path() const { return path_; }

  // How many results the file held.
  int64_t found() const { return found_; }

  // The value of that name, or what `measure` returns, which is kept. Errors are those of `measure`
  // and of writing the file.
  template <typename T>
  absl::StatusOr<T> Recall(const std::string& name,
                           absl::FunctionRef<absl::StatusOr<T>()> measure) {
    if (const nlohmann::json* known = Find(name)) {
      T value;
      return Decode(*known, value) ? absl::StatusOr<T>(std::move(value)) : Damaged(name);
    }
    absl::StatusOr<T> value = measure();
    if (!value.ok()) return value;
    absl::Status status = Put({{name, Encode(*value)}});
    if (!status.ok()) return status;
    return value;
  }

  // The two halves of Recall, for results that are measured together. Find returns null where there
  // is none.
  const nlohmann::json* Find(const std::string& name) const;
  // Writes the file once for all of `values`.
  absl::Status Put(std::map<std::string, nlohmann::json> values);
  absl::Status Damaged(const std::string& name) const;

 private:
  std::string path_;  // empty: in memory alone
  JournalSubject subject_;
  std::map<std::string, nlohmann::json> values_;
  int64_t found_ = 0;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_JOURNAL_H_
