#include "kernels/onednn/primitive_kernel.h"

#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace octet {
namespace onednn {
namespace {

constexpr int kMaxArgs = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<Kernel>> GuardedKernel(
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<Kernel>>()> create) {
  absl::StatusOr<std::unique_ptr<Kernel>> kernel = absl::InternalError("not created");
  if (absl::Status s = Guarded([&] { kernel = create(); }); !s.ok()) return s;
  return kernel;
}

void PrimitiveKernel::Run(const RunArgs& args) const {
  Executor& executor = Executor::OfThisThread();
  dnnl_exec_arg_t exec[kMaxArgs];
  int count = 0;
  int operands = 0;
  for (const auto& constant : parts_.constants) {
    exec[count++] = {constant.first, constant.second.get()};
  }
  for (const auto& input : parts_.inputs) {
    void* data = const_cast<void*>(args.inputs[input.second]);
    exec[count++] = {input.first, executor.Operand(operands++, data)};
  }
  exec[count++] = {DNNL_ARG_DST, executor.Operand(operands++, args.outputs[0])};
  if (parts_.scratch_bytes > 0) {
    exec[count++] = {DNNL_ARG_SCRATCHPAD, executor.Operand(operands++, args.scratch)};
  }
  dnnl_stream_t stream = executor.StreamOn(parts_.on_pool ? args.pool : nullptr);
  if (dnnl_primitive_execute(parts_.primitive.get(), stream, count, exec) != dnnl_success) {
    // All arguments were fixed when the primitive was created, so no input can lead here.
    std::abort();
  }
}

dnnl::memory PackedMemory(const KernelContext& context, const void* data,
                          const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted) {
  dnnl::memory source(plain, Engine(), const_cast<void*>(data));
  if (plain == wanted) return source;
  dnnl::memory::desc description = wanted;
  const std::vector<uint8_t> form = description.get_blob();
  const std::string key =
      absl::StrCat("onednn/", absl::Hex(reinterpret_cast<uintptr_t>(data)), "/",
                   absl::string_view(reinterpret_cast<const char*>(form.data()), form.size()));
  // What may fail comes first, so that no half-written weights stay behind. Prepare may itself be
  // running on the pool, hence a stream without one.
  dnnl::memory target(wanted, Engine(), nullptr);
  const dnnl::reorder reorder(source, target);
  PoolAdapter no_pool;
  const dnnl::stream stream = dnnl::threadpool_interop::make_stream(Engine(), &no_pool);
  const uint8_t* packed = context.packed->GetOrPack(key, wanted.get_size(), [&](uint8_t* to) {
    target.set_data_handle(to);
    reorder.execute(stream, source, target);
  });
  target.set_data_handle(const_cast<uint8_t*>(packed));
  return target;
}

}  // namespace onednn
}  // namespace octet
