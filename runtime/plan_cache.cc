#include "runtime/plan_cache.h"

#include <algorithm>
#include <cstring>

namespace octet {
namespace {

bool SameBytes(const Constant& a, const Constant& b) {
  if (static_cast<bool>(a) != static_cast<bool>(b) || a.size() != b.size()) return false;
  return a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0;
}

bool IsFor(const Plan& plan, absl::Span<const Shape> shapes, absl::Span<const Constant> values) {
  return absl::MakeConstSpan(plan.input_shapes) == shapes &&
         std::equal(values.begin(), values.end(), plan.input_values.begin(),
                    plan.input_values.end(), SameBytes);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Plan>> PlanCache::Get(
    absl::Span<const Shape> input_shapes, absl::Span<const Constant> input_values) {
  // Planning happens under the lock, so that threads that ask for the same shapes share one plan.
  absl::MutexLock lock(&mutex_);
  for (auto it = plans_.begin(); it != plans_.end(); ++it) {
    if (IsFor(**it, input_shapes, input_values)) {
      plans_.splice(plans_.begin(), plans_, it);
      return plans_.front();
    }
  }
  std::vector<Constant> values;
  for (const Constant& value : input_values) {
    values.push_back(value ? Constant::Of(value.as<uint8_t>()) : Constant());
  }
  auto plan = MakePlan(graph_, input_shapes, values, environment_);
  if (!plan.ok()) return plan.status();
  plans_.push_front(*plan);
  if (plans_.size() > capacity_) plans_.pop_back();
  return *std::move(plan);
}

}  // namespace octet
