#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/indices.h"
#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/scalar_functions.h"

// RNN, GRU and LSTM by the equations of ONNX's operators of these names, one sample and direction
// at a time. In comments, x is a moment's input, h and c are the state before it; W and R have one
// block of rows per gate.

namespace octet {
namespace reference {
namespace {

using Kind = schema::RecurrentKind;
using Vector = std::vector<float>;
constexpr size_t kX = 0, kW = 1, kR = 2, kBias = 3, kLengths = 4, kH0 = 5, kC0 = 6, kPeepholes = 7;

// One direction of the operator.
class Cell {
 public:
  Cell(const Problem& problem, const RunArgs& args, int64_t direction)
      : options_(problem.node->as<schema::RecurrentOptionsT>()),
        hidden_(options_.hidden_size),
        inputs_(problem.inputs[kX].shape[2]),
        gates_(problem.inputs[kW].shape[1] / hidden_) {
    const auto part = [&](size_t input, int64_t size) {
      if (!problem.has_input(input)) return static_cast<const float*>(nullptr);
      return static_cast<const float*>(args.inputs[input]) + direction * size;
    };
    w_ = part(kW, gates_ * hidden_ * inputs_);
    r_ = part(kR, gates_ * hidden_ * hidden_);
    bias_ = part(kBias, 2 * gates_ * hidden_);
    peepholes_ = part(kPeepholes, 3 * hidden_);
    const size_t functions =
        options_.activations.size() / (problem.outputs[0].shape[1] == 2 ? 2 : 1);
    activations_ = &options_.activations[static_cast<size_t>(direction) * functions];
  }

  // Takes the state from before to after x.
  void Step(const float* x, Vector& h, Vector& c) const {
    switch (options_.kind) {
      case Kind::RNN:
        return StepRnn(x, h);
      case Kind::GRU:
        return StepGru(x, h);
      case Kind::LSTM:
        return StepLstm(x, h, c);
    }
  }

 private:
  // Row j of the gate's W times x, plus its bias.
  double FromInput(int64_t gate, int64_t j, const float* x) const {
    const int64_t row = gate * hidden_ + j;
    double sum = bias_ == nullptr ? 0 : bias_[row];
    for (int64_t i = 0; i < inputs_; ++i) {
      sum += static_cast<double>(w_[row * inputs_ + i]) * static_cast<double>(x[i]);
    }
    return sum;
  }

  // Row j of the gate's R times h, plus its bias.
  double FromState(int64_t gate, int64_t j, const Vector& h) const {
    const int64_t row = gate * hidden_ + j;
    double sum = bias_ == nullptr ? 0 : bias_[gates_ * hidden_ + row];
    for (int64_t i = 0; i < hidden_; ++i) {
      sum += static_cast<double>(r_[row * hidden_ + i]) *
             static_cast<double>(h[static_cast<size_t>(i)]);
    }
    return sum;
  }

  float Peephole(int64_t which, int64_t j, float c) const {
    return peepholes_ == nullptr ? 0.0f : peepholes_[which * hidden_ + j] * c;
  }

  // Activation number `which` of what is bounded first.
  float Activate(size_t which, double sum) const {
    const float x = std::min(std::max(static_cast<float>(sum), -options_.clip), options_.clip);
    return UnaryValue(*activations_[which], x);
  }

  // h = f(W x + R h)
  void StepRnn(const float* x, Vector& h) const {
    const Vector before = h;
    for (int64_t j = 0; j < hidden_; ++j) {
      h[static_cast<size_t>(j)] = Activate(0, FromInput(0, j, x) + FromState(0, j, before));
    }
  }

  // z = f(Wz x + Rz h), r = f(Wr x + Rr h), n = g(Wh x + Rh (r h)) or g(Wh x + r (Rh h)),
  // h = (1 - z) n + z h
  void StepGru(const float* x, Vector& h) const {
    const Vector before = h;
    Vector reset(h.size()), reset_h(h.size());
    for (int64_t j = 0; j < hidden_; ++j) {
      const auto at = static_cast<size_t>(j);
      reset[at] = Activate(0, FromInput(1, j, x) + FromState(1, j, before));
      reset_h[at] = reset[at] * before[at];
    }
    for (int64_t j = 0; j < hidden_; ++j) {
      const auto at = static_cast<size_t>(j);
      const float z = Activate(0, FromInput(0, j, x) + FromState(0, j, before));
      const double from_state = options_.linear_before_reset
                                    ? static_cast<double>(reset[at]) * FromState(2, j, before)
                                    : FromState(2, j, reset_h);
      const float n = Activate(1, FromInput(2, j, x) + from_state);
      h[at] = (1.0f - z) * n + z * before[at];
    }
  }

