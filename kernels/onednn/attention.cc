#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/generic/attention_parts.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/parallel.h"
#include "kernels/onednn/engine.h"
#include "kernels/onednn/epilogue.h"
#include "kernels/onednn/primitive_kernel.h"
#include "kernels/onednn/rows.h"

// Attention in blocks of queries: the scores of all heads of a block, softmax of each row, and the
// sums of values. A block's scores stay in the cache between the steps.

namespace octet {
namespace {

using Geometry = generic::AttentionGeometry;
using generic::Loops;
using onednn::Engine;
using onednn::PrimitiveKernel;
using Dims = dnnl::memory::dims;

constexpr int kQ = generic::kAttentionQ, kK = generic::kAttentionK, kV = generic::kAttentionV;
constexpr int kMask = generic::kAttentionMask;

// What the scores of a block may take: most of a second-level cache.
constexpr int64_t kBlockBytes = 768 * 1024;
// exp costs several times what moving an element does.
constexpr int64_t kWorkPerByte = 4;

// A batch of products [heads, rows, inner] by [heads, inner, columns] of elements of `type`.
std::unique_ptr<PrimitiveKernel> MakeProduct(const KernelContext& context, int64_t heads,
                                             int64_t rows, int64_t inner, int64_t columns,
                                             const Dims& a, const Dims& b, const Dims& y,
                                             DataType type, DataType result) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::matmul::primitive_desc description(
      Engine(), {{1, heads, rows, inner}, onednn::ToDnnl(type), a},
      {{1, heads, inner, columns}, onednn::ToDnnl(type), b},
      {{1, heads, rows, columns}, onednn::ToDnnl(result), y}, attr);
  PrimitiveKernel::Parts parts;
  parts.primitive = dnnl::matmul(description);
  parts.scratch_bytes = description.scratchpad_desc().get_size();
  parts.inputs = {{DNNL_ARG_SRC, 0}, {DNNL_ARG_WEIGHTS, 1}};
  parts.on_pool = context.pool->threads() > 1;
  parts.detail = description.impl_info_str();
  return std::make_unique<PrimitiveKernel>(std::move(parts));
}

// The two products of a block of `rows` queries.
struct Block {
  std::unique_ptr<PrimitiveKernel> scores, sums;

  Block(const KernelContext& context, const Geometry& g, int64_t rows) {
    const DataType type = context.output().type;
    const Dims row_major = {g.heads * rows * g.keys, rows * g.keys, g.keys, 1};
    const auto of_rows = [&](const Geometry::Strides& s) {
      return Dims{std::max(s.row * rows, s.head * g.heads), s.head, s.row, 1};
    };
    scores = MakeProduct(context, g.heads, rows, g.depth, g.keys, of_rows(g.q),
                         {g.k.batch, g.k.head, 1, g.k.row}, row_major, type, DataType::kF32);
    sums = MakeProduct(context, g.heads, rows, g.keys, g.width, row_major,
                       {g.v.batch, g.v.head, g.v.row, 1}, of_rows(g.y), type, type);
  }
  size_t scratch_bytes() const { return std::max(scores->scratch_bytes(), sums->scratch_bytes()); }
};

class AttentionKernel : public Kernel {
 public:
  explicit AttentionKernel(const KernelContext& context)
      : g_(context),
        scores_(context, g_),
        loops_(generic::LoopsFor(context.cpu)),
        scale_(context.node->as<schema::AttentionOptionsT>().scale) {
    const Operand& y = context.output();
    element_bytes_ = static_cast<int64_t>(SizeOf(y.type));
    if (y.type != DataType::kF32) narrow_ = loops_.halves.narrow(y.type);
    const int64_t elements = g_.heads * g_.keys;
    const int64_t row_bytes = elements * static_cast<int64_t>(sizeof(float));
    const int64_t most = std::max<int64_t>(16, kBlockBytes / row_bytes);
    const int64_t count = (g_.queries + most - 1) / most;
    rows_ = (g_.queries + count - 1) / count;
    blocks_.emplace_back(context, g_, rows_);
    if (g_.queries % rows_ != 0) blocks_.emplace_back(context, g_, g_.queries % rows_);
    scores_bytes_ = (static_cast<size_t>(rows_ * row_bytes) + 63) / 64 * 64;
    weights_bytes_ = narrow_ == nullptr ? 0 : (scores_bytes_ / 2 + 63) / 64 * 64;
  }

  void Run(const RunArgs& args) const override {
    for (int64_t b = 0; b < g_.batch; ++b) {
      for (int64_t row = 0; row < g_.queries; row += rows_) RunBlock(args, b, row);
    }
  }
  size_t scratch_bytes() const override {
    size_t most = 0;
    for (const Block& block : blocks_) most = std::max(most, block.scratch_bytes());
    return scores_bytes_ + weights_bytes_ + most;
  }
  std::string detail() const override {
    return absl::StrCat(blocks_[0].scores->detail(), "+", blocks_[0].sums->detail());
  }

