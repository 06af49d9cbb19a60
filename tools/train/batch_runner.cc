#include "tools/train/batch_runner.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "runtime/model_internal.h"

namespace octet {

absl::StatusOr<std::unique_ptr<BatchRunner>> BatchRunner::Create(const TrainingNetwork& network,
                                                                 const Graph* teacher,
                                                                 const TrainingData& data,
                                                                 const Loss& loss, bool observes,
                                                                 std::shared_ptr<ThreadPool> pool) {
  std::unique_ptr<BatchRunner> runner(
      new BatchRunner(network, data, loss, observes, std::move(pool)));
  if (teacher != nullptr) {
    // Threads run whole samples; within one there is nothing left to share.
    ModelOptions alone;
    alone.pool = ThreadPool::Create(1);
    absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(*teacher, alone);
    if (!model.ok()) return model.status();
    const Graph& graph = network.graph();
    if ((*model)->inputs().size() != graph.inputs.size() ||
        (*model)->outputs().size() != graph.outputs.size()) {
      return absl::InvalidArgumentError("the teacher has other inputs or outputs");
    }
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      if ((*model)->inputs()[i].type == graph.tensor(graph.inputs[i]).type) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("input '", (*model)->inputs()[i].name, "' of the teacher has another type"));
    }
    for (const TensorInfo& output : (*model)->outputs()) {
      if (output.type == DataType::kF32) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("output '", output.name, "' of the teacher is not f32"));
    }
    runner->teacher_ = *std::move(model);
  }
  runner->lanes_.resize(static_cast<size_t>(kLanes));
  return runner;
}

absl::StatusOr<std::unique_ptr<BatchRunner::Worker>> BatchRunner::TakeWorker() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Worker> worker = std::move(idle_.back());
      idle_.pop_back();
      return worker;
    }
  }
  auto worker = std::make_unique<Worker>();
  worker->tape = std::make_unique<Tape>(network_);
  if (teacher_ == nullptr) return worker;
  absl::StatusOr<std::unique_ptr<Session>> session = teacher_->NewSession(network_.input_shapes());
  if (!session.ok()) return session.status();
  worker->teacher = *std::move(session);
  return worker;
}

void BatchRunner::GiveBack(std::unique_ptr<Worker> worker) {
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(worker));
}

absl::StatusOr<double> BatchRunner::Run(absl::Span<const DrawnSample> batch) {
  pool_->ParallelFor(kLanes, [&](int64_t i) {
    const auto lane = static_cast<size_t>(i);
    lanes_[lane].status = RunLane(batch, lane);
  });
  pool_->Rest();
  double loss = 0;
  for (Lane& lane : lanes_) {
    if (!lane.status.ok()) return lane.status;
    loss += lane.loss;
  }
  const size_t used = std::min(batch.size(), lanes_.size());
  for (size_t i = 1; i < used; ++i) {
    lanes_[0].gradients.Add(lanes_[i].gradients);
    if (observes_) lanes_[0].observed.Add(lanes_[i].observed);
  }
  lanes_[0].gradients.Multiply(1.0f / static_cast<float>(batch.size()));
  return loss;
}

absl::Status BatchRunner::RunLane(absl::Span<const DrawnSample> batch, size_t index) {
  Lane& lane = lanes_[index];
  lane.loss = 0;
  if (index >= batch.size()) return absl::OkStatus();
  lane.gradients.Reset(network_.parameters());
  if (observes_) lane.observed.Reset(network_.quantizers());
  absl::StatusOr<std::unique_ptr<Worker>> worker = TakeWorker();
  if (!worker.ok()) return worker.status();
  absl::Status status;
  for (size_t i = index; i < batch.size() && status.ok(); i += lanes_.size()) {
    status = RunSample(batch[i], **worker, lane);
  }
  GiveBack(*std::move(worker));
  return status;
}

absl::Status BatchRunner::RunTeacher(const Sample& sample, Worker& worker) {
  for (size_t i = 0; i < sample.size(); ++i) {
    std::memcpy(worker.teacher->input_data(static_cast<int>(i)), sample[i].bytes.data(),
                sample[i].bytes.size());
  }
  return worker.teacher->Run();
}

absl::Status BatchRunner::RunSample(const DrawnSample& drawn, Worker& worker, Lane& lane) {
  absl::StatusOr<Sample> sample = data_.Load(drawn.index, drawn.draw);
  if (!sample.ok()) return sample.status();
  absl::Status status = worker.tape->Forward(*sample);
  if (status.ok() && teacher_ != nullptr) status = RunTeacher(*sample, worker);
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(data_.NameOf(drawn.index), ": ", status.message()));
  }
  std::vector<absl::Span<const float>> y, t;
  for (size_t o = 0; o < network_.graph().outputs.size(); ++o) {
    y.push_back(worker.tape->output(o));
    if (teacher_ == nullptr) continue;
    t.push_back(worker.teacher->output<float>(static_cast<int>(o)));
    if (t.back().size() != y.back().size()) {
      return absl::InvalidArgumentError(absl::StrCat("output ", o, " has ", y.back().size(),
                                                     " elements, the teacher's ", t.back().size()));
    }
  }
  if (observes_) worker.tape->Observe(lane.observed);
  const double loss = loss_.Of(y, t, data_.ClassOf(drawn.index), worker.output_gradients);
  if (!std::isfinite(loss)) {
    return absl::InvalidArgumentError(
        absl::StrCat(data_.NameOf(drawn.index), ": the loss is not finite; a lower rate may help"));
  }
  lane.loss += loss;
  worker.tape->Backward(worker.output_gradients, lane.gradients);
  return absl::OkStatus();
}

}  // namespace octet
