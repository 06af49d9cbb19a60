#ifndef OCTET_KERNELS_SIMD_QUANTIZED_CASE_H_
#define OCTET_KERNELS_SIMD_QUANTIZED_CASE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/kernel.h"

// For tests: quantized convolutions and matrix products with random operands, and their results by
// the definition.

namespace octet {
namespace simd {

struct ConvCase {
  int64_t n = 1, c = 8, h = 8, w = 8, oc = 8;
  int64_t kh = 3, kw = 3, sh = 1, sw = 1, dh = 1, dw = 1;
  int64_t pad_top = 1, pad_left = 1, pad_bottom = 1, pad_right = 1;
  int64_t groups = 1;
  DataType x_type = DataType::kU8, y_type = DataType::kU8, w_type = DataType::kS8;
  DataType bias_type = DataType::kS32;
  DataType residual_type = DataType::kUnknown;  // kUnknown: none
  int32_t x_zero_point = 3, y_zero_point = 5, residual_zero_point = 7;
  float x_scale = 0.5f, w_scale = 0.01f, y_scale = 0.7f, residual_scale = 0.3f;
  int64_t largest_bias = 2000;
  bool per_channel = true, bias = true;
  bool extreme = false;  // only the ends of the types
  bool worst = false;    // only the lower end: the largest sums
  float activation_min = -std::numeric_limits<float>::infinity();
  float activation_max = std::numeric_limits<float>::infinity();
};

// y = a * b with a of `batch` matrices [m, k] and b [k, n].
struct MatMulCase {
  int64_t batch = 1, m = 5, k = 16, n = 16;
  bool transpose_b = false;
  ConvCase numbers;  // types, scales, zero points and flags
};

// The operands of a case. The context refers to the members; the object must not move.
class QuantizedCase {
 public:
  QuantizedCase(const ConvCase& c, uint32_t seed);
  QuantizedCase(const MatMulCase& c, uint32_t seed);
  QuantizedCase(const QuantizedCase&) = delete;
  QuantizedCase& operator=(const QuantizedCase&) = delete;

  // A context for the instruction sets in `cpu`; valid while this lives.
  KernelContext Context(const CpuFeatures& cpu, ThreadPool* pool, PackedWeights* packed) const;

  // Runs `kernel`, and compares each element's bits with the definition. Empty when all are equal,
  // else a description of the first difference.
  std::string Compare(const Kernel& kernel, ThreadPool* pool);

  // Of the definition.
  int64_t products() const { return products_; }

 private:
  void Fill(const ConvCase& c, int64_t weights, int64_t channels, uint32_t seed);
  void SetOperands(const ConvCase& c, const Shape& x, const Shape& w, const Shape& y, Layout layout,
                   int channel_axis);
  float Finish(const ConvCase& c, int64_t sum, int64_t channel, int64_t index) const;
  void ReferenceConv(const ConvCase& c);
  void ReferenceMatMul(const MatMulCase& c);
  int32_t X(int64_t i) const;
  int32_t W(int64_t i) const;

  Node node_;
  DataType x_type_, y_type_, w_type_;
  std::vector<uint8_t> x_, w_, residual_, bias_bytes_;  // elements of whatever type
  std::vector<float> residual_f32_;
  std::vector<int64_t> bias_;
  QuantParams x_quant_, w_quant_, residual_quant_, y_quant_;
  std::vector<Operand> inputs_, outputs_;
  std::vector<float> expected_;  // integers, where y is quantized
  int64_t products_ = 0;
};

// One set of features for each instruction set that this CPU can run.
std::vector<CpuFeatures> RunnableCpus();

// Prepares and runs the case with `entry` for every instruction set that this CPU has, on one and
// on three threads. Empty when all give the bits of the definition, else the first difference.
std::string CompareEverywhere(const KernelEntry& entry, QuantizedCase& test);

// The reason why `entry` does not accept the case, or "accepted".
std::string Refusal(const KernelEntry& entry, const QuantizedCase& test);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_QUANTIZED_CASE_H_
