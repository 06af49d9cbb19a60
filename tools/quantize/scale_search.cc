#include "tools/quantize/scale_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octet {
namespace {

constexpr int kSteps = 400;
constexpr double kFirstStep = 0.05;  // of a logarithm
constexpr double kSharpness = 30;    // of smooth maxima
constexpr double kWeightLevels = 127;
constexpr double kActivationLevels = 255;

// log(sum(exp(kSharpness * x))) / kSharpness and its derivative by each x, which sum up to 1.
class SmoothMaximum {
 public:
  void Clear() { values_.clear(); }
  void Add(double value) { values_.push_back(value); }

  double Finish() {
    const double largest = *std::max_element(values_.begin(), values_.end());
    if (largest == -std::numeric_limits<double>::infinity()) {
      std::fill(values_.begin(), values_.end(), 0.0);
      return largest;
    }
    double sum = 0;
    for (double& value : values_) {
      const double below = kSharpness * (value - largest);
      value = below < -20 ? 0.0 : std::exp(below);
      sum += value;
    }
    for (double& value : values_) value /= sum;
    return largest + std::log(sum) / kSharpness;
  }
  // After Finish.
  double derivative(size_t index) const { return values_[index]; }

 private:
  std::vector<double> values_;
};

// The noise for given scales, and its slope.
class Noise {
 public:
  explicit Noise(const ScaleProblem& problem) : problem_(problem) {}

  // Noise at `logs`; adds its derivatives to `slope`, to which it is added as `slope` is cleared
  // first.
  double Evaluate(const std::vector<double>& logs, std::vector<double>& slope) {
    logs_ = &logs;
    slope_ = &slope;
    std::fill(slope.begin(), slope.end(), 0.0);
    double noise = 0;
    for (const ScaledLayer& layer : problem_.layers)
      noise += layer.per_channel ? PerChannel(layer) : PerTensor(layer);
    for (const ScaledActivation& activation : problem_.activations) noise += Of(activation);
    return noise;
  }

 private:
  double Log(int index) const {
    return index == kFixedScale ? 0.0 : (*logs_)[static_cast<size_t>(index)];
  }
  void AddSlope(int index, double value) {
    if (index != kFixedScale) (*slope_)[static_cast<size_t>(index)] += value;
  }

  double InputVariance(const ScaledLayer& layer, size_t group) const {
    double sum = 0;
    for (size_t i = group * layer.inputs; i < (group + 1) * layer.inputs; ++i)
      sum += layer.input_variances[i] * std::exp(2 * Log(layer.input_classes[i]));
    return layer.taps * sum;
  }

  // Derivatives of `factor` * InputVariance.
  void AddVarianceSlopes(const ScaledLayer& layer, size_t group, double factor) {
    for (size_t i = group * layer.inputs; i < (group + 1) * layer.inputs; ++i) {
      const int index = layer.input_classes[i];
      AddSlope(index,
               factor * layer.taps * 2 * layer.input_variances[i] * std::exp(2 * Log(index)));
    }
  }

  // Each output has its own step, so that its own scale cancels out.
  double PerChannel(const ScaledLayer& layer) {
    double noise = 0;
    for (size_t g = 0; g < layer.groups; ++g) {
      const double variance = InputVariance(layer, g);
      double of_group = 0;
      for (size_t o = g * layer.outputs; o < (g + 1) * layer.outputs; ++o) {
        maximum_.Clear();
        for (size_t i = 0; i < layer.inputs; ++i)
          maximum_.Add(layer.log_largest[o * layer.inputs + i] -
                       Log(layer.input_classes[g * layer.inputs + i]));
        const double step = std::exp(maximum_.Finish()) / kWeightLevels;
        const double of_output = layer.output_gains[o] * step * step;
        for (size_t i = 0; i < layer.inputs; ++i) {
          AddSlope(layer.input_classes[g * layer.inputs + i],
                   -2 * of_output * variance * maximum_.derivative(i));
        }
        of_group += of_output;
      }
      AddVarianceSlopes(layer, g, of_group);
      noise += of_group * variance;
    }
    return noise;
  }

