#include "kernels/widened.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"
#include "kernels/slices.h"

namespace octet {
namespace {

using generic::HalfLoops;
using generic::LoopsFor;

constexpr size_t kMaxOperands = 32;  // inputs and outputs
constexpr int64_t kSliceElements = 4096;
constexpr int64_t kBlock = 4096;  // elements that are converted at a time

size_t Aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// A pool for kernels that run as part of a parallel section.
ThreadPool* NoPool() {
  static auto* const pool = new std::shared_ptr<ThreadPool>(ThreadPool::Create(1));
  return pool->get();
}

// The f32 values of a constant of 16 bits, kept with the model.
const void* WidenedConstant(const KernelContext& context, const Operand& o) {
  const int64_t count = NumElements(o.shape);
  const std::string key = absl::StrCat("widened/", absl::Hex(reinterpret_cast<uintptr_t>(o.data)),
                                       "/", std::string(Name(o.type)), "/", count);
  return context.packed->GetOrPack(key, static_cast<size_t>(count) * sizeof(float),
                                   [&](uint8_t* to) {
                                     LoopsFor(context.cpu)
                                         .halves.widen(o.type)(static_cast<const uint16_t*>(o.data),
                                                               reinterpret_cast<float*>(to), count);
                                   });
}

// The operator with f32 in place of 16 bits. `shapes`, where given, replace those of the operands,
// and what is constant then is no longer known as such.
class WideContext {
 public:
  explicit WideContext(const KernelContext& context)
      : inputs_(context.inputs.begin(), context.inputs.end()),
        outputs_(context.outputs.begin(), context.outputs.end()),
        context_(context) {
    for (Operand& o : inputs_) {
      if (!IsHalf(o)) continue;
      if (o.data != nullptr) o.data = WidenedConstant(context, o);
      o.type = DataType::kF32;
    }
    for (Operand& o : outputs_) {
      if (IsHalf(o)) o.type = DataType::kF32;
    }
    context_.inputs = inputs_;
    context_.outputs = outputs_;
  }
  WideContext(const WideContext&) = delete;
  WideContext& operator=(const WideContext&) = delete;

  void TakeSlice(const KernelContext& whole, const Slices& slices, int64_t indices) {
    const std::vector<Shape> shapes = slices.InputShapes(whole, indices);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i].shape = shapes[i];
      if (slices.inputs[i].varies) inputs_[i].data = nullptr;
    }
    outputs_[0].shape = slices.OutputShape(whole, indices);
    context_.pool = NoPool();
  }

  const KernelContext& get() const { return context_; }

 private:
  std::vector<Operand> inputs_, outputs_;
  KernelContext context_;
};

// An operand that is converted.
struct Conversion {
  size_t index = 0;  // of the input or output
  DataType type = DataType::kUnknown;
  int64_t count = 0;  // elements at a time
  size_t offset = 0;  // of the wide copy in the scratch memory
};

// Where operands begin.
struct Pointers {
  const void* inputs[kMaxOperands];
  void* outputs[kMaxOperands];
};

class WidenedKernel : public Kernel {
 public:
  explicit WidenedKernel(const KernelContext& context)
      : halves_(LoopsFor(context.cpu).halves), inputs_count_(context.inputs.size()) {
    for (size_t i = 0; i < context.inputs.size(); ++i) {
      const Operand& o = context.inputs[i];
      sizes_.push_back(static_cast<int64_t>(SizeOf(o.type)));
      if (IsHalf(o) && o.data != nullptr) {
        constants_.emplace_back(i, WidenedConstant(context, o));
        sizes_.back() = sizeof(float);
      } else if (IsHalf(o)) {
        widened_.push_back({i, o.type, NumElements(o.shape)});
      }
    }
    for (size_t i = 0; i < context.outputs.size(); ++i) {
      const Operand& o = context.outputs[i];
      if (IsHalf(o)) narrowed_.push_back({i, o.type, NumElements(o.shape)});
    }
    outputs_count_ = context.outputs.size();
    output_size_ = static_cast<int64_t>(SizeOf(context.outputs[0].type));
    const int64_t wide = context.outputs[0].type == DataType::kF64 ? 8 : 4;
    output_bytes_ = static_cast<size_t>(NumElements(context.outputs[0].shape) * wide);
  }

 protected:
  // Appends room for `count` floats to what starts at `bytes`.
  static void Reserve(Conversion& c, int64_t count, size_t& bytes) {
    c.count = count;
    c.offset = bytes;
    bytes += Aligned(static_cast<size_t>(count) * sizeof(float));
  }

