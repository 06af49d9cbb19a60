#include "kernels/simd/quantized_case.h"

#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"
#include "kernels/simd/isa.h"
#include "runtime/core/numerics.h"

namespace octet {
namespace simd {
namespace {

QuantParams OneScale(float scale, int32_t zero_point) { return {{scale}, {zero_point}, -1}; }

Operand MakeOperand(DataType type, const Shape& shape, Layout layout, const QuantParams* quant,
                    const void* data = nullptr) {
  Operand o;
  o.type = type, o.shape = shape, o.layout = layout, o.quant = quant, o.data = data;
  return o;
}

int32_t IntAt(DataType type, const std::vector<uint8_t>& bytes, int64_t i) {
  if (type == DataType::kS16) {
    int16_t word;
    std::memcpy(&word, bytes.data() + 2 * i, 2);
    return word;
  }
  const uint8_t byte = bytes[static_cast<size_t>(i)];
  return type == DataType::kS8 ? static_cast<int8_t>(byte) : byte;
}

// Of the integers' type, in a buffer whose end is the end of the allocation, so that tools see a
// read beyond it.
std::vector<uint8_t> BytesOf(const std::vector<int64_t>& integers, DataType type) {
  const size_t size = SizeOf(type);
  std::vector<uint8_t> bytes(integers.size() * size);
  for (size_t i = 0; i < integers.size(); ++i) std::memcpy(&bytes[i * size], &integers[i], size);
  return bytes;
}

// Integers of the whole range of a type, or only of its ends. `symmetric`: without the lowest.
std::vector<int64_t> RandomInts(int64_t count, DataType type, const ConvCase& c, bool symmetric,
                                std::mt19937& random) {
  const bool words = type == DataType::kS16;
  const int64_t max = words ? 32767 : type == DataType::kS8 ? 127 : 255;
  const int64_t min = type == DataType::kU8 ? 0 : symmetric ? -max : -max - 1;
  std::vector<int64_t> values(static_cast<size_t>(count));
  for (int64_t& v : values) {
    const uint32_t r = random();
    v = c.worst     ? min
        : c.extreme ? (r & 1 ? max : min)
                    : min + static_cast<int64_t>((r >> 8) % static_cast<uint32_t>(max - min + 1));
  }
  return values;
}

}  // namespace

int32_t QuantizedCase::X(int64_t i) const { return IntAt(x_type_, x_, i) - x_quant_.zero_point(); }
int32_t QuantizedCase::W(int64_t i) const { return IntAt(w_type_, w_, i); }

void QuantizedCase::Fill(const ConvCase& c, int64_t weights, int64_t channels, uint32_t seed) {
  std::mt19937 random(seed);
  x_type_ = c.x_type, y_type_ = c.y_type, w_type_ = c.w_type;
  x_ = BytesOf(RandomInts(NumElements(inputs_[0].shape), c.x_type, c, false, random), c.x_type);
  w_ = BytesOf(RandomInts(weights, c.w_type, c, true, random), c.w_type);
  bias_.resize(static_cast<size_t>(channels));
  for (int64_t& b : bias_) {
    b = static_cast<int64_t>(random()) % (2 * c.largest_bias) - c.largest_bias;
  }
  bias_bytes_ = BytesOf(bias_, c.bias_type);
  const int64_t outputs = NumElements(outputs_[0].shape);
  if (c.residual_type == DataType::kF32) {
    for (int64_t i = 0; i < outputs; ++i) {
      residual_f32_.push_back(static_cast<float>(random() % 256) * 0.37f - 11.0f);
    }
  } else if (c.residual_type != DataType::kUnknown) {
    residual_ =
        BytesOf(RandomInts(outputs, c.residual_type, ConvCase(), false, random), c.residual_type);
  }

  x_quant_ = OneScale(c.x_scale, c.x_zero_point);
  y_quant_ = OneScale(c.y_scale, c.y_zero_point);
  residual_quant_ = OneScale(c.residual_scale, c.residual_zero_point);
  if (c.per_channel) {
    for (int64_t i = 0; i < channels; ++i) {
      w_quant_.scales.push_back(c.w_scale * (1.0f + 0.125f * static_cast<float>(i % 5)));
    }
    w_quant_.zero_points.assign(w_quant_.scales.size(), 0);
  } else {
    w_quant_ = OneScale(c.w_scale, 0);
  }
}

void QuantizedCase::SetOperands(const ConvCase& c, const Shape& x, const Shape& w, const Shape& y,
                                Layout layout, int channel_axis) {
  const int64_t channels = layout == Layout::kChannelsLast ? y[1] : y[y.size() - 1];
  inputs_.resize(1);
  inputs_[0] = MakeOperand(c.x_type, x, layout, &x_quant_);
  outputs_ = {MakeOperand(c.y_type, y, layout, c.y_type == DataType::kF32 ? nullptr : &y_quant_)};
  w_quant_.axis = -1;
  if (c.per_channel) w_quant_.axis = channel_axis;
  inputs_.push_back(MakeOperand(c.w_type, w, Layout::kPlain, &w_quant_));
  inputs_.push_back(c.bias ? MakeOperand(c.bias_type, {channels}, Layout::kPlain, nullptr)
                           : Operand());
  if (c.residual_type != DataType::kUnknown) {
    const bool f32 = c.residual_type == DataType::kF32;
    inputs_.push_back(MakeOperand(c.residual_type, y, layout, f32 ? nullptr : &residual_quant_));
  }
}

float QuantizedCase::Finish(const ConvCase& c, int64_t sum, int64_t channel, int64_t index) const {
  const int64_t bias = c.bias ? bias_[static_cast<size_t>(channel)] : 0;
  const bool words = c.x_type == DataType::kS16;
  const float w_scale = w_quant_.scales[c.per_channel ? static_cast<size_t>(channel) : 0];
  const bool f32 = c.y_type == DataType::kF32;
  const float multiplier =
      f32 ? static_cast<float>(static_cast<double>(c.x_scale) * static_cast<double>(w_scale))
          : RequantMultiplier(c.x_scale, w_scale, c.y_scale);
  volatile float v = static_cast<float>(words ? sum : sum + bias) * multiplier;  // rounded each
  if (words && c.bias) {
    volatile float b = static_cast<float>(bias) * multiplier;
    v = v + b;
  }
  if (c.residual_type == DataType::kF32) {
    v = v + residual_f32_[static_cast<size_t>(index)];
  } else if (c.residual_type != DataType::kUnknown) {
    const int32_t q = IntAt(c.residual_type, residual_, index);
    const double scale = c.residual_scale;
    const float factor = static_cast<float>(f32 ? scale : scale / static_cast<double>(c.y_scale));
    volatile float r = static_cast<float>(q - c.residual_zero_point) * factor;
    v = v + r;
  }
  if (f32) return std::min(std::max(static_cast<float>(v), c.activation_min), c.activation_max);
  return static_cast<float>(RoundAndClamp(
      v, c.y_zero_point,
      ActivationRange(c.activation_min, c.activation_max, c.y_scale, c.y_zero_point, c.y_type)));
}

QuantizedCase::QuantizedCase(const ConvCase& c, uint32_t seed) {
  schema::ConvOptionsT options;
  options.strides = {static_cast<int>(c.sh), static_cast<int>(c.sw)};
  options.dilations = {static_cast<int>(c.dh), static_cast<int>(c.dw)};
  options.pads_begin = {static_cast<int>(c.pad_top), static_cast<int>(c.pad_left)};
  options.pads_end = {static_cast<int>(c.pad_bottom), static_cast<int>(c.pad_right)};
  options.groups = static_cast<int>(c.groups);
  options.activation_min = c.activation_min;
  options.activation_max = c.activation_max;
  node_ = Graph::MakeNode("conv", std::move(options), {}, {});
  const int64_t oh = (c.h + c.pad_top + c.pad_bottom - c.dh * (c.kh - 1) - 1) / c.sh + 1;
  const int64_t ow = (c.w + c.pad_left + c.pad_right - c.dw * (c.kw - 1) - 1) / c.sw + 1;
  SetOperands(c, {c.n, c.c, c.h, c.w}, {c.oc, c.c / c.groups, c.kh, c.kw}, {c.n, c.oc, oh, ow},
              Layout::kChannelsLast, 0);
  Fill(c, c.oc * (c.c / c.groups) * c.kh * c.kw, c.oc, seed);
  w_quant_.axis = c.per_channel ? 0 : -1;
  inputs_[1].data = w_.data();
  if (c.bias) inputs_[2].data = bias_bytes_.data();
  ReferenceConv(c);
}

void QuantizedCase::ReferenceConv(const ConvCase& c) {
  const int64_t oh = outputs_[0].shape[2], ow = outputs_[0].shape[3];
  const int64_t in = c.c / c.groups, out = c.oc / c.groups;
  products_ = c.n * oh * ow * c.oc * in * c.kh * c.kw;
  for (int64_t p = 0; p < c.n * oh * ow; ++p) {
    const int64_t image = p / (oh * ow), oy = p / ow % oh, ox = p % ow;
    for (int64_t o = 0; o < c.oc; ++o) {
      int64_t sum = 0;
      for (int64_t ky = 0; ky < c.kh; ++ky) {
        for (int64_t kx = 0; kx < c.kw; ++kx) {
          const int64_t iy = oy * c.sh - c.pad_top + ky * c.dh,
                        ix = ox * c.sw - c.pad_left + kx * c.dw;
          if (iy < 0 || iy >= c.h || ix < 0 || ix >= c.w) continue;
          const int64_t x = ((image * c.h + iy) * c.w + ix) * c.c + o / out * in;
          const int64_t w = ((o * in) * c.kh + ky) * c.kw + kx;
          for (int64_t i = 0; i < in; ++i) sum += int64_t{X(x + i)} * W(w + i * c.kh * c.kw);
        }
      }
      expected_.push_back(Finish(c, sum, o, p * c.oc + o));
    }
  }
}

QuantizedCase::QuantizedCase(const MatMulCase& c, uint32_t seed) {
  schema::MatMulOptionsT options;
  options.transpose_b = c.transpose_b;
  options.activation_min = c.numbers.activation_min;
  options.activation_max = c.numbers.activation_max;
  node_ = Graph::MakeNode("matmul", std::move(options), {}, {});
  SetOperands(c.numbers, {c.batch, c.m, c.k}, c.transpose_b ? Shape{c.n, c.k} : Shape{c.k, c.n},
              {c.batch, c.m, c.n}, Layout::kPlain, c.transpose_b ? 0 : 1);
  Fill(c.numbers, c.k * c.n, c.n, seed);
  w_quant_.axis = c.numbers.per_channel ? (c.transpose_b ? 0 : 1) : -1;
  inputs_[1].data = w_.data();
  if (c.numbers.bias) inputs_[2].data = bias_bytes_.data();
  ReferenceMatMul(c);
}

void QuantizedCase::ReferenceMatMul(const MatMulCase& c) {
  products_ = c.batch * c.m * c.k * c.n;
  for (int64_t row = 0; row < c.batch * c.m; ++row) {
    for (int64_t o = 0; o < c.n; ++o) {
      int64_t sum = 0;
      for (int64_t i = 0; i < c.k; ++i) {
        sum += int64_t{X(row * c.k + i)} * W(c.transpose_b ? o * c.k + i : i * c.n + o);
      }
      expected_.push_back(Finish(c.numbers, sum, o, row * c.n + o));
    }
  }
}

KernelContext QuantizedCase::Context(const CpuFeatures& cpu, ThreadPool* pool,
                                     PackedWeights* packed) const {
  KernelContext context;
  context.node = &node_;
  context.inputs = inputs_;
  context.outputs = outputs_;
  context.cpu = cpu;
  context.pool = pool;
  context.packed = packed;
  return context;
}

std::string QuantizedCase::Compare(const Kernel& kernel, ThreadPool* pool) {
  constexpr uint8_t kGuard = 0xa5;
  const size_t size = expected_.size() * SizeOf(y_type_);
  std::vector<uint8_t> y(size + 64, kGuard);
  std::vector<uint8_t> scratch(kernel.scratch_bytes() + 64);
  const bool f32_residual = inputs_.size() > 3 && inputs_[3].type == DataType::kF32;
  const void* inputs[] = {
      x_.data(), w_.data(), bias_bytes_.data(),
      f32_residual ? static_cast<const void*>(residual_f32_.data()) : residual_.data()};
  void* outputs[] = {y.data()};
  RunArgs args;
  args.inputs = inputs;
  args.outputs = outputs;
  args.scratch = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
  args.pool = pool;
  RunError error;
  args.error = &error;
  kernel.Run(args);
  for (size_t i = 0; i < expected_.size(); ++i) {
    float actual;
    if (y_type_ == DataType::kF32) {
      std::memcpy(&actual, &y[i * 4], 4);
    } else {
      actual = static_cast<float>(IntAt(y_type_, y, static_cast<int64_t>(i)));
    }
    if (std::memcmp(&actual, &expected_[i], 4) != 0 && !(actual == 0 && expected_[i] == 0)) {
      return absl::StrCat("element ", i, " of ", expected_.size(), " is ", actual, ", not ",
                          expected_[i]);
    }
  }
  for (size_t i = size; i < y.size(); ++i) {
    if (y[i] != kGuard) return absl::StrCat("wrote ", i - size, " bytes beyond the output");
  }
  return "";
}

std::vector<CpuFeatures> RunnableCpus() {
  std::vector<CpuFeatures> cpus(1);
  const CpuFeatures host = CpuFeatures::Host();
  CpuFeatures avx2;
  avx2.avx2 = host.avx2;
  if (host.avx2) cpus.push_back(avx2);
  avx2.avx_vnni = host.avx_vnni;
  if (ChooseIsa(avx2) == Isa::kAvxVnni) cpus.push_back(avx2);
  if (ChooseIsa(host) == Isa::kAvx512Vnni) cpus.push_back(host);
  return cpus;
}

std::string CompareEverywhere(const KernelEntry& entry, QuantizedCase& test) {
  static const std::shared_ptr<ThreadPool> pools[] = {ThreadPool::Create(1), ThreadPool::Create(3)};
  for (const CpuFeatures& cpu : RunnableCpus()) {
    for (const auto& pool : pools) {
      const auto packed = NewPackedWeights();
      const KernelContext context = test.Context(cpu, pool.get(), packed.get());
      const std::string where = absl::StrCat(entry.name, " with ", Name(ChooseIsa(cpu)), " on ",
                                             pool->threads(), " threads: ");
      if (absl::Status s = entry.check(context); !s.ok()) return absl::StrCat(where, s.ToString());
      auto kernel = entry.prepare(context);
      if (!kernel.ok()) return absl::StrCat(where, kernel.status().ToString());
      const std::string difference = test.Compare(**kernel, pool.get());
      if (!difference.empty()) return absl::StrCat(where, difference);
    }
  }
  return "";
}

std::string Refusal(const KernelEntry& entry, const QuantizedCase& test) {
  const auto pool = ThreadPool::Create(1);
  const auto packed = NewPackedWeights();
  const KernelContext context = test.Context({}, pool.get(), packed.get());
  absl::Status status = entry.check(context);
  if (status.ok()) status = entry.prepare(context).status();
  if (status.ok()) return "accepted";
  if (status.code() != absl::StatusCode::kUnimplemented) return status.ToString();
  return std::string(status.message());
}

}  // namespace simd
}  // namespace octet
