#ifndef OCTET_TOOLS_TRAIN_PARAMETERS_H_
#define OCTET_TOOLS_TRAIN_PARAMETERS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace octet {

// What a parameter is, which decides how fast it learns and whether it decays.
enum class ParameterRole {
  kWeight,
  kBias,   // and scales and biases of normalizations
  kScale,  // the logarithm of a quantization scale over the scale that training began with
};

// Numbers that training changes.
struct Parameter {
  std::string name;  // unique within a network
  ParameterRole role = ParameterRole::kWeight;
  std::vector<float> values;
};

// Sums of gradients, by parameter and element.
struct Gradients {
  std::vector<std::vector<float>> of;

  void Reset(const std::vector<Parameter>& parameters) {
    of.resize(parameters.size());
    for (size_t p = 0; p < parameters.size(); ++p) of[p].assign(parameters[p].values.size(), 0.0f);
  }
  void Add(const Gradients& other) {
    for (size_t p = 0; p < of.size(); ++p) {
      for (size_t i = 0; i < of[p].size(); ++i) of[p][i] += other.of[p][i];
    }
  }
  void Multiply(float factor) {
    for (std::vector<float>& values : of) {
      for (float& v : values) v *= factor;
    }
  }
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_PARAMETERS_H_
