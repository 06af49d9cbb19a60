#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/finetune_report.h"
#include "tools/cli/picture_flags.h"
#include "tools/cli/quantize_data.h"
#include "tools/cli/training.h"
#include "tools/cli/write_model.h"
#include "tools/data/cached_samples.h"
#include "tools/data/file.h"
#include "tools/data/readable.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/refine.h"
#include "tools/train/finetune.h"
#include "tools/train/real_graph.h"

namespace octet::cli {
namespace {

// Of decoded samples that models are judged on.
constexpr int64_t kCacheBytes = int64_t{512} << 20;

struct Request {
  CommonFlags common;
  PictureFlags pictures;
  std::string input, output, data, evaluation, reference;
  std::string weights = "per-channel", activations = "u8", loss = "distill";
  std::string calibrator = "minmax", ranges = "learned", optimizer = "adam";
  RefineOptions refine;
  bool no_augment = false, skip_unreadable = false;
  int64_t bits = 0, epochs = 0, batch = 0, patience = 0, seed = 0;
  double rate = 0, hints = kDefaultHints, mixed = DefaultAugment().mixed;
  FinetuneOptions options;
};

// Pictures that cannot be read are told of before training begins.
absl::StatusOr<std::unique_ptr<SampleSource>> OpenChecked(const Request& request,
                                                          const std::string& path,
                                                          const Graph& graph,
                                                          std::vector<UnreadableSample>& skipped) {
  absl::StatusOr<std::unique_ptr<SampleSource>> samples =
      OpenData(path, graph, request.skip_unreadable, skipped);
  if (!samples.ok() || request.skip_unreadable || !IsFolder(path)) return samples;
  absl::Status status = UnreadableError(**samples);
  if (!status.ok()) return status;
  return samples;
}

// The two models that training is between.
struct Models {
  Graph integer;
  Graph real;
};

// An integer model goes on from its own scales; a float one is quantized first.
absl::StatusOr<Models> PrepareModels(const Request& request, Graph graph,
                                     const SampleSource& samples) {
  if (IsQuantized(graph)) {
    Models models{std::move(graph), {}};
    if (request.reference.empty()) {
      models.real = RealGraph(models.integer);
      return models;
    }
    absl::StatusOr<Graph> reference = LoadGraph(request.reference, request.common);
    if (!reference.ok()) return reference.status();
    models.real = *std::move(reference);
    return models;
  }
  QuantizerOptions options;
  options.weights = request.weights == "per-tensor" ? WeightGranularity::kPerTensor
                                                    : WeightGranularity::kPerChannel;
  options.activations = request.activations == "s8" ? DataType::kS8 : DataType::kU8;
  options.calibrator.kind = CalibratorNamed(request.calibrator).value();
  options.refine = request.refine;
  options.run = request.common.model_options();
  ProgressLine progress("calibrating");
  options.progress = [&](int64_t done, int64_t total) { progress.Show(done, total); };
  absl::StatusOr<Graph> prepared = PrepareGraph(graph, samples, options);
  if (!prepared.ok()) return prepared.status();
  // What changes the float network has done so.
  options.refine.equalize = options.refine.smooth = false;
  absl::StatusOr<Graph> integer = QuantizeGraph(*prepared, samples, options, nullptr);
  if (!integer.ok()) return integer.status();
  return Models{*std::move(integer), *std::move(prepared)};
}

absl::Status Finetune(Request& request) {
  absl::Status status = CheckCanCreate(request.output);
  if (status.ok() && !request.options.train.checkpoint.empty()) {
    status = CheckCanCreate(request.options.train.checkpoint);
  }
  if (!status.ok()) return status;
  absl::StatusOr<Graph> graph = LoadGraph(request.input, request.common);
  if (!graph.ok()) return graph.status();
  status = request.pictures.ApplyTo(*graph);
  if (!status.ok()) return status;

  std::vector<UnreadableSample> skipped;
  absl::StatusOr<std::unique_ptr<SampleSource>> opened =
      OpenChecked(request, request.data, *graph, skipped);
  if (!opened.ok()) return opened.status();
  const CachedSamples samples(**opened, kCacheBytes);
  std::unique_ptr<SampleSource> evaluation;
  if (!request.evaluation.empty()) {
    absl::StatusOr<std::unique_ptr<SampleSource>> judged =
        OpenChecked(request, request.evaluation, *graph, skipped);
    if (!judged.ok()) return judged.status();
    evaluation = *std::move(judged);
  }
  const CachedSamples judged(evaluation == nullptr ? **opened : *evaluation, kCacheBytes);
  absl::optional<AugmentOptions> augment;
  if (!request.no_augment) augment.emplace();
  // Blended pictures have no class.
  if (augment && request.loss == "distill") augment->mixed = request.mixed;
  const absl::StatusOr<std::unique_ptr<TrainingData>> data =
      OpenTrainingData(request.data, *graph, **opened, samples, augment);
  if (!data.ok()) return data.status();
  absl::StatusOr<Models> models = PrepareModels(request, *std::move(graph), samples);
  if (!models.ok()) return models.status();

  FinetuneSummary summary;
  std::unique_ptr<ProgressLine> line;
  TrainOptions& train = request.options.train;
  train.progress = [&](int epoch, int64_t done, int64_t total) {
    if (line == nullptr) line = std::make_unique<ProgressLine>(absl::StrCat("epoch ", epoch));
    line->Show(done, total);
  };
  train.on_epoch = [&](const EpochReport& report) {
    line.reset();
    summary.epochs.push_back(report);
    absl::FPrintF(stderr, "%s\n", EpochText(report));
  };
  const double classes = request.loss == "classes" ? 1 : request.loss == "both" ? 0.5 : 0;
  train.loss = ImitationOf(models->integer, 1 - classes);
  train.loss.labels = classes;
  train.loss.hints = request.hints * (1 - classes);
  request.options.run = request.common.model_options();
  train.pool = request.options.run.pool;
  absl::StatusOr<TrainResult> result =
      octet::Finetune(models->integer, &models->real, **data, judged, request.options);
  line.reset();
  if (!result.ok()) return result.status();
  status = WriteTried(request.output, result->graph, &samples, request.options.run);
  if (!status.ok()) return status;
  summary.output = request.output;
  summary.result = *std::move(result);
  summary.judged_on_training_data = evaluation == nullptr;
  for (const UnreadableSample& sample : skipped) summary.skipped.push_back(sample.message);
  Print(request.common.json ? FinetuneJson(summary).dump(2) + "\n" : FinetuneText(summary));
  return absl::OkStatus();
}

void SetOptions(Request& request) {
  NetworkOptions& network = request.options.network;
  network.weight_bits = static_cast<int>(request.bits);
  network.ranges = request.ranges == "fixed"            ? RangeMode::kFixed
                   : request.ranges == "moving-average" ? RangeMode::kMovingAverage
                                                        : RangeMode::kLearned;
  TrainOptions& train = request.options.train;
  train.epochs = static_cast<int>(request.epochs);
  train.batch = request.batch;
  train.patience = static_cast<int>(request.patience);
  train.seed = static_cast<uint64_t>(request.seed);
  const bool adam = request.optimizer == "adam";
  train.optimizer.kind = adam ? OptimizerKind::kAdam : OptimizerKind::kSgd;
  train.rate = request.rate > 0 || adam ? request.rate : 1e-2;
  if (!adam) train.clip_norm = 1;
}

}  // namespace

absl::Status FinetuneCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("finetune MODEL.octet|MODEL.onnx --data DIR|FILE.npz -o MODEL.octet [flags]",
                "Trains an int8 model to compute what the float model computes.",
                "octet finetune net.octet --data pictures/ -o net.qat.octet --epochs 20");
  Request request;
  std::string refine = "none";
  request.epochs = kDefaultEpochs;
  request.batch = kDefaultBatch;
  request.seed = kDefaultSeed;
  flags.Text("data", "DIR|FILE", "pictures or arrays to train with; they need no classes",
             &request.data);
  flags.Text("o", "FILE", "the model file to write", &request.output);
  flags.Text("evaluation", "DIR|FILE",
             "data that epochs are judged on, and the best one is chosen by; default: those of "
             "--data",
             &request.evaluation);
  flags.Text("reference", "FILE",
             "the float model to compare with, where MODEL is an int8 one; default: the real "
             "numbers that its integers stand for",
             &request.reference);
  flags.Choice("loss", {"distill", "classes", "both"},
               "what to learn: the float model's outputs, the samples' classes, or half of each; "
               "default distill",
               &request.loss);
  flags.Real("hints", "W",
             "weight in the loss of tensors within the network, which are to be those of the float "
             "model; 0: only outputs count; default 5",
             0, 1000, &request.hints);
  flags.Integer("epochs", "N", "times that all samples are seen; default 20", 0, 100000,
                &request.epochs);
  flags.Integer("batch", "N", "samples per step; default 4", 1, 65536, &request.batch);
  flags.Real(
      "lr", "R",
      "rate at the start, which falls along a cosine; default with adam, whose steps are "
      "relative to the size of a tensor's values: 0.00003 to 0.001, the more the further the "
      "int8 model is from the float one; 0.01 with sgd",
      1e-9, 10, &request.rate);
  flags.Choice("optimizer", {"adam", "sgd"}, "default adam", &request.optimizer);
  flags.Integer("patience", "N", "epochs without a better result that end training; default: none",
                0, 100000, &request.patience);
  flags.Integer("seed", "N", "of the order and the crops; default 1", 0, INT64_MAX, &request.seed);
  flags.Choice("weights", {"per-channel", "per-tensor"}, "scales of weights; default per-channel",
               &request.weights);
  flags.Integer("bits", "N", "width of weights, which are stored as s8 all the same; default 8", 2,
                8, &request.bits);
  flags.Choice("activations", {"u8", "s8"}, "type of activations; default u8",
               &request.activations);
  flags.Choice("calibrator", CalibratorNames(), "ranges to begin with; default minmax",
               &request.calibrator);
  flags.Choice("ranges", {"learned", "moving-average", "fixed"},
               "how ranges of activations change: by gradient, with what batches show during the "
               "first half, or not at all; default learned",
               &request.ranges);
  flags.Text("refine", "all|none|LIST",
             absl::StrCat("what to do to the int8 model before it is trained: a list of ",
                          RefineMethodNames(), ", as octet quantize does; default none"),
             &refine);
  flags.Switch("no-augment", "show pictures as they are, neither cropped nor mirrored",
               &request.no_augment);
  flags.Real("mix", "SHARE",
             "share of the pictures that are blended with another one each, with --loss distill; "
             "default 0.5",
             0, 1, &request.mixed);
  flags.Switch("skip-unreadable", "leave out pictures that cannot be read",
               &request.skip_unreadable);
  flags.Text("checkpoint", "FILE", "keep the state in this .npz file after each epoch",
             &request.options.train.checkpoint);
  flags.Switch("resume", "go on from the checkpoint, if there is one",
               &request.options.train.resume);
  request.pictures.Register(flags);
  request.common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, request.common, arguments, 1, 1, "one model file");
  if (!operands.ok() || request.common.help) return operands.status();
  if (request.data.empty()) return UsageError("missing: --data DIR or --data FILE.npz");
  if (request.output.empty()) return UsageError("missing: -o FILE");
  if (request.options.train.resume && request.options.train.checkpoint.empty()) {
    return UsageError("--resume needs --checkpoint FILE");
  }
  const absl::StatusOr<RefineOptions> parsed = ParseRefineOptions(refine);
  if (!parsed.ok()) return UsageError(absl::StrCat("--refine: ", parsed.status().message()));
  request.refine = *parsed;
  const bool rounds = request.refine.rounding || request.refine.clipping;
  if (rounds && request.bits > 0 && request.bits < 8) {
    return UsageError(
        "--refine rounding and clipping choose weights of 8 bits, which --bits would round again");
  }
  request.input = operands->front();
  SetOptions(request);
  return Finetune(request);
}

}  // namespace octet::cli
