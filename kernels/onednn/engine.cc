#include "kernels/onednn/engine.h"

#include <new>

#include "absl/strings/str_cat.h"

namespace octet {
namespace onednn {
namespace {

// Distinct primitives of all models of a process; a large network has about a hundred.
constexpr int kPrimitiveCacheCapacity = 512;

thread_local bool in_parallel = false;

const dnnl::engine* CreateEngine() {
  dnnl::set_primitive_cache_capacity(kPrimitiveCacheCapacity);
  return new dnnl::engine(dnnl::engine::kind::cpu, 0);
}

}  // namespace

const dnnl::engine& Engine() {
  static const dnnl::engine* engine = CreateEngine();
  return *engine;
}

absl::Status Guarded(absl::FunctionRef<void()> fn) {
  try {
    fn();
    return absl::OkStatus();
  } catch (const dnnl::error& e) {
    if (e.status == dnnl_out_of_memory) {
      return absl::ResourceExhaustedError("oneDNN ran out of memory");
    }
    return absl::UnimplementedError(absl::StrCat("oneDNN declines: ", e.what()));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory in oneDNN");
  }
}

CreationThreads::CreationThreads(int threads) {
  dnnl_threadpool_interop_get_max_concurrency(&before_);
  dnnl_threadpool_interop_set_max_concurrency(threads);
}

CreationThreads::~CreationThreads() { dnnl_threadpool_interop_set_max_concurrency(before_); }

bool PoolAdapter::get_in_parallel() const { return in_parallel; }

void PoolAdapter::parallel_for(int n, const std::function<void(int, int)>& fn) {
  const auto body = [n, &fn](int64_t i) {
    const bool before = in_parallel;
    in_parallel = true;
    fn(static_cast<int>(i), n);
    in_parallel = before;
  };
  if (pool_ == nullptr || n == 1) {
    for (int i = 0; i < n; ++i) body(i);
  } else {
    pool_->ParallelFor(n, body);
  }
}

Executor::Executor() : stream_(dnnl::threadpool_interop::make_stream(Engine(), &adapter_)) {
  const dnnl::memory::desc any_bytes({1}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a);
  for (dnnl::memory& operand : operands_) operand = dnnl::memory(any_bytes, Engine(), nullptr);
}

Executor& Executor::OfThisThread() {
  thread_local Executor executor;
  return executor;
}

}  // namespace onednn
}  // namespace octet
