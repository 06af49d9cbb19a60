#include "tools/cli/flags.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace octet::cli {
namespace {

// As it is written on a command line: "-o", "--data".
std::string Dashed(absl::string_view name) {
  return absl::StrCat(name.size() == 1 ? "-" : "--", name);
}

bool LooksLikeFlag(absl::string_view argument) {
  if (argument.size() < 2 || argument[0] != '-') return false;
  return !absl::ascii_isdigit(static_cast<unsigned char>(argument[1])) && argument[1] != '.';
}

}  // namespace

int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string MostSimilar(absl::string_view word, const std::vector<std::string>& words) {
  std::string best;
  int best_distance = static_cast<int>(word.size()) / 3 + 2;
  for (const std::string& candidate : words) {
    const bool prefix = word.size() >= 3 && absl::StartsWith(candidate, word);
    const int distance = prefix ? 0 : EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

FlagSet::FlagSet(std::string usage, std::string summary, std::string example)
    : usage_(std::move(usage)), summary_(std::move(summary)), example_(std::move(example)) {}

void FlagSet::Text(const std::string& name, const std::string& value, const std::string& help,
                   std::string* target) {
  flags_.push_back({name, value, help, [target](absl::string_view text) {
                      *target = std::string(text);
                      return absl::OkStatus();
                    }});
}

void FlagSet::List(const std::string& name, const std::string& value, const std::string& help,
                   std::vector<std::string>* target) {
  flags_.push_back({name, value, help, [target](absl::string_view text) {
                      target->emplace_back(text);
                      return absl::OkStatus();
                    }});
}

void FlagSet::Integer(const std::string& name, const std::string& value, const std::string& help,
                      int64_t min, int64_t max, int64_t* target) {
  flags_.push_back({name, value, help, [=](absl::string_view text) {
                      int64_t number;
                      if (!absl::SimpleAtoi(text, &number) || number < min || number > max) {
                        return absl::InvalidArgumentError(
                            absl::StrCat("expected an integer from ", min, " to ", max));
                      }
                      *target = number;
                      return absl::OkStatus();
                    }});
}

void FlagSet::Real(const std::string& name, const std::string& value, const std::string& help,
                   double min, double max, double* target) {
  flags_.push_back({name, value, help, [=](absl::string_view text) {
                      double number;
                      if (!absl::SimpleAtod(text, &number) || !(number >= min && number <= max)) {
                        return absl::InvalidArgumentError(
                            absl::StrCat("expected a number from ", min, " to ", max));
                      }
                      *target = number;
                      return absl::OkStatus();
                    }});
}

void FlagSet::Choice(const std::string& name, const std::vector<std::string>& choices,
                     const std::string& help, std::string* target) {
  flags_.push_back({name, absl::StrJoin(choices, "|"), help, [=](absl::string_view text) {
                      if (std::count(choices.begin(), choices.end(), text) == 0) {
                        return absl::InvalidArgumentError(
                            absl::StrCat("expected ", absl::StrJoin(choices, " or ")));
                      }
                      *target = std::string(text);
                      return absl::OkStatus();
                    }});
}

void FlagSet::Switch(const std::string& name, const std::string& help, bool* target) {
  flags_.push_back({name, "", help, [target](absl::string_view) {
                      *target = true;
                      return absl::OkStatus();
                    }});
}

const FlagSet::Flag* FlagSet::Find(absl::string_view name) const {
  const auto found =
      std::find_if(flags_.begin(), flags_.end(), [&](const Flag& f) { return f.name == name; });
  return found == flags_.end() ? nullptr : &*found;
}

absl::Status FlagSet::Unknown(absl::string_view argument) const {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : flags_) names.push_back(Dashed(flag.name));
  const std::string similar = MostSimilar(argument, names);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag ", argument,
                   similar.empty() ? "" : absl::StrCat("; did you mean ", similar, "?")));
}

absl::StatusOr<std::vector<std::string>> FlagSet::Parse(
    absl::Span<const std::string> arguments) const {
  std::vector<std::string> operands;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const absl::string_view argument = arguments[i];
    if (argument == "--") {
      operands.insert(operands.end(), arguments.begin() + static_cast<ptrdiff_t>(i) + 1,
                      arguments.end());
      break;
    }
    if (!LooksLikeFlag(argument)) {
      operands.emplace_back(argument);
      continue;
    }
    const size_t equals = argument.find('=');
    const absl::string_view dashed = argument.substr(0, equals);
    const size_t dashes = absl::StartsWith(dashed, "--") ? 2 : 1;
    const Flag* flag = Find(dashed.substr(dashes));
    if (flag == nullptr || Dashed(flag->name) != dashed) return Unknown(dashed);
    absl::string_view value;
    if (equals != absl::string_view::npos) {
      value = argument.substr(equals + 1);
      if (flag->value.empty()) {
        return absl::InvalidArgumentError(absl::StrCat(dashed, " takes no value"));
      }
    } else if (!flag->value.empty()) {
      if (i + 1 == arguments.size() || LooksLikeFlag(arguments[i + 1])) {
        return absl::InvalidArgumentError(
            absl::StrCat(dashed, " needs a value: ", dashed, " ", flag->value));
      }
      value = arguments[++i];
    }
    absl::Status status = flag->set(value);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(dashed, " ", value, ": ", status.message()));
    }
  }
  return operands;
}

std::string FlagSet::Help() const {
  std::string text = absl::StrCat("usage: octet ", usage_, "\n\n", summary_, "\n\n");
  size_t width = 0;
  const auto left = [](const Flag& flag) {
    return absl::StrCat(Dashed(flag.name), flag.value.empty() ? "" : " ", flag.value);
  };
  for (const Flag& flag : flags_) width = std::max(width, left(flag).size());
  width = std::min<size_t>(width, 30);
  for (const Flag& flag : flags_) {
    std::string line = left(flag);
    if (line.size() > width) absl::StrAppend(&text, "  ", line, "\n"), line.clear();
    line.resize(width, ' ');
    absl::StrAppend(&text, "  ", line, "  ", flag.help, "\n");
  }
  absl::StrAppend(&text, "\nexample: ", example_, "\n");
  return text;
}

}  // namespace octet::cli
