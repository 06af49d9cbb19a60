#include "runtime/format/convert.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
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
};

size_t CountEntries(const Node& node) {
  const EntryCounter count;
  switch (node.type()) {
    case OpType::ConvOptions:
      return count(node.as<schema::ConvOptionsT>());
    case OpType::PoolOptions:
      return count(node.as<schema::PoolOptionsT>());
    case OpType::SplitOptions:
      return count(node.as<schema::SplitOptionsT>());
    case OpType::ReshapeOptions:
      return count(node.as<schema::ReshapeOptionsT>());
    case OpType::TransposeOptions:
      return count(node.as<schema::TransposeOptionsT>());
    case OpType::PadOptions:
      return count(node.as<schema::PadOptionsT>());
    case OpType::ReduceOptions:
      return count(node.as<schema::ReduceOptionsT>());
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
    if (!ReadString(model_.name(), graph_.name) ||
        !ReadString(model_.producer(), graph_.producer) ||
        !ReadIds(model_.inputs(), graph_.inputs) || !ReadIds(model_.outputs(), graph_.outputs) ||
        !ReadStrings(model_.labels(), graph_.labels)) {
      return TooLarge();
    }
    if (absl::Status status = ReadTensors(); !status.ok()) return status;
    if (!ReadNodes() || !ReadPreprocessing() || !ReadRecord()) return TooLarge();
    return std::move(graph_);
  }

 private:
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

  absl::Status ReadTensors() {
    if (model_.tensors() == nullptr) return absl::OkStatus();
    if (!budget_.TakeVector(model_.tensors(), sizeof(Tensor))) return TooLarge();
    graph_.tensors.resize(model_.tensors()->size());
    for (flatbuffers::uoffset_t i = 0; i < model_.tensors()->size(); ++i) {
      const schema::Tensor& from = *model_.tensors()->Get(i);
      Tensor& to = graph_.tensors[i];
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

  bool ReadNodes() {
    if (model_.operators() == nullptr) return true;
    if (!budget_.TakeVector(model_.operators(), sizeof(Node))) return false;
    graph_.nodes.resize(model_.operators()->size());
    for (flatbuffers::uoffset_t i = 0; i < model_.operators()->size(); ++i) {
      const schema::Operator& from = *model_.operators()->Get(i);
      Node& to = graph_.nodes[i];
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

std::unique_ptr<schema::OperatorT> TableOf(const Node& node) {
  auto table = std::make_unique<schema::OperatorT>();
  table->name = node.name;
  table->options = node.options;
  table->inputs = node.inputs;
  table->outputs = node.outputs;
  return table;
}

}  // namespace

absl::StatusOr<Graph> GraphOfTables(const schema::Model& model, absl::Span<const uint8_t> weights,
                                    const std::shared_ptr<const void>& owner,
                                    uint64_t table_bytes) {
  return GraphReader(model, weights, owner, table_bytes).Read();
}

schema::ModelT TablesOfGraph(const Graph& graph, absl::Span<const schema::Data> places,
                             uint64_t weights_size) {
  schema::ModelT model;
  model.name = graph.name;
  model.producer = graph.producer;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    model.tensors.push_back(TableOf(graph.tensors[i], places[i]));
  }
  for (const Node& node : graph.nodes) model.operators.push_back(TableOf(node));
  model.inputs = graph.inputs;
  model.outputs = graph.outputs;
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