  double PerTensor(const ScaledLayer& layer) {
    maximum_.Clear();
    for (size_t o = 0; o < layer.groups * layer.outputs; ++o) {
      const size_t first_input = o / layer.outputs * layer.inputs;
      for (size_t i = 0; i < layer.inputs; ++i) {
        maximum_.Add(layer.log_largest[o * layer.inputs + i] + Log(layer.output_classes[o]) -
                     Log(layer.input_classes[first_input + i]));
      }
    }
    const double step = std::exp(maximum_.Finish()) / kWeightLevels;
    const double square = step * step;
    double noise = 0;
    for (size_t g = 0; g < layer.groups; ++g) {
      const double variance = InputVariance(layer, g);
      double gain = 0;
      for (size_t o = g * layer.outputs; o < (g + 1) * layer.outputs; ++o) {
        const int index = layer.output_classes[o];
        const double of_output = layer.output_gains[o] * std::exp(-2 * Log(index));
        gain += of_output;
        AddSlope(index, -2 * of_output * square * variance);
      }
      AddVarianceSlopes(layer, g, square * gain);
      noise += square * gain * variance;
    }
    for (size_t o = 0; o < layer.groups * layer.outputs; ++o) {
      const size_t first_input = o / layer.outputs * layer.inputs;
      for (size_t i = 0; i < layer.inputs; ++i) {
        const double slope = 2 * noise * maximum_.derivative(o * layer.inputs + i);
        if (slope == 0) continue;
        AddSlope(layer.output_classes[o], slope);
        AddSlope(layer.input_classes[first_input + i], -slope);
      }
    }
    return noise;
  }

  double Of(const ScaledActivation& activation) {
    maximum_.Clear();
    const size_t channels = activation.classes.size();
    if (channels == 0) return 0;
    for (size_t c = 0; c < channels; ++c)
      maximum_.Add(activation.log_largest[c] + Log(activation.classes[c]));
    const double step = std::exp(maximum_.Finish()) / kActivationLevels;
    double gain = 0;
    for (size_t c = 0; c < channels; ++c) {
      const double of_channel = activation.gains[c] * std::exp(-2 * Log(activation.classes[c]));
      gain += of_channel;
      AddSlope(activation.classes[c], -2 * step * step * of_channel);
    }
    const double noise = step * step * gain;
    for (size_t c = 0; c < channels; ++c)
      AddSlope(activation.classes[c], 2 * noise * maximum_.derivative(c));
    return noise;
  }

  const ScaleProblem& problem_;
  const std::vector<double>* logs_ = nullptr;
  std::vector<double>* slope_ = nullptr;
  SmoothMaximum maximum_;
};

}  // namespace

std::vector<double> SearchScales(const ScaleProblem& problem) {
  constexpr double kMeanDecay = 0.9, kSquareDecay = 0.99;
  std::vector<double> logs(problem.classes, 0.0), slope(problem.classes);
  std::vector<double> mean(problem.classes, 0.0), square(problem.classes, 0.0);
  std::vector<double> best = logs;
  double least = std::numeric_limits<double>::infinity();
  Noise noise(problem);
  for (int step = 0; step < kSteps; ++step) {
    const double value = noise.Evaluate(logs, slope);
    if (value < least) {
      least = value;
      best = logs;
    }
    if (!(value > 0)) break;
    const double length = kFirstStep * (1 - static_cast<double>(step) / kSteps);
    const double mean_bias = 1 - std::pow(kMeanDecay, step + 1);
    const double square_bias = 1 - std::pow(kSquareDecay, step + 1);
    for (size_t k = 0; k < problem.classes; ++k) {
      if (problem.fixed[k]) continue;
      const double s = slope[k] / value;
      mean[k] = kMeanDecay * mean[k] + (1 - kMeanDecay) * s;
      square[k] = kSquareDecay * square[k] + (1 - kSquareDecay) * s * s;
      logs[k] -= length * mean[k] / mean_bias / (std::sqrt(square[k] / square_bias) + 1e-9);
      logs[k] = std::min(logs[k], problem.most[k]);
    }
  }
  return best;
}

}  // namespace octet