 private:
  void RunBlock(const RunArgs& args, int64_t b, int64_t first) const {
    const int64_t rows = std::min(rows_, g_.queries - first);
    const Block& block = blocks_[rows == rows_ ? 0 : 1];
    const auto input = [&](int i, int64_t at) {
      return static_cast<const uint8_t*>(args.inputs[i]) + at * element_bytes_;
    };
    const void* q = input(kQ, b * g_.q.batch + first * g_.q.row);
    const void *k = input(kK, b * g_.k.batch), *v = input(kV, b * g_.v.batch);
    void* y = static_cast<uint8_t*>(args.outputs[0]) +
              (b * g_.y.batch + first * g_.y.row) * element_bytes_;
    auto* scores = reinterpret_cast<float*>(args.scratch);
    auto* narrow = reinterpret_cast<uint16_t*>(args.scratch + scores_bytes_);
    uint8_t* scratch = args.scratch + scores_bytes_ + weights_bytes_;
    const void* factors[] = {q, k};
    void* to_scores[] = {scores};
    block.scores->Run({factors, to_scores, scratch, args.pool, args.error});
    const void* mask = scores_.has_mask() ? args.inputs[kMask] : nullptr;
    const int64_t bytes = 2 * g_.heads * rows * g_.keys * static_cast<int64_t>(sizeof(float));
    generic::ParallelRanges(args.pool, g_.heads * rows, kWorkPerByte * bytes,
                            [&](int64_t begin, int64_t end) {
                              for (int64_t i = begin; i < end; ++i) {
                                float* row = scores + i * g_.keys;
                                Softmax(row, mask, b, i / rows, first + i % rows);
                                if (narrow_ == nullptr) continue;
                                narrow_(row, narrow + i * g_.keys, g_.keys);
                              }
                            });
    const void* weights[] = {narrow_ == nullptr ? static_cast<void*>(scores) : narrow, v};
    void* to_y[] = {y};
    block.sums->Run({weights, to_y, scratch, args.pool, args.error});
  }

  // A row of scores to weights.
  void Softmax(float* s, const void* mask, int64_t b, int64_t head, int64_t query) const {
    const int64_t seen = scores_.Finish(s, scale_, mask, b, head, query);
    const float max = loops_.row_max(s, seen);
    if (max == -std::numeric_limits<float>::infinity()) {
      std::fill_n(s, g_.keys, 0.0f);
      return;
    }
    const float sum = loops_.exp_minus(s, s, seen, max);
    loops_.scale(s, seen, 1.0f / sum);
    std::fill(s + seen, s + g_.keys, 0.0f);
  }

  Geometry g_;
  generic::AttentionScores scores_;
  const Loops& loops_;
  float scale_;
  int64_t rows_;               // queries in a block
  std::vector<Block> blocks_;  // of rows_ queries, and of those that remain
  size_t scores_bytes_, weights_bytes_;
  int64_t element_bytes_;                 // of all operands but the mask
  generic::NarrowLoop narrow_ = nullptr;  // of weights, where operands are of 16 bits
};

absl::Status Check(const KernelContext& context) {
  if (context.deterministic) {
    return absl::UnimplementedError("its bits may differ from the reference's");
  }
  const auto& options = context.node->as<schema::AttentionOptionsT>();
  if (options.arithmetic == schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("its arithmetic is dynamic");
  }
  const DataType type = context.output().type;
  if (type != DataType::kF32 && type != DataType::kF16 && type != DataType::kBF16) {
    return absl::UnimplementedError("operands must be real");
  }
  if (absl::Status s = generic::CheckAttention(context, type); !s.ok()) return s;
  if (absl::Status s = onednn::CheckFactors(context, type); !s.ok()) return s;
  const Operand &q = context.input(kQ), &k = context.input(kK), &v = context.input(kV);
  const size_t head = options.heads_last ? 2 : 1, row = options.heads_last ? 1 : 2;
  if (k.shape[head] != q.shape[head] || v.shape[head] != q.shape[head]) {
    return absl::UnimplementedError("heads of q share those of k and v");
  }
  if (options.causal && q.shape[row] > k.shape[row]) {
    return absl::UnimplementedError("there are more queries than keys");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  std::unique_ptr<AttentionKernel> kernel;
  const onednn::CreationThreads threads(context.pool->threads());
  absl::Status s = onednn::Guarded([&] { kernel = std::make_unique<AttentionKernel>(context); });
  if (!s.ok()) return s;
  if (absl::StrContains(kernel->detail(), "ref")) {
    return absl::UnimplementedError("oneDNN has only its reference implementation for this");
  }
  return kernel;
}

}  // namespace

const KernelEntry kOnednnAttention = {"onednn_attention", Check, Prepare};

}  // namespace octet
