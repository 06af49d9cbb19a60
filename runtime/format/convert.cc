#include "runtime/format/convert.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "runtime/format/layout.h"

namespace octet {
namespace {

// Entries of the vectors in an operator's options.
struct EntryCounter {
  size_t operator()(const schema::ConvOptionsT& o) const {
    return o.strides.size() + o.dilations.size() + o.pads_begin.size() + o.pads_end.size();
  }
  size_t operator()(const schema::PoolOptionsT& o) const {
    return o.kernel.size() + o.strides.size() + o.dilations.size() + o.pads_begin.size() +
           o.pads_end.size();
  }
  size_t operator()(const schema::SplitOptionsT& o) const { return o.sizes.size(); }
  size_t operator()(const schema::ReshapeOptionsT& o) const { return o.shape.size(); }
  size_t operator()(const schema::TransposeOptionsT& o) const { return o.permutation.size(); }
  size_t operator()(const schema::PadOptionsT& o) const {
    return o.pads_begin.size() + o.pads_end.size();
  }
  size_t operator()(const schema::ReduceOptionsT& o) const { return o.axes.size(); }
  size_t operator()(const schema::SliceOptionsT& o) const {
    return o.axes.size() + o.starts.size() + o.ends.size() + o.steps.size();
  }
  size_t operator()(const schema::ExpandOptionsT& o) const { return o.shape.size(); }
  size_t operator()(const schema::TileOptionsT& o) const { return o.repeats.size(); }
  size_t operator()(const schema::EinsumOptionsT& o) const { return o.equation.size(); }
  size_t operator()(const schema::ConvTransposeOptionsT& o) const {
    return o.strides.size() + o.dilations.size() + o.pads_begin.size() + o.pads_end.size() +
           o.output_padding.size();
  }
  size_t operator()(const schema::ResizeOptionsT& o) const {
    return o.axes.size() + o.scales.size() + o.sizes.size() + o.roi.size();
  }
  size_t operator()(const schema::RecurrentOptionsT& o) const {
    return o.activations.size() * sizeof(schema::UnaryOptionsT);
  }
};

template <typename Options>
size_t CountIn(const Node& node) {
  return EntryCounter()(node.as<Options>());
}

size_t CountEntries(const Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return CountIn<schema::ConvOptionsT>(node);
    case OpType::PoolOptions:
      return CountIn<schema::PoolOptionsT>(node);
    case OpType::SplitOptions:
      return CountIn<schema::SplitOptionsT>(node);
    case OpType::ReshapeOptions:
      return CountIn<schema::ReshapeOptionsT>(node);
    case OpType::TransposeOptions:
      return CountIn<schema::TransposeOptionsT>(node);
    case OpType::PadOptions:
      return CountIn<schema::PadOptionsT>(node);
    case OpType::ReduceOptions:
      return CountIn<schema::ReduceOptionsT>(node);
    case OpType::SliceOptions:
      return CountIn<schema::SliceOptionsT>(node);
    case OpType::ExpandOptions:
      return CountIn<schema::ExpandOptionsT>(node);
    case OpType::TileOptions:
      return CountIn<schema::TileOptionsT>(node);
    case OpType::EinsumOptions:
      return CountIn<schema::EinsumOptionsT>(node);
    case OpType::ConvTransposeOptions:
      return CountIn<schema::ConvTransposeOptionsT>(node);
    case OpType::ResizeOptions:
      return CountIn<schema::ResizeOptionsT>(node);
    case OpType::RecurrentOptions:
      return CountIn<schema::RecurrentOptionsT>(node);
    default:
      return 0;
  }
}

// Tables of a hostile file may all refer to one long vector or string. What is copied out of the
// file is therefore counted: no honest file comes near the limit.
class Budget {
 public:
  explicit Budget(uint64_t table_bytes) : left_((table_bytes + 4096) * 64) {}

  // False when `entries` of `size` bytes exceed what is left.
  bool Take(size_t entries, size_t size) {
    if (entries > left_ / size) {
      left_ = 0;
      return false;
    }
    left_ -= entries * size;
    return true;
  }

  template <typename Vector>
  bool TakeVector(const Vector* vector, size_t size) {
    return vector == nullptr || Take(vector->size(), size);
  }