  Pointers Given(const RunArgs& args) const {
    Pointers p;
    std::copy(args.inputs, args.inputs + inputs_count_, p.inputs);
    std::copy(args.outputs, args.outputs + outputs_count_, p.outputs);
    for (const auto& [i, data] : constants_) p.inputs[i] = data;
    return p;
  }

  const HalfLoops& halves_;
  size_t inputs_count_, outputs_count_;
  std::vector<int64_t> sizes_;  // bytes of an input's elements as they are given
  int64_t output_size_;         // likewise, of the first output
  size_t output_bytes_;         // of the first output where it is f32
  std::vector<std::pair<size_t, const void*>> constants_;
  std::vector<Conversion> widened_, narrowed_;
};

// Whole tensors at a time.
class WholeKernel final : public WidenedKernel {
 public:
  WholeKernel(const KernelContext& context, std::unique_ptr<Kernel> inner)
      : WidenedKernel(context), inner_(std::move(inner)) {
    for (std::vector<Conversion>* side : {&widened_, &narrowed_}) {
      for (Conversion& c : *side) Reserve(c, c.count, copies_);
    }
  }

  void Run(const RunArgs& args) const override {
    Pointers p = Given(args);
    for (const Conversion& c : widened_) {
      auto* wide = reinterpret_cast<float*>(args.scratch + c.offset);
      Convert(args.pool, c.count, [&](int64_t begin, int64_t n) {
        halves_.widen(c.type)(static_cast<const uint16_t*>(args.inputs[c.index]) + begin,
                              wide + begin, n);
      });
      p.inputs[c.index] = wide;
    }
    for (const Conversion& c : narrowed_) p.outputs[c.index] = args.scratch + c.offset;
    const int in_place = inner_->in_place_input();
    if (in_place >= 0) std::memcpy(p.outputs[0], p.inputs[in_place], output_bytes_);
    inner_->Run({p.inputs, p.outputs, args.scratch + copies_, args.pool, args.error});
    for (const Conversion& c : narrowed_) {
      const auto* wide = reinterpret_cast<const float*>(args.scratch + c.offset);
      Convert(args.pool, c.count, [&](int64_t begin, int64_t n) {
        halves_.narrow(c.type)(wide + begin, static_cast<uint16_t*>(args.outputs[c.index]) + begin,
                               n);
      });
    }
  }
  size_t scratch_bytes() const override { return copies_ + inner_->scratch_bytes(); }

 private:
  template <typename Fn>
  static void Convert(ThreadPool* pool, int64_t count, const Fn& fn) {
    generic::ParallelRanges(pool, (count + kBlock - 1) / kBlock, 6 * count,
                            [&](int64_t begin, int64_t end) {
                              fn(begin * kBlock, std::min(end * kBlock, count) - begin * kBlock);
                            });
  }

  std::unique_ptr<Kernel> inner_;
  size_t copies_ = 0;
};

// Slice by slice.
class SlicedKernel final : public WidenedKernel {
 public:
  SlicedKernel(const KernelContext& context, Slices slices, std::unique_ptr<Kernel> inner,
               std::unique_ptr<Kernel> last)
      : WidenedKernel(context),
        slices_(std::move(slices)),
        inner_(std::move(inner)),
        last_(std::move(last)),
        tasks_(context.pool->threads()) {
    const std::vector<Shape> shapes = slices_.InputShapes(context, slices_.group);
    for (Conversion& c : widened_) {
      if (slices_.inputs[c.index].varies) {
        Reserve(c, NumElements(shapes[c.index]), task_bytes_);
      } else {
        Reserve(c, c.count, shared_bytes_);
      }
    }
    for (Conversion& c : narrowed_) {
      Reserve(c, NumElements(slices_.OutputShape(context, slices_.group)), task_bytes_);
    }
    copies_ = task_bytes_;
    task_bytes_ += Aligned(std::max(inner_->scratch_bytes(), last_ ? last_->scratch_bytes() : 0));
    elements_per_index_ = NumElements(slices_.OutputShape(context, 1));
    work_ = 8 * NumElements(context.output().shape);
  }

