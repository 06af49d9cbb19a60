#ifndef OCTET_RUNTIME_PLAN_CACHE_H_
#define OCTET_RUNTIME_PLAN_CACHE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/plan.h"

namespace octet {

// The plans of one graph, by input shapes, and by the elements of those inputs that shapes depend
// on. Keeps the `capacity` most recently used; sessions keep those that they run alive beyond that.
// Thread-safe.
class PlanCache {
 public:
  // Neither is copied; both outlive the cache.
  PlanCache(const Graph& graph, const PlanEnvironment& environment, size_t capacity)
      : graph_(graph), environment_(environment), capacity_(capacity) {}

  // Arguments as those of MakePlan; bytes of values that are kept are copied.
  absl::StatusOr<std::shared_ptr<const Plan>> Get(absl::Span<const Shape> input_shapes,
                                                  absl::Span<const Constant> input_values = {});

 private:
  const Graph& graph_;
  const PlanEnvironment& environment_;
  const size_t capacity_;
  absl::Mutex mutex_;
  std::list<std::shared_ptr<const Plan>> plans_
      ABSL_GUARDED_BY(mutex_);  // most recently used first
};

}  // namespace octet

#endif  // OCTET_RUNTIME_PLAN_CACHE_H_
