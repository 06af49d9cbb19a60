#ifndef OCTET_RUNTIME_CORE_THREAD_SANITIZER_H_
#define OCTET_RUNTIME_CORE_THREAD_SANITIZER_H_

// ThreadSanitizer does not see how libraries that it was not built into synchronize threads. These tell it:
// what a thread did before Release(p) is visible to a thread after its Acquire(p). They do nothing in
// other builds.

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace octet::thread_sanitizer {

#if defined(__SANITIZE_THREAD__)
inline void Release(const void* p) { __tsan_release(const_cast<void*>(p)); }
inline void Acquire(const void* p) { __tsan_acquire(const_cast<void*>(p)); }
#else
inline void Release(const void*) {}
inline void Acquire(const void*) {}
#endif

}  // namespace octet::thread_sanitizer

#endif  // OCTET_RUNTIME_CORE_THREAD_SANITIZER_H_
