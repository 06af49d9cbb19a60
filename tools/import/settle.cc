#include "tools/import/settle.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "runtime/core/infer_rules.h"
#include "tools/import/fold.h"

namespace octet::importer {
namespace {

enum class Kind {
  kExact,     // sums, products and movement: what agrees under probes agrees always
  kRounding,  // differs between probes, unless it is a constant by chance
  kOrder,     // depends on the order of numbers, or on truth
};

Kind KindOf(const onnx::NodeProto& node, DataType from, DataType to) {
  const std::string& op = node.op_type();
  if (op == "Cast" && (from == DataType::kBool) != (to == DataType::kBool)) return Kind::kOrder;
  if (op == "Cast") return IsReal(from) && !IsReal(to) ? Kind::kRounding : Kind::kExact;
  for (const char* name :
       {"Div", "Mod", "Pow", "Floor", "Ceil", "Round", "Sqrt", "Exp", "Log", "Reciprocal"}) {
    if (op == name) return Kind::kRounding;
  }
  for (const char* name : {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Max",
                           "Min", "And", "Or", "Not", "Where", "Abs", "Relu"}) {
    if (op == name) return Kind::kOrder;
  }
  return Kind::kExact;
}

// An element under each probe.
struct Element {
  std::array<double, kProbes> numbers;
  absl::optional<ProbedSize> whole;  // where it is an integer under all

  bool fixed() const {
    return std::all_of(numbers.begin(), numbers.end(), [&](double n) { return n == numbers[0]; });
  }
};

// The elements of an array per probe, or of one for all; all of one shape.
std::vector<Element> ElementsOf(absl::Span<const Array> arrays) {
  std::vector<Element> elements(static_cast<size_t>(NumElements(arrays[0].shape)));
  for (size_t p = 0; p < kProbes; ++p) {
    const Array& array = arrays[arrays.size() == 1 ? 0 : p];
    const bool real = IsReal(array.type);
    const std::vector<double> numbers = array.doubles();
    const std::vector<int64_t> ints = real ? std::vector<int64_t>() : array.ints();
    for (size_t i = 0; i < elements.size(); ++i) {
      Element& element = elements[i];
      element.numbers[p] = numbers[i];
      if (p == 0) element.whole.emplace();
      const bool whole =
          !real || (std::fabs(numbers[i]) < 1e15 && numbers[i] == std::trunc(numbers[i]));
      if (!whole) element.whole.reset();
      if (element.whole) (*element.whole)[p] = real ? static_cast<int64_t>(numbers[i]) : ints[i];
    }
  }
  return elements;
}

// What elementwise functions are judged by.
class Judge {
 public:
  Judge(const onnx::NodeProto& node, Kind kind, bool of_bools, Probes& probes)
      : op_(node.op_type()), kind_(kind), of_bools_(of_bools), probes_(probes) {}

  // Whether `result` is what the function gives for all sizes, and not for the probes only.
  bool IsCertain(absl::Span<const Element> x, const Element& result) const {
    const auto fixed = [](const Element& element) { return element.fixed(); };
    if (kind_ == Kind::kExact || std::all_of(x.begin(), x.end(), fixed)) return true;
    return kind_ == Kind::kRounding ? CertainRounding(x, result) : CertainOrder(x);
  }

  // Records what the result is at least.
  void NoteBound(absl::Span<const Element> x, const Element& result) const {
    if (!result.whole || result.fixed()) return;
    std::vector<int64_t> least;
    for (const Element& element : x) {
      const absl::optional<int64_t> bound = AtLeast(element);
      if (!bound || std::abs(*bound) >= int64_t{1} << 30) return;
      least.push_back(*bound);
    }
    if (const auto bound = Bound(x, least)) probes_.NoteAtLeast(*result.whole, *bound);
  }

 private:
  absl::optional<int64_t> AtLeast(const Element& x) const {
    return x.whole ? probes_.AtLeast(*x.whole) : absl::nullopt;
  }
  // Whether a - b is at least `least` for certain.
  bool Exceeds(const Element& a, const Element& b, int64_t least) const {
    if (!a.whole || !b.whole) return false;
    const auto bound = probes_.LeastDifference(*a.whole, *b.whole);
    return bound && *bound >= least;
  }

