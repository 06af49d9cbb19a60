#include "kernels/simd/conv_kernel.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "kernels/simd/parallel.h"

namespace octet {
namespace simd {
namespace {

// A number of pixels that every tile height divides.
constexpr int64_t kPixelStep = 24;
constexpr int64_t kMaxChunk = 10 * kPixelStep;
// Packed weights up to this size stay in the nearest caches while chunk after chunk of pixels
// passes.
constexpr int64_t kSmallWeights = 128 * 1024;
constexpr int64_t kChunkBytes = 256 * 1024;

size_t RoundUp(size_t bytes) { return (bytes + 63) / 64 * 64; }

// Rough speeds of the instruction sets, for deciding how many threads a layer is worth.
int64_t ProductsPerNs(Isa isa) {
  switch (isa) {
    case Isa::kAvx512Vnni:
      return 150;
    case Isa::kAvxVnni:
      return 100;
    case Isa::kAvx2:
      return 50;
    default:
      return 2;
  }
}

}  // namespace

GemmConv::GemmConv(PackedProduct product, uint8_t x_flip, int threads, OwnedEpilogue epilogue,
                   generic::PostFunctions post)
    : product_(std::move(product)),
      g_(product_.geometry),
      code_(GemmCodeFor(product_.isa, product_.form)),
      patches_(g_, BytesOf(product_.form)),
      rows_{product_.form, patches_.segments(), patches_.padded_bytes() / 4},
      parts_(MakeGemmParts(rows_, product_.packed.part_groups)),
      x_flip_(x_flip),
      epilogue_(std::move(epilogue)),
      post_(std::move(post)) {
  epilogue_.Bind();
  SplitWork(threads);
  table_bytes_ =
      RoundUp(static_cast<size_t>(chunk_ * patches_.segments()) * sizeof(const uint8_t*));
  numbers_bytes_ =
      epilogue_.weight_sums.empty() ? 0 : RoundUp(static_cast<size_t>(chunk_) * sizeof(RowNumbers));
  task_bytes_ = table_bytes_ + numbers_bytes_ + RoundUp(patches_.copy_bytes(chunk_));
}

std::string GemmConv::detail() const {
  const char* name = Name(product_.isa);
  if (product_.form == GemmForm::kBytes) return name;
  if (!epilogue_.epilogue.wide) return absl::StrCat(name, ", s32 sums");
  return absl::StrCat(name, ", sums in ",
                      parts_.size() * static_cast<size_t>(TermsOf(product_.form)), " parts");
}

void GemmConv::SplitWork(int threads) {
  const int64_t pixels = patches_.pixels();
  const int64_t weights = g_.oc * rows_.packed_bytes();
  const int64_t products = pixels * weights;  // of bytes; those of words take as long per byte
  const int64_t steps = (pixels + kPixelStep - 1) / kPixelStep;
  const int64_t blocks = static_cast<int64_t>(product_.blocks.size());
  const int64_t wanted = ChooseTasks(threads, steps * blocks, products / ProductsPerNs(isa()));
  // Where weights outweigh pixels, each task reads only its share of them.
  const bool split_blocks = steps < wanted || weights > 2 * pixels * g_.c * BytesOf(product_.form);
  block_parts_ = split_blocks ? std::min(blocks, wanted) : 1;
  pixel_parts_ = std::min(steps, (wanted + block_parts_ - 1) / block_parts_);
  if (pixel_parts_ == 0) pixel_parts_ = 1;
  chunk_ = kPixelStep;
  if (weights > kSmallWeights) {
    chunk_ = std::min(
        kMaxChunk, std::max(kPixelStep, kChunkBytes / rows_.row_bytes() / kPixelStep * kPixelStep));
  }
}

void GemmConv::Run(const Operands& operands, uint8_t* scratch, ThreadPool* pool) const {
  if (tasks() == 1) return RunTask(operands, 0, scratch);
  pool->ParallelFor(tasks(), [&](int64_t task) {
    RunTask(operands, task, scratch + static_cast<size_t>(task) * task_bytes_);
  });
}

void GemmConv::RunTask(const Operands& operands, int64_t task, uint8_t* scratch) const {
  const int64_t pixels = patches_.pixels();
  const int64_t steps = (pixels + kPixelStep - 1) / kPixelStep;
  const int64_t pixel_part = task / block_parts_, block_part = task % block_parts_;
  const int64_t first = steps * pixel_part / pixel_parts_ * kPixelStep;
  const int64_t last = std::min(pixels, steps * (pixel_part + 1) / pixel_parts_ * kPixelStep);
  const auto blocks = static_cast<int64_t>(product_.blocks.size());
  const GemmBlock* begin = product_.blocks.data() + blocks * block_part / block_parts_;
  const GemmBlock* end = product_.blocks.data() + blocks * (block_part + 1) / block_parts_;
  const Scratch parts = {reinterpret_cast<const uint8_t**>(scratch),
                         reinterpret_cast<RowNumbers*>(scratch + table_bytes_),
                         scratch + table_bytes_ + numbers_bytes_};
  for (int64_t p = first; p < last; p += chunk_) {
    RunChunk(operands, p, std::min(chunk_, last - p), begin, end, parts);
  }
}

void GemmConv::RunChunk(const Operands& operands, int64_t first, int64_t count,
                        const GemmBlock* begin, const GemmBlock* end,
                        const Scratch& scratch) const {
  const Epilogue& epilogue = epilogue_.epilogue;
  GemmTile tile = {};
  tile.rows = scratch.table;
  tile.row_stride = count;
  tile.segments = rows_.segments;
  tile.groups = rows_.groups;
  tile.parts = parts_.data();
  tile.part_count = static_cast<int64_t>(parts_.size());
  tile.x_flip = x_flip_;
  tile.epilogue = &epilogue;
  tile.residual = operands.residual;
  tile.y = operands.y;
  tile.y_stride = g_.oc;
  if (operands.numbers != nullptr) {
    for (int64_t i = 0; i < count; ++i) {
      scratch.numbers[i] = operands.numbers[(first + i) / operands.pixels_per_row];
    }
    tile.row_numbers = scratch.numbers;
  }
  int64_t group = -1;
  for (const GemmBlock* block = begin; block != end; ++block) {
    if (block->group != group) {
      group = block->group;
      patches_.Find(operands.x, operands.padding, group, first, count, scratch.table,
                    scratch.copies);
    }
    tile.weights = product_.packed.weights + block->position * rows_.packed_bytes();
    tile.bias = epilogue.bias + block->position;
    tile.multiplier = epilogue.multiplier + block->position;
    if (epilogue.weight_sums != nullptr) tile.weight_sums = epilogue.weight_sums + block->position;
    if (epilogue.f32_bias != nullptr) tile.f32_bias = epilogue.f32_bias + block->position;
    tile.channels = block->count;
    tile.index = first * g_.oc + block->channel;
    code_.run(tile, block->vectors, count);
  }
  if (post_.size() > 0) ApplyPost(static_cast<float*>(operands.y), first, count, begin, end);
}

void GemmConv::ApplyPost(float* y, int64_t first, int64_t count, const GemmBlock* begin,
                         const GemmBlock* end) const {
  const int64_t channel = begin->channel, channels = end[-1].channel + end[-1].count - channel;
  if (channels == g_.oc) return post_.Apply(y + first * g_.oc, count * g_.oc);
  for (int64_t i = first; i < first + count; ++i) post_.Apply(y + i * g_.oc + channel, channels);
}

namespace {

// Padding is alike everywhere, since the input has one zero point.
class ConvKernel final : public Kernel {
 public:
  ConvKernel(const KernelContext& context, const Operand& x, PackedProduct product,
             OwnedEpilogue epilogue)
      : conv_(std::move(product), FlipOf(x.type), context.pool->threads(), std::move(epilogue),
              {{}, context.cpu}),
        padding_(static_cast<size_t>(conv_.padded_bytes()),
                 static_cast<uint8_t>(x.quant->zero_point())) {}

