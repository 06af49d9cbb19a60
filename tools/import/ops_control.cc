#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/graph_importer.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// If, Loop and Scan: their subgraphs become subgraphs of the graph, which take as inputs what they
// read of it.

namespace octet::importer {
namespace {

// A subgraph while it is imported.
struct Body {
  explicit Body(OpContext& c)
      : builder(GraphBuilder::Inside(c.builder)),
        scope(builder, &c.importer.scope()),
        importer(c.importer.job(), scope, c.importer.opsets()) {}

  absl::Status Import(const onnx::GraphProto& source) {
    builder.graph().name = source.name();
    absl::Status status = importer.ReadInitializers(source);
    if (status.ok()) status = importer.ImportNodes(source.node());
    for (int i = 0; i < source.output_size() && status.ok(); ++i) {
      status = importer.BindOutput(source.output(i).name(), DataType::kUnknown);
    }
    return status;
  }
  size_t outputs() { return builder.graph().outputs.size(); }
  Value Output(size_t i) { return ValueOf(builder, builder.graph().outputs[i]); }

  GraphBuilder builder;
  Scope scope;
  GraphImporter importer;
};

// Puts a finished body where If and Loop find it.
int AddSubgraph(OpContext& c, Body& body) {
  RemoveDead(body.builder.graph());
  std::vector<Graph>& subgraphs = c.builder.graph().subgraphs;
  subgraphs.push_back(std::move(body.builder.graph()));
  return static_cast<int>(subgraphs.size()) - 1;
}

// What two shapes have in common; the rest is unknown. Unimplemented where the ranks differ.
absl::StatusOr<ProbedShape> Common(OpContext& c, const ProbedShape& a, const ProbedShape& b) {
  if (a[0].size() != b[0].size()) {
    return absl::UnimplementedError(absl::StrCat("makes a tensor of ", a[0].size(), " or ",
                                                 b[0].size(),
                                                 " dimensions; the rank must be fixed"));
  }
  ProbedShape result = a;
  for (size_t i = 0; i < a[0].size(); ++i) {
    if (SizeAt(a, i) == SizeAt(b, i)) continue;
    const ProbedSize unknown = c.builder.probes().Unknown();
    for (size_t p = 0; p < kProbes; ++p) result[p][i] = unknown[p];
  }
  return result;
}

// Something in the subgraph could not be imported, and is reported.
absl::Status AllBroken(OpContext& c) {
  c.outputs.assign(static_cast<size_t>(c.node.output_size()), Value::Broken());
  return absl::OkStatus();
}

absl::Status InlineBranch(OpContext& c, const onnx::GraphProto& branch) {
  Scope scope(c.builder, &c.importer.scope());
  GraphImporter importer(c.importer.job(), scope, c.importer.opsets());
  absl::Status status = importer.ReadInitializers(branch);
  if (status.ok()) status = importer.ImportNodes(branch.node());
  if (!status.ok()) return status;
  for (const onnx::ValueInfoProto& output : branch.output()) {
    const Value* value = scope.Find(output.name());
    if (value == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("has a branch whose output '", output.name(), "' nothing produces"));
    }
    c.outputs.push_back(*value);
  }
  return absl::OkStatus();
}

absl::Status FinishIf(OpContext& c, TensorId condition, Body& then_body, Body& else_body) {
  const auto outputs = static_cast<size_t>(c.node.output_size());
  if (then_body.outputs() != outputs || else_body.outputs() != outputs) {
    if (!c.importer.job().issues.empty()) return AllBroken(c);
    return absl::InvalidArgumentError("has branches with another number of outputs");
  }
  std::vector<DataType> types;
  std::vector<ProbedShape> shapes;
  for (size_t i = 0; i < outputs; ++i) {
    const Value a = then_body.Output(i), b = else_body.Output(i);
    if (ComputedType(a.type) != ComputedType(b.type)) {
      return absl::InvalidArgumentError("has branches whose results differ in type");
    }
    auto shape = Common(c, a.shape, b.shape);
    if (!shape.ok()) return shape.status();
    types.push_back(a.type);
    shapes.push_back(*std::move(shape));
  }
  std::vector<TensorId> inputs = {condition};
  for (const Scope::Captured& capture : else_body.scope.captures()) inputs.push_back(capture.outer);
  schema::IfOptionsT options;
  options.then_graph = AddSubgraph(c, then_body);
  options.else_graph = AddSubgraph(c, else_body);
  auto values =
      c.builder.AddShaped(Graph::MakeNode(c.name, std::move(options), std::move(inputs), {}),
                          c.OutputNames(c.node.output_size()), types, shapes);
  if (!values.ok()) return values.status();
  c.outputs = *std::move(values);
  return absl::OkStatus();
}

// A branch that is always taken takes the node's place.
absl::Status ImportIf(OpContext& c) {
  const onnx::GraphProto* then_branch = c.attributes.Graph("then_branch");
  const onnx::GraphProto* else_branch = c.attributes.Graph("else_branch");
  if (then_branch == nullptr || else_branch == nullptr || !c.has(0)) {
    return absl::InvalidArgumentError("lacks a branch or its condition");
  }
  if (c.value(0).is_constant() && NumElements(c.value(0).shape[0]) == 1) {
    return InlineBranch(c, c.value(0).arrays[0].ints()[0] != 0 ? *then_branch : *else_branch);
  }
  const auto condition = c.Tensor(0);
  if (!condition.ok()) return condition.status();
  Body then_body(c), else_body(c);
  if (absl::Status status = then_body.Import(*then_branch); !status.ok()) return status;
  // Both take the same inputs: those of the first, then what only the second reads.
  const std::vector<Scope::Captured>& first = then_body.scope.captures();
  for (const Scope::Captured& capture : first) else_body.scope.Capture(capture.name);
  if (absl::Status status = else_body.Import(*else_branch); !status.ok()) return status;
  const std::vector<Scope::Captured>& all = else_body.scope.captures();
  for (size_t i = first.size(); i < all.size(); ++i) {
    then_body.builder.AddInput(then_body.builder.UniqueName(all[i].name),
                               c.builder.type(all[i].outer), c.builder.shape(all[i].outer));
  }
  return FinishIf(c, *condition, then_body, else_body);
}

// A tensor that a round hands on to the next one, or that all rounds read.
struct Carried {
  TensorId tensor;
  DataType type;
  ProbedShape shape;
  std::vector<bool> loose;  // per dimension: found to change, so that its size is unknown
};

absl::StatusOr<std::vector<Carried>> CarriedInputs(OpContext& c, size_t first, size_t count) {
  std::vector<Carried> carried;
  for (size_t i = first; i < first + count; ++i) {
    const auto tensor = c.Tensor(i);
    if (!tensor.ok()) return tensor.status();
    carried.push_back({*tensor, c.value(i).type, c.value(i).shape, {}});
  }
  return carried;
}

// Sizes of carried tensors that a round changes are unknown. Whether there were any.
absl::StatusOr<bool> Loosen(OpContext& c, Body& body, std::vector<Carried>& carried) {
  bool changed = false;
  for (size_t i = 0; i < carried.size(); ++i) {
    const Value result = body.Output(1 + i);
    if (ComputedType(result.type) != ComputedType(carried[i].type)) {
      return absl::InvalidArgumentError(absl::StrCat("changes the type of carried tensor ", i));
    }
    auto shape = Common(c, carried[i].shape, result.shape);
    if (!shape.ok()) return shape.status();
    carried[i].loose.resize((*shape)[0].size());
    for (size_t d = 0; d < carried[i].loose.size(); ++d) {
      if (carried[i].loose[d]) {
        for (size_t p = 0; p < kProbes; ++p) (*shape)[p][d] = carried[i].shape[p][d];
      } else if (SizeAt(*shape, d) != SizeAt(carried[i].shape, d)) {
        carried[i].loose[d] = changed = true;
      }
    }
    carried[i].shape = *std::move(shape);
  }
  return changed;
}

absl::Status FinishLoop(OpContext& c, Body& body, TensorId rounds, TensorId condition,
                        const std::vector<Carried>& carried,
                        const std::vector<TensorId>& more_inputs) {
  std::vector<TensorId> inputs = {rounds, condition};
  std::vector<DataType> types;
  std::vector<ProbedShape> shapes;
  for (const Carried& tensor : carried) {
    inputs.push_back(tensor.tensor);
    types.push_back(tensor.type);
    shapes.push_back(tensor.shape);
  }
  inputs.insert(inputs.end(), more_inputs.begin(), more_inputs.end());
  for (const Scope::Captured& capture : body.scope.captures()) inputs.push_back(capture.outer);
  const ProbedSize count = c.builder.probes().Unknown();
  for (size_t i = 1 + carried.size(); i < body.outputs(); ++i) {
    const Value result = body.Output(i);
    types.push_back(result.type);
    shapes.push_back(result.shape);
    for (size_t p = 0; p < kProbes; ++p) {
      shapes.back()[p].insert(shapes.back()[p].begin(), count[p]);
    }
  }
  schema::LoopOptionsT options;
  options.carried = static_cast<int>(carried.size());
  options.body = AddSubgraph(c, body);
  auto values =
      c.builder.AddShaped(Graph::MakeNode(c.name, std::move(options), std::move(inputs), {}),
                          c.OutputNames(static_cast<int>(types.size())), types, shapes);
  if (!values.ok()) return values.status();
  c.outputs = *std::move(values);
  return absl::OkStatus();
}

// Names the inputs of the body that every loop has.
void AddRoundInputs(Body& body, const std::string& round, const std::string& condition) {
  const ProbedShape scalar = Unprobed({});
  body.scope.Set(round, body.builder.AddInput(round, DataType::kS64, scalar));
  body.scope.Set(condition, body.builder.AddInput(condition, DataType::kBool, scalar));
}

absl::Status ImportLoop(OpContext& c) {
  const onnx::GraphProto* source = c.attributes.Graph("body");
  const size_t carried_count = c.inputs.size() < 2 ? 0 : c.inputs.size() - 2;
  if (source == nullptr || source->input_size() != static_cast<int>(carried_count) + 2 ||
      source->output_size() != c.node.output_size() + 1 ||
      c.node.output_size() < static_cast<int>(carried_count)) {
    return absl::InvalidArgumentError("has a body that does not fit its inputs and outputs");
  }
  auto carried = CarriedInputs(c, 2, carried_count);
  if (!carried.ok()) return carried.status();
  Steps s(c);
  const Array forever = Array::OfInts(DataType::kS64, {}, {std::numeric_limits<int64_t>::max()});
  const TensorId rounds = c.has(0) ? s.Input(0) : c.Constant("rounds", forever);
  const TensorId condition = c.has(1) ? s.Input(1) : s.Number(DataType::kBool, 1.0);
  if (!s.ok()) return s.status();
  const Issues issues = c.importer.job().issues;
  for (;;) {
    Body body(c);
    AddRoundInputs(body, source->input(0).name(), source->input(1).name());
    for (size_t i = 0; i < carried->size(); ++i) {
      const std::string& name = source->input(static_cast<int>(i) + 2).name();
      body.scope.Set(name, body.builder.AddInput(name, (*carried)[i].type, (*carried)[i].shape));
    }
    if (absl::Status status = body.Import(*source); !status.ok()) return status;
    if (static_cast<int>(body.outputs()) != source->output_size()) return AllBroken(c);
    const auto changed = Loosen(c, body, *carried);
    if (!changed.ok()) return changed.status();
    if (!*changed) return FinishLoop(c, body, rounds, condition, *carried, {});
    c.importer.job().issues = issues;
  }
}

// How a Scan walks along one of its inputs or outputs.
struct Walk {
  size_t axis;
  bool backward;
};

absl::StatusOr<std::vector<Walk>> ReadWalks(OpContext& c, const std::string& which,
                                            const std::vector<size_t>& ranks) {
  const std::vector<int64_t> axes = c.attributes.Ints("scan_" + which + "_axes");
  const std::vector<int64_t> directions = c.attributes.Ints("scan_" + which + "_directions");
  std::vector<Walk> walks;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const auto axis = NormalizeAxis(i < axes.size() ? axes[i] : 0, ranks[i]);
    if (!axis.ok()) return axis.status();
    walks.push_back({*axis, i < directions.size() && directions[i] != 0});
  }
  return walks;
}

