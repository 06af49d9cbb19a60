#include "runtime/plan_cache.h"

namespace octet {

absl::StatusOr<std::shared_ptr<const Plan>> PlanCache::Get(absl::Span<const Shape> input_shapes) {
  // Planning happens under the lock, so that threads that ask for the same shapes share one plan.
  absl::MutexLock lock(&mutex_);
  for (auto it = plans_.begin(); it != plans_.end(); ++it) {
    if (absl::MakeConstSpan((*it)->input_shapes) == input_shapes) {
      plans_.splice(plans_.begin(), plans_, it);
      return plans_.front();
    }
  }
  absl::StatusOr<std::shared_ptr<const Plan>> plan = MakePlan(graph_, input_shapes, environment_);
  if (!plan.ok()) return plan.status();
  plans_.push_front(*plan);
  if (plans_.size() > capacity_) plans_.pop_back();
  return *std::move(plan);
}

}  // namespace octet