  void Run(const RunArgs& args) const override {
    GemmConv::Operands operands = {};
    operands.x = static_cast<const uint8_t*>(args.inputs[0]);
    operands.padding = {padding_.data(), 0};
    operands.residual = conv_.has_residual() ? args.inputs[3] : nullptr;
    operands.y = args.outputs[0];
    conv_.Run(operands, args.scratch, args.pool);
  }
  size_t scratch_bytes() const override { return conv_.scratch_bytes(); }
  std::string detail() const override { return conv_.detail(); }

 private:
  const GemmConv conv_;
  const std::vector<uint8_t> padding_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Kernel>> MakeConvKernel(const KernelContext& context,
                                                       const QuantizedOp& op,
                                                       absl::StatusOr<PackedProduct> product) {
  if (!product.ok()) return product.status();
  const std::vector<int64_t> order = GemmOrder(product->blocks);
  absl::StatusOr<OwnedEpilogue> epilogue =
      product->form == GemmForm::kBytes
          ? MakeEpilogue(op, product->depth, product->packed.sums, order)
          : MakeWordEpilogue(op, product->depth, product->packed.magnitudes, order);
  if (!epilogue.ok()) return epilogue.status();
  return absl::make_unique<ConvKernel>(context, op.x, *std::move(product), *std::move(epilogue));
}

GemmForm GemmFormOf(const KernelContext& context) {
  if (context.input(0).type != DataType::kS16) return GemmForm::kBytes;
  return context.input(1).type == DataType::kS16 ? GemmForm::kSplitWords : GemmForm::kWords;
}

}  // namespace simd
}  // namespace octet
