#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "kernels/generic/attention_parts.h"
#include "kernels/row_quantization.h"
#include "kernels/simd/gemm_pack.h"
#include "kernels/simd/isa.h"
#include "kernels/simd/parallel.h"
#include "kernels/simd/simd.h"
#include "runtime/core/validate.h"

// Attention with integer products. Keys and values of each head are quantized and packed like
// weights, then blocks of queries pass: scores, softmax, weights, sums of values.

namespace octet {
namespace simd {
namespace {

using generic::kAttentionK;
using generic::kAttentionMask;
using generic::kAttentionQ;
using generic::kAttentionV;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr int64_t kMaxLanes = 4 * kChannelsPerVector;  // of a block
constexpr int64_t kRowStep = 12;                       // queries that suit all tiles
constexpr int64_t kScoreBytes = 64 * 1024;             // of a block of queries

int64_t RoundUp(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// One side of a product that is packed when the kernel runs.
struct Blocks {
  std::vector<GemmBlock> blocks;
  int64_t positions;  // of channels, padding counted
  int64_t row_bytes;  // of a channel, a multiple of 4

  Blocks(int64_t channels, int64_t depth, int max_vectors)
      : blocks(MakeGemmBlocks(channels, 1, max_vectors)),
        positions(blocks.back().position + blocks.back().vectors * kChannelsPerVector),
        row_bytes(RoundUp(depth, 4)) {}
};

// What the products of all heads share with those of static weights.
struct Constants {
  std::array<float, kMaxLanes> ones;
  std::array<int32_t, kMaxLanes> zeros = {};
  Epilogue epilogue = {};

  Constants() {
    ones.fill(1.0f);
    epilogue.f32 = true;
    epilogue.f32_min = -kInf;
    epilogue.f32_max = kInf;
  }
};

class DynamicAttention final : public Kernel {
 public:
  explicit DynamicAttention(const KernelContext& context)
      : g_(context),
        scores_(context, g_),
        loops_(generic::LoopsFor(context.cpu)),
        isa_(ChooseIsa(context.cpu)),
        code_(GemmCodeFor(isa_)),
        scale_(context.node->as<schema::AttentionOptionsT>().scale),
        keys_(g_.keys, g_.depth, code_.max_vectors),
        values_(g_.width, g_.keys, code_.max_vectors) {
    const int64_t fitting = kScoreBytes / (g_.keys * static_cast<int64_t>(sizeof(float)));
    rows_ = std::max(kRowStep, fitting / kRowStep * kRowStep);
    rows_ = std::min(rows_, RoundUp(g_.queries, kRowStep));
    row_blocks_ = (g_.queries + rows_ - 1) / rows_;
    const int64_t products =
        g_.batch * g_.heads * g_.queries * g_.keys * (g_.depth + g_.width + kSoftmaxProducts);
    tasks_ = ChooseTasks(context.pool->threads(), g_.batch * g_.heads * row_blocks_,
                         products / kProductsPerNs);
    PlaceHead();
    PlaceTask();
  }

  void Run(const RunArgs& args) const override {
    const int64_t packs = g_.batch * g_.shared;
    const int64_t elements = packs * g_.keys * (g_.depth + g_.width);
    ParallelRanges(args.pool, packs, elements / kElementsPerNs, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) PackHead(args, i);
    });
    const int64_t units = g_.batch * g_.heads * row_blocks_;
    const auto run = [&](int64_t task) {
      uint8_t* scratch = args.scratch + packs * head_bytes_ + task * task_bytes_;
      for (int64_t i = units * task / tasks_; i < units * (task + 1) / tasks_; ++i) {
        RunQueries(args, i, scratch);
      }
    };
    if (tasks_ == 1) return run(0);
    args.pool->ParallelFor(tasks_, run);
  }
  size_t scratch_bytes() const override {
    return static_cast<size_t>(g_.batch * g_.shared * head_bytes_ + tasks_ * task_bytes_);
  }
  std::string detail() const override { return Name(isa_); }

 private:
  // Rough costs, for deciding how many threads are worth it.
  static constexpr int64_t kProductsPerNs = 50;
  static constexpr int64_t kSoftmaxProducts = 128;  // that take as long as a score's exp
  static constexpr int64_t kElementsPerNs = 2;

  // Where the parts of a packed head lie in its memory.
  void PlaceHead() {
    int64_t at = 0;
    const auto place = [&at](int64_t bytes) {
      const int64_t begin = at;
      at += RoundUp(bytes, 64);
      return begin;
    };
    key_weights_ = place(keys_.positions * keys_.row_bytes);
    key_sums_ = place(keys_.positions * static_cast<int64_t>(sizeof(int32_t)));
    key_scales_ = place(keys_.positions * static_cast<int64_t>(sizeof(float)));
    value_weights_ = place(values_.positions * values_.row_bytes);
    value_scales_ = place(g_.keys * static_cast<int64_t>(sizeof(float)));
    rows_of_bytes_ = place(std::max(kMaxLanes * keys_.row_bytes, 4 * values_.positions));
    head_bytes_ = at;
  }

