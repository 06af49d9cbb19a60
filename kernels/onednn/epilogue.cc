#include "kernels/onednn/epilogue.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/onednn/primitive_kernel.h"
#include "runtime/core/numerics.h"

namespace octet {
namespace onednn {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

bool IsByte(DataType type) { return type == DataType::kU8 || type == DataType::kS8; }

bool IsFloat(const Operand& o) { return o.type == DataType::kF32 && o.quant == nullptr; }

bool IsReal(const Operand& o) {
  return o.quant == nullptr &&
         (o.type == DataType::kF32 || o.type == DataType::kF16 || o.type == DataType::kBF16);
}

bool IsQuantizedByte(const Operand& o) {
  return IsByte(o.type) && o.quant != nullptr && o.quant->per_tensor();
}

absl::Status Decline(absl::string_view what, const Operand& found) {
  return absl::UnimplementedError(
      absl::StrCat(what, ", not ", found.quant == nullptr ? "" : "quantized ", Name(found.type)));
}

absl::Status CheckFloat(const KernelContext& context, const ProductOperands& p) {
  if (absl::Status s = CheckFactors(context, p.x.type); !s.ok()) return s;
  const std::string product = absl::StrCat("a product of ", Name(p.x.type));
  if (p.w.type != p.x.type || p.w.quant != nullptr) {
    return Decline(product + " needs both factors of that type", p.w);
  }
  if (p.bias.present() && !IsFloat(p.bias)) return Decline(product + " takes f32 biases", p.bias);
  if (p.y.quant != nullptr || (!IsFloat(p.y) && p.y.type != p.x.type)) {
    return Decline(product + " gives that type or f32", p.y);
  }
  if (p.residual.present() && (p.residual.type != p.y.type || p.residual.quant != nullptr)) {
    return Decline(absl::StrCat("residual must be ", Name(p.y.type), " as the result"), p.residual);
  }
  return absl::OkStatus();
}

absl::Status CheckWeights(const ProductOperands& p) {
  const Operand& w = p.w;
  if (w.type != DataType::kS8 || w.quant == nullptr)
    return Decline("weights must be quantized s8", w);
  for (int32_t zero_point : w.quant->zero_points) {
    if (zero_point != 0) return absl::UnimplementedError("weights must have zero point 0");
  }
  if (!w.quant->per_tensor() && w.quant->axis != p.channel_axis) {
    return absl::UnimplementedError(absl::StrCat("scales of weights must run along dimension ",
                                                 p.channel_axis, ", not ", w.quant->axis));
  }
  return absl::OkStatus();
}

absl::Status CheckQuantized(const ProductOperands& p) {
  if (!IsQuantizedByte(p.x)) return Decline("input must be f32, u8 or s8", p.x);
  if (absl::Status s = CheckWeights(p); !s.ok()) return s;
  if (p.bias.present() && (p.bias.type != DataType::kS32 || p.bias.data == nullptr)) {
    return Decline("bias must be constant s32", p.bias);
  }
  if (!IsQuantizedByte(p.y) && !IsFloat(p.y)) return Decline("output must be f32, u8 or s8", p.y);
  if (p.residual.present()) {
    const bool fits = IsFloat(p.y) ? IsFloat(p.residual) : IsQuantizedByte(p.residual);
    if (!fits)
      return Decline("residual must be 8 bits wide like the output or f32 like it", p.residual);
  }
  return absl::OkStatus();
}

// What one unit of the sum of products is in units of the output, per entry of the weights' scales.
std::vector<float> Multipliers(const ProductOperands& p) {
  std::vector<float> m;
  for (float sw : p.w.quant->scales) {
    m.push_back(p.y.quant == nullptr
                    ? static_cast<float>(static_cast<double>(p.x.quant->scale()) * sw)
                    : RequantMultiplier(p.x.quant->scale(), sw, p.y.quant->scale()));
  }
  return m;
}

// Residual's step in units of the output.
double ResidualScale(const ProductOperands& p) {
  if (p.residual.quant == nullptr) return 1.0;
  return static_cast<double>(p.residual.quant->scale()) / static_cast<double>(p.y.quant->scale());
}

// The bias of an int8 product in units of the output, without residual's zero point; empty when it
// is 0.
std::vector<float> QuantizedBias(const ProductOperands& p, const std::vector<float>& m) {
  double shift = 0.0;
  if (p.residual.present() && p.residual.quant != nullptr) {
    shift = p.residual.quant->zero_point() * ResidualScale(p);
  }
  if (!p.bias.present() && shift == 0.0) return {};
  const auto* bias = static_cast<const int32_t*>(p.bias.data);
  std::vector<float> result;
  for (int64_t c = 0; c < p.channels; ++c) {
    const double sum = p.bias.present() ? bias[c] : 0.0;
    result.push_back(static_cast<float>(sum * m[m.size() == 1 ? 0 : c] - shift));
  }
  return result;
}

// Appends a clamp to [lo, hi]; infinite bounds mean none.
void AppendClamp(dnnl::post_ops& ops, float lo, float hi) {
  constexpr float kMax = std::numeric_limits<float>::max();
  if (lo == -kInf && hi == kInf) return;
  if (lo == 0.0f && hi == kInf) {
    ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  } else {
    ops.append_eltwise(dnnl::algorithm::eltwise_clip, std::max(lo, -kMax), std::min(hi, kMax));
  }
}

// The conversion to the output's type saturates anyway: only tighter bounds need a clamp.
void AppendActivation(dnnl::post_ops& ops, const ProductOperands& p) {
  if (p.y.quant == nullptr) {
    AppendClamp(ops, p.activation_min, p.activation_max);
    return;
  }
  const int32_t zero_point = p.y.quant->zero_point();
  const IntRange whole = RangeOf(p.y.type);
  const IntRange range =
      ActivationRange(p.activation_min, p.activation_max, p.y.quant->scale(), zero_point, p.y.type);
  const float lo = range.min == whole.min ? -kInf : static_cast<float>(range.min - zero_point);
  const float hi = range.max == whole.max ? kInf : static_cast<float>(range.max - zero_point);
  AppendClamp(ops, lo, hi);
}

// A function as one of oneDNN's with its two parameters.
struct Eltwise {
  dnnl::algorithm algorithm = dnnl::algorithm::undef;  // undef: oneDNN does not have it
  float alpha = 0.0f, beta = 0.0f;
};

Eltwise EltwiseOf(const PostFunction& f) {
  using schema::UnaryKind;
  if (!f.kind) return {dnnl::algorithm::eltwise_linear, f.alpha, f.beta};
  switch (*f.kind) {
    case UnaryKind::CLIP:
      return {dnnl::algorithm::eltwise_clip, f.alpha, f.beta};
    case UnaryKind::SIGMOID:
      return {dnnl::algorithm::eltwise_logistic};
    case UnaryKind::TANH:
      return {dnnl::algorithm::eltwise_tanh};
    case UnaryKind::ABS:
      return {dnnl::algorithm::eltwise_abs};
    case UnaryKind::LEAKY_RELU:
      return {dnnl::algorithm::eltwise_relu, f.alpha};
    case UnaryKind::ELU:
      return {dnnl::algorithm::eltwise_elu, f.alpha};
    case UnaryKind::HARD_SIGMOID:
      return {dnnl::algorithm::eltwise_hardsigmoid, f.alpha, f.beta};
    case UnaryKind::HARD_SWISH:
      return {dnnl::algorithm::eltwise_hardswish, 1.0f / 6, 0.5f};
    case UnaryKind::SWISH:
      return {dnnl::algorithm::eltwise_swish, 1.0f};
    case UnaryKind::GELU:
      return {dnnl::algorithm::eltwise_gelu_erf};
    case UnaryKind::GELU_TANH:
      return {dnnl::algorithm::eltwise_gelu_tanh};
    default:
      return {};
  }
}

// Clips take finite bounds, since infinite ones give NaN in some of oneDNN's code.
void AppendPost(dnnl::post_ops& ops, const ProductOperands& p) {
  for (const PostFunction& f : p.post) {
    const Eltwise e = EltwiseOf(f);
    if (e.algorithm == dnnl::algorithm::eltwise_clip) {
      AppendClamp(ops, e.alpha, e.beta);
    } else {
      ops.append_eltwise(e.algorithm, e.alpha, e.beta);
    }
  }
}

absl::Status CheckPost(const ProductOperands& p) {
  for (const PostFunction& f : p.post) {
    if (EltwiseOf(f).algorithm == dnnl::algorithm::undef) {
      return absl::UnimplementedError(absl::StrCat("oneDNN cannot apply ", Name(f)));
    }
  }
  return absl::OkStatus();
}

void AddZeroPoint(Epilogue& e, int arg, const Operand& o) {
  if (o.quant == nullptr || o.quant->zero_point() == 0) return;
  e.attr.set_zero_points_mask(arg, 0);
  e.constants.emplace_back(
      DNNL_ARG_ATTR_ZERO_POINTS | arg,
      ConstantMemory(std::vector<int32_t>{o.quant->zero_point()}, dnnl::memory::data_type::s32));
}

}  // namespace

dnnl::memory::data_type ToDnnl(DataType type) {
  switch (type) {
    case DataType::kF32:
      return dnnl::memory::data_type::f32;
    case DataType::kF16:
      return dnnl::memory::data_type::f16;
    case DataType::kBF16:
      return dnnl::memory::data_type::bf16;
    case DataType::kS8:
      return dnnl::memory::data_type::s8;
    case DataType::kU8:
      return dnnl::memory::data_type::u8;
    case DataType::kS32:
      return dnnl::memory::data_type::s32;
    default:
      return dnnl::memory::data_type::undef;
  }
}

absl::Status CheckFactors(const KernelContext& context, DataType type) {
  const bool bf16 = type == DataType::kBF16, f16 = type == DataType::kF16;
  if ((bf16 && !context.cpu.avx512_bf16) || (f16 && !context.cpu.avx512_fp16)) {
    return absl::UnimplementedError(
        absl::StrCat("the CPU has no products of ", Name(type), " in ", context.cpu.isa()));
  }
  if (f16 && context.accumulate_f16) return absl::UnimplementedError("oneDNN sums f16 in f32");
  return absl::OkStatus();
}

absl::Status CheckOperands(const KernelContext& context, const ProductOperands& p) {
  for (const Operand* o : {&p.x, &p.w, &p.bias, &p.residual, &p.y}) {
    if (o->present() && NumElements(o->shape) == 0) {
      return absl::UnimplementedError("an operand is empty");
    }
  }
  if (absl::Status s = CheckPost(p); !s.ok()) return s;
  return IsReal(p.x) ? CheckFloat(context, p) : CheckQuantized(p);
}

Epilogue MakeEpilogue(const ProductOperands& p, int scale_mask) {
  Epilogue e;
  e.attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (p.quantized()) {
    const std::vector<float> m = Multipliers(p);
    e.attr.set_scales_mask(DNNL_ARG_WEIGHTS, m.size() == 1 ? 0 : scale_mask);
    e.constants.emplace_back(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS,
                             ConstantMemory(m, dnnl::memory::data_type::f32));
    AddZeroPoint(e, DNNL_ARG_SRC, p.x);
    AddZeroPoint(e, DNNL_ARG_DST, p.y);
    const std::vector<float> bias = QuantizedBias(p, m);
    if (!bias.empty()) e.bias = ConstantMemory(bias, dnnl::memory::data_type::f32);
    e.with_bias = !bias.empty();
  } else {
    e.with_bias = p.bias.present();
    if (p.bias.data != nullptr) {
      e.bias =
          dnnl::memory({{p.channels}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a},
                       Engine(), const_cast<void*>(p.bias.data));
    }
  }
  dnnl::post_ops ops;
  if (p.residual.present()) {
    ops.append_sum(static_cast<float>(ResidualScale(p)), 0, ToDnnl(p.residual.type));
  }
  AppendActivation(ops, p);
  AppendPost(ops, p);
  e.attr.set_post_ops(ops);
  return e;
}

bool SumsExactly(const std::string& implementation) {
  for (const char* isa : {"vnni", "bf16", "fp16", "amx"}) {
    if (absl::StrContains(implementation, isa)) return true;
  }
  return false;
}

absl::Status CheckImplementation(const std::string& name, const ProductOperands& p,
                                 bool pairs_fit) {
  if (absl::StartsWith(name, "ref")) {
    return absl::UnimplementedError("oneDNN has only its reference implementation for this");
  }
  if (!p.quantized()) return absl::OkStatus();
  if (absl::StrContains(name, "gemm")) {
    return absl::UnimplementedError(
        absl::StrCat("oneDNN's int8 ", name, " allocates memory in every execution"));
  }
  if (SumsExactly(name)) return absl::OkStatus();
  if (p.x.type == DataType::kS8) {
    return absl::UnimplementedError(
        absl::StrCat(name, " halves the weights of s8 inputs without VNNI"));
  }
  if (!pairs_fit) {
    return absl::UnimplementedError(
        absl::StrCat("products could saturate in 16 bits without VNNI (", name, ")"));
  }
  return absl::OkStatus();
}

}  // namespace onednn
}  // namespace octet
