#include "tools/train/loss.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

// Below it a probability counts as this: its logarithm and its reciprocal stay finite.
constexpr double kLeastProbability = 1e-7;

// Probabilities of logits over a temperature, or those that `values` are.
std::vector<double> Probabilities(absl::Span<const float> values, bool are_probabilities,
                                  double temperature) {
  std::vector<double> p(values.begin(), values.end());
  if (are_probabilities) {
    for (double& v : p) v = std::log(std::max(v, kLeastProbability));
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& v : p) sum += v = std::exp((v - largest) / temperature);
  for (double& v : p) v /= sum;
  return p;
}

}  // namespace

std::vector<OutputForm> OutputForms(const Graph& graph) {
  const std::vector<int> producers = Producers(graph);
  std::vector<OutputForm> forms;
  for (TensorId id : graph.outputs) {
    OutputForm form;
    const Shape& shape = graph.tensor(id).shape;
    // Dimensions of size 1 behind the classes, as of a last global pooling.
    for (size_t d = shape.size(); d-- > 1;) {
      form.classes = shape[d];
      if (shape[d] != 1) break;
    }
    for (;;) {
      const int producer = producers[static_cast<size_t>(id)];
      if (producer < 0) break;
      const Node& node = graph.nodes[static_cast<size_t>(producer)];
      const bool same = node.type() == OpType::DequantizeOptions ||
                        node.type() == OpType::QuantizeOptions ||
                        node.type() == OpType::ReshapeOptions;
      if (!same) {
        form.probabilities =
            node.type() == OpType::SoftmaxOptions && !node.as<schema::SoftmaxOptionsT>().log;
        break;
      }
      id = node.inputs[0];
    }
    forms.push_back(form);
  }
  return forms;
}

LossOptions ImitationOf(const Graph& graph, double share) {
  const std::vector<OutputForm> forms = OutputForms(graph);
  const bool divergence = forms.size() == 1 && forms[0].probabilities && forms[0].classes > 1;
  LossOptions options;
  options.squares = divergence ? 0 : share;
  options.divergence = divergence ? share : 0;
  return options;
}

double Loss::Squares(absl::Span<const float> y, absl::Span<const float> t, double weight,
                     std::vector<float>& gradient) const {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < t.size(); ++i) {
    signal += static_cast<double>(t[i]) * t[i];
    noise += (static_cast<double>(y[i]) - t[i]) * (static_cast<double>(y[i]) - t[i]);
  }
  if (signal == 0) signal = 1;
  for (size_t i = 0; i < t.size(); ++i) {
    gradient[i] += static_cast<float>(2 * weight * (static_cast<double>(y[i]) - t[i]) / signal);
  }
  return weight * noise / signal;
}

double Loss::Entropy(absl::Span<const float> y, absl::Span<const double> target, double temperature,
                     double weight, float* gradient) const {
  const bool given = forms_[0].probabilities;
  const std::vector<double> p = Probabilities(y, given, temperature);
  double loss = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (target[i] > 0) {
      loss += target[i] * std::log(target[i] / std::max(p[i], kLeastProbability));
    }
    // By a logit; of a probability, that is its logarithm.
    double slope = (p[i] - target[i]) / temperature;
    if (given) slope = y[i] > kLeastProbability ? slope / y[i] : 0;
    gradient[i] += static_cast<float>(weight * slope);
  }
  return weight * loss;
}

double Loss::Of(absl::Span<const absl::Span<const float>> y,
                absl::Span<const absl::Span<const float>> t, int label,
                std::vector<std::vector<float>>& gradients) const {
  gradients.resize(y.size());
  for (size_t o = 0; o < y.size(); ++o) gradients[o].assign(y[o].size(), 0.0f);
  double loss = 0;
  const size_t outputs = y.size() - hints_;
  for (size_t o = 0; o < y.size() && !t.empty(); ++o) {
    const double weight = o < outputs ? options_.squares / static_cast<double>(outputs)
                                      : options_.hints / static_cast<double>(hints_);
    if (weight > 0) loss += Squares(y[o], t[o], weight, gradients[o]);
  }
  const auto classes = static_cast<size_t>(forms_[0].classes);
  if (classes < 2) return loss;
  const size_t rows = y[0].size() / classes;
  const auto each = 1 / static_cast<double>(std::max<size_t>(rows, 1));
  for (size_t r = 0; r < rows; ++r) {
    const absl::Span<const float> row = y[0].subspan(r * classes, classes);
    float* gradient = gradients[0].data() + r * classes;
    if (!t.empty() && options_.divergence > 0) {
      const double temperature = options_.temperature;
      const std::vector<double> target =
          Probabilities(t[0].subspan(r * classes, classes), forms_[0].probabilities, temperature);
      // Gradients shrink with the square of the temperature (Hinton et al. 2015).
      loss += Entropy(row, target, temperature,
                      options_.divergence * each * temperature * temperature, gradient);
    }
    if (options_.labels > 0 && label >= 0 && static_cast<size_t>(label) < classes) {
      std::vector<double> target(classes, 0.0);
      target[static_cast<size_t>(label)] = 1;
      loss += Entropy(row, target, 1, options_.labels * each, gradient);
    }
  }
  return loss;
}

}  // namespace octet
