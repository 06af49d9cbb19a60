#include "tools/quantize/layer_run.h"

#include <map>
#include <utility>

#include "runtime/model_internal.h"

namespace octet {

absl::StatusOr<LayerRun> LayerRun::Create(const Graph& graph, const Node& node,
                                          const ModelOptions& options) {
  Graph layer;
  std::map<TensorId, TensorId> copies;
  std::vector<TensorId> inputs;
  Node copy = node;
  for (TensorId& id : copy.inputs) {
    if (id == kNoTensor) continue;
    const auto [place, is_new] = copies.emplace(id, kNoTensor);
    if (is_new) {
      place->second = layer.AddTensor(graph.tensor(id));
      if (!graph.tensor(id).is_constant()) {
        inputs.push_back(id);
        layer.inputs.push_back(place->second);
      }
    }
    id = place->second;
  }
  for (TensorId& id : copy.outputs) id = layer.AddTensor(graph.tensor(id));
  layer.outputs = copy.outputs;
  layer.nodes.push_back(std::move(copy));
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(layer), options);
  if (!model.ok()) return model.status();
  return LayerRun(*std::move(model), std::move(inputs));
}

absl::Status LayerRun::Resize(const std::vector<Shape>& shapes) {
  if (session_ != nullptr && shapes == shapes_) return absl::OkStatus();
  if (session_ == nullptr) {
    absl::StatusOr<std::unique_ptr<Session>> session = model_->NewSession(shapes);
    if (!session.ok()) return session.status();
    session_ = *std::move(session);
  } else if (absl::Status status = session_->Resize(shapes); !status.ok()) {
    return status;
  }
  shapes_ = shapes;
  return absl::OkStatus();
}

}  // namespace octet