// Slice number `round` of `x` along the walk, inside the body.
absl::StatusOr<Value> TakeSlice(Body& body, const Value& x, const Walk& walk, TensorId round,
                                const std::string& name) {
  GraphBuilder& builder = body.builder;
  TensorId index = round;
  if (walk.backward) {
    // The last index less the round: size + (-1 - round), as a scalar.
    schema::ShapeOfOptionsT size_options;
    size_options.start = static_cast<int>(walk.axis);
    size_options.end = size_options.start + 1;
    auto size = builder.Emit(name + "/size", std::move(size_options), {x.tensor}, name + "/size");
    if (!size.ok()) return size.status();
    auto scalar =
        builder.Emit(name + "/length", schema::ReshapeOptionsT(), {size->tensor}, name + "/length");
    if (!scalar.ok()) return scalar.status();
    const TensorId one =
        builder.AddConstant(name + "/one", Array::OfInts(DataType::kS64, {}, {1})).tensor;
    auto last = builder.Emit(name + "/last", Binary(schema::BinaryKind::SUB), {scalar->tensor, one},
                             name + "/last");
    if (!last.ok()) return last.status();
    auto at = builder.Emit(name + "/index", Binary(schema::BinaryKind::SUB), {last->tensor, round},
                           name + "/index");
    if (!at.ok()) return at.status();
    index = at->tensor;
  }
  schema::GatherOptionsT options;
  options.axis = static_cast<int>(walk.axis);
  return builder.Emit(name, std::move(options), {x.tensor, index}, name);
}

