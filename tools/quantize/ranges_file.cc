#include "tools/quantize/ranges_file.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/data/file.h"
#include "tools/data/sha256.h"

namespace octet {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "octet-ranges";
constexpr int kVersion = 1;

json JsonOf(const Graph& graph, TensorId id, const TensorStatistics& tensor) {
  const Histogram& h = tensor.histogram;
  return {
      {"tensor", id},
      {"name", graph.tensor(id).name},
      {"count", tensor.count},
      {"extremes", {tensor.extremes.min, tensor.extremes.max}},
      {"moving_average", {tensor.moving_average.min, tensor.moving_average.max}},
      {"histogram",
       {{"zeros", h.zeros}, {"exponent", h.exponent}, {"first", h.first}, {"counts", h.counts}}}};
}

// Reads members of JSON objects. Keeps the first problem and gives zeros from then on.
class Reader {
 public:
  const absl::Status& status() const { return status_; }

  void Fail(absl::string_view message) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(message);
  }
  void Require(bool holds, absl::string_view what) {
    if (!holds) Fail(absl::StrCat("damaged: ", what));
  }

  const json& Member(const json& object, const char* name) {
    static const json* const absent = new json();
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found != object.end()) return *found;
    Fail(absl::StrCat("damaged: '", name, "' is missing"));
    return *absent;
  }

  int64_t Integer(const json& object, const char* name, int64_t min, int64_t max) {
    const json& member = Member(object, name);
    if (member.is_number_integer()) {
      const bool huge = member.is_number_unsigned() &&
                        member.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()};
      const int64_t value = huge ? 0 : member.get<int64_t>();
      if (!huge && value >= min && value <= max) return value;
    }
    Fail(absl::StrCat("damaged: '", name, "' should be an integer from ", min, " to ", max));
    return min;
  }

  double Real(const json& object, const char* name) {
    const json& member = Member(object, name);
    if (member.is_number()) return member.get<double>();
    Fail(absl::StrCat("damaged: '", name, "' should be a number"));
    return 0;
  }

  std::string Text(const json& object, const char* name) {
    const json& member = Member(object, name);
    if (member.is_string()) return member.get<std::string>();
    Fail(absl::StrCat("damaged: '", name, "' should be text"));
    return "";
  }

  // Floats have been written as doubles, which read back as the same floats.
  template <typename T>
  std::vector<T> Numbers(const json& object, const char* name) {
    std::vector<T> result;
    for (const json& element : Elements(object, name)) {
      const bool fits = std::is_integral_v<T> ? element.is_number_integer() : element.is_number();
      Require(fits, absl::StrCat("'", name, "' should hold numbers"));
      if (fits) result.push_back(static_cast<T>(element.get<NumberOf<T>>()));
    }
    return result;
  }

  const json& Elements(const json& object, const char* name) {
    static const json* const none = new json(json::array());
    const json& member = Member(object, name);
    if (member.is_array()) return member;
    Fail(absl::StrCat("damaged: '", name, "' should be a list"));
    return *none;
  }

  Range RangeIn(const json& object, const char* name) {
    const std::vector<float> ends = Numbers<float>(object, name);
    if (ends.size() == 2 && IsValid({ends[0], ends[1]})) return {ends[0], ends[1]};
    Fail(absl::StrCat("damaged: '", name, "' should be a smaller and a larger number"));
    return {};
  }

 private:
  template <typename T>
  using NumberOf = std::conditional_t<std::is_integral_v<T>, int64_t, double>;

  absl::Status status_;
};

constexpr int64_t kLargestCount = int64_t{1} << 62;

Histogram HistogramIn(Reader& reader, const json& object, int64_t values) {
  Histogram h;
  h.zeros = reader.Integer(object, "zeros", 0, kLargestCount);
  h.exponent = static_cast<int>(
      reader.Integer(object, "exponent", Histogram::kMinExponent, Histogram::kMaxExponent));
  h.first = reader.Integer(object, "first", -Histogram::kMaxBins, 0);
  h.counts = reader.Numbers<int64_t>(object, "counts");
  const bool has_zero = h.counts.empty() ? h.first == 0 : h.first + h.bins() >= 0;
  reader.Require(has_zero && h.bins() <= Histogram::kMaxBins, "a histogram's bins");
  double total = static_cast<double>(h.zeros);  // no sum of counts can overflow it
  for (int64_t count : h.counts) {
    reader.Require(count >= 0, "a histogram has a negative count");
    total += static_cast<double>(count);
  }
  reader.Require(total == static_cast<double>(values), "a histogram's counts do not add up");
  return h;
}

