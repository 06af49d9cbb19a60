#ifndef OCTET_KERNELS_ONEDNN_ENGINE_H_
#define OCTET_KERNELS_ONEDNN_ENGINE_H_

#include <oneapi/dnnl/dnnl.hpp>
#include <oneapi/dnnl/dnnl_threadpool.hpp>
#include <oneapi/dnnl/dnnl_threadpool_iface.hpp>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "octet/thread_pool.h"

// What oneDNN needs around every primitive. The only exceptions in the project are oneDNN's, and
// they end in Guarded().
namespace octet {
namespace onednn {

// The process's CPU engine. Never destroyed.
const dnnl::engine& Engine();

// Calls `fn` and turns an exception of oneDNN into a status: Unimplemented, except for lack of
// memory.
absl::Status Guarded(absl::FunctionRef<void()> fn);

// While it lives, primitives that this thread creates are laid out for `threads` threads.
class CreationThreads {
 public:
  explicit CreationThreads(int threads);
  ~CreationThreads();
  CreationThreads(const CreationThreads&) = delete;
  CreationThreads& operator=(const CreationThreads&) = delete;

 private:
  int before_ = 0;
};

// Lends a ThreadPool to oneDNN. Without a pool everything runs on the calling thread.
class PoolAdapter : public dnnl::threadpool_interop::threadpool_iface {
 public:
  void set_pool(ThreadPool* pool) { pool_ = pool; }

  int get_num_threads() const override { return pool_ == nullptr ? 1 : pool_->threads(); }
  bool get_in_parallel() const override;
  void parallel_for(int n, const std::function<void(int, int)>& fn) override;
  uint64_t get_flags() const override { return 0; }  // synchronous

 private:
  ThreadPool* pool_ = nullptr;
};

// One thread's objects for executing primitives; they exist so that an execution creates none.
//
// Kernels are shared by threads and therefore cannot own objects that change with every execution.
// Memory objects here stand for whatever a primitive computes on: oneDNN takes a tensor's
// description from the primitive and only the address from the memory object, as long as all sizes
// are known when the primitive is created and the layout has no padding to be zeroed.
class Executor {
 public:
  static constexpr int kMaxOperands = 8;

  // The calling thread's executor, created at first use.
  static Executor& OfThisThread();

  // Runs what follows on `pool`; null: on the calling thread alone.
  dnnl_stream_t StreamOn(ThreadPool* pool) {
    adapter_.set_pool(pool);
    return stream_.get();
  }

  // A memory object for `data`, valid until the next call with the same i, 0 <= i < kMaxOperands.
  dnnl_memory_t Operand(int i, void* data) {
    dnnl_memory_t memory = operands_[i].get();
    dnnl_memory_set_data_handle(memory, data);
    return memory;
  }

 private:
  Executor();

  PoolAdapter adapter_;
  dnnl::stream stream_;
  dnnl::memory operands_[kMaxOperands];
};

}  // namespace onednn
}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_ENGINE_H_
