#include "tools/train/checkpoint.h"

#include <cmath>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/data/npy.h"

namespace octet {
namespace {

Array Floats(const std::vector<float>& values) {
  return ArrayOf<float>(DataType::kF32, {static_cast<int64_t>(values.size())}, values);
}

Array Whole(int64_t value) {
  return ArrayOf<int64_t>(DataType::kS64, {1}, absl::MakeConstSpan(&value, 1));
}

// Absent figures are NaN.
Array Figures(const Score& score) {
  const std::vector<double> figures = {score.value, score.agreement.value_or(NAN),
                                       score.sqnr_db.value_or(NAN), score.top1.value_or(NAN)};
  return ArrayOf<double>(DataType::kF64, {4}, figures);
}

Score ScoreOf(absl::Span<const double> figures) {
  const auto figure = [](double v) {
    return std::isnan(v) ? absl::optional<double>() : absl::optional<double>(v);
  };
  return {figures[0], figure(figures[1]), figure(figures[2]), figure(figures[3])};
}

// Arrays of a checkpoint's file by name. The first one that is missing makes the status.
class Reader {
 public:
  explicit Reader(NamedArrays arrays) {
    for (auto& [name, array] : arrays) arrays_[name] = std::move(array);
  }

  template <typename T>
  absl::Span<const T> Get(const std::string& name, DataType type, size_t least) {
    const auto found = arrays_.find(name);
    if (found == arrays_.end() || found->second.type != type ||
        found->second.as<T>().size() < least) {
      status_.Update(absl::InvalidArgumentError(
          absl::StrCat("array '", name, "' of the checkpoint is missing or damaged")));
      return {};
    }
    return found->second.as<T>();
  }

  std::vector<float> Floats(const std::string& name) {
    const absl::Span<const float> values = Get<float>(name, DataType::kF32, 0);
    return {values.begin(), values.end()};
  }
  int64_t Whole(const std::string& name) {
    const absl::Span<const int64_t> values = Get<int64_t>(name, DataType::kS64, 1);
    return values.empty() ? 0 : values[0];
  }
  Score Figures(const std::string& name) {
    const absl::Span<const double> values = Get<double>(name, DataType::kF64, 4);
    return values.empty() ? Score() : ScoreOf(values);
  }
  std::vector<std::vector<float>> Lists(const std::string& prefix, int64_t count) {
    std::vector<std::vector<float>> lists;
    for (int64_t i = 0; i < count && status_.ok(); ++i) {
      lists.push_back(Floats(absl::StrCat(prefix, i)));
    }
    return lists;
  }

  const absl::Status& status() const { return status_; }

 private:
  std::map<std::string, Array> arrays_;
  absl::Status status_;
};

void AppendLists(const std::string& prefix, const std::vector<std::vector<float>>& lists,
                 NamedArrays& arrays) {
  for (size_t i = 0; i < lists.size(); ++i) {
    arrays.emplace_back(absl::StrCat(prefix, i), Floats(lists[i]));
  }
}

}  // namespace

NetworkState NetworkState::Of(const TrainingNetwork& network) {
  NetworkState state;
  for (const Parameter& p : network.parameters()) state.values.push_back(p.values);
  state.ranges = network.RangeState();
  return state;
}

absl::Status NetworkState::RestoreTo(TrainingNetwork& network) const {
  std::vector<Parameter>& parameters = network.parameters();
  bool fits = values.size() == parameters.size();
  for (size_t p = 0; fits && p < values.size(); ++p) {
    fits = values[p].size() == parameters[p].values.size();
  }
  if (!fits) return absl::InvalidArgumentError("the parameters are those of another network");
  absl::Status status = network.RestoreRangeState(ranges);
  if (!status.ok()) return status;
  for (size_t p = 0; p < values.size(); ++p) parameters[p].values = values[p];
  network.Update();
  return absl::OkStatus();
}

absl::Status WriteCheckpoint(const std::string& path, const Checkpoint& c) {
  NamedArrays arrays;
  arrays.emplace_back("seed", Whole(static_cast<int64_t>(c.seed)));
  arrays.emplace_back("epochs", Whole(c.epochs));
  arrays.emplace_back("best_epoch", Whole(c.best_epoch));
  arrays.emplace_back("parameters", Whole(static_cast<int64_t>(c.now.values.size())));
  arrays.emplace_back("steps", Whole(c.optimizer.steps));
  arrays.emplace_back("before", Figures(c.before));
  arrays.emplace_back("after", Figures(c.after));
  arrays.emplace_back("sizes", Floats(c.optimizer.sizes));
  arrays.emplace_back("ranges", Floats(c.now.ranges));
  arrays.emplace_back("best_ranges", Floats(c.best.ranges));
  AppendLists("now", c.now.values, arrays);
  AppendLists("best", c.best.values, arrays);
  AppendLists("first", c.optimizer.first, arrays);
  AppendLists("second", c.optimizer.second, arrays);
  return WriteArrays(path, arrays);
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path) {
  absl::StatusOr<NamedArrays> arrays = ReadArrays(path);
  if (!arrays.ok()) return arrays.status();
  Reader reader(*std::move(arrays));
  Checkpoint c;
  c.seed = static_cast<uint64_t>(reader.Whole("seed"));
  c.epochs = static_cast<int>(reader.Whole("epochs"));
  c.best_epoch = static_cast<int>(reader.Whole("best_epoch"));
  const int64_t parameters = reader.Whole("parameters");
  c.optimizer.steps = reader.Whole("steps");
  c.before = reader.Figures("before");
  c.after = reader.Figures("after");
  c.optimizer.sizes = reader.Floats("sizes");
  c.now.ranges = reader.Floats("ranges");
  c.best.ranges = reader.Floats("best_ranges");
  c.now.values = reader.Lists("now", parameters);
  c.best.values = reader.Lists("best", parameters);
  c.optimizer.first = reader.Lists("first", parameters);
  c.optimizer.second = reader.Lists("second", parameters);
  if (reader.status().ok() && (c.epochs < 0 || c.optimizer.steps < 0)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": the checkpoint counts below 0"));
  }
  if (reader.status().ok()) return c;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", reader.status().message()));
}

}  // namespace octet