void ReadTensor(Reader& reader, const json& object, const Graph& graph, Statistics& statistics) {
  const auto last = static_cast<int64_t>(graph.tensors.size()) - 1;
  const auto id = static_cast<TensorId>(reader.Integer(object, "tensor", 0, last));
  const std::string name = reader.Text(object, "name");
  if (!reader.status().ok()) return;
  reader.Require(name == graph.tensor(id).name,
                 absl::StrCat("the model has no tensor '", name, "'"));
  TensorStatistics tensor;
  tensor.count = reader.Integer(object, "count", 0, kLargestCount);
  tensor.extremes = reader.RangeIn(object, "extremes");
  tensor.moving_average = reader.RangeIn(object, "moving_average");
  tensor.histogram = HistogramIn(reader, reader.Member(object, "histogram"), tensor.count);
  statistics.tensors[id] = std::move(tensor);
}

}  // namespace

std::string FingerprintOf(const Graph& graph) {
  Sha256 hash;
  const auto add = [&](const std::string& text) {
    hash.Update({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  for (const Tensor& t : graph.tensors) {
    add(absl::StrCat("tensor ", t.name, " ", Name(t.type), " ", ToString(t.shape), "\n"));
    if (t.is_constant()) hash.Update(t.data.as<uint8_t>());
  }
  for (const Node& node : graph.nodes) {
    add(absl::StrCat("operator ", node.name, " ", Name(node.type()), " ",
                     absl::StrJoin(node.inputs, ","), " ", absl::StrJoin(node.outputs, ","), "\n"));
    flatbuffers::FlatBufferBuilder options;
    options.Finish(node.options.Pack(options));
    hash.Update({options.GetBufferPointer(), options.GetSize()});
  }
  return hash.HexDigest();
}

std::string FormatStatistics(const Graph& graph, const Statistics& statistics) {
  json tensors = json::array();
  for (const auto& [id, tensor] : statistics.tensors) tensors.push_back(JsonOf(graph, id, tensor));
  const json result = {{"format", kFormat},
                       {"version", kVersion},
                       {"model", FingerprintOf(graph)},
                       {"data_hash", statistics.data_hash},
                       {"samples", statistics.samples},
                       {"moving_average_constant", statistics.moving_average_constant},
                       {"tensors", std::move(tensors)}};
  return result.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Statistics> ParseStatistics(absl::string_view text, const Graph& graph) {
  const json object = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || object.value("format", json()) != kFormat) {
    return absl::InvalidArgumentError(
        "is not a file of ranges, which octet quantize --save-ranges writes, or is cut short");
  }
  if (object.value("version", json()) != kVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "is of another version than this program reads (", kVersion, "); save the ranges anew"));
  }
  Reader reader;
  if (reader.Text(object, "model") != FingerprintOf(graph) && reader.status().ok()) {
    return absl::InvalidArgumentError(
        "belongs to another model, or to another state of it; save the ranges anew");
  }
  Statistics statistics;
  statistics.data_hash = reader.Text(object, "data_hash");
  statistics.samples = reader.Integer(object, "samples", 0, kLargestCount);
  statistics.moving_average_constant = reader.Real(object, "moving_average_constant");
  for (const json& tensor : reader.Elements(object, "tensors")) {
    ReadTensor(reader, tensor, graph, statistics);
    if (!reader.status().ok()) return reader.status();
  }
  if (!reader.status().ok()) return reader.status();
  return statistics;
}

absl::Status WriteStatistics(const std::string& path, const Graph& graph,
                             const Statistics& statistics) {
  const std::string text = FormatStatistics(graph, statistics);
  return WriteFile(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

absl::StatusOr<Statistics> ReadStatistics(const std::string& path, const Graph& graph) {
  const absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  const absl::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  absl::StatusOr<Statistics> statistics = ParseStatistics(text, graph);
  if (statistics.ok()) return statistics;
  return absl::Status(statistics.status().code(),
                      absl::StrCat(path, ": ", statistics.status().message()));
}

}  // namespace octet
