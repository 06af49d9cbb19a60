#ifndef OCTET_KERNELS_KERNEL_H_
#define OCTET_KERNELS_KERNEL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/thread_pool.h"
#include "octet/types.h"
#include "runtime/core/cpu_features.h"
#include "runtime/core/graph.h"

namespace octet {

// How a tensor's elements lie in memory. Shapes are channels-first in either case.
enum class Layout : uint8_t {
  kPlain,         // row-major
  kChannelsLast,  // rank >= 3: dimension 1 moves to the end, as in NHWC
};

// Everything that is known of one operand before Run. Buffers are dense: no gaps between elements.
struct Operand {
  DataType type = DataType::kUnknown;  // kUnknown: an optional input that is absent
  Shape shape;                         // concrete
  Layout layout = Layout::kPlain;
  const QuantParams* quant = nullptr;  // null: not quantized
  const void* data = nullptr;          // a constant's bytes, in plain layout; null when computed

  bool present() const { return type != DataType::kUnknown; }
};

// Distance in elements between neighbours along each dimension of `operand`, in order of its shape.
Shape Strides(const Shape& shape, Layout layout);

class PackedWeights;

// A function of one number that is applied to every element of an f32 result, last: what a Unary
// operator, or a sum or product with a number, behind the operator would do.
struct PostFunction {
  absl::optional<schema::UnaryKind> kind;  // absent: alpha * x + beta
  float alpha = 0.0f;
  float beta = 0.0f;
};
// "HARD_SWISH", "AFFINE", ...
std::string Name(const PostFunction& function);

// What Prepare may look at. All of it outlives the prepared kernel, except the spans themselves.
struct KernelContext {
  const Node* node = nullptr;
  absl::Span<const Operand> inputs;  // as many as node->inputs
  absl::Span<const Operand> outputs;
  CpuFeatures cpu;
  ThreadPool* pool = nullptr;       // never null
  PackedWeights* packed = nullptr;  // never null
  bool deterministic = false;       // only kernels that give the reference's bits may accept
  bool accumulate_f16 = false;      // products of two f16 factors round every sum to f16
  absl::Span<const PostFunction> post = {};  // only rows that apply it are asked when there is any

  const Operand& input(size_t i) const;  // an absent operand beyond the end
  const Operand& output(size_t i = 0) const { return outputs[i]; }
};

// Where a kernel says that it has met input values that it cannot work with, such as an index
// outside of a tensor. The first report of a run is kept. Thread-safe.
class RunError {
 public:
  // "`what` is `found`, outside [`least`, `most`]". `what` is a literal. Allocates nothing.
  void Report(const char* what, int64_t found, int64_t least, int64_t most);
  bool is_set() const { return state_.load(std::memory_order_acquire) != kNone; }
  // InvalidArgument with the first report, which is forgotten. Requires is_set() and that no kernel
  // runs.
  absl::Status Take();

 private:
  enum State : int { kNone, kWriting, kReported };
  std::atomic<int> state_{kNone};
  const char* what_ = "";
  int64_t found_ = 0, least_ = 0, most_ = 0;
};

struct RunArgs {
  const void* const* inputs;  // as in the context; entries of absent and of constant inputs are
                              // valid to pass but only constants may be read
  void* const* outputs;
  uint8_t* scratch;  // scratch_bytes(), 64-byte aligned
  ThreadPool* pool;
  RunError* error;  // never null
};

// An operator prepared for fixed shapes, types and CPU. Immutable: several threads may Run it at
// once.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Computes the outputs. No check but of values that shapes and types do not tell (see RunError),
  // no allocation.
  virtual void Run(const RunArgs& args) const = 0;
  // Working memory that Run needs.
  virtual size_t scratch_bytes() const { return 0; }
  // The input whose bytes must already be in output 0 when Run is called (the planner gives both
  // the same memory, copying first where the input is still needed), or -1.
  virtual int in_place_input() const { return -1; }
  // Implementation behind the registry row, e.g. oneDNN's impl_info_str; may be empty.
  virtual std::string detail() const { return ""; }
};

// One row of the registry. Check looks at types, shapes and CPU and gives the reason why not in
// words (Unimplemented); Prepare may still refuse with Unimplemented, then the next row is tried.
struct KernelEntry {
  const char* name;
  absl::Status (*check)(const KernelContext& context);
  absl::StatusOr<std::unique_ptr<Kernel>> (*prepare)(const KernelContext& context);
  bool applies_post = false;  // whether it heeds KernelContext::post
};

// A kernel that runs `kernel` and then applies context.post to its f32 output in place.
std::unique_ptr<Kernel> ApplyAfter(const KernelContext& context, std::unique_ptr<Kernel> kernel);

// How an operator's operands may lie in memory.
enum class LayoutRule : uint8_t {
  kChannelsLast,  // spatial: computed inputs and outputs of rank >= 3 are channels last
  kSame,          // any layout, the same for all computed operands of the output's rank
  kPlain,         // row-major only
  kAny,           // any layout for each operand: the kernel converts on the way
};
LayoutRule LayoutRuleOf(OpType type);

// The kernels of an operator, best first, the reference last. Empty for an operator without any.
absl::Span<const KernelEntry> KernelsFor(OpType type);

// Operators that have kernels.
absl::Span<const OpType> OpsWithKernels();

// Weights in the form a kernel wants, shared by all plans of a model. Thread-safe.
class PackedWeights {
 public:
  virtual ~PackedWeights() = default;
  // The bytes stored under `key`, or those that `pack` writes into `size` fresh bytes (64-byte
  // aligned, zeroed). Keys must tell apart the constant (its address), the kernel and the form.
  virtual const uint8_t* GetOrPack(const std::string& key, size_t size,
                                   absl::FunctionRef<void(uint8_t*)> pack) = 0;
};

std::unique_ptr<PackedWeights> NewPackedWeights();

}  // namespace octet

#endif  // OCTET_KERNELS_KERNEL_H_
