#ifndef OCTET_RUNTIME_TESTING_SMALL_NETWORK_H_
#define OCTET_RUNTIME_TESTING_SMALL_NETWORK_H_

#include <cstdint>
#include <vector>

#include "octet/model.h"
#include "runtime/core/graph.h"

namespace octet::testing {

// A convolutional network with random weights and one of everything that networks for pictures
// have: a dense first convolution, a depthwise one, a pointwise one with a residual whose input is
// read again later, a concatenation, a grouped strided convolution, pooling, and a fully connected
// end. Input "x" [N, 3, 17, 19] and output "y" [N, 10], both f32.
Graph SmallFloatNetwork(uint32_t seed);

// The same network in int8: u8 activations, s8 weights per channel, s32 biases.
Graph SmallInt8Network(uint32_t seed);

// Values for input "x" with `batch` samples; sample i depends on seed + i alone.
std::vector<float> SmallNetworkInput(int64_t batch, uint32_t seed);

// Runs `model` once on `input` and returns the output. Fails the current test on an error.
std::vector<float> RunOnce(const Model& model, const std::vector<float>& input, int64_t batch);

}  // namespace octet::testing

#endif  // OCTET_RUNTIME_TESTING_SMALL_NETWORK_H_
