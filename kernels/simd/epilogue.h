#ifndef OCTET_KERNELS_SIMD_EPILOGUE_H_
#define OCTET_KERNELS_SIMD_EPILOGUE_H_

#include <cstdint>

// Plain data and scalar code that the vector code of every instruction set shares. Nothing here
// pulls in library code: files that are compiled for one instruction set include it.

namespace octet {
namespace simd {

// What turns the sums of one operator into output elements. Activations of type s8 are handled as
// u8 throughout: q + 128, that is q with the top bit flipped, and the zero points move along. Those
// of type s16 have no zero point.
struct Epilogue {
  // One entry per output channel in the order of the kernel's accumulators, padded with zeros.
  const int32_t* bias;      // bias - zero_point(x) * sum of the channel's weights, modulo 2^32
  const float* multiplier;  // quantized output: scale_x * scale_w / scale_y; f32: scale_x * scale_w

  // Quantized output; of 8 bits, zero point and range are those of u8.
  bool words;  // 16 bits
  int32_t zero_point;
  int32_t min, max;  // activation range
  uint8_t flip;      // 0x80 for s8, else 0

  // Residual; null pointers in the arguments of a call mean that there is none.
  bool has_residual;
  bool f32_residual, words_residual;
  uint8_t residual_flip;
  int32_t residual_zero_point;  // as u8
  float residual_multiplier;    // to units of scale_y; to reals when the output is f32

  // f32 output.
  bool f32;
  float f32_min, f32_max;

  // Inputs of 16 bits: bias is all 0. In the same order as bias.
  bool wide;              // sums are added up in f64
  const float* f32_bias;  // times the multiplier; null: none

  // Inputs that are quantized row by row when the kernel runs; bias is all 0 then, multiplier
  // scale_w, and f32_bias in real numbers. In the same order as bias.
  const int32_t* weight_sums;  // of each channel
};

// How a row of the input was quantized.
struct RowNumbers {
  float scale;  // NaN where results are
  int32_t zero_point;
};

// One output element from its sum, which includes the bias. `index` counts elements of y and of the
// residual from their beginnings.
void FinishOne(const Epilogue& epilogue, int32_t sum, float multiplier, const void* residual,
               void* y, int64_t index);
// The same for a sum that is rounded to f32 already. `bias` is the channel's, null where there is
// none.
void FinishRounded(const Epilogue& epilogue, float sum, float multiplier, const float* bias,
                   const void* residual, void* y, int64_t index);

// The same for a row that was quantized when the kernel runs. `weight_sum` and `bias` are the
// channel's.
void FinishDynamic(const Epilogue& epilogue, const RowNumbers& row, int32_t sum, float multiplier,
                   int32_t weight_sum, float bias, const void* residual, void* y, int64_t index);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_EPILOGUE_H_
