#ifndef OCTET_TOOLS_TRAIN_TRAINED_CONSTANT_H_
#define OCTET_TOOLS_TRAIN_TRAINED_CONSTANT_H_

#include <cstdint>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/train/fake_quantize.h"
#include "tools/train/op.h"
#include "tools/train/parameters.h"

// Constants of a graph that training changes. Their parameters are real numbers; what the network
// computes with follows from them with every Update.

namespace octet {

// Weights, and everything else that is no bias of an integer operator.
class TrainedWeights {
 public:
  // Real numbers that stay real. `parameter` holds them.
  TrainedWeights(TensorId id, int parameter) : id_(id), parameter_(parameter) {}

  // Numbers that are rounded to `grid` with the scales of `tensor`, which is quantized. The
  // parameter `scale_parameter` has one value per scale; -1: scales stay.
  TrainedWeights(TensorId id, const Tensor& tensor, Grid grid, int parameter, int scale_parameter);

  // Chooses scales anew for these weights: those of least squared error on the grid.
  void SearchScales(const std::vector<float>& values);

  void Update(const std::vector<Parameter>& parameters);
  // Makes of the gradient of what the network computes with those of the parameters.
  void FoldGradients(const std::vector<Parameter>& parameters, Gradients& gradients) const;
  // Puts values and scales into the tensor of `graph`.
  void Store(const std::vector<Parameter>& parameters, Graph& graph) const;

  TrainValue value(const std::vector<Parameter>& parameters) const;

  TensorId id() const { return id_; }
  int parameter() const { return parameter_; }
  bool quantized() const { return !first_scales_.empty(); }
  size_t channels() const { return channels_; }
  const std::vector<float>& scales() const { return scales_; }

 private:
  // Calls fn(channel, index of the first element) for all runs of inner_ elements.
  template <typename Fn>
  void ForEachRun(const Fn& fn) const {
    size_t at = 0;
    for (size_t o = 0; o < outer_; ++o) {
      for (size_t c = 0; c < channels_; ++c, at += inner_) fn(c, at);
    }
  }

  TensorId id_;
  int parameter_;
  int scale_parameter_ = -1;
  std::vector<float> first_scales_;  // those that training began with; empty: not quantized
  Grid grid_{};
  int32_t zero_point_ = 0;
  size_t outer_ = 1, channels_ = 1, inner_ = 1;
  std::vector<float> scales_, units_, integers_, real_;  // what Update makes
};

// The bias of a product of integers: s32 or s64 in units of the scales of its factors.
class TrainedBias {
 public:
  // `largest` magnitude. With `keeps`, the first Update gives the integers of `tensor`, which the
  // parameter stands for as well as f32 can; else what the parameter gives.
  TrainedBias(const Tensor& tensor, TensorId id, int parameter, int64_t largest, bool keeps);

  void Update(const std::vector<Parameter>& parameters, float x_scale,
              const std::vector<float>& w_scales);
  void Store(float x_scale, const std::vector<float>& w_scales, Graph& graph) const;

  TrainValue value() const;
  TensorId id() const { return id_; }
  int parameter() const { return parameter_; }

 private:
  TensorId id_;
  int parameter_;
  int64_t largest_;
  float unit_ = 1.0f;
  std::vector<int64_t> first_;      // until the first Update
  std::vector<double> remainders_;  // by which the parameter's f32 numbers miss the real values
  std::vector<int64_t> exact_;      // what Update makes
  std::vector<float> integers_;     // the same as f32, as which those beyond 2^24 are inexact
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_TRAINED_CONSTANT_H_