  void PlaceTask() {
    numbers_at_ = RoundUp(rows_ * keys_.row_bytes, 64);
    table_at_ = numbers_at_ + RoundUp(rows_ * static_cast<int64_t>(sizeof(RowNumbers)), 64);
    scores_at_ = table_at_ + RoundUp(rows_ * static_cast<int64_t>(sizeof(const uint8_t*)), 64);
    weights_at_ = scores_at_ + RoundUp(rows_ * g_.keys * static_cast<int64_t>(sizeof(float)), 64);
    task_bytes_ = weights_at_ + RoundUp(rows_ * values_.row_bytes, 64);
  }

  // Keys and values number `index` of all batches and heads.
  void PackHead(const RunArgs& args, int64_t index) const {
    const int64_t b = index / g_.shared, head = index % g_.shared;
    uint8_t* to = args.scratch + index * head_bytes_;
    const auto* k = static_cast<const float*>(args.inputs[kAttentionK]);
    const auto* v = static_cast<const float*>(args.inputs[kAttentionV]);
    PackKeys(k + b * g_.k.batch + head * g_.k.head, to);
    PackValues(v + b * g_.v.batch + head * g_.v.head, to);
  }

  void PackKeys(const float* k, uint8_t* to) const {
    auto* rows = reinterpret_cast<int8_t*>(to + rows_of_bytes_);
    auto* sums = reinterpret_cast<int32_t*>(to + key_sums_);
    auto* scales = reinterpret_cast<float*>(to + key_scales_);
    for (const GemmBlock& block : keys_.blocks) {
      const int64_t lanes = block.vectors * kChannelsPerVector;
      std::memset(rows, 0, static_cast<size_t>(lanes * keys_.row_bytes));
      for (int64_t i = 0; i < block.count; ++i) {
        const float* row = k + (block.channel + i) * g_.k.row;
        const RowParams params = SymmetricRow(loops_.rows.range(row, g_.depth));
        scales[block.position + i] = params.scale;
        sums[block.position + i] =
            loops_.rows.quantize_s8(row, rows + i * keys_.row_bytes, g_.depth, params.inv_scale);
      }
      std::fill(scales + block.position + block.count, scales + block.position + lanes, 0.0f);
      std::fill(sums + block.position + block.count, sums + block.position + lanes, 0);
      const int64_t groups = keys_.row_bytes / 4;
      loops_.transpose4(
          reinterpret_cast<const uint32_t*>(rows), groups,
          reinterpret_cast<uint32_t*>(to + key_weights_ + block.position * keys_.row_bytes), lanes,
          lanes, groups);
    }
  }

  void PackValues(const float* v, uint8_t* to) const {
    auto* rows = reinterpret_cast<int8_t*>(to + rows_of_bytes_);
    auto* scales = reinterpret_cast<float*>(to + value_scales_);
    std::memset(rows, 0, static_cast<size_t>(4 * values_.positions));
    for (int64_t key = 0; key < g_.keys; key += 4) {
      for (int64_t i = 0; i < 4; ++i) {
        int8_t* row_bytes = rows + i * values_.positions;
        if (key + i >= g_.keys) {
          std::memset(row_bytes, 0, static_cast<size_t>(values_.positions));
          continue;
        }
        const float* row = v + (key + i) * g_.v.row;
        const RowParams params = SymmetricRow(loops_.rows.range(row, g_.width));
        scales[key + i] = params.scale;
        loops_.rows.quantize_s8(row, row_bytes, g_.width, params.inv_scale);
      }
      for (const GemmBlock& block : values_.blocks) {
        const int64_t lanes = block.vectors * kChannelsPerVector;
        uint8_t* weights = to + value_weights_ + block.position * values_.row_bytes + key * lanes;
        loops_.rows.interleave4(rows + block.channel, values_.positions, lanes,
                                reinterpret_cast<int8_t*>(weights));
      }
    }
  }

  // Block `unit` of the queries of all batches and heads.
  void RunQueries(const RunArgs& args, int64_t unit, uint8_t* scratch) const {
    const int64_t first = unit % row_blocks_ * rows_, rows = std::min(rows_, g_.queries - first);
    const int64_t head = unit / row_blocks_ % g_.heads, b = unit / row_blocks_ / g_.heads;
    const int64_t packed = b * g_.shared + head / (g_.heads / g_.shared);
    const uint8_t* factors = args.scratch + packed * head_bytes_;
    auto* numbers = reinterpret_cast<RowNumbers*>(scratch + numbers_at_);
    auto* scores = reinterpret_cast<float*>(scratch + scores_at_);
    const float* q = static_cast<const float*>(args.inputs[kAttentionQ]) + b * g_.q.batch +
                     head * g_.q.head + first * g_.q.row;
    QuantizeQueries(q, rows, scratch, numbers);

    GemmTile tile = TileOf(rows, scratch, scratch, keys_.row_bytes, numbers);
    tile.y = scores;
    tile.y_stride = g_.keys;
    Multiply(tile, keys_, rows, factors + key_weights_,
             reinterpret_cast<const float*>(factors + key_scales_),
             reinterpret_cast<const int32_t*>(factors + key_sums_));

    const void* mask = scores_.has_mask() ? args.inputs[kAttentionMask] : nullptr;
    const auto* value_scales = reinterpret_cast<const float*>(factors + value_scales_);
    uint8_t* weights = scratch + weights_at_;
    for (int64_t i = 0; i < rows; ++i) {
      float* row = scores + i * g_.keys;
      const int64_t seen = scores_.Finish(row, 1.0f, mask, b, head, first + i);
      numbers[i] = Weigh(row, seen, value_scales, weights + i * values_.row_bytes);
    }

    tile = TileOf(rows, scratch, weights, values_.row_bytes, numbers);
    tile.y =
        static_cast<float*>(args.outputs[0]) + b * g_.y.batch + head * g_.y.head + first * g_.y.row;
    tile.y_stride = g_.y.row;
    Multiply(tile, values_, rows, factors + value_weights_, nullptr, nullptr);
  }

