#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flatbuffers/flatbuffers.h"
#include "runtime/core/validate.h"
#include "runtime/format/atomic_file.h"
#include "runtime/format/convert.h"
#include "runtime/format/layout.h"
#include "runtime/format/model_file.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

// Where the constants go, and which of them have to be written.
struct WeightsPlan {
  std::vector<schema::Data> places;      // per tensor, in the file's order
  std::vector<const Constant*> written;  // those whose bytes are written, by ascending offset
  std::vector<uint64_t> offsets;         // of these
  uint64_t size = 0;
};

WeightsPlan PlanWeights(const Graph& graph) {
  WeightsPlan plan;
  const std::vector<const Tensor*> tensors = TensorsInFileOrder(graph);
  plan.places.resize(tensors.size());
  absl::flat_hash_map<absl::string_view, uint64_t> offsets;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Constant& data = tensors[i]->data;
    if (!data) continue;
    const absl::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
    const auto [known, is_new] = offsets.try_emplace(bytes, AlignWeights(plan.size));
    plan.places[i] = schema::Data(known->second, data.size());
    if (!is_new) continue;
    plan.written.push_back(&data);
    plan.offsets.push_back(known->second);
    plan.size = known->second + data.size();
  }
  return plan;
}

// A bound from below for the size of the tables, whose offsets are of 32 bits.
uint64_t LeastTableBytes(const Graph& graph) {
  uint64_t bytes = 0;
  for (const Tensor& tensor : graph.tensors) {
    bytes += tensor.name.size() + (tensor.quant ? tensor.quant->scales.size() * sizeof(float) : 0);
  }
  for (const Node& node : graph.nodes) {
    bytes += node.name.size() + (node.inputs.size() + node.outputs.size()) * sizeof(TensorId);
  }
  for (const std::string& label : graph.labels) bytes += label.size();
  for (const Graph& subgraph : graph.subgraphs) bytes += LeastTableBytes(subgraph);
  return bytes;
}

absl::Status WriteTo(AtomicFile& file, const Graph& graph) {
  const WeightsPlan plan = PlanWeights(graph);
  const schema::ModelT model = TablesOfGraph(graph, plan.places, plan.size);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishSizePrefixedModelBuffer(builder, schema::Model::Pack(builder, &model));

  absl::Status status = file.Write({builder.GetBufferPointer(), builder.GetSize()});
  const uint64_t weights = AlignWeights(builder.GetSize());
  if (status.ok()) status = file.PadTo(weights);
  for (size_t i = 0; i < plan.written.size(); ++i) {
    if (status.ok()) status = file.PadTo(weights + plan.offsets[i]);
    const Constant& data = *plan.written[i];
    if (status.ok()) status = file.Write({data.data(), data.size()});
  }
  return status;
}

}  // namespace

absl::Status WriteModel(const Graph& graph, const std::string& path) {
  if (absl::Status status = ValidateGraph(graph); !status.ok()) {
    return absl::Status(
        status.code(),
        absl::StrCat(path, ": not written, because the model is not valid: ", status.message()));
  }
  constexpr uint64_t kMaxTableBytes = uint64_t{1} << 30;
  if (LeastTableBytes(graph) > kMaxTableBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": not written, because names and scales take more than ", kMaxTableBytes, " bytes"));
  }
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
  if (!file.ok()) return file.status();
  absl::Status status = WriteTo(*file, graph);
  return status.ok() ? file->Commit() : status;
}

}  // namespace octet
