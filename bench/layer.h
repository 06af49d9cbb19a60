#ifndef OCTET_BENCH_LAYER_H_
#define OCTET_BENCH_LAYER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/kernel.h"

// Single operators of known networks, with random operands, for benchmarks of kernels.

namespace octet {
namespace bench {

struct LayerShape {
  std::string name;
  bool is_matmul = false;
  // Convolution. A matrix product has `height` rows of depth `channels`.
  int64_t channels = 0, height = 0, width = 1, outputs = 0;
  int64_t kernel = 1, stride = 1, pad_begin = 0, pad_end = 0, groups = 1;
  bool relu = false, residual = false;
};

// Multiply-adds of one run.
int64_t ProductsOf(const LayerShape& shape);

// Reads a file of bench/shapes, whose comments describe the format. InvalidArgument names the line.
absl::StatusOr<std::vector<LayerShape>> ReadShapes(const std::string& path);

// What a layer reads and writes: f32, or u8 or s16, with s8 weights per channel.
struct LayerTypes {
  DataType x = DataType::kU8, y = DataType::kU8;

  bool quantized() const { return x != DataType::kF32; }
  // "u8", "f32", "s16-u8": from s16 to u8.
  std::string name() const;
  friend bool operator==(const LayerTypes& a, const LayerTypes& b) {
    return a.x == b.x && a.y == b.y;
  }
};

// The operands of one layer.
class Layer {
 public:
  Layer(const LayerShape& shape, const LayerTypes& types);
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  OpType type() const { return node_.type(); }
  int64_t products() const { return products_; }
  // Valid while this, `pool` and `packed` live.
  KernelContext Context(const CpuFeatures& cpu, ThreadPool* pool, PackedWeights* packed) const;

  // Runs `kernel` into this layer's output.
  void Run(const Kernel& kernel, ThreadPool* pool);
  // Internal unless the output is the reference row's: within 1 unit, or for f32 within a small
  // part of the largest value. The reference runs once.
  absl::Status CheckOutput();

 private:
  void SetConv(const LayerShape& shape);
  void SetMatMul(const LayerShape& shape);
  void SetOperands(const Shape& x, const Shape& w, const Shape& y, Layout layout, bool residual);
  void FillOperands(int64_t depth);
  void RunReference();

  const LayerTypes types_;
  Node node_;
  int64_t products_ = 0;
  QuantParams x_quant_, w_quant_, y_quant_, residual_quant_;
  std::vector<Operand> inputs_, outputs_;
  std::vector<std::vector<uint8_t>> buffers_;  // of the inputs, then of the output
  std::vector<uint8_t> scratch_, expected_;
};

}  // namespace bench
}  // namespace octet

#endif  // OCTET_BENCH_LAYER_H_
