#ifndef OCTET_TOOLS_TRAIN_PHASES_H_
#define OCTET_TOOLS_TRAIN_PHASES_H_

#include <vector>

#include "tools/train/window.h"

namespace octet {

// A channel laid out so that for every tap of a window, whatever its stride, the inputs of all
// outputs lie in one run of memory. Elements are sorted by their position modulo the stride into
// phases, each of which is a padded picture as wide as the outputs need; outputs have the same
// pitch. What lies between the rows of outputs belongs to none.
class Phases {
 public:
  explicit Phases(const SlidingWindow& window);

  int64_t size() const { return phases_ * phase_size_; }  // elements of the inputs, laid out
  int64_t run() const { return run_; }                    // elements of the outputs, laid out
  int64_t taps() const { return static_cast<int64_t>(offsets_.size()); }
  // Output i reads input offset(tap) + i.
  int64_t offset(int64_t tap) const { return offsets_[static_cast<size_t>(tap)]; }

  // Lays out the inputs of a channel; padding is 0.
  void Spread(const float* x, float* laid_out) const;
  // Adds what is laid out to the elements of a channel.
  void AddBack(const float* laid_out, float* x) const;
  // The same for outputs; between rows there is 0.
  void SpreadOutputs(const float* y, float* laid_out) const;
  void TakeOutputs(const float* laid_out, float* y) const;

 private:
  template <typename Fn>
  void ForEachInputRow(const Fn& fn) const;
  template <typename Fn>
  void ForEachOutputRow(const Fn& fn) const;

  SlidingWindow window_;
  SlidingWindow::Sizes places_;  // positions per phase and dimension
  int64_t phases_, phase_size_, run_;
  std::vector<int64_t> offsets_;  // by tap
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_PHASES_H_
