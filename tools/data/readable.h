#ifndef OCTET_TOOLS_DATA_READABLE_H_
#define OCTET_TOOLS_DATA_READABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/data/sample_source.h"

namespace octet {

// A sample that cannot be loaded: a damaged picture, for example.
struct UnreadableSample {
  int64_t index;
  std::string message;  // names the file or the sample
};

// Tries to load every sample, one at a time.
std::vector<UnreadableSample> FindUnreadable(const SampleSource& source);

// "2 of 9 samples cannot be read: a.png: ...; b.png: ...", with the first five messages.
std::string DescribeUnreadable(const std::vector<UnreadableSample>& unreadable, int64_t samples);

// The samples of `source` without `unreadable`. InvalidArgument with a description when none is
// left.
absl::StatusOr<std::unique_ptr<SampleSource>> WithoutUnreadable(
    std::unique_ptr<SampleSource> source, const std::vector<UnreadableSample>& unreadable);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_READABLE_H_
