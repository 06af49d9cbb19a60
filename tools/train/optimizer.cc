#include "tools/train/optimizer.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

double RootMeanSquare(const std::vector<float>& values) {
  double squares = 0;
  for (float v : values) squares += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(squares / static_cast<double>(std::max<size_t>(values.size(), 1)));
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, const std::vector<Parameter>& parameters)
    : options_(options) {
  for (const Parameter& p : parameters) {
    const bool unit = p.role == ParameterRole::kScale || options.kind != OptimizerKind::kAdam ||
                      !options.relative_steps;
    state_.sizes.push_back(
        unit ? 1.0f : static_cast<float>(std::max(RootMeanSquare(p.values), options.least_size)));
    state_.first.emplace_back(p.values.size(), 0.0f);
    state_.second.emplace_back(options.kind == OptimizerKind::kAdam ? p.values.size() : 0, 0.0f);
  }
}

void Optimizer::Step(double rate, const Gradients& gradients, std::vector<Parameter>& parameters) {
  ++state_.steps;
  for (size_t p = 0; p < parameters.size(); ++p) {
    Parameter& parameter = parameters[p];
    const bool is_scale = parameter.role == ParameterRole::kScale;
    const double own = rate * (is_scale ? options_.scale_rate : 1.0);
    if (parameter.role == ParameterRole::kWeight && options_.weight_decay > 0) {
      const auto keep = static_cast<float>(1 - own * options_.weight_decay);
      for (float& v : parameter.values) v *= keep;
    }
    if (options_.kind == OptimizerKind::kSgd) {
      StepSgd(own, p, gradients.of[p], parameter.values);
    } else {
      StepAdam(own, p, gradients.of[p], parameter.values);
    }
  }
}

void Optimizer::StepSgd(double rate, size_t p, const std::vector<float>& g,
                        std::vector<float>& values) {
  const auto momentum = static_cast<float>(options_.momentum), step = static_cast<float>(rate);
  std::vector<float>& velocity = state_.first[p];
  for (size_t i = 0; i < values.size(); ++i) {
    velocity[i] = momentum * velocity[i] + g[i];
    values[i] -= step * velocity[i];
  }
}

void Optimizer::StepAdam(double rate, size_t p, const std::vector<float>& g,
                         std::vector<float>& values) {
  const auto beta1 = static_cast<float>(options_.beta1), beta2 = static_cast<float>(options_.beta2);
  const auto steps = static_cast<double>(state_.steps);
  const double first_bias = 1 - std::pow(options_.beta1, steps);
  const auto root_bias = static_cast<float>(std::sqrt(1 - std::pow(options_.beta2, steps)));
  const auto step = static_cast<float>(rate / first_bias) * state_.sizes[p];
  const auto epsilon = static_cast<float>(options_.epsilon);
  float *m = state_.first[p].data(), *v = state_.second[p].data();
  for (size_t i = 0; i < values.size(); ++i) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    values[i] -= step * m[i] / (std::sqrt(v[i]) / root_bias + epsilon);
  }
}

absl::Status Optimizer::Restore(State state) {
  bool fits = state.sizes.size() == state_.sizes.size() &&
              state.first.size() == state_.first.size() &&
              state.second.size() == state_.second.size();
  for (size_t p = 0; fits && p < state_.first.size(); ++p) {
    fits = state.first[p].size() == state_.first[p].size() &&
           state.second[p].size() == state_.second[p].size();
  }
  if (!fits) {
    return absl::InvalidArgumentError("the optimizer's state is of other parameters");
  }
  state_ = std::move(state);
  return absl::OkStatus();
}

double ClipNorm(double largest, Gradients& gradients) {
  double squares = 0;
  for (const std::vector<float>& values : gradients.of) {
    for (float g : values) squares += static_cast<double>(g) * static_cast<double>(g);
  }
  const double norm = std::sqrt(squares);
  if (norm > largest && std::isfinite(norm)) {
    gradients.Multiply(static_cast<float>(largest / norm));
  }
  return norm;
}

double CosineRate(double rate, int64_t step, int64_t steps, int64_t warmup, double last_share) {
  constexpr double kPi = 3.14159265358979323846;
  if (step < warmup) return rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const auto rest = static_cast<double>(std::max<int64_t>(steps - warmup, 1));
  const double progress = std::min(1.0, static_cast<double>(step - warmup) / rest);
  return rate * (last_share + (1 - last_share) * 0.5 * (1 + std::cos(kPi * progress)));
}

}  // namespace octet