  void QuantizeQueries(const float* q, int64_t rows, uint8_t* bytes, RowNumbers* numbers) const {
    for (int64_t i = 0; i < rows; ++i) {
      const float* row = q + i * g_.q.row;
      uint8_t* to = bytes + i * keys_.row_bytes;
      const RowParams params = AffineRow(loops_.rows.range(row, g_.depth));
      loops_.rows.quantize_u8(row, to, g_.depth, params.inv_scale, params.zero_point);
      std::fill(to + g_.depth, to + keys_.row_bytes, uint8_t{0});
      numbers[i] = {scale_ * params.scale, params.zero_point};
    }
  }

  // Finished scores of a query to weights of values in u8.
  RowNumbers Weigh(float* scores, int64_t seen, const float* value_scales, uint8_t* weights) const {
    std::fill(weights + seen, weights + values_.row_bytes, uint8_t{0});
    if (seen == 0) return {0.0f, 0};
    float max = loops_.row_max(scores, seen);
    if (max == -kInf) max = 0.0f;  // so that excluded keys weigh 0, and NaN stays NaN
    const float sum = loops_.exp_minus(scores, scores, seen, max);
    const float largest = loops_.rows.weigh(scores, value_scales, scores, seen);
    const RowParams params = WeightRow(largest);
    loops_.rows.quantize_u8(scores, weights, seen, params.inv_scale, 0);
    return {sum == 0.0f ? 0.0f : params.scale / sum, 0};
  }

  // A tile for `rows` rows of `row_bytes` bytes.
  GemmTile TileOf(int64_t rows, uint8_t* scratch, const uint8_t* bytes, int64_t row_bytes,
                  const RowNumbers* numbers) const {
    auto* table = reinterpret_cast<const uint8_t**>(scratch + table_at_);
    for (int64_t i = 0; i < rows; ++i) table[i] = bytes + i * row_bytes;
    GemmTile tile = {};
    tile.rows = table;
    tile.row_stride = rows;
    tile.segments = 1;
    tile.groups = row_bytes / 4;
    tile.bias = constants_.zeros.data();
    tile.epilogue = &constants_.epilogue;
    tile.row_numbers = numbers;
    return tile;
  }

  // `scales` and `sums` of the channels; null: 1 and 0.
  void Multiply(GemmTile& tile, const Blocks& side, int64_t rows, const uint8_t* weights,
                const float* scales, const int32_t* sums) const {
    for (const GemmBlock& block : side.blocks) {
      tile.weights = reinterpret_cast<const int8_t*>(weights + block.position * side.row_bytes);
      tile.multiplier = scales == nullptr ? constants_.ones.data() : scales + block.position;
      tile.weight_sums = sums == nullptr ? constants_.zeros.data() : sums + block.position;
      tile.channels = block.count;
      tile.index = block.channel;
      code_.run(tile, block.vectors, rows);
    }
  }

  const generic::AttentionGeometry g_;
  const generic::AttentionScores scores_;
  const generic::Loops& loops_;
  const Isa isa_;
  const GemmCode& code_;
  const float scale_;
  const Blocks keys_, values_;
  const Constants constants_;
  int64_t rows_, row_blocks_;  // queries at a time; blocks of them
  int64_t tasks_;
  int64_t key_weights_, key_sums_, key_scales_, value_weights_, value_scales_, rows_of_bytes_;
  int64_t head_bytes_;
  int64_t numbers_at_, table_at_, scores_at_, weights_at_, task_bytes_;
};

absl::Status Check(const KernelContext& context) {
  if (context.node->as<schema::AttentionOptionsT>().arithmetic != schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("its arithmetic is not dynamic");
  }
  if (absl::Status s = generic::CheckAttention(context); !s.ok()) return s;
  const generic::AttentionGeometry g(context);
  if (MaxBias(std::max(g.depth, g.keys)) < 0) {
    return absl::UnimplementedError(
        absl::StrCat("sums of ", std::max(g.depth, g.keys), " products may exceed 32 bits"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return absl::make_unique<DynamicAttention>(context);
}

}  // namespace
}  // namespace simd

const KernelEntry kSimdAttentionDynamic = {"simd_attention_dynamic", simd::Check, simd::Prepare};

}  // namespace octet