  static bool Divides(absl::Span<const Element> x) {
    for (size_t p = 0; p < kProbes; ++p) {
      if (x[1].numbers[p] == 0 || std::fmod(x[0].numbers[p], x[1].numbers[p]) != 0) return false;
    }
    return true;
  }

  bool CertainRounding(absl::Span<const Element> x, const Element& result) const {
    if (!result.fixed()) return true;
    if (op_ == "Div") return Divides(x);
    if (op_ != "Mod") return false;
    return Divides(x) && probes_.TellDivisors();
  }

  // Whether one of the elements is above (or below) all others whatever they are.
  bool HasExtreme(absl::Span<const Element> x, bool largest) const {
    return std::any_of(x.begin(), x.end(), [&](const Element& a) {
      return std::all_of(x.begin(), x.end(), [&](const Element& b) {
        return &a == &b || (largest ? Exceeds(a, b, 0) : Exceeds(b, a, 0));
      });
    });
  }

  bool CertainOrder(absl::Span<const Element> x) const {
    if (op_ == "Where") {
      return x[0].fixed() || (x[1].whole && x[1].whole == x[2].whole);
    }
    if (op_ == "And" || op_ == "Or") {
      return std::any_of(x.begin(), x.end(), [&](const Element& element) {
        return element.fixed() && (element.numbers[0] != 0) == (op_ == "Or");
      });
    }
    // Two unknown booleans are not equal because they look so.
    if (of_bools_) return false;
    if (op_ == "Max" || op_ == "Min") return HasExtreme(x, op_ == "Max");
    if (op_ == "Abs" || op_ == "Relu") return AtLeast(x[0]).value_or(-1) >= 0;
    if (op_ == "Cast") return AtLeast(x[0]).value_or(0) >= 1;
    const Element &a = x[0], &b = x[1];
    if (op_ == "Equal") {
      return Exceeds(a, b, 1) || Exceeds(b, a, 1) || (Exceeds(a, b, 0) && Exceeds(b, a, 0));
    }
    const bool less = op_ == "Less" || op_ == "GreaterOrEqual";
    return less ? Exceeds(b, a, 1) || Exceeds(a, b, 0) : Exceeds(a, b, 1) || Exceeds(b, a, 0);
  }

  // `least`: of each operand.
  absl::optional<int64_t> Bound(absl::Span<const Element> x,
                                const std::vector<int64_t>& least) const {
    if (op_ == "Add" || op_ == "Sum") {
      int64_t sum = 0;
      for (const int64_t bound : least) sum += bound;
      return sum;
    }
    if (op_ == "Sub" && x[1].fixed()) return least[0] - least[1];
    if (op_ == "Max") return *std::max_element(least.begin(), least.end());
    if (op_ == "Min") return *std::min_element(least.begin(), least.end());
    if (*std::min_element(least.begin(), least.end()) < 0) return absl::nullopt;
    if (op_ == "Mul") return least[0] * least[1];
    if (op_ == "Div" && least[1] > 0) return x[1].fixed() ? least[0] / least[1] : 0;
    if (op_ == "Mod" && least[1] > 0) return 0;
    return absl::nullopt;
  }

