#ifndef OCTET_TOOLS_DATA_CACHED_SAMPLES_H_
#define OCTET_TOOLS_DATA_CACHED_SAMPLES_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tools/data/sample_source.h"

namespace octet {

// Another source, which must outlive this one, with samples kept once they were loaded, as long as
// they take at most `max_bytes` together. Decoding pictures takes longer than many a network.
class CachedSamples final : public SampleSource {
 public:
  CachedSamples(const SampleSource& source, int64_t max_bytes)
      : source_(source), free_bytes_(max_bytes) {}

  int64_t size() const override { return source_.size(); }
  absl::StatusOr<Sample> Load(int64_t index) const override;
  int ClassOf(int64_t index) const override { return source_.ClassOf(index); }
  std::string NameOf(int64_t index) const override { return source_.NameOf(index); }

 private:
  const SampleSource& source_;
  mutable absl::Mutex mutex_;
  mutable int64_t free_bytes_ ABSL_GUARDED_BY(mutex_);
  mutable std::map<int64_t, Sample> samples_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_CACHED_SAMPLES_H_
