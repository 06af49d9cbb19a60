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

ConvKernel::ConvKernel(Isa isa, const ConvGeometry& geometry, DataType x_type, uint8_t x_zero_point,
                       int threads, std::vector<GemmBlock> blocks, const PackedGemm& packed,
                       OwnedEpilogue epilogue)
    : isa_(isa),
      code_(GemmCodeFor(isa)),
      g_(geometry),
      patches_(geometry, x_zero_point ^ FlipOf(x_type)),
      x_flip_(FlipOf(x_type)),
      blocks_(std::move(blocks)),
      weights_(packed.weights),
      epilogue_(std::move(epilogue)) {
  epilogue_.epilogue.bias = epilogue_.bias.data();
  epilogue_.epilogue.multiplier = epilogue_.multiplier.data();
  row_bytes_ = patches_.segments() * patches_.padded_bytes();
  SplitWork(threads);
  table_bytes_ =
      RoundUp(static_cast<size_t>(chunk_ * patches_.segments()) * sizeof(const uint8_t*));
  task_bytes_ = table_bytes_ + RoundUp(patches_.copy_bytes(chunk_));
}

void ConvKernel::SplitWork(int threads) {
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

void ConvKernel::Run(const RunArgs& args) const {
  if (tasks() == 1) return RunTask(args, 0);
  args.pool->ParallelFor(tasks(), [&](int64_t task) { RunTask(args, task); });
}

void ConvKernel::RunTask(const RunArgs& args, int64_t task) const {
  const int64_t pixels = patches_.pixels();
  const int64_t steps = (pixels + kPixelStep - 1) / kPixelStep;
  const int64_t pixel_part = task / block_parts_, block_part = task % block_parts_;
  const int64_t first = steps * pixel_part / pixel_parts_ * kPixelStep;
  const int64_t last = std::min(pixels, steps * (pixel_part + 1) / pixel_parts_ * kPixelStep);
  const auto blocks = static_cast<int64_t>(blocks_.size());
  const GemmBlock* begin = blocks_.data() + blocks * block_part / block_parts_;
  const GemmBlock* end = blocks_.data() + blocks * (block_part + 1) / block_parts_;
  uint8_t* scratch = args.scratch + static_cast<size_t>(task) * task_bytes_;
  auto* table = reinterpret_cast<const uint8_t**>(scratch);
  for (int64_t p = first; p < last; p += chunk_) {
    RunChunk(args, p, std::min(chunk_, last - p), begin, end, table, scratch + table_bytes_);
  }
}

void ConvKernel::RunChunk(const RunArgs& args, int64_t first, int64_t count, const GemmBlock* begin,
                          const GemmBlock* end, const uint8_t** table, uint8_t* copies) const {
  GemmTile tile;
  tile.rows = table;
  tile.row_stride = count;
  tile.segments = patches_.segments();
  tile.groups = patches_.padded_bytes() / 4;
  tile.x_flip = x_flip_;
  tile.epilogue = &epilogue_.epilogue;
  tile.residual = epilogue_.epilogue.has_residual ? args.inputs[3] : nullptr;
  tile.y = args.outputs[0];
  tile.y_stride = g_.oc;
  int64_t group = -1;
  for (const GemmBlock* block = begin; block != end; ++block) {
    if (block->group != group) {
      group = block->group;
      patches_.Find(static_cast<const uint8_t*>(args.inputs[0]), group, first, count, table,
                    copies);
    }
    tile.weights = weights_ + block->position * row_bytes_;
    tile.bias = epilogue_.epilogue.bias + block->position;
    tile.multiplier = epilogue_.epilogue.multiplier + block->position;
    tile.channels = block->count;
    tile.index = first * g_.oc + block->channel;
    code_.run(tile, block->vectors, count);
  }
}

}  // namespace simd
}  // namespace octet