// Results of all rounds lie along the first dimension; moves it to where the node wants it.
absl::Status PlaceOutput(OpContext& c, Value& output, const Walk& walk) {
  Steps s(c);
  TensorId y = output.tensor;
  if (walk.backward) {
    y = s.Slice("reversed", 0, -1, std::numeric_limits<int64_t>::min(), y, -1);
  }
  if (walk.axis > 0 && s.ok()) {
    std::vector<int> permutation;
    for (size_t i = 1; i < output.rank(); ++i) permutation.push_back(static_cast<int>(i));
    permutation.insert(permutation.begin() + static_cast<long>(walk.axis), 0);
    y = s.Transpose("moved", std::move(permutation), y);
  }
  if (s.ok()) output = ValueOf(c.builder, y);
  return s.status();
}

// A Loop whose body takes one slice after the other.
absl::Status ScanAsLoop(OpContext& c, const onnx::GraphProto& source, std::vector<Carried> states,
                        const std::vector<Carried>& scanned, const std::vector<Walk>& walks) {
  Steps s(c);
  const TensorId rounds = s.ShapeOf("rounds", scanned[0].tensor, walks[0].axis, walks[0].axis + 1);
  const TensorId condition = s.Number(DataType::kBool, 1.0);
  if (!s.ok()) return s.status();
  const Issues issues = c.importer.job().issues;
  for (;;) {
    Body body(c);
    const std::string round = c.Intermediate("round"), going = c.Intermediate("condition");
    AddRoundInputs(body, round, going);
    int next = 0;
    for (const Carried& state : states) {
      const std::string& name = source.input(next++).name();
      body.scope.Set(name, body.builder.AddInput(name, state.type, state.shape));
    }
    std::vector<TensorId> outer;
    std::vector<Value> whole;
    for (const Carried& x : scanned) {
      whole.push_back(body.builder.AddInput(c.Intermediate(absl::StrCat("scanned", outer.size())),
                                            x.type, x.shape));
      outer.push_back(x.tensor);
    }
    for (size_t i = 0; i < whole.size(); ++i) {
      const std::string& name = source.input(next++).name();
      auto slice = TakeSlice(body, whole[i], walks[i], body.scope.Find(round)->tensor, name);
      if (!slice.ok()) return slice.status();
      body.scope.Set(name, *slice);
    }
    if (absl::Status status = body.importer.BindOutput(going, DataType::kUnknown); !status.ok()) {
      return status;
    }
    if (absl::Status status = body.Import(source); !status.ok()) return status;
    if (static_cast<int>(body.outputs()) != source.output_size() + 1) return AllBroken(c);
    const auto changed = Loosen(c, body, states);
    if (!changed.ok()) return changed.status();
    if (!*changed) return FinishLoop(c, body, rounds, condition, states, outer);
    c.importer.job().issues = issues;
  }
}

