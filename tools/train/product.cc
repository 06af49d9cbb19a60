#include "tools/train/product.h"

#include "kernels/operands.h"
#include "runtime/core/numerics.h"
#include "tools/train/vector_loops.h"

namespace octet {
namespace {

float ScaleOf(const TrainValue& w, int64_t channel) {
  if (w.scales.size() > 1) return w.scales[static_cast<size_t>(channel)];
  return w.scale();
}

// v = sum * multiplier, where the sum includes a whole bias.
void FinishIntegerSums(const ProductShape& shape, const ForwardArgs& args) {
  const TrainValue &x = args.inputs[kX], &w = args.inputs[kW];
  const TrainValue bias = args.inputs.size() > kBias ? args.inputs[kBias] : TrainValue();
  const float y_scale = args.output_scales[0];
  float* y = args.outputs[0];
  for (int64_t o = 0; o < shape.outer; ++o) {
    for (int64_t c = 0; c < shape.channels; ++c, y += shape.inner) {
      const float w_scale = ScaleOf(w, c);
      const float multiplier = y_scale == 0
                                   ? static_cast<float>(static_cast<double>(x.scale()) * w_scale)
                                   : RequantMultiplier(x.scale(), w_scale, y_scale);
      const double offset = bias.present() ? bias.data[c] : 0.0;
      for (int64_t i = 0; i < shape.inner; ++i) {
        y[i] = static_cast<float>(static_cast<double>(y[i]) + offset) * multiplier;
      }
    }
  }
}

void FinishRealSums(const ProductShape& shape, const ForwardArgs& args) {
  const TrainValue bias = args.inputs.size() > kBias ? args.inputs[kBias] : TrainValue();
  if (!bias.present()) return;
  float* y = args.outputs[0];
  for (int64_t o = 0; o < shape.outer; ++o) {
    for (int64_t c = 0; c < shape.channels; ++c, y += shape.inner) {
      const float offset = bias.scale() * bias.data[c];
      for (int64_t i = 0; i < shape.inner; ++i) y[i] += offset;
    }
  }
}

}  // namespace

Factors FactorsOf(const ForwardArgs& args) {
  const TrainValue &x = args.inputs[kX], &w = args.inputs[kW];
  if (x.quantized() && w.quantized()) return {x.data, w.data, 1.0f};
  const RealFactor real = RealFactorOf(w);
  return {x.data, real.data, x.scale() * real.alpha};
}

void FinishProduct(const ProductShape& shape, const ForwardArgs& args) {
  const bool integers = args.inputs[kX].quantized() && args.inputs[kW].quantized();
  integers ? FinishIntegerSums(shape, args) : FinishRealSums(shape, args);
  const int64_t count = shape.outer * shape.channels * shape.inner;
  const float y_scale = args.output_scales[0];
  float* y = args.outputs[0];
  // Sums of integers are in units of the output already.
  const float unit = integers || y_scale == 0 ? 1.0f : y_scale;
  if (unit != 1.0f) {
    for (int64_t i = 0; i < count; ++i) y[i] /= unit;
  }
  const TrainValue residual =
      args.inputs.size() > kResidual ? args.inputs[kResidual] : TrainValue();
  if (!residual.present()) return;
  const float ratio = y_scale == 0 ? residual.scale() : ScaleRatio(residual.scale(), y_scale);
  for (int64_t i = 0; i < count; ++i) y[i] += residual.data[i] * ratio;
}

void AddBiasAndResidualGradients(const ProductShape& shape, const BackwardArgs& args) {
  const float* g = args.output_gradients[0];
  float* bias = args.input_gradients.size() > kBias ? args.input_gradients[kBias] : nullptr;
  if (bias != nullptr) {
    const float* at = g;
    for (int64_t o = 0; o < shape.outer; ++o) {
      for (int64_t c = 0; c < shape.channels; ++c, at += shape.inner) {
        bias[c] += static_cast<float>(Sum(at, shape.inner));
      }
    }
  }
  float* residual =
      args.input_gradients.size() > kResidual ? args.input_gradients[kResidual] : nullptr;
  if (residual == nullptr) return;
  const int64_t count = shape.outer * shape.channels * shape.inner;
  AddTo(g, count, residual);
}

RealFactor RealFactorOf(const TrainValue& value) {
  if (value.real != nullptr) return {value.real, 1.0f};
  return {value.data, value.scale()};
}

}  // namespace octet
