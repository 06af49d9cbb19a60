#include "kernels/simd/conv_kernel.h"

#include <algorithm>
#include <utility>

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

ByteConv::ByteConv(Isa isa, const ConvGeometry& geometry, uint8_t x_flip, int threads,
                   std::vector<GemmBlock> blocks, const PackedGemm& packed, OwnedEpilogue epilogue,
                   generic::PostFunctions post)
    : isa_(isa),
      code_(GemmCodeFor(isa)),
      g_(geometry),
      patches_(geometry),
      x_flip_(x_flip),
      blocks_(std::move(blocks)),
      weights_(packed.weights),
      epilogue_(std::move(epilogue)),
      post_(std::move(post)) {
  epilogue_.Bind();
  row_bytes_ = patches_.segments() * patches_.padded_bytes();
  SplitWork(threads);
  table_bytes_ =
      RoundUp(static_cast<size_t>(chunk_ * patches_.segments()) * sizeof(const uint8_t*));
  numbers_bytes_ =
      epilogue_.weight_sums.empty() ? 0 : RoundUp(static_cast<size_t>(chunk_) * sizeof(RowNumbers));
  task_bytes_ = table_bytes_ + numbers_bytes_ + RoundUp(patches_.copy_bytes(chunk_));
}

void ByteConv::SplitWork(int threads) {
  const int64_t pixels = patches_.pixels();
  const int64_t weights = g_.oc * row_bytes_;
  const int64_t products = pixels * weights;
  const int64_t steps = (pixels + kPixelStep - 1) / kPixelStep;
  const int64_t blocks = static_cast<int64_t>(blocks_.size());
  const int64_t wanted = ChooseTasks(threads, steps * blocks, products / ProductsPerNs(isa_));
  // Where weights outweigh pixels, each task reads only its share of them.
  const bool split_blocks = steps < wanted || weights > 2 * pixels * g_.c;
  block_parts_ = split_blocks ? std::min(blocks, wanted) : 1;
  pixel_parts_ = std::min(steps, (wanted + block_parts_ - 1) / block_parts_);
  if (pixel_parts_ == 0) pixel_parts_ = 1;
  chunk_ = kPixelStep;
  if (weights > kSmallWeights) {
    chunk_ = std::min(kMaxChunk,
                      std::max(kPixelStep, kChunkBytes / row_bytes_ / kPixelStep * kPixelStep));
  }
}

void ByteConv::Run(const Operands& operands, uint8_t* scratch, ThreadPool* pool) const {
  if (tasks() == 1) return RunTask(operands, 0, scratch);
  pool->ParallelFor(tasks(), [&](int64_t task) {
    RunTask(operands, task, scratch + static_cast<size_t>(task) * task_bytes_);
  });
}

void ByteConv::RunTask(const Operands& operands, int64_t task, uint8_t* scratch) const {
  const int64_t pixels = patches_.pixels();
  const int64_t steps = (pixels + kPixelStep - 1) / kPixelStep;
  const int64_t pixel_part = task / block_parts_, block_part = task % block_parts_;
  const int64_t first = steps * pixel_part / pixel_parts_ * kPixelStep;
  const int64_t last = std::min(pixels, steps * (pixel_part + 1) / pixel_parts_ * kPixelStep);
  const auto blocks = static_cast<int64_t>(blocks_.size());
  const GemmBlock* begin = blocks_.data() + blocks * block_part / block_parts_;
  const GemmBlock* end = blocks_.data() + blocks * (block_part + 1) / block_parts_;
  const Scratch parts = {reinterpret_cast<const uint8_t**>(scratch),
                         reinterpret_cast<RowNumbers*>(scratch + table_bytes_),
                         scratch + table_bytes_ + numbers_bytes_};
  for (int64_t p = first; p < last; p += chunk_) {
    RunChunk(operands, p, std::min(chunk_, last - p), begin, end, parts);
  }
}

void ByteConv::RunChunk(const Operands& operands, int64_t first, int64_t count,
                        const GemmBlock* begin, const GemmBlock* end,
                        const Scratch& scratch) const {
  const Epilogue& epilogue = epilogue_.epilogue;
  GemmTile tile = {};
  tile.rows = scratch.table;
  tile.row_stride = count;
  tile.segments = patches_.segments();
  tile.groups = patches_.padded_bytes() / 4;
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
    tile.weights = weights_ + block->position * row_bytes_;
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

void ByteConv::ApplyPost(float* y, int64_t first, int64_t count, const GemmBlock* begin,
                         const GemmBlock* end) const {
  const int64_t channel = begin->channel, channels = end[-1].channel + end[-1].count - channel;
  if (channels == g_.oc) return post_.Apply(y + first * g_.oc, count * g_.oc);
  for (int64_t i = first; i < first + count; ++i) post_.Apply(y + i * g_.oc + channel, channels);
}

ConvKernel::ConvKernel(Isa isa, const ConvGeometry& geometry, DataType x_type, uint8_t x_zero_point,
                       const KernelContext& context, std::vector<GemmBlock> blocks,
                       const PackedGemm& packed, OwnedEpilogue epilogue)
    : conv_(isa, geometry, FlipOf(x_type), context.pool->threads(), std::move(blocks), packed,
            std::move(epilogue), {{}, context.cpu}),
      padding_(static_cast<size_t>(conv_.padded_bytes()),
               static_cast<uint8_t>(x_zero_point ^ FlipOf(x_type))) {}

void ConvKernel::Run(const RunArgs& args) const {
  ByteConv::Operands operands = {};
  operands.x = static_cast<const uint8_t*>(args.inputs[0]);
  operands.padding = {padding_.data(), 0};
  operands.residual = conv_.has_residual() ? args.inputs[3] : nullptr;
  operands.y = args.outputs[0];
  conv_.Run(operands, args.scratch, args.pool);
}

}  // namespace simd
}  // namespace octet