  // i, o, f = f(W x + R h + P c), where o sees the c after, n = g(Wc x + Rc h), c = f c + i n,
  // h = o h(c)
  void StepLstm(const float* x, Vector& h, Vector& c) const {
    const Vector before = h;
    for (int64_t j = 0; j < hidden_; ++j) {
      const auto at = static_cast<size_t>(j);
      const auto sum = [&](int64_t gate) {
        return FromInput(gate, j, x) + FromState(gate, j, before);
      };
      const float i = Activate(0, sum(0) + static_cast<double>(Peephole(0, j, c[at])));
      const float f = options_.coupled_gates
                          ? 1.0f - i
                          : Activate(0, sum(2) + static_cast<double>(Peephole(2, j, c[at])));
      c[at] = f * c[at] + i * Activate(1, sum(3));
      const float o = Activate(0, sum(1) + static_cast<double>(Peephole(1, j, c[at])));
      h[at] = o * UnaryValue(*activations_[2], c[at]);
    }
  }

  const schema::RecurrentOptionsT& options_;
  int64_t hidden_, inputs_, gates_;
  const float *w_, *r_;
  const float *bias_, *peepholes_;  // null: absent
  const std::unique_ptr<schema::UnaryOptionsT>* activations_;
};

// What one direction makes of sample n, whose first `length` moments count.
void RunSample(const Problem& problem, const RunArgs& args, int64_t direction, bool reverse,
               int64_t n, int64_t length) {
  const Shape& y_shape = problem.outputs[0].shape;
  const int64_t steps = y_shape[0], directions = y_shape[1], batch = y_shape[2],
                hidden = y_shape[3];
  const int64_t inputs = problem.inputs[kX].shape[2];
  const auto* x = static_cast<const float*>(args.inputs[kX]);
  auto* y = static_cast<float*>(args.outputs[0]);
  const int64_t state = (direction * batch + n) * hidden;
  const auto initial = [&](size_t input) {
    if (!problem.has_input(input)) return Vector(static_cast<size_t>(hidden), 0.0f);
    const float* begin = static_cast<const float*>(args.inputs[input]) + state;
    return Vector(begin, begin + hidden);
  };
  Vector h = initial(kH0), c = initial(kC0);
  const Cell cell(problem, args, direction);
  for (int64_t k = 0; k < steps; ++k) {
    const int64_t t = k < length && reverse ? length - 1 - k : k;
    float* to = y + ((t * directions + direction) * batch + n) * hidden;
    if (k < length) {
      cell.Step(x + (t * batch + n) * inputs, h, c);
      std::copy(h.begin(), h.end(), to);
    } else {
      std::fill_n(to, hidden, 0.0f);
    }
  }
  std::copy(h.begin(), h.end(), static_cast<float*>(args.outputs[1]) + state);
  if (problem.outputs.size() > 2) {
    std::copy(c.begin(), c.end(), static_cast<float*>(args.outputs[2]) + state);
  }
}

void ComputeRecurrent(const Problem& problem, const RunArgs& args) {
  const auto direction = problem.node->as<schema::RecurrentOptionsT>().direction;
  const Shape& y = problem.outputs[0].shape;
  for (int64_t n = 0; n < y[2]; ++n) {
    int64_t length = y[0];
    if (problem.has_input(kLengths)) {
      length = Indices(problem.inputs[kLengths].type, args.inputs[kLengths])[n];
    }
    if (length < 0 || length > y[0]) {
      args.error->Report("a sequence length", length, 0, y[0]);
      continue;
    }
    for (int64_t d = 0; d < y[1]; ++d) {
      const bool reverse = d == 1 || direction == schema::RecurrentDirection::REVERSE;
      RunSample(problem, args, d, reverse, n, length);
    }
  }
}

absl::Status Check(const KernelContext& context) {
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const Operand& x = context.input(i);
    if (x.present() && i != kLengths && !IsF32(x)) {
      return absl::UnimplementedError(absl::StrCat("operands must be f32; one is ", Describe(x)));
    }
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceRecurrent = {"reference", reference::Check,
                                         reference::PrepareWith<reference::ComputeRecurrent>};

}  // namespace octet
