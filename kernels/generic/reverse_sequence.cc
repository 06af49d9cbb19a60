#include <memory>

#include "kernels/generic/generic.h"
#include "kernels/generic/movement.h"
#include "kernels/indices.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {
namespace {

// For each sample and moment one copy of what lies there.
class ReverseSequenceKernel : public Kernel {
 public:
  explicit ReverseSequenceKernel(const KernelContext& context)
      : ReverseSequenceKernel(context, context.input(0),
                              context.node->as<schema::ReverseSequenceOptionsT>()) {}

  void Run(const RunArgs& args) const override {
    const Indices lengths(length_type_, args.inputs[1]);
    for (int64_t b = 0; b < batch_; ++b) {
      const int64_t length = lengths[b];
      if (length < 0 || length > time_) {
        args.error->Report("a sequence length", length, 0, time_);
        continue;
      }
      for (int64_t t = 0; t < time_; ++t) {
        const int64_t source = t < length ? length - 1 - t : t;
        const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
        auto* y = static_cast<uint8_t*>(args.outputs[0]);
        copy_.Run(x + b * batch_stride_ + source * time_stride_,
                  y + b * batch_stride_ + t * time_stride_, args.pool);
      }
    }
  }

 private:
  ReverseSequenceKernel(const KernelContext& context, const Operand& x,
                        const schema::ReverseSequenceOptionsT& options)
      : length_type_(context.input(1).type),
        batch_(x.shape[static_cast<size_t>(options.batch_axis)]),
        time_(x.shape[static_cast<size_t>(options.time_axis)]),
        copy_(MomentCopy(context, x, options)) {
    const Shape strides = Strides(x.shape, x.layout);
    const auto bytes = static_cast<int64_t>(SizeOf(x.type));
    batch_stride_ = strides[static_cast<size_t>(options.batch_axis)] * bytes;
    time_stride_ = strides[static_cast<size_t>(options.time_axis)] * bytes;
  }

  static StridedCopy MomentCopy(const KernelContext& context, const Operand& x,
                                const schema::ReverseSequenceOptionsT& options) {
    Shape box = x.shape;
    box[static_cast<size_t>(options.batch_axis)] = 1;
    box[static_cast<size_t>(options.time_axis)] = 1;
    const StridedCopy::Side side{Strides(x.shape, x.layout)};
    return MakeCopy(context, box, x, side, context.output(), side);
  }

  DataType length_type_;
  int64_t batch_, time_;
  int64_t batch_stride_, time_stride_;  // in bytes
  StridedCopy copy_;                    // of one moment of one sample
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (x.layout != y.layout) return absl::UnimplementedError("layouts differ");
  return CheckMovement(x, y);
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<ReverseSequenceKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericReverseSequence = {"generic", generic::Check, generic::Prepare};

}  // namespace octet
