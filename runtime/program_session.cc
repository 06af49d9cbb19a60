#include "runtime/program_session.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/model.h"

namespace octet {

ProgramSession::ProgramSession(std::shared_ptr<const ModelImpl> model)
    : model_(std::move(model)), runner_(*model_->program(), &model_->pool()) {
  for (const TensorInfo& output : model_->outputs()) {
    Shape shape = output.shape;
    for (int64_t& size : shape) size = size < 0 ? 0 : size;
    output_shapes_.push_back(std::move(shape));
  }
}

absl::StatusOr<std::unique_ptr<Session>> ProgramSession::Create(
    std::shared_ptr<const ModelImpl> model, absl::Span<const Shape> input_shapes) {
  std::unique_ptr<ProgramSession> session(new ProgramSession(std::move(model)));
  if (absl::Status status = session->Allocate(input_shapes); !status.ok()) return status;
  return std::unique_ptr<Session>(std::move(session));
}

absl::Status ProgramSession::Allocate(absl::Span<const Shape> input_shapes) {
  std::vector<AlignedBuffer> buffers(input_shapes.size());
  std::vector<TensorRef> refs;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const size_t bytes =
        static_cast<size_t>(NumElements(input_shapes[i])) * SizeOf(model_->inputs()[i].type);
    if (!buffers[i].TryAllocate(bytes)) {
      return absl::ResourceExhaustedError(absl::StrCat("no memory for ", bytes, " bytes of input '",
                                                       model_->inputs()[i].name, "'"));
    }
    std::memset(buffers[i].data(), 0, bytes);
    refs.push_back({input_shapes[i], buffers[i].data()});
  }
  inputs_ = std::move(buffers);
  refs_ = std::move(refs);
  steps_ = runner_.Steps();
  has_run_ = false;
  return absl::OkStatus();
}

absl::Status ProgramSession::Resize(absl::Span<const Shape> input_shapes) {
  absl::StatusOr<std::vector<Shape>> shapes = model_->CompleteShapes(input_shapes);
  if (!shapes.ok()) return shapes.status();
  bool same = true;
  for (size_t i = 0; i < shapes->size(); ++i) same = same && (*shapes)[i] == refs_[i].shape;
  return same ? absl::OkStatus() : Allocate(*shapes);
}

const void* ProgramSession::output_data(int index) const {
  return has_run_ ? runner_.output(static_cast<size_t>(index)).data : nullptr;
}

const Shape& ProgramSession::output_shape(int index) const {
  return output_shapes_[static_cast<size_t>(index)];
}

DataType ProgramSession::input_type(int index) const {
  return model_->inputs()[static_cast<size_t>(index)].type;
}

DataType ProgramSession::output_type(int index) const {
  return model_->outputs()[static_cast<size_t>(index)].type;
}

absl::Status ProgramSession::Finish(const absl::Status& status) {
  model_->pool().Rest();
  has_run_ = status.ok();
  if (!status.ok()) return status;
  for (size_t i = 0; i < output_shapes_.size(); ++i) output_shapes_[i] = runner_.output(i).shape;
  steps_ = runner_.Steps();
  return status;
}

absl::Status ProgramSession::Run() { return Finish(runner_.Run(refs_)); }

absl::Status ProgramSession::RunProfiled(absl::Span<int64_t> step_ns) {
  if (!has_run_ || step_ns.size() != steps_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("step_ns has ", step_ns.size(), " entries; ",
                     has_run_ ? absl::StrCat("the last run had ", steps_.size(), " steps")
                              : std::string("the steps are known after a first run")));
  }
  return Finish(runner_.RunProfiled(refs_, step_ns));
}

size_t ProgramSession::arena_bytes() const { return runner_.arena_bytes(); }

}  // namespace octet
