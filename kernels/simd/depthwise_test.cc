#include "gtest/gtest.h"
#include "kernels/simd/quantized_case.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {
namespace {

void ExpectExact(ConvCase c, uint32_t seed = 1) {
  c.oc = c.groups = c.c;
  QuantizedCase test(c, seed);
  EXPECT_EQ(CompareEverywhere(kSimdDepthwise, test), "")
      << c.c << " channels, kernel " << c.kh << "x" << c.kw << ", stride " << c.sh << ", image "
      << c.h << "x" << c.w;
}

TEST(SimdDepthwise, EveryKernelSizeAndStride) {
  for (int64_t kernel : {1, 2, 3, 4, 5, 6, 7}) {
    for (int64_t stride : {1, 2, 3}) {
      ConvCase c;
      c.c = 80, c.h = 13, c.w = 17, c.y_zero_point = kernel % 2 == 1 ? 0 : 5;
      c.kh = c.kw = kernel;
      c.sh = c.sw = stride;
      c.pad_top = c.pad_left = (kernel - 1) / 2;
      c.pad_bottom = c.pad_right = kernel / 2;
      ExpectExact(c);
    }
  }
}

TEST(SimdDepthwise, EveryNumberOfChannels) {
  for (int64_t channels = 1; channels <= 140; ++channels) {
    ConvCase c;
    c.c = channels, c.h = 3, c.w = 5, c.y_zero_point = channels % 3 == 0 ? 0 : 5;
    c.kh = c.kw = channels % 2 ? 3 : 5;
    c.pad_left = c.pad_right = 1 + channels % 2;
    ExpectExact(c, static_cast<uint32_t>(channels));
  }
}

TEST(SimdDepthwise, KernelsAndStridesThatAreNotSquare) {
  ConvCase c;
  c.c = 48, c.h = 9, c.w = 11;
  c.kh = 1, c.kw = 7, c.pad_left = c.pad_right = 3, c.pad_top = c.pad_bottom = 0;
  ExpectExact(c);
  c.kh = 5, c.kw = 3, c.pad_top = 4, c.pad_left = 0;
  ExpectExact(c);
  c.sh = 2, c.sw = 1;
  ExpectExact(c);
  c.kh = 3;
  ExpectExact(c);
}

TEST(SimdDepthwise, ImagesSmallerThanTheKernelAndMostlyPadding) {
  for (int64_t size : {1, 2, 3}) {
    for (int64_t pad : {2, 4, 6}) {
      ConvCase c;
      c.c = 20, c.h = size, c.w = 4 - size;
      c.kh = c.kw = 5;
      c.pad_top = c.pad_left = c.pad_bottom = c.pad_right = pad;
      ExpectExact(c);
      c.sh = c.sw = 2;
      ExpectExact(c);
    }
  }
}

TEST(SimdDepthwise, WideImagesTakeSeveralSegments) {
  for (int64_t width : {93, 94, 95, 200, 333}) {
    for (int64_t kernel : {3, 5}) {
      ConvCase c;
      c.c = 16, c.h = 3, c.w = width, c.kh = c.kw = kernel;
      ExpectExact(c);
      c.sh = c.sw = 2;
      ExpectExact(c);
    }
  }
}

TEST(SimdDepthwise, TypesResidualsAndRanges) {
  for (DataType x : {DataType::kU8, DataType::kS8}) {
    for (DataType y : {DataType::kU8, DataType::kS8, DataType::kS16, DataType::kF32}) {
      for (DataType r : {DataType::kUnknown, DataType::kU8, DataType::kS8, DataType::kF32}) {
        if (r == DataType::kF32 && y != DataType::kF32) continue;
        ConvCase c;
        c.c = 70, c.h = 7, c.w = 7, c.n = 2;
        c.x_type = x, c.y_type = y, c.residual_type = r;
        c.x_zero_point = x == DataType::kS8 ? -100 : 200;
        c.y_zero_point = y == DataType::kS8 ? -3 : y == DataType::kS16 ? 0 : 120;
        if (y == DataType::kS16) c.y_scale = 2e-3f;
        ExpectExact(c);
        c.activation_min = 0, c.activation_max = 6;
        c.bias = false, c.per_channel = false;
        ExpectExact(c);
      }
    }
  }
}

TEST(SimdDepthwise, TiesRoundToEven) {
  ConvCase c;
  c.c = 64, c.per_channel = false;
  c.x_scale = 1.0f, c.y_scale = 512.0f,
  c.w_scale = 1.0f;  // sums of some thousands, many of them ties
  c.y_zero_point = 128;
  ExpectExact(c);
  c.residual_type = DataType::kU8, c.residual_scale = 256.0f;
  ExpectExact(c);
}

TEST(SimdDepthwise, Saturates) {
  ConvCase c;
  c.c = 64, c.extreme = true, c.y_scale = 0.001f, c.kh = c.kw = 5;
  ExpectExact(c);
  c.x_type = c.y_type = DataType::kS8, c.x_zero_point = -128, c.y_zero_point = 127;
  ExpectExact(c);
}

// ---- 16-bit activations ----

ConvCase Words(ConvCase c, DataType weights) {
  c.x_type = c.y_type = DataType::kS16, c.w_type = weights;
  c.x_zero_point = c.y_zero_point = c.residual_zero_point = 0;
  c.x_scale = 1e-3f, c.w_scale = weights == DataType::kS8 ? 0.01f : 4e-5f;
  c.y_scale = 1e-3f * static_cast<float>(c.kh * c.kw), c.residual_scale = 0.7f * c.y_scale;
  return c;
}

constexpr DataType kWeightTypes[] = {DataType::kS8, DataType::kS16};

TEST(SimdDepthwiseWords, EveryKernelSizeAndStride) {
  for (DataType weights : kWeightTypes) {
    for (int64_t kernel : {1, 2, 3, 4, 5, 6, 7}) {
      for (int64_t stride : {1, 2, 3}) {
        ConvCase c;
        c.c = 72, c.h = 13, c.w = 17;
        c.kh = c.kw = kernel;
        c.sh = c.sw = stride;
        c.pad_top = c.pad_left = (kernel - 1) / 2;
        c.pad_bottom = c.pad_right = kernel / 2;
        ExpectExact(Words(c, weights));
      }
    }
  }
}

TEST(SimdDepthwiseWords, EveryNumberOfChannels) {
  for (DataType weights : kWeightTypes) {
    for (int64_t channels = 1; channels <= 100; ++channels) {
      ConvCase c;
      c.c = channels, c.h = 3, c.w = 5;
      c.kh = c.kw = channels % 2 ? 3 : 5;
      c.pad_left = c.pad_right = 1 + channels % 2;
      ExpectExact(Words(c, weights), static_cast<uint32_t>(channels));
    }
  }
}

TEST(SimdDepthwiseWords, ShapesThatAreNotSquareAndWideImages) {
  for (DataType weights : kWeightTypes) {
    ConvCase c;
    c.c = 48, c.h = 9, c.w = 11;
    c.kh = 1, c.kw = 7, c.pad_left = c.pad_right = 3, c.pad_top = c.pad_bottom = 0;
    ExpectExact(Words(c, weights));
    c.kh = 5, c.kw = 3, c.pad_top = 4, c.pad_left = 0;
    ExpectExact(Words(c, weights));
    c.sh = 2, c.sw = 1;
    ExpectExact(Words(c, weights));
    ConvCase wide;
    wide.c = 40, wide.h = 3, wide.w = 333;
    ExpectExact(Words(wide, weights));
    wide.sh = wide.sw = 2;
    ExpectExact(Words(wide, weights));
    ConvCase small;
    small.c = 20, small.h = 1, small.w = 3, small.kh = small.kw = 5;
    small.pad_top = small.pad_left = small.pad_bottom = small.pad_right = 6;
    ExpectExact(Words(small, weights));
  }
}

TEST(SimdDepthwiseWords, TypesResidualsAndRanges) {
  for (DataType weights : kWeightTypes) {
    for (DataType y : {DataType::kS16, DataType::kU8, DataType::kF32}) {
      for (DataType r : {DataType::kUnknown, DataType::kS16, DataType::kU8, DataType::kF32}) {
        if (r == DataType::kF32 && y != DataType::kF32) continue;
        ConvCase c;
        c.c = 70, c.h = 7, c.w = 7, c.n = 2;
        c = Words(c, weights);
        c.y_type = y, c.residual_type = r;
        if (y == DataType::kU8) c.y_zero_point = 120, c.y_scale *= 100.0f;
        if (r == DataType::kU8) c.residual_zero_point = 99, c.residual_scale *= 100.0f;
        ExpectExact(c);
        c.activation_min = 0, c.activation_max = 2.5f;
        c.bias = false, c.per_channel = false;
        ExpectExact(c);
      }
    }
  }
}

TEST(SimdDepthwiseWords, WorstWeightsAndLargeBiases) {
  for (DataType weights : kWeightTypes) {
    for (int64_t kernel : {3, 5, 7}) {
      ConvCase c;
      c.c = 40, c.kh = c.kw = kernel;
      c = Words(c, weights);
      c.y_scale *= 2.0f, c.worst = true;
      ExpectExact(c);
      c.worst = false, c.extreme = true;
      c.y_type = DataType::kF32;
      ExpectExact(c);
      c.bias_type = DataType::kS64, c.largest_bias = int64_t{1} << 40;
      ExpectExact(c);
    }
  }
}

TEST(SimdDepthwise, RefusesWithAReason) {
  const auto reason = [](const ConvCase& c) {
    return Refusal(kSimdDepthwise, QuantizedCase(c, 1));
  };
  ConvCase c;
  c.groups = 4;
  EXPECT_EQ(reason(c), "not depthwise: 4 groups for 8 input and 8 output channels");
  c.groups = 8, c.dh = 2, c.h = 12;
  EXPECT_EQ(reason(c), "dilated");
  c.dh = 1, c.kh = 9;
  EXPECT_EQ(reason(c), "kernel is 9x3, at most 7x7 here");
  c.kh = 3, c.y_scale = 1e-30f;
  EXPECT_EQ(reason(c), "the output's scale is so small that values may exceed 32 bits");
}

}  // namespace
}  // namespace simd
}  // namespace octet