 private:
  uint64_t left_;
};

absl::Status TooLarge() {
  return absl::InvalidArgumentError(
      "the file is damaged: its tables unfold to far more than its size");
}

class GraphReader {
 public:
  GraphReader(const schema::Model& model, absl::Span<const uint8_t> weights,
              const std::shared_ptr<const void>& owner, uint64_t table_bytes)
      : model_(model), weights_(weights), owner_(owner), budget_(table_bytes) {}

  absl::StatusOr<Graph> Read() {
    if (!ReadString(model_.producer(), graph_.producer) ||
        !ReadStrings(model_.labels(), graph_.labels)) {
      return TooLarge();
    }
    if (absl::Status status = ReadBody(model_, graph_, 0); !status.ok()) return status;
    if (!ReadPreprocessing() || !ReadRecord()) return TooLarge();
    return std::move(graph_);
  }

 private:
  // What a model and a subgraph have in common.
  template <typename Table>
  absl::Status ReadBody(const Table& from, Graph& to, int depth) {
    if (depth > kMaxSubgraphDepth) {
      return absl::InvalidArgumentError(
          absl::StrCat("subgraphs lie more than ", kMaxSubgraphDepth, " deep in each other"));
    }
    if (!ReadString(from.name(), to.name) || !ReadIds(from.inputs(), to.inputs) ||
        !ReadIds(from.outputs(), to.outputs)) {
      return TooLarge();
    }
    if (absl::Status status = ReadTensors(from.tensors(), to); !status.ok()) return status;
    if (!ReadNodes(from.operators(), to)) return TooLarge();
    if (from.subgraphs() == nullptr) return absl::OkStatus();
    if (!budget_.TakeVector(from.subgraphs(), sizeof(Graph))) return TooLarge();
    to.subgraphs.resize(from.subgraphs()->size());
    for (flatbuffers::uoffset_t i = 0; i < from.subgraphs()->size(); ++i) {
      absl::Status status = ReadBody(*from.subgraphs()->Get(i), to.subgraphs[i], depth + 1);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  bool ReadString(const flatbuffers::String* from, std::string& to) {
    if (!budget_.TakeVector(from, 1)) return false;
    if (from != nullptr) to.assign(from->data(), from->size());
    return true;
  }

  bool ReadStrings(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* from,
                   std::vector<std::string>& to) {
    if (from == nullptr) return true;
    if (!budget_.Take(from->size(), sizeof(std::string))) return false;
    to.resize(from->size());
    for (flatbuffers::uoffset_t i = 0; i < from->size(); ++i) {
      if (!ReadString(from->Get(i), to[i])) return false;
    }
    return true;
  }

  template <typename T, typename Vector>
  bool ReadNumbers(const flatbuffers::Vector<T>* from, Vector& to) {
    if (!budget_.TakeVector(from, sizeof(T))) return false;
    if (from != nullptr) to.assign(from->begin(), from->end());
    return true;
  }

  bool ReadIds(const flatbuffers::Vector<int32_t>* from, std::vector<TensorId>& to) {
    return ReadNumbers(from, to);
  }

  absl::Status ReadTensors(const flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>* tensors,
                           Graph& graph) {
    if (tensors == nullptr) return absl::OkStatus();
    if (!budget_.TakeVector(tensors, sizeof(Tensor))) return TooLarge();
    graph.tensors.resize(tensors->size());
    for (flatbuffers::uoffset_t i = 0; i < tensors->size(); ++i) {
      const schema::Tensor& from = *tensors->Get(i);
      Tensor& to = graph.tensors[i];
      to.type = static_cast<DataType>(from.type());
      if (!ReadString(from.name(), to.name) || !ReadNumbers(from.shape(), to.shape) ||
          !ReadStrings(from.symbols(), to.symbols) || !ReadQuant(from.quantization(), to)) {
        return TooLarge();
      }
      if (absl::Status status = ReadData(from.data(), to); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  bool ReadQuant(const schema::Quantization* from, Tensor& to) {
    if (from == nullptr) return true;
    QuantParams& quant = to.quant.emplace();
    quant.axis = from->axis();
    if (!ReadNumbers(from->scales(), quant.scales) ||
        !ReadNumbers(from->zero_points(), quant.zero_points)) {
      return false;
    }
    if (quant.zero_points.empty()) quant.zero_points.assign(quant.scales.size(), 0);
    return true;
  }

  absl::Status ReadData(const schema::Data* from, Tensor& to) {
    if (from == nullptr) return absl::OkStatus();
    const uint64_t offset = from->offset(), size = from->size();
    if (offset % kWeightAlignment != 0 || size > weights_.size() ||
        offset > weights_.size() - size) {
      return absl::InvalidArgumentError(
          absl::StrCat("the file is damaged: tensor '", to.name, "' lies at ", offset, " with ",
                       size, " bytes, but the weights have ", weights_.size(),
                       " bytes, and tensors start at multiples of ", kWeightAlignment));
    }
    to.data = Constant::Borrow(weights_.data() + offset, size, owner_);
    return absl::OkStatus();
  }

  bool ReadNodes(const flatbuffers::Vector<flatbuffers::Offset<schema::Operator>>* operators,
                 Graph& graph) {
    if (operators == nullptr) return true;
    if (!budget_.TakeVector(operators, sizeof(Node))) return false;
    graph.nodes.resize(operators->size());
    for (flatbuffers::uoffset_t i = 0; i < operators->size(); ++i) {
      const schema::Operator& from = *operators->Get(i);
      Node& to = graph.nodes[i];
      to.options.type = from.options_type();
      to.options.value = schema::OptionsUnion::UnPack(from.options(), from.options_type(), nullptr);
      if (!budget_.Take(CountEntries(to), sizeof(int64_t)) || !ReadString(from.name(), to.name) ||
          !ReadNumbers(from.inputs(), to.inputs) || !ReadNumbers(from.outputs(), to.outputs)) {
        return false;
      }
    }
    return true;
  }

  bool ReadPreprocessing() {
    const schema::Preprocessing* from = model_.preprocessing();
    if (from == nullptr) return true;
    if (!budget_.TakeVector(from->mean(), sizeof(float)) ||
        !budget_.TakeVector(from->std(), sizeof(float))) {
      return false;
    }
    graph_.preprocessing = std::make_unique<schema::PreprocessingT>();
    from->UnPackTo(graph_.preprocessing.get());
    return true;
  }

  bool ReadRecord() {
    const schema::QuantizationRecord* from = model_.quantization();
    if (from == nullptr) return true;
    auto record = std::make_unique<schema::QuantizationRecordT>();
    record->samples = from->samples();
    if (!ReadString(from->method(), record->method) ||
        !ReadString(from->calibrator(), record->calibrator) ||
        !ReadString(from->weights(), record->weights) ||
        !ReadString(from->activations(), record->activations) ||
        !ReadString(from->data_hash(), record->data_hash) ||
        !budget_.TakeVector(from->ranges(), sizeof(schema::ObservedRangeT))) {
      return false;
    }
    for (flatbuffers::uoffset_t i = 0; from->ranges() != nullptr && i < from->ranges()->size();
         ++i) {
      const schema::ObservedRange& range = *from->ranges()->Get(i);
      auto copy = std::make_unique<schema::ObservedRangeT>();
      copy->min = range.min();
      copy->max = range.max();
      if (!ReadString(range.tensor(), copy->tensor)) return false;
      record->ranges.push_back(std::move(copy));
    }
    graph_.quantization = std::move(record);
    return true;
  }

  const schema::Model& model_;
  const absl::Span<const uint8_t> weights_;
  const std::shared_ptr<const void>& owner_;
  Budget budget_;
  Graph graph_;
};

std::unique_ptr<schema::QuantizationT> TableOf(const QuantParams& quant) {
  auto table = std::make_unique<schema::QuantizationT>();
  table->scales = quant.scales;
  table->axis = quant.axis;
  const bool all_zero = std::all_of(quant.zero_points.begin(), quant.zero_points.end(),
                                    [](int32_t zero_point) { return zero_point == 0; });
  if (!all_zero) table->zero_points = quant.zero_points;
  return table;
}

std::unique_ptr<schema::TensorT> TableOf(const Tensor& tensor, const schema::Data& place) {
  auto table = std::make_unique<schema::TensorT>();
  table->name = tensor.name;
  table->type = static_cast<schema::DataType>(tensor.type);
  table->shape.assign(tensor.shape.begin(), tensor.shape.end());
  table->symbols = tensor.symbols;
  if (tensor.quant) table->quantization = TableOf(*tensor.quant);
  if (tensor.is_constant()) table->data = std::make_unique<schema::Data>(place);
  return table;
}

std::unique_ptr<schema::SubgraphT> TableOf(const Graph& graph, const schema::Data*& places);

// What a model and a subgraph have in common. Takes as many places as the graph and its subgraphs
// have tensors.
template <typename Table>
void FillBody(const Graph& graph, const schema::Data*& places, Table& to);

std::unique_ptr<schema::OperatorT> TableOf(const Node& node) {
  auto table = std::make_unique<schema::OperatorT>();
  table->name = node.name;
  table->options = node.options;
  table->inputs = node.inputs;
  table->outputs = node.outputs;
  return table;
}

template <typename Table>
void FillBody(const Graph& graph, const schema::Data*& places, Table& to) {
  to.name = graph.name;
  for (const Tensor& tensor : graph.tensors) to.tensors.push_back(TableOf(tensor, *places++));
  for (const Node& node : graph.nodes) to.operators.push_back(TableOf(node));
  to.inputs = graph.inputs;
  to.outputs = graph.outputs;
  for (const Graph& subgraph : graph.subgraphs) to.subgraphs.push_back(TableOf(subgraph, places));
}

std::unique_ptr<schema::SubgraphT> TableOf(const Graph& graph, const schema::Data*& places) {
  auto table = std::make_unique<schema::SubgraphT>();
  FillBody(graph, places, *table);
  return table;
}

// Operators compute with 16 bits since version 2. Casts and constants were there before.
bool ComputesIn16Bits(const Graph& graph) {
  const auto is_computed = [&graph](TensorId id) {
    if (id == kNoTensor || graph.tensor(id).is_constant()) return false;
    const Tensor& t = graph.tensor(id);
    return t.type == DataType::kF16 || t.type == DataType::kBF16 ||
           (t.type == DataType::kS16 && t.quant);
  };
  for (const Node& node : graph.nodes) {
    if (node.type() == OpType::CastOptions) continue;
    for (const std::vector<TensorId>* ids : {&node.inputs, &node.outputs}) {
      if (std::any_of(ids->begin(), ids->end(), is_computed)) return true;
    }
  }
  return std::any_of(graph.subgraphs.begin(), graph.subgraphs.end(), ComputesIn16Bits);
}

}  // namespace

absl::StatusOr<Graph> GraphOfTables(const schema::Model& model, absl::Span<const uint8_t> weights,
                                    const std::shared_ptr<const void>& owner,
                                    uint64_t table_bytes) {
  return GraphReader(model, weights, owner, table_bytes).Read();
}

std::vector<const Tensor*> TensorsInFileOrder(const Graph& graph) {
  std::vector<const Tensor*> tensors;
  for (const Tensor& tensor : graph.tensors) tensors.push_back(&tensor);
  for (const Graph& subgraph : graph.subgraphs) {
    const std::vector<const Tensor*> inner = TensorsInFileOrder(subgraph);
    tensors.insert(tensors.end(), inner.begin(), inner.end());
  }
  return tensors;
}

schema::ModelT TablesOfGraph(const Graph& graph, absl::Span<const schema::Data> places,
                             uint64_t weights_size) {
  schema::ModelT model;
  if (ComputesIn16Bits(graph)) model.version = 2;
  model.producer = graph.producer;
  const schema::Data* next_place = places.data();
  FillBody(graph, next_place, model);
  model.weights_size = weights_size;
  model.labels = graph.labels;
  if (graph.preprocessing != nullptr) {
    model.preprocessing = std::make_unique<schema::PreprocessingT>(*graph.preprocessing);
  }
  if (graph.quantization != nullptr) {
    model.quantization = std::make_unique<schema::QuantizationRecordT>(*graph.quantization);
  }
  return model;
}

}  // namespace octet
