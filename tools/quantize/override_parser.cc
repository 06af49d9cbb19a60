#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/quantize/overrides.h"

namespace octet {
namespace {

struct Keyword {
  const char* word;
  OverrideSelector selector;
  bool is_pattern;
};
constexpr Keyword kKeywords[] = {
    {"operator", OverrideSelector::kOperator, false},
    {"type", OverrideSelector::kType, false},
    {"regex", OverrideSelector::kOperatorPattern, true},
    {"tensor", OverrideSelector::kTensor, false},
    {"tensor-regex", OverrideSelector::kTensorPattern, true},
};

constexpr char kLineForm[] =
    "a line is 'operator NAME: SETTINGS', 'type TYPE: SETTINGS', 'regex /PATTERN/: SETTINGS', "
    "'tensor NAME: SETTINGS' or 'tensor-regex /PATTERN/: SETTINGS'";

// Cuts at the commas that stand outside of brackets.
std::vector<absl::string_view> SplitSettings(absl::string_view text) {
  std::vector<absl::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++depth;
    if (i < text.size() && text[i] == ']') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    parts.push_back(absl::StripAsciiWhitespace(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return parts;
}

absl::StatusOr<Range> ParseRange(absl::string_view text) {
  absl::string_view inner = text;
  Range range;
  if (absl::ConsumePrefix(&inner, "[") && absl::ConsumeSuffix(&inner, "]")) {
    const std::vector<absl::string_view> ends = absl::StrSplit(inner, ',');
    if (ends.size() == 2 && absl::SimpleAtof(ends[0], &range.min) &&
        absl::SimpleAtof(ends[1], &range.max) && IsValid(range)) {
      return range;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is no range; write range=[-1.5, 6] with the smaller end first"));
}

absl::Status ParseSetting(absl::string_view text, OverrideSettings& settings) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  const absl::string_view key = absl::StripAsciiWhitespace(parts.first);
  const absl::string_view value = absl::StripAsciiWhitespace(parts.second);
  if (key == "calibrator") {
    const absl::StatusOr<CalibratorKind> kind = CalibratorNamed(value);
    if (!kind.ok()) return kind.status();
    settings.calibrator = *kind;
  } else if (key == "percentile") {
    double percentile;
    if (!absl::SimpleAtod(value, &percentile) || !(percentile > 0 && percentile <= 100)) {
      return absl::InvalidArgumentError(
          absl::StrCat("percentile=", value, " should be above 0 and at most 100"));
    }
    settings.percentile = percentile;
  } else if (key == "range") {
    const absl::StatusOr<Range> range = ParseRange(value);
    if (!range.ok()) return range.status();
    settings.range = *range;
  } else if (ExceptionNamed(text)) {
    settings.precision = ExceptionNamed(text);
  } else if (text == "per-tensor" || text == "per-channel") {
    settings.weights =
        text == "per-tensor" ? WeightGranularity::kPerTensor : WeightGranularity::kPerChannel;
  } else if (text == "symmetric" || text == "affine") {
    settings.symmetric = text == "symmetric";
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown setting '", text,
        "'; there are: float, int8, dynamic, int16, bf16, f16, per-tensor, per-channel, symmetric, "
        "affine, calibrator=NAME, percentile=NUMBER, range=[MIN, MAX]"));
  }
  return absl::OkStatus();
}

absl::Status ParseSettings(absl::string_view text, OverrideSettings& settings) {
  for (absl::string_view part : SplitSettings(text)) {
    if (part.empty()) return absl::InvalidArgumentError("a setting is missing");
    absl::Status status = ParseSetting(part, settings);
    if (!status.ok()) return status;
  }
  if (settings.range && (settings.calibrator || settings.percentile)) {
    return absl::InvalidArgumentError("a fixed range leaves nothing to a calibrator");
  }
  return absl::OkStatus();
}

// A name may hold colons and slashes, settings never do: the last colon ends it. A pattern stands
// between slashes.
absl::StatusOr<Override> ParseLine(absl::string_view line) {
  const size_t space = line.find_first_of(" \t");
  const size_t colon = line.rfind(':');
  if (space == line.npos || colon == line.npos || colon < space) {
    return absl::InvalidArgumentError(kLineForm);
  }
  Override result;
  const Keyword* keyword = nullptr;
  for (const Keyword& known : kKeywords) {
    if (line.substr(0, space) == known.word) keyword = &known;
  }
  if (keyword == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown word '", line.substr(0, space), "'; ", kLineForm));
  }
  result.selector = keyword->selector;
  absl::string_view subject = absl::StripAsciiWhitespace(line.substr(space, colon - space));
  if (keyword->is_pattern && !(subject.size() > 2 && absl::ConsumePrefix(&subject, "/") &&
                               absl::ConsumeSuffix(&subject, "/"))) {
    return absl::InvalidArgumentError(
        absl::StrCat("a pattern stands between slashes: ", keyword->word, " /conv_[0-9]+/: float"));
  }
  if (subject.empty()) return absl::InvalidArgumentError(kLineForm);
  result.pattern = std::string(subject);
  absl::Status status = ParseSettings(line.substr(colon + 1), result.settings);
  if (!status.ok()) return status;
  const bool tensors = keyword->selector == OverrideSelector::kTensor ||
                       keyword->selector == OverrideSelector::kTensorPattern;
  if (tensors && result.settings.about_operators()) {
    return absl::InvalidArgumentError(
        "float, int8, dynamic, int16, bf16, f16, per-tensor and per-channel are settings of "
        "operators, not of tensors");
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<Override>> ParseOverrides(absl::string_view text,
                                                     const std::string& file) {
  std::vector<Override> overrides;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    absl::StatusOr<Override> parsed = ParseLine(line);
    const std::string place = absl::StrCat(file, ":", number);
    if (!parsed.ok()) {
      return absl::Status(parsed.status().code(),
                          absl::StrCat(place, ": ", parsed.status().message()));
    }
    parsed->place = place;
    parsed->text = std::string(line);
    overrides.push_back(*std::move(parsed));
  }
  return overrides;
}

}  // namespace octet