  void Run(const RunArgs& args) const override {
    Pointers shared = Given(args);
    for (const Conversion& c : widened_) {
      if (slices_.inputs[c.index].varies) continue;
      auto* wide = reinterpret_cast<float*>(args.scratch + c.offset);
      halves_.widen(c.type)(static_cast<const uint16_t*>(args.inputs[c.index]), wide, c.count);
      shared.inputs[c.index] = wide;
    }
    generic::ParallelTasks(
        args.pool, tasks_, slices_.count, work_, [&](int64_t task, int64_t begin, int64_t end) {
          uint8_t* scratch = args.scratch + shared_bytes_ + static_cast<size_t>(task) * task_bytes_;
          for (int64_t i = begin; i < end; ++i) {
            RunSlice(shared, i, scratch, args.error);
          }
        });
  }
  size_t scratch_bytes() const override {
    return shared_bytes_ + static_cast<size_t>(tasks_) * task_bytes_;
  }

 private:
  void RunSlice(const Pointers& whole, int64_t i, uint8_t* scratch, RunError* error) const {
    const int64_t indices = slices_.GroupOf(i);
    Pointers p;
    for (size_t k = 0; k < inputs_count_; ++k) {
      const Slices::Steps& steps = slices_.inputs[k];
      p.inputs[k] = steps.varies ? static_cast<const uint8_t*>(whole.inputs[k]) +
                                       slices_.Offset(steps, i) * sizes_[k]
                                 : whole.inputs[k];
    }
    for (const Conversion& c : widened_) {
      if (!slices_.inputs[c.index].varies) continue;
      auto* wide = reinterpret_cast<float*>(scratch + c.offset);
      // Those of a group that is not full are fewer in proportion.
      const int64_t n =
          slices_.inputs[c.index].cut == 0 ? c.count : c.count / slices_.group * indices;
      halves_.widen(c.type)(static_cast<const uint16_t*>(p.inputs[c.index]), wide, n);
      p.inputs[c.index] = wide;
    }
    auto* y =
        static_cast<uint8_t*>(whole.outputs[0]) + slices_.Offset(slices_.output, i) * output_size_;
    p.outputs[0] = narrowed_.empty() ? y : scratch + narrowed_[0].offset;
    const Kernel& kernel = indices == slices_.group ? *inner_ : *last_;
    kernel.Run({p.inputs, p.outputs, scratch + copies_, NoPool(), error});
    if (narrowed_.empty()) return;
    halves_.narrow(narrowed_[0].type)(static_cast<const float*>(p.outputs[0]),
                                      reinterpret_cast<uint16_t*>(y),
                                      indices * elements_per_index_);
  }

  Slices slices_;
  std::unique_ptr<Kernel> inner_, last_;  // last_: of groups that are not full
  int64_t tasks_;
  size_t shared_bytes_ = 0;             // copies of what all slices see
  size_t task_bytes_ = 0, copies_ = 0;  // of one task; copies lie before the kernel's own scratch
  int64_t elements_per_index_, work_;
};

}  // namespace

bool HasHalves(const KernelContext& context) {
  return std::any_of(context.inputs.begin(), context.inputs.end(), IsHalf) ||
         std::any_of(context.outputs.begin(), context.outputs.end(), IsHalf);
}

absl::StatusOr<std::unique_ptr<Kernel>> WidenOperands(
    const KernelContext& context,
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<Kernel>>(const KernelContext&)> select) {
  if (context.inputs.size() > kMaxOperands || context.outputs.size() > kMaxOperands) {
    return absl::UnimplementedError("too many operands of 16 bits to compute in f32");
  }
  if (absl::optional<Slices> slices = MakeSlices(context, kSliceElements)) {
    const auto select_slice = [&](int64_t indices) {
      WideContext wide(context);
      wide.TakeSlice(context, *slices, indices);
      return select(wide.get());
    };
    absl::StatusOr<std::unique_ptr<Kernel>> inner = select_slice(slices->group);
    if (!inner.ok()) return inner;
    std::unique_ptr<Kernel> last;
    if (const int64_t rest = slices->cut_size % slices->group; rest != 0) {
      absl::StatusOr<std::unique_ptr<Kernel>> kernel = select_slice(rest);
      if (!kernel.ok()) return kernel;
      last = *std::move(kernel);
    }
    return std::make_unique<SlicedKernel>(context, *std::move(slices), *std::move(inner),
                                          std::move(last));
  }
  const WideContext wide(context);
  absl::StatusOr<std::unique_ptr<Kernel>> inner = select(wide.get());
  if (!inner.ok()) return inner;
  return std::make_unique<WholeKernel>(context, *std::move(inner));
}

}  // namespace octet
