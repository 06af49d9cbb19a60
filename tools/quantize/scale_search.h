#ifndef OCTET_TOOLS_QUANTIZE_SCALE_SEARCH_H_
#define OCTET_TOOLS_QUANTIZE_SCALE_SEARCH_H_

#include <cstddef>
#include <vector>

namespace octet {

// The channels' scales of a network as unknowns: class k of channels is multiplied by
// exp(logs[k]), kFixedScale by 1.
inline constexpr int kFixedScale = -1;

// A layer with weights [groups, outputs, inputs], each of them a block of `taps` numbers.
struct ScaledLayer {
  size_t groups = 1;
  size_t outputs = 0;  // per group
  size_t inputs = 0;   // per group
  double taps = 1;
  std::vector<float> log_largest;       // per block, of the largest magnitude; -infinity for zeros
  std::vector<int> input_classes;       // by channel of the input: group * inputs + index
  std::vector<int> output_classes;      // by channel of the output
  std::vector<double> input_variances;  // as input_classes
  std::vector<double> output_gains;     // as output_classes: what noise there does to the result
  bool per_channel = true;              // a scale for each output, else one for the layer
};

// An activation with one quantization scale.
struct ScaledActivation {
  std::vector<int> classes;        // by channel
  std::vector<float> log_largest;  // by channel, of its largest magnitude
  std::vector<double> gains;       // by channel
};

struct ScaleProblem {
  size_t classes = 0;
  std::vector<double> most;  // by class: the largest log of its scale; 0 is always allowed
  std::vector<bool> fixed;   // by class: its scale is 1
  std::vector<ScaledLayer> layers;
  std::vector<ScaledActivation> activations;
};

// Logs of the scales by class for which the noise that rounding adds to the network's outputs, as
// far as it is independent and spreads linearly, is about least: the sum over layers of
// step^2 * sum(variance of input) * sum(gain), and over activations of step^2 * sum(gain). A step
// is proportional to the largest magnitude that one scale serves. Maxima are replaced by smooth
// ones and the logarithm of the sum goes down by gradient steps (Adam, Kingma and Ba 2015).
std::vector<double> SearchScales(const ScaleProblem& problem);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SCALE_SEARCH_H_
