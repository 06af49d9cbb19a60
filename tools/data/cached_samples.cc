#include "tools/data/cached_samples.h"

namespace octet {

absl::StatusOr<Sample> CachedSamples::Load(int64_t index) const {
  {
    absl::MutexLock lock(&mutex_);
    const auto found = samples_.find(index);
    if (found != samples_.end()) return found->second;
  }
  absl::StatusOr<Sample> sample = source_.Load(index);
  if (!sample.ok()) return sample;
  int64_t bytes = 0;
  for (const Array& array : *sample) bytes += static_cast<int64_t>(array.bytes.size());
  absl::MutexLock lock(&mutex_);
  if (bytes <= free_bytes_ && samples_.emplace(index, *sample).second) free_bytes_ -= bytes;
  return sample;
}

}  // namespace octet
