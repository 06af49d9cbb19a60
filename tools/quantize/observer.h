#ifndef OCTET_TOOLS_QUANTIZE_OBSERVER_H_
#define OCTET_TOOLS_QUANTIZE_OBSERVER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace octet {

// Real values that a quantized tensor should be able to hold.
struct Range {
  float min = 0;
  float max = 0;
};

// The smallest range that holds both.
Range Union(const Range& a, const Range& b);

// Watches the values of one tensor over all samples and then chooses its range. Not thread-safe.
class Observer {
 public:
  virtual ~Observer() = default;

  // Takes notice of the tensor's values for one or more samples, in any number. InvalidArgument
  // when one of them is NaN or infinite.
  virtual absl::Status Observe(absl::Span<const float> values) = 0;

  // The range to quantize for; nothing when no value was seen.
  virtual absl::optional<Range> ChooseRange() const = 0;
};

using ObserverFactory = std::function<std::unique_ptr<Observer>()>;

// Observers of a calibrator: "minmax". InvalidArgument lists the names.
absl::StatusOr<ObserverFactory> ObserversOf(absl::string_view calibrator);

// The smallest and largest value seen.
class MinMaxObserver final : public Observer {
 public:
  absl::Status Observe(absl::Span<const float> values) override;
  absl::optional<Range> ChooseRange() const override { return range_; }

 private:
  absl::optional<Range> range_;
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_OBSERVER_H_
