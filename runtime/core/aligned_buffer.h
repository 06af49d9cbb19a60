#ifndef OCTET_RUNTIME_CORE_ALIGNED_BUFFER_H_
#define OCTET_RUNTIME_CORE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace octet {

// Owns bytes that start at a multiple of 64. Their contents are undefined until written.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;

  // Throws std::bad_alloc when there is not enough memory; TryAllocate does not.
  explicit AlignedBuffer(size_t size) {
    if (!TryAllocate(size)) throw std::bad_alloc();
  }

  // Replaces the contents by `size` bytes. False, and unchanged, when there is not enough memory.
  bool TryAllocate(size_t size) {
    if (size > SIZE_MAX - kAlignment) return false;
    const size_t rounded =
        size == 0 ? kAlignment : (size + kAlignment - 1) / kAlignment * kAlignment;
    void* bytes = std::aligned_alloc(kAlignment, rounded);
    if (bytes == nullptr) return false;
    data_.reset(static_cast<uint8_t*>(bytes));
    size_ = size;
    return true;
  }

  // Null for a buffer that was never allocated.
  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<uint8_t, Free> data_;
  size_t size_ = 0;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_ALIGNED_BUFFER_H_