absl::Status ImportScan(OpContext& c) {
  if (c.opset < 9)
    return absl::UnimplementedError("of opset 8 scans batches; 9 and later are supported");
  const onnx::GraphProto* source = c.attributes.Graph("body");
  const int64_t scans = c.attributes.Int("num_scan_inputs", 0);
  const auto inputs = static_cast<int64_t>(c.inputs.size());
  if (source == nullptr || scans < 1 || scans > inputs || source->input_size() != inputs ||
      source->output_size() != c.node.output_size() || c.node.output_size() < inputs - scans) {
    return absl::InvalidArgumentError("has a body that does not fit its inputs and outputs");
  }
  const auto state_count = static_cast<size_t>(inputs - scans);
  auto states = CarriedInputs(c, 0, state_count);
  auto scanned = CarriedInputs(c, state_count, static_cast<size_t>(scans));
  if (!states.ok()) return states.status();
  if (!scanned.ok()) return scanned.status();
  std::vector<size_t> ranks;
  for (const Carried& x : *scanned) ranks.push_back(x.shape[0].size());
  const auto walks = ReadWalks(c, "input", ranks);
  if (!walks.ok()) return walks.status();
  absl::Status status = ScanAsLoop(c, *source, *std::move(states), *scanned, *walks);
  if (!status.ok()) return status;
  ranks.clear();
  for (size_t i = state_count; i < c.outputs.size(); ++i) {
    if (c.outputs[i].broken) return AllBroken(c);
    ranks.push_back(c.outputs[i].rank());
  }
  const auto placed = ReadWalks(c, "output", ranks);
  if (!placed.ok()) return placed.status();
  for (size_t i = 0; i < placed->size() && status.ok(); ++i) {
    status = PlaceOutput(c, c.outputs[state_count + i], (*placed)[i]);
  }
  return status;
}

constexpr OpRow kRows[] = {
    {"If", ImportIf, 1, "tensors of fixed rank"},
    {"Loop", ImportLoop, 1, "tensors of fixed rank"},
    {"Scan", ImportScan, 9, "tensors of fixed rank"},
};

}  // namespace

absl::Span<const OpRow> ControlOps() { return kRows; }

}  // namespace octet::importer
