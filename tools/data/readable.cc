#include "tools/data/readable.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

class PartOfSource final : public SampleSource {
 public:
  PartOfSource(std::unique_ptr<SampleSource> whole, std::vector<int64_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {}

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  absl::StatusOr<Sample> Load(int64_t index) const override { return whole_->Load(At(index)); }
  int ClassOf(int64_t index) const override { return whole_->ClassOf(At(index)); }
  std::string NameOf(int64_t index) const override { return whole_->NameOf(At(index)); }

 private:
  int64_t At(int64_t index) const { return indices_[static_cast<size_t>(index)]; }

  std::unique_ptr<SampleSource> whole_;
  std::vector<int64_t> indices_;
};

}  // namespace

std::vector<UnreadableSample> FindUnreadable(const SampleSource& source) {
  std::vector<UnreadableSample> result;
  for (int64_t i = 0; i < source.size(); ++i) {
    const absl::Status status = source.Load(i).status();
    if (!status.ok()) result.push_back({i, std::string(status.message())});
  }
  return result;
}

std::string DescribeUnreadable(const std::vector<UnreadableSample>& unreadable, int64_t samples) {
  constexpr size_t kMostMessages = 5;
  std::string text = absl::StrCat(unreadable.size(), " of ", samples, " samples cannot be read");
  for (size_t i = 0; i < unreadable.size() && i < kMostMessages; ++i) {
    absl::StrAppend(&text, i == 0 ? ": " : "; ", unreadable[i].message);
  }
  if (unreadable.size() > kMostMessages) {
    absl::StrAppend(&text, "; and ", unreadable.size() - kMostMessages, " more");
  }
  return text;
}

absl::StatusOr<std::unique_ptr<SampleSource>> WithoutUnreadable(
    std::unique_ptr<SampleSource> source, const std::vector<UnreadableSample>& unreadable) {
  if (unreadable.empty()) return source;
  std::vector<int64_t> indices;
  auto bad = unreadable.begin();
  for (int64_t i = 0; i < source->size(); ++i) {
    if (bad != unreadable.end() && bad->index == i) {
      ++bad;
    } else {
      indices.push_back(i);
    }
  }
  if (indices.empty()) {
    return absl::InvalidArgumentError(DescribeUnreadable(unreadable, source->size()));
  }
  return std::make_unique<PartOfSource>(std::move(source), std::move(indices));
}

}  // namespace octet