  const std::string op_;
  const Kind kind_;
  const bool of_bools_;
  Probes& probes_;
};

// An element that may be anything: no number under one probe is that of another.
void MakeUnknown(Element& element, bool boolean, Probes& probes) {
  ProbedSize number = probes.Unknown();
  for (size_t p = 0; p < kProbes && boolean; ++p) number[p] = p % 2;
  for (size_t p = 0; p < kProbes; ++p) element.numbers[p] = static_cast<double>(number[p]);
  element.whole = number;
}

bool OfOneShape(absl::Span<const Array> arrays) {
  return std::all_of(arrays.begin(), arrays.end(),
                     [&](const Array& array) { return array.shape == arrays[0].shape; });
}

bool SettleElements(const onnx::NodeProto& node, absl::Span<Value* const> inputs, Kind kind,
                    Probes& probes, std::vector<Array>& results) {
  const Shape& shape = results[0].shape;
  std::vector<std::vector<Element>> operands;
  std::vector<std::vector<int64_t>> at;
  for (const Value* input : inputs) {
    if (!OfOneShape(input->arrays)) return kind == Kind::kExact;
    operands.push_back(ElementsOf(input->arrays));
    at.push_back(BroadcastIndices(input->arrays[0].shape, shape));
  }
  const Judge judge(node, kind, inputs[0]->type == DataType::kBool, probes);
  std::vector<Element> elements = ElementsOf(results);
  bool changed = false;
  for (size_t i = 0; i < elements.size(); ++i) {
    std::vector<Element> x;
    for (size_t k = 0; k < operands.size(); ++k) {
      x.push_back(operands[k][static_cast<size_t>(at[k][i])]);
    }
    if (!judge.IsCertain(x, elements[i])) {
      MakeUnknown(elements[i], results[0].type == DataType::kBool, probes);
      changed = true;
    }
    judge.NoteBound(x, elements[i]);
  }
  for (size_t p = 0; p < kProbes && changed; ++p) {
    std::vector<double> numbers;
    for (const Element& element : elements) numbers.push_back(element.numbers[p]);
    results[p] = Array::OfDoubles(results[p].type, shape, numbers);
  }
  return true;
}

// Range: how many there are is 0 for limits below the start.
bool IsCertainRange(absl::Span<Value* const> inputs, const Probes& probes,
                    absl::Span<const Array> results) {
  if (!OfOneShape(results)) return true;
  const Element start = ElementsOf(inputs[0]->arrays)[0], limit = ElementsOf(inputs[1]->arrays)[0];
  if (!start.whole || !limit.whole) return false;
  const auto up = probes.LeastDifference(*limit.whole, *start.whole);
  const auto down = probes.LeastDifference(*start.whole, *limit.whole);
  return up && down && *up == -*down;
}

bool IsElementwise(const std::string& op) { return FindElementwiseFold(op) != nullptr; }

// Whether a node has as many inputs as its operator takes; damaged files have others.
bool HasOperands(const onnx::NodeProto& node, absl::Span<Value* const> inputs) {
  if (std::count(inputs.begin(), inputs.end(), nullptr) > 0) return false;
  const std::string& op = node.op_type();
  for (const char* name : {"Max", "Min", "Sum"}) {
    if (op == name) return !inputs.empty();
  }
  for (const char* name : {"Neg", "Abs", "Floor", "Ceil", "Round", "Sqrt", "Exp", "Log",
                           "Reciprocal", "Relu", "Not", "Cast"}) {
    if (op == name) return inputs.size() == 1;
  }
  return inputs.size() == (op == "Where" ? 3 : 2);
}

}  // namespace

bool CanProbe(const onnx::NodeProto& node, absl::Span<Value* const> inputs) {
  const std::string& op = node.op_type();
  const bool slice = op == "Slice", extreme = op == "ReduceMax" || op == "ReduceMin";
  if (!slice && !extreme && op != "Gather") return true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr || inputs[i]->is_constant()) continue;
    const bool open_shape = !inputs[i]->has_fixed_shape();
    if (i > 0 || extreme || (slice && open_shape)) return false;
  }
  return true;
}

bool Settle(const onnx::NodeProto& node, absl::Span<Value* const> inputs, Probes& probes,
            std::vector<Array>& results) {
  if (node.op_type() == "Range") return IsCertainRange(inputs, probes, results);
  if (!IsElementwise(node.op_type())) return true;
  if (!HasOperands(node, inputs)) return false;
  const Kind kind = KindOf(node, inputs[0]->type, results[0].type);
  if (!OfOneShape(results)) return kind == Kind::kExact;
  return SettleElements(node, inputs, kind, probes, results);
}

}  // namespace octet::importer
