#include "gtest/gtest.h"
#include "kernels/simd/quantized_case.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {
namespace {

void ExpectExact(const ConvCase& c, uint32_t seed = 1) {
  QuantizedCase test(c, seed);
  EXPECT_EQ(CompareEverywhere(kSimdConvExact, test), "")
      << c.c << " to " << c.oc << " channels in " << c.groups << " groups, kernel " << c.kh << "x"
      << c.kw << ", stride " << c.sh << ", image " << c.h << "x" << c.w;
}

ConvCase Pointwise(int64_t channels, int64_t outputs) {
  ConvCase c;
  c.c = channels, c.oc = outputs, c.kh = c.kw = 1;
  c.pad_top = c.pad_left = c.pad_bottom = c.pad_right = 0;
  return c;
}

TEST(SimdConv, EveryNumberOfOutputChannels) {
  for (int64_t outputs = 1; outputs <= 140; ++outputs) {
    ConvCase c = Pointwise(12, outputs);
    c.h = 3, c.w = 9, c.y_zero_point = outputs % 3 == 0 ? 0 : 5;
    ExpectExact(c, static_cast<uint32_t>(outputs));
  }
}

TEST(SimdConv, EveryNumberOfInputChannels) {
  for (int64_t channels = 1; channels <= 40; ++channels) {
    ConvCase c = Pointwise(channels, 24);
    c.h = 5, c.w = 7;
    ExpectExact(c, static_cast<uint32_t>(channels));
    c.kh = c.kw = 3, c.pad_left = 1;
    ExpectExact(c, static_cast<uint32_t>(channels));
  }
}

TEST(SimdConv, EveryNumberOfPixels) {
  for (int64_t outputs : {16, 32, 48, 64}) {
    for (int64_t pixels = 1; pixels <= 60; ++pixels) {
      ConvCase c = Pointwise(16, outputs);
      c.h = 1, c.w = pixels, c.y_zero_point = 0;
      ExpectExact(c);
    }
  }
}

TEST(SimdConv, ManyPixelsAndBatchesTakeSeveralChunks) {
  ConvCase c;
  c.c = 32, c.oc = 100, c.h = 19, c.w = 23, c.n = 3;
  ExpectExact(c);
  c.c = 160, c.oc = 200, c.h = 9, c.n = 2;  // weights beyond the nearest cache
  ExpectExact(c);
}

TEST(SimdConv, FirstLayers) {
  for (int64_t channels : {1, 3, 4}) {
    for (int64_t kernel : {3, 5, 7}) {
      ConvCase c;
      c.c = channels, c.oc = 32, c.h = 30, c.w = 31;
      c.kh = c.kw = kernel, c.sh = c.sw = 2;
      c.pad_top = c.pad_left = (kernel - 1) / 2 - 1, c.pad_bottom = c.pad_right = kernel / 2;
      ExpectExact(c);
    }
  }
}

TEST(SimdConv, StridesDilationsAndPadding) {
  for (int64_t stride : {1, 2, 3}) {
    for (int64_t dilation : {1, 2}) {
      for (int64_t pad : {0, 1, 5}) {
        ConvCase c;
        c.c = 7, c.oc = 17, c.h = 9, c.w = 11;
        c.sh = stride, c.sw = 4 - stride;
        c.dh = dilation, c.dw = 3 - dilation;
        c.pad_top = c.pad_right = pad;
        c.kw = 2;
        ExpectExact(c);
      }
    }
  }
}

TEST(SimdConv, Groups) {
  for (int64_t groups : {2, 3, 6, 30}) {
    ConvCase c;
    c.c = 30, c.oc = 60, c.groups = groups;
    ExpectExact(c);
    c.kh = c.kw = 1;
    ExpectExact(c);
    c.dh = c.dw = 2, c.kh = 3;
    ExpectExact(c);
  }
}

TEST(SimdConv, TypesResidualsAndRanges) {
  for (DataType x : {DataType::kU8, DataType::kS8}) {
    for (DataType y : {DataType::kU8, DataType::kS8, DataType::kS16, DataType::kF32}) {
      for (DataType r : {DataType::kUnknown, DataType::kU8, DataType::kS8, DataType::kF32}) {
        if (r == DataType::kF32 && y != DataType::kF32) continue;
        for (int64_t outputs : {16, 40, 64}) {
          ConvCase c = Pointwise(20, outputs);
          c.n = 2;
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
}

TEST(SimdConv, TiesRoundToEven) {
  ConvCase c = Pointwise(64, 48);
  c.per_channel = false;
  c.x_scale = 1.0f, c.y_scale = 1024.0f, c.w_scale = 1.0f;
  c.y_zero_point = 128;
  ExpectExact(c);
  c.residual_type = DataType::kU8, c.residual_scale = 512.0f;
  ExpectExact(c);
}

// Sums of pairs of products leave 16 bits by far here.
TEST(SimdConv, ExtremesAreSummedExactly) {
  ConvCase c = Pointwise(512, 32);
  c.extreme = true, c.x_zero_point = 0, c.y_scale = 100.0f;
  ExpectExact(c);
  c.y_scale = 0.001f;  // saturates
  ExpectExact(c);
  c.x_type = c.y_type = DataType::kS8, c.x_zero_point = -128, c.y_zero_point = 127;
  ExpectExact(c);
}

// ---- 16-bit activations ----

// Scales for which most outputs lie within s16.
ConvCase Words(ConvCase c, DataType weights = DataType::kS8) {
  c.x_type = c.y_type = DataType::kS16, c.w_type = weights;
  c.x_zero_point = c.y_zero_point = c.residual_zero_point = 0;
  const float products = static_cast<float>(c.c / c.groups * c.kh * c.kw);
  c.x_scale = 1e-3f, c.w_scale = weights == DataType::kS8 ? 0.01f : 4e-5f;
  c.y_scale = 1e-3f * 0.5f * products, c.residual_scale = 0.7f * c.y_scale;
  return c;
}

constexpr DataType kWeightTypes[] = {DataType::kS8, DataType::kS16};

TEST(SimdConvWords, EveryNumberOfOutputChannels) {
  for (DataType weights : kWeightTypes) {
    for (int64_t outputs = 1; outputs <= 140; ++outputs) {
      ConvCase c = Words(Pointwise(12, outputs), weights);
      c.h = 3, c.w = 9;
      ExpectExact(c, static_cast<uint32_t>(outputs));
    }
  }
}

TEST(SimdConvWords, EveryNumberOfInputChannels) {
  for (DataType weights : kWeightTypes) {
    for (int64_t channels = 1; channels <= 20; ++channels) {
      ConvCase c = Words(Pointwise(channels, 24), weights);
      c.h = 5, c.w = 7;
      ExpectExact(c, static_cast<uint32_t>(channels));
      c.kh = c.kw = 3, c.pad_left = 1;
      ExpectExact(c, static_cast<uint32_t>(channels));
    }
  }
}

TEST(SimdConvWords, EveryNumberOfPixels) {
  for (DataType weights : kWeightTypes) {
    for (int64_t outputs : {16, 32, 48, 64}) {
      for (int64_t pixels = 1; pixels <= 30; ++pixels) {
        ConvCase c = Words(Pointwise(16, outputs), weights);
        c.h = 1, c.w = pixels;
        ExpectExact(c);
      }
    }
  }
}

TEST(SimdConvWords, ChunksStridesDilationsGroupsAndPadding) {
  for (DataType weights : kWeightTypes) {
    ConvCase c;
    c.c = 32, c.oc = 100, c.h = 19, c.w = 23, c.n = 3;
    ExpectExact(Words(c, weights));
    c.c = 160, c.oc = 72, c.h = 9, c.n = 2;
    ExpectExact(Words(c, weights));
    for (int64_t groups : {2, 3, 30}) {
      ConvCase grouped;
      grouped.c = 30, grouped.oc = 60, grouped.groups = groups;
      ExpectExact(Words(grouped, weights));
      grouped.dh = grouped.dw = 2, grouped.kh = 3;
      ExpectExact(Words(grouped, weights));
    }
    for (int64_t stride : {1, 2, 3}) {
      ConvCase strided;
      strided.c = 3, strided.oc = 17, strided.h = 12, strided.w = 11;
      strided.sh = stride, strided.sw = 4 - stride, strided.dw = 2;
      strided.pad_top = strided.pad_right = 5;
      ExpectExact(Words(strided, weights));
    }
  }
}

TEST(SimdConvWords, TypesResidualsAndRanges) {
  for (DataType weights : kWeightTypes) {
    for (DataType y : {DataType::kS16, DataType::kU8, DataType::kS8, DataType::kF32}) {
      for (DataType r : {DataType::kUnknown, DataType::kS16, DataType::kU8, DataType::kF32}) {
        if (r == DataType::kF32 && y != DataType::kF32) continue;
        for (int64_t outputs : {16, 40, 64}) {
          ConvCase c = Words(Pointwise(20, outputs), weights);
          c.n = 2;
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
}

// The largest sums that weights allow: with s8 weights beyond s32 from 517 products on, with s16
// weights from 3 on, and beyond f32's 24 bits by far. The scale of the output keeps all of its bits
// at play.
TEST(SimdConvWords, WorstWeightsAreSummedExactly) {
  for (DataType weights : kWeightTypes) {
    for (int64_t products : {1, 2, 3, 515, 516, 517, 1031, 5000}) {
      for (bool worst : {false, true}) {
        ConvCase c = Words(Pointwise(products, 33), weights);
        c.h = 1, c.w = 7;
        c.worst = worst, c.extreme = true;
        c.y_scale *= 2.0f;
        ExpectExact(c);
        c.y_type = DataType::kF32;
        ExpectExact(c);
      }
    }
    ConvCase c;
    c.c = 300, c.oc = 20, c.h = c.w = 4, c.worst = true;  // parts of whole segments, and of less
    ExpectExact(Words(c, weights));
    c.c = 1500, c.kh = 1, c.pad_top = c.pad_bottom = 0;
    ExpectExact(Words(c, weights));
  }
}

TEST(SimdConvWords, LargeBiases) {
  for (DataType weights : kWeightTypes) {
    ConvCase c = Words(Pointwise(40, 33), weights);
    c.bias_type = DataType::kS64;
    ExpectExact(c);
    c.largest_bias = int64_t{1} << 31;
    ExpectExact(c);
    c.largest_bias = int64_t{1} << 45;
    c.y_scale *= 10000.0f;
    ExpectExact(c);
    c.bias_type = DataType::kS32, c.largest_bias = (int64_t{1} << 31) - 1;
    ExpectExact(c);
  }
}

TEST(SimdConvWords, TiesRoundToEven) {
  ConvCase c = Words(Pointwise(64, 48));
  c.per_channel = false;
  c.x_scale = c.w_scale = 1.0f, c.y_scale = 1024.0f;
  ExpectExact(c);
  c.residual_type = DataType::kS16, c.residual_scale = 512.0f;
  ExpectExact(c);
}

TEST(SimdConvWords, AreNeverLeftToOnednn) {
  const auto pool = ThreadPool::Create(1);
  const auto packed = NewPackedWeights();
  const QuantizedCase test(Words(ConvCase()), 1);
  CpuFeatures cpu;
  cpu.avx2 = cpu.amx_int8 = true;
  EXPECT_TRUE(kSimdConv.check(test.Context(cpu, pool.get(), packed.get())).ok());
}

TEST(SimdConv, LeavesToOnednnWhatIsFasterThere) {
  const auto pool = ThreadPool::Create(1);
  const auto packed = NewPackedWeights();
  const QuantizedCase test(ConvCase(), 1);
  CpuFeatures cpu;
  cpu.avx2 = true;
  KernelContext context = test.Context(cpu, pool.get(), packed.get());
  EXPECT_EQ(kSimdConv.check(context).message(), "oneDNN is faster without AVX512-VNNI");
  context.cpu.avx512 = context.cpu.avx512_vnni = true;
  EXPECT_TRUE(kSimdConv.check(context).ok());
  context.cpu.amx_int8 = true;
  EXPECT_EQ(kSimdConv.check(context).message(), "oneDNN is faster with AMX tiles");
  context.deterministic = true;
  EXPECT_TRUE(kSimdConv.check(context).ok());
}

TEST(SimdConv, RefusesWithAReason) {
  const auto reason = [](const ConvCase& c) {
    return Refusal(kSimdConvExact, QuantizedCase(c, 1));
  };
  ConvCase c;
  c.x_type = DataType::kF32;
  EXPECT_EQ(reason(c), "input is f32, not 8 or 16 bits with one scale");
  c.x_type = DataType::kU8, c.residual_type = DataType::kS16, c.residual_zero_point = 0;
  EXPECT_EQ(reason(c), "residual is s16 for an output of u8");
  c.residual_type = DataType::kF32;
  EXPECT_EQ(reason(c), "residual is f32 for an output of u8");
  c.residual_type = DataType::kUnknown, c.y_scale = 1e-30f;
  EXPECT_EQ(reason(c), "the output's scale is so small that values may exceed 32 bits");
  c = Pointwise(70000, 1);
  c.h = c.w = 1;
  EXPECT_EQ(reason(c), "sums of 70000 products may exceed 32 bits");
  c = ConvCase();
  c.w_type = DataType::kS16;
  EXPECT_EQ(reason(c), "weights are s16, not quantized s8");
  c = ConvCase();
  c.bias_type = DataType::kS64;
  EXPECT_EQ(reason(c), "bias is s64, not a constant s32");
}

}  // namespace
}  // namespace simd
}  // namespace octet
