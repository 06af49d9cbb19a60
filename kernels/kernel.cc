#include "kernels/kernel.h"

#include <cstring>
#include <unordered_map>

#include "absl/base/call_once.h"
#include "absl/synchronization/mutex.h"
#include "runtime/core/aligned_buffer.h"

namespace octet {

Shape Strides(const Shape& shape, Layout layout) {
  const size_t rank = shape.size();
  Shape strides(rank);
  int64_t next = 1;
  const bool channels_last = layout == Layout::kChannelsLast && rank >= 3;
  if (channels_last) {
    strides[1] = 1;
    next = shape[1];
  }
  for (size_t i = rank; i-- > 0;) {
    if (channels_last && i == 1) continue;
    strides[i] = next;
    next *= shape[i];
  }
  return strides;
}

std::string Name(const PostFunction& function) {
  return function.kind ? schema::EnumNameUnaryKind(*function.kind) : "AFFINE";
}

const Operand& KernelContext::input(size_t i) const {
  static const auto* const absent = new Operand();
  return i < inputs.size() ? inputs[i] : *absent;
}

namespace {

class PackedWeightsMap : public PackedWeights {
 public:
  const uint8_t* GetOrPack(const std::string& key, size_t size,
                           absl::FunctionRef<void(uint8_t*)> pack) override {
    Entry& entry = Find(key);
    // Others may pack under other keys meanwhile.
    absl::call_once(entry.packed, [&] {
      entry.buffer = AlignedBuffer(size);
      std::memset(entry.buffer.data(), 0, size);
      pack(entry.buffer.data());
    });
    return entry.buffer.data();
  }

 private:
  struct Entry {
    absl::once_flag packed;
    AlignedBuffer buffer;
  };

  Entry& Find(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    std::unique_ptr<Entry>& entry = entries_[key];
    if (entry == nullptr) entry = std::make_unique<Entry>();
    return *entry;
  }

  absl::Mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace

std::unique_ptr<PackedWeights> NewPackedWeights() { return std::make_unique<PackedWeightsMap>(); }

void RunError::Report(const char* what, int64_t found, int64_t least, int64_t most) {
  int none = kNone;
  if (!state_.compare_exchange_strong(none, kWriting)) return;
  what_ = what;
  found_ = found;
  least_ = least;
  most_ = most;
  state_.store(kReported, std::memory_order_release);
}

absl::Status RunError::Take() {
  const absl::Status status = absl::InvalidArgumentError(
      absl::StrCat(what_, " is ", found_, ", outside [", least_, ", ", most_, "]"));
  state_.store(kNone, std::memory_order_release);
  return status;
}

}  // namespace octet
