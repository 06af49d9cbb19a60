// Runs the program itself, as its users do.

#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>
#include <png.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/format/model_file.h"
#include "runtime/testing/small_network.h"
#include "tools/data/file.h"
#include "tools/data/npy.h"
#include "tools/data/test_files.h"

namespace octet {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Result {
  int code;
  std::string out;
  std::string err;
  json parsed() const { return json::parse(out); }
};

// A network that says which of red, green and blue a picture of 8 x 8 has most of: the channels'
// means times a small matrix.
Graph ColourNetwork() {
  Graph g;
  g.name = "colours";
  g.labels = {"red", "green", "blue"};
  const auto add = [&](const std::string& name, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = std::move(shape);
    return g.AddTensor(std::move(t));
  };
  const TensorId x = add("pixels", {1, 3, 8, 8});
  const TensorId mean = add("mean", {1, 3, 1, 1});
  const TensorId flat = add("flat", {1, 3});
  const TensorId w = add("w", {3, 3});
  g.tensor(w).data = Constant::Of<float>({8, -1, -1, -1, 8, -1, -1, -1, 8});
  const TensorId y = add("scores", {1, 3});
  schema::GlobalPoolOptionsT pool;
  pool.kind = schema::PoolKind::AVERAGE;
  g.AddNode("pool", std::move(pool), {x}, {mean});
  schema::ReshapeOptionsT reshape;
  reshape.shape = {1, 3};
  g.AddNode("flatten", std::move(reshape), {mean}, {flat});
  g.AddNode("classify", schema::MatMulOptionsT(), {flat, w}, {y});
  g.inputs = {x};
  g.outputs = {y};
  g.preprocessing = std::make_unique<schema::PreprocessingT>();
  g.preprocessing->resize = 8;
  g.preprocessing->crop = 8;
  g.preprocessing->mean = {128, 128, 128};
  g.preprocessing->std = {64, 64, 64};
  return g;
}

void WriteOnnx(const std::string& path, const std::string& op) {
  onnx::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(13);
  onnx::GraphProto& g = *model.mutable_graph();
  g.set_name("tiny");
  onnx::NodeProto& node = *g.add_node();
  node.set_name("the_node");
  node.set_op_type(op);
  node.add_input("x");
  node.add_output("y");
  const auto declare = [](onnx::ValueInfoProto* info, const char* name) {
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (int size : {1, 3, 8, 8}) type->mutable_shape()->add_dim()->set_dim_value(size);
  };
  declare(g.add_input(), "x");
  declare(g.add_output(), "y");
  testing::WriteText(path, model.SerializeAsString());
}

class CliTest : public ::testing::Test {
 protected:
  CliTest() : folder_(testing::MakeFolder("cli")) {}

  // Runs `octet` with these arguments, given to a shell in the test's folder.
  Result Octet(const std::string& arguments) {
    char* program = realpath("tools/octet", nullptr);
    EXPECT_NE(program, nullptr) << "tools/octet is missing";
    const std::string command =
        absl::StrCat("cd ", folder_, " && ", program, " ", arguments, " >out.txt 2>err.txt");
    free(program);
    const int status = system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status)) << arguments;
    return {WEXITSTATUS(status), ReadText(Path("out.txt")), ReadText(Path("err.txt"))};
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  bool Exists(const std::string& name) const { return std::ifstream(Path(name)).good(); }

  void MakeColours() {
    ASSERT_TRUE(WriteModel(ColourNetwork(), Path("colours.octet")).ok());
    std::string labels = "file,class\n";
    for (int i = 0; i < 9; ++i) {
      Image image{12, 10, std::vector<uint8_t>(12 * 10 * 3, 40)};
      for (size_t p = static_cast<size_t>(i % 3); p < image.rgb.size(); p += 3) {
        image.rgb[p] = static_cast<uint8_t>(120 + 10 * i);
      }
      const std::string name = absl::StrCat("p", i, ".png");
      ASSERT_TRUE(WriteFile(Path(name), testing::EncodePng(image, PNG_COLOR_TYPE_RGB)).ok());
      absl::StrAppend(&labels, name, ",", i % 3, "\n");
    }
    testing::WriteText(Path("labels.csv"), labels);
  }

  void MakeSmall() {
    ASSERT_TRUE(WriteModel(testing::SmallFloatNetwork(1), Path("small.octet")).ok());
    const std::vector<float> values = testing::SmallNetworkInput(6, 1);
    ASSERT_TRUE(
        WriteArrays(Path("in.npz"), {{"x", ArrayOf<float>(DataType::kF32, {6, 3, 17, 19}, values)}})
            .ok());
  }

  const std::string folder_;
};

TEST_F(CliTest, HelpAndVersion) {
  EXPECT_EQ(Octet("").code, 2);
  EXPECT_THAT(Octet("--help").out, HasSubstr("usage: octet COMMAND"));
  EXPECT_THAT(Octet("--version").out, HasSubstr("octet 0."));
  for (const char* command : {"import", "quantize", "run", "eval", "compare", "bench", "inspect"}) {
    const Result result = Octet(absl::StrCat(command, " --help"));
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr(absl::StrCat("example: octet ", command)));
    EXPECT_EQ(Octet(absl::StrCat("help ", command)).out, result.out);
  }
}

TEST_F(CliTest, WrongUseEndsWith2) {
  for (const char* arguments :
       {"quantise m.octet", "run --colour", "eval", "import a.onnx", "quantize a.octet -o b.octet",
        "compare a.octet --data .", "compare a.octet b.octet", "bench a.octet b.octet",
        "run a.octet", "run a.octet p.png --input x.npz --output y.npz",
        "bench a.octet --threads 0", "bench a.octet --isa avx3", "import a.onnx -o b --mean"}) {
    const Result result = Octet(arguments);
    EXPECT_EQ(result.code, 2) << arguments;
    EXPECT_THAT(result.err, HasSubstr("--help'")) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
  }
  EXPECT_THAT(Octet("quantise").err, HasSubstr("did you mean quantize?"));
  EXPECT_THAT(Octet("bench m.octet --second 1").err, HasSubstr("did you mean --seconds?"));
}

TEST_F(CliTest, BadFilesEndWith3) {
  MakeColours();
  WriteOnnx(Path("odd.onnx"), "Frobnicate");
  testing::WriteText(Path("text.octet"), "this is not a model at all");
  testing::WriteText(Path("text.png"), "this is not a picture");
  const std::pair<const char*, const char*> cases[] = {
      {"run none.octet p0.png", "none.octet"},
      {"inspect text.octet", "text.octet"},
      {"import odd.onnx -o odd.octet", "Frobnicate"},
      {"bench odd.onnx", "octet import"},
      {"run colours.octet none.png", "none.png"},
      {"run colours.octet text.png", "text.png: is not a picture"},
      {"eval colours.octet --data nowhere", "nowhere"},
      {"quantize colours.octet --data nowhere -o q.octet", "nowhere"},
      {"quantize colours.octet --data . -o no/such/folder/q.octet", "no/such/folder"},
  };
  for (const auto& [arguments, words] : cases) {
    const Result result = Octet(arguments);
    EXPECT_EQ(result.code, 3) << arguments << "\n" << result.err;
    EXPECT_THAT(result.err, HasSubstr(words)) << arguments;
    EXPECT_THAT(result.err, Not(HasSubstr("--help"))) << arguments;
  }
  EXPECT_FALSE(Exists("odd.octet"));
  EXPECT_FALSE(Exists("q.octet"));
}

TEST_F(CliTest, ImportsWithPreprocessingAndLabels) {
  WriteOnnx(Path("tiny.onnx"), "Relu");
  testing::WriteText(Path("names.txt"), "one\ntwo\n");
  const Result result = Octet(
      "import tiny.onnx -o tiny.octet --resize 10 --crop 8 --mean 1,2,3 --std 4 --pixel-order bgr "
      "--labels names.txt --json");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.parsed()["operators"], 1);
  const json inspected = Octet("inspect tiny.octet --json").parsed();
  EXPECT_EQ(inspected["labels"], 2);
  EXPECT_EQ(inspected["preprocessing"]["mean"], (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(inspected["preprocessing"]["std"], (std::vector<float>{4, 4, 4}));
  EXPECT_EQ(inspected["preprocessing"]["pixel_order"], "bgr");
  EXPECT_EQ(inspected["inputs"][0]["shape"], (std::vector<int>{1, 3, 8, 8}));
  for (const char* wrong : {"--crop 9", "--crop 8 --resize 7", "--mean 1,2", "--std 0,1,1",
                            "--mean x", "--pixel-order gbr"}) {
    EXPECT_EQ(Octet(absl::StrCat("import tiny.onnx -o t.octet ", wrong)).code, 2) << wrong;
  }
  EXPECT_FALSE(Exists("t.octet"));
}

TEST_F(CliTest, ListsOperatorsAsThePageInDocsDoes) {
  const Result page = Octet("import --list-ops --markdown");
  ASSERT_EQ(page.code, 0) << page.err;
  EXPECT_EQ(page.out, ReadText("docs/operators.md"))
      << "write it anew: octet import --list-ops --markdown > docs/operators.md";
  const Result text = Octet("import --list-ops");
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("\nConv "));
  const json ops = Octet("import --list-ops --json").parsed()["operators"];
  EXPECT_EQ(ops.size(),
            static_cast<size_t>(std::count(text.out.begin(), text.out.end(), '\n')) - 1);
  for (const char* wrong : {"import --list-ops a.onnx", "import --markdown", "import"}) {
    EXPECT_EQ(Octet(wrong).code, 2) << wrong;
  }
}

TEST_F(CliTest, ClassifiesPictures) {
  MakeColours();
  const Result text = Octet("run colours.octet p0.png p5.png --top 1");
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("p0.png (softmax of the model's outputs)"));
  EXPECT_THAT(text.out, HasSubstr("red"));
  EXPECT_THAT(text.out, HasSubstr("blue"));
  EXPECT_THAT(text.out, Not(HasSubstr("green")));
  EXPECT_EQ(text.err, "");  // no progress line where there is no terminal

  const json result = Octet("run colours.octet p1.png --json").parsed();
  const json& picture = result["pictures"][0];
  EXPECT_EQ(picture["softmax_applied"], true);
  EXPECT_EQ(picture["classes"].size(), 3u);
  EXPECT_EQ(picture["classes"][0]["label"], "green");
  EXPECT_GT(picture["classes"][0]["probability"], 0.9);
}

TEST_F(CliTest, QuantizesAndEvaluatesPictures) {
  MakeColours();
  const Result quantized = Octet("quantize colours.octet --data . -o q.octet --json");
  ASSERT_EQ(quantized.code, 0) << quantized.err;
  EXPECT_EQ(quantized.parsed()["samples"], 9);
  const Result evaluated = Octet("eval q.octet --data . --reference colours.octet --json");
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  const json metrics = evaluated.parsed();
  EXPECT_EQ(metrics["samples"], 9);
  EXPECT_EQ(metrics["top1"], 1.0);
  EXPECT_EQ(metrics["top5"], 1.0);
  EXPECT_EQ(metrics["agreement"], 1.0);
  EXPECT_GT(metrics["sqnr_db"], 30);
  EXPECT_GT(metrics["cosine_min"], 0.99);
  EXPECT_THAT(Octet("eval q.octet --data .").out, HasSubstr("top-1"));
  EXPECT_EQ(Octet("quantize q.octet --data . -o r.octet").code, 3);
}

TEST_F(CliTest, ComparesTensorsOfTwoModels) {
  MakeSmall();
  ASSERT_EQ(Octet("quantize small.octet --data in.npz -o q.octet --method static").code, 0);
  const Result compared = Octet("compare small.octet q.octet --data in.npz --samples 4 --json");
  ASSERT_EQ(compared.code, 0) << compared.err;
  const json parsed = compared.parsed();
  EXPECT_EQ(parsed["samples"], 4);
  ASSERT_GT(parsed["tensors"].size(), 5u);
  for (const json& tensor : parsed["tensors"]) {
    EXPECT_GT(tensor["sqnr_db"], 10) << tensor;
    EXPECT_GT(tensor["cosine"], 0.9) << tensor;
  }
  EXPECT_EQ(parsed["tensors"].back()["tensor"], "y");
  const json worst = Octet("compare small.octet q.octet --data in.npz --worst 2 --json").parsed();
  ASSERT_EQ(worst["tensors"].size(), 2u);
  EXPECT_LE(worst["tensors"][0]["sqnr_db"], worst["tensors"][1]["sqnr_db"]);
  EXPECT_THAT(Octet("compare small.octet small.octet --data in.npz").out, HasSubstr("equal"));
}

TEST_F(CliTest, QuantizesWithoutData) {
  MakeSmall();
  for (const std::string method : {"dynamic", "weight-only"}) {
    const Result result = Octet("quantize small.octet -o " + method + ".octet --method " + method);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("wrote " + method + ".octet"));
    EXPECT_THAT(result.out, Not(HasSubstr("calibrated")));
    const Result evaluated =
        Octet("eval " + method + ".octet --data in.npz --reference small.octet --json");
    ASSERT_EQ(evaluated.code, 0) << evaluated.err;
    EXPECT_GT(evaluated.parsed()["sqnr_db"], 20);
  }
  const Result missing = Octet("quantize small.octet -o q.octet --method static");
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("--data"));
}

TEST_F(CliTest, WalksTheRoadWithinABudget) {
  MakeSmall();
  const Result result = Octet(
      "quantize small.octet --data in.npz -o q.octet --min-sqnr 15 --min-cosine 95% "
      "--report r.html --json");
  ASSERT_EQ(result.code, 0) << result.err;
  const json road = result.parsed();
  EXPECT_TRUE(road["met"]);
  EXPECT_EQ(road["output"], "q.octet");
  EXPECT_EQ(road["steps"][0]["name"], "float");
  EXPECT_GT(road["sensitivity"].size(), 3u);
  EXPECT_GT(road["output_bytes"], 0);
  EXPECT_TRUE(Exists("q.octet"));
  EXPECT_THAT(ReadText(Path("r.html")), HasSubstr("Error from layer to layer"));
  const json evaluated =
      Octet("eval q.octet --data in.npz --reference small.octet --json").parsed();
  EXPECT_GE(evaluated["sqnr_db"], 15);
}

TEST_F(CliTest, ABudgetThatIsMissedEndsWith1AndWritesNoModel) {
  MakeSmall();
  const Result result =
      Octet("quantize small.octet --data in.npz -o q.octet --min-sqnr 150 --report r.html");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("the budget is missed (SQNR"));
  EXPECT_THAT(result.err,
              HasSubstr("--finetune, training with quantization in mind, is the next step"));
  EXPECT_FALSE(Exists("q.octet"));
  EXPECT_THAT(ReadText(Path("r.html")), HasSubstr("The budget is missed"));
  for (const char* arguments : {"--min-agreement 120%", "--budget soon", "--min-sqnr much",
                                "--min-sqnr 5 --method static", "--calibrator mse --method auto"}) {
    const Result wrong =
        Octet(absl::StrCat("quantize small.octet --data in.npz -o q.octet ", arguments));
    EXPECT_EQ(wrong.code, 2) << arguments;
  }
}

TEST_F(CliTest, MixesWhatItIsToldTo) {
  MakeSmall();
  const std::string quantize = "quantize small.octet --data in.npz -o q.octet ";
  const Result result = Octet(quantize + "--min-sqnr 1 --sensitivity --mix int16,bf16 --json");
  ASSERT_EQ(result.code, 0) << result.err;
  const json road = result.parsed();
  std::set<std::string> precisions;
  for (const json& s : road["sensitivity"]) {
    precisions.insert(s["precision"].get<std::string>());
  }
  EXPECT_THAT(precisions, ::testing::ElementsAre("bf16", "int16", "int8"));
  for (const char* list : {"in_int16", "in_bf16", "in_f16", "int16_operators"}) {
    EXPECT_TRUE(road[list].is_array()) << list;
  }
  const Result wrong = Octet(quantize + "--mix int4");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--mix: there is no precision 'int4'"));
  EXPECT_EQ(Octet(quantize + "--method static --mix int16").code, 2);
}

TEST_F(CliTest, ASearchIsResumed) {
  MakeSmall();
  const std::string search = "quantize small.octet --data in.npz -o q.octet --resume s.search ";
  ASSERT_EQ(Octet(search + "--min-sqnr 150 --budget 0.000001s").code, 1);
  EXPECT_TRUE(Exists("s.search"));
  const Result result = Octet(search + "--min-sqnr 15 --json");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_GT(result.parsed()["resumed"], 3);
  EXPECT_THAT(Octet(search + "--min-sqnr 15").out, HasSubstr("resumed: "));
  const Result other = Octet(search + "--activations s8");
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.err, HasSubstr("s.search: belongs to a search with other options"));
  testing::WriteText(Path("s.search"), "octet-search 1 and nothing else");
  const Result damaged = Octet(search);
  EXPECT_EQ(damaged.code, 3);
  EXPECT_THAT(damaged.err, HasSubstr("s.search: is damaged"));
  EXPECT_EQ(Octet(search + "--method static").code, 2);
}

TEST_F(CliTest, TargetsTellOfLayersThatCouldSaturate) {
  MakeSmall();
  const std::string quantize =
      "quantize small.octet --data in.npz -o q.octet --method static --target ";
  const json any = Octet(quantize + "any --json").parsed();
  ASSERT_GT(any["at_risk_without_vnni"].size(), 0u);
  const std::string layer = any["at_risk_without_vnni"][0];
  const std::pair<const char*, const char*> words[] = {
      {"any", "could saturate 16-bit sums without VNNI (CPUs without VNNI compute them exactly"},
      {"vnni", "could saturate 16-bit sums without VNNI (which does not matter on the target)"},
      {"amx", "which does not matter on the target"},
      {"avx2", "layers are limited, so that 16-bit sums cannot saturate"}};
  for (const auto& [target, text] : words) {
    const Result result = Octet(quantize + target);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr(text)) << target;
    EXPECT_THAT(result.out, HasSubstr(layer)) << target;
  }
  const json limited = Octet(quantize + "avx2 --json").parsed();
  EXPECT_EQ(limited["limited_for_target"], any["at_risk_without_vnni"]);
  EXPECT_EQ(limited["at_risk_without_vnni"].size(), 0u);
  const json road =
      Octet("quantize small.octet --data in.npz -o q.octet --target avx2 --report r.html --json")
          .parsed();
  EXPECT_EQ(road["target"], "avx2");
  EXPECT_EQ(road["at_risk_without_vnni"].size(), 0u);
  EXPECT_EQ(Octet(quantize + "avx2 --activations s8").code, 2);
  EXPECT_EQ(Octet(quantize + "sse").code, 2);
}

TEST_F(CliTest, ListsOperatorsToLeaveInFloat) {
  MakeSmall();
  const std::string quantize = "quantize small.octet --data in.npz -o q.octet ";
  ASSERT_EQ(Octet(quantize + "--exclude-list sensitive.txt").code, 0);
  EXPECT_THAT(ReadText(Path("sensitive.txt")),
              ::testing::ContainsRegex("dB when it alone is int8, [0-9.]* dB as int16"));
  ASSERT_EQ(Octet(quantize + "--method static").code, 0);
  const Result compared =
      Octet("compare small.octet q.octet --data in.npz --worst 2 --exclude-list worst.txt --json");
  ASSERT_EQ(compared.code, 0) << compared.err;
  for (const char* list : {"sensitive.txt", "worst.txt"}) {
    const Result result = Octet(quantize + "--method static --json --overrides " + list);
    ASSERT_EQ(result.code, 0) << list << result.err;
    EXPECT_GT(result.parsed()["float_operators"].size(), 0u) << list;
  }
  EXPECT_THAT(Octet("inspect q.octet --json").parsed()["quantization"]["settings"],
              ::testing::Each(::testing::AnyOf(HasSubstr("operator "))));
}

TEST_F(CliTest, RescaledTensorsAreNotCompared) {
  MakeSmall();
  ASSERT_EQ(Octet("quantize small.octet --data in.npz -o q.octet --weights per-tensor "
                  "--refine equalize --method static")
                .code,
            0);
  const std::string compare = "compare small.octet q.octet --data in.npz";
  const json compared = Octet(compare + " --json").parsed();
  ASSERT_GT(compared["rescaled"].size(), 0u);
  for (const json& tensor : compared["tensors"]) {
    EXPECT_GT(tensor["sqnr_db"], 10) << tensor;
    for (const json& name : compared["rescaled"]) EXPECT_NE(tensor["tensor"], name);
  }
  EXPECT_THAT(Octet(compare).out, HasSubstr("since equalization has scaled their channels"));
}

TEST_F(CliTest, QuantizesArrays) {
  MakeSmall();
  ASSERT_EQ(Octet("quantize small.octet --data in.npz -o q.octet --weights per-tensor").code, 0);
  const Result evaluated =
      Octet("eval q.octet --data in.npz --reference small.octet --batch 4 --json");
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_GT(evaluated.parsed()["sqnr_db"], 20);
  EXPECT_FALSE(evaluated.parsed().contains("top1"));
  const Result nothing = Octet("eval q.octet --data in.npz");
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("--reference"));
  const json inspected = Octet("inspect q.octet --json").parsed();
  EXPECT_EQ(inspected["quantization"]["weights"], "per-tensor");
  EXPECT_EQ(inspected["quantization"]["samples"], 6);
}

TEST_F(CliTest, TriesAnotherCalibratorWithSavedRanges) {
  MakeSmall();
  ASSERT_EQ(Octet("quantize small.octet --data in.npz -o q.octet --save-ranges r.json").code, 0);
  // What the data hold from the second sample on is not looked at any more.
  std::vector<float> values = testing::SmallNetworkInput(6, 1);
  std::fill(values.begin() + 3 * 17 * 19, values.end(), std::numeric_limits<float>::quiet_NaN());
  ASSERT_TRUE(
      WriteArrays(Path("in.npz"), {{"x", ArrayOf<float>(DataType::kF32, {6, 3, 17, 19}, values)}})
          .ok());
  const std::string again = "quantize small.octet --data in.npz -o p.octet ";
  const Result result = Octet(again + "--ranges r.json --calibrator percentile --percentile 99");
  ASSERT_EQ(result.code, 0) << result.err;
  const json before = Octet("inspect q.octet --json").parsed()["quantization"];
  const json after = Octet("inspect p.octet --json").parsed()["quantization"];
  EXPECT_EQ(after["calibrator"], "percentile");
  EXPECT_EQ(after["method"], "static");
  EXPECT_EQ(after["settings"], (std::vector<std::string>{"--percentile 99"}));
  EXPECT_EQ(after["data_hash"], before["data_hash"]);
  EXPECT_EQ(after["samples"], 6);
  EXPECT_NE(after["ranges"], before["ranges"]);

  const Result averaged = Octet(again + "--ranges r.json --moving-average 0.5");
  EXPECT_EQ(averaged.code, 2);
  EXPECT_THAT(averaged.err, HasSubstr("gathered with --moving-average 0.01"));
  testing::WriteText(Path("bad.json"), "{\"format\": 1}");
  const Result bad = Octet(again + "--ranges bad.json");
  EXPECT_EQ(bad.code, 3);
  EXPECT_THAT(bad.err, HasSubstr("bad.json: is not a file of ranges"));
  MakeColours();
  const Result other = Octet("quantize colours.octet --data . -o p.octet --ranges r.json");
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.err, HasSubstr("r.json: belongs to another model"));
}

TEST_F(CliTest, QuantizesWithOverrides) {
  MakeColours();
  testing::WriteText(Path("o.txt"), "# exceptions\noperator classify: float\n");
  const Result result =
      Octet("quantize colours.octet --data . -o q.octet --method static --overrides o.txt --json");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.parsed()["float_operators"], ::testing::Contains("classify"));
  EXPECT_EQ(Octet("inspect q.octet --json").parsed()["quantization"]["settings"],
            (std::vector<std::string>{"operator classify: float"}));
  EXPECT_THAT(Octet("inspect q.octet").out, HasSubstr("  operator classify: float\n"));
  testing::WriteText(Path("o.txt"), "operator classify: bf16\n");
  const Result half =
      Octet("quantize colours.octet --data . -o h.octet --method static --overrides o.txt");
  ASSERT_EQ(half.code, 0) << half.err;
  EXPECT_THAT(half.out, HasSubstr("in bf16: classify"));
  testing::WriteText(Path("o.txt"), "operator clasify: float\n");
  const Result typo = Octet("quantize colours.octet --data . -o q.octet --overrides o.txt");
  EXPECT_EQ(typo.code, 3);
  EXPECT_THAT(typo.err, HasSubstr("o.txt:1: the model has no operator 'clasify'"));
  const Result symmetric = Octet("quantize colours.octet --data . -o q.octet --scheme symmetric");
  EXPECT_EQ(symmetric.code, 2);
  EXPECT_THAT(symmetric.err, HasSubstr("choose s8, or affine"));
  const Result affine =
      Octet("quantize colours.octet --data . -o q.octet --activations s16 --scheme affine");
  EXPECT_EQ(affine.code, 2);
  EXPECT_THAT(affine.err, HasSubstr("s16 are symmetric"));
  const Result weights = Octet("quantize colours.octet --data . -o q.octet --weights-type s16");
  EXPECT_EQ(weights.code, 2);
  EXPECT_THAT(weights.err, HasSubstr("needs --activations s16"));
}

TEST_F(CliTest, CountsNamesAndSkipsUnreadablePictures) {
  MakeColours();
  testing::WriteText(Path("p4a.png"), "torn");
  testing::WriteText(Path("p7a.jpg"), "");
  const Result refused = Octet("quantize colours.octet --data . -o q.octet");
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("2 of 11 samples cannot be read"));
  EXPECT_THAT(refused.err, HasSubstr("p4a.png"));
  EXPECT_THAT(refused.err, HasSubstr("p7a.jpg"));
  EXPECT_THAT(refused.err, HasSubstr("--skip-unreadable"));
  EXPECT_FALSE(Exists("q.octet"));
  const Result result =
      Octet("quantize colours.octet --data . -o q.octet --skip-unreadable --json");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.parsed()["samples"], 9);
  ASSERT_EQ(result.parsed()["skipped"].size(), 2u);
  EXPECT_THAT(std::string(result.parsed()["skipped"][0]), HasSubstr("p4a.png"));
}

TEST_F(CliTest, DataThatCannotServeAreNamed) {
  MakeColours();
  MakeSmall();
  ASSERT_EQ(system(absl::StrCat("mkdir ", Path("empty")).c_str()), 0);
  const auto x = [](const Shape& shape) { return MakeArray(DataType::kF32, shape); };
  ASSERT_TRUE(WriteArrays(Path("shape.npz"), {{"x", x({6, 3, 17})}}).ok());
  ASSERT_TRUE(
      WriteArrays(Path("name.npz"), {{"a", x({1, 3, 17, 19})}, {"b", x({1, 3, 17, 19})}}).ok());
  ASSERT_TRUE(WriteArrays(Path("none.npz"), {{"x", x({0, 3, 17, 19})}}).ok());
  const std::pair<const char*, const char*> cases[] = {
      {"colours.octet --data empty", "empty: holds no picture"},
      {"small.octet --data shape.npz",
       "shape.npz: the array for input 'x' has shape 6x3x17; expected"},
      {"small.octet --data name.npz", "no array for input 'x'; there are 'a', 'b'"},
      {"small.octet --data none.npz", "none.npz: the arrays hold no sample"},
  };
  for (const auto& [arguments, words] : cases) {
    const Result result = Octet(absl::StrCat("quantize ", arguments, " -o q.octet"));
    EXPECT_EQ(result.code, 3) << arguments;
    EXPECT_THAT(result.err, HasSubstr(words)) << arguments;
  }
}

TEST_F(CliTest, RunsArrays) {
  MakeSmall();
  const Result result = Octet("run small.octet --input in.npz --output out.npz --json");
  ASSERT_EQ(result.code, 0) << result.err;
  const NamedArrays outputs = ReadArrays(Path("out.npz")).value();
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].first, "y");
  EXPECT_EQ(outputs[0].second.shape, (Shape{6, 10}));
  ASSERT_EQ(Octet("run small.octet --input in.npz --output out.npy --threads 1").code, 0);
  EXPECT_EQ(ReadArrays(Path("out.npy"))->at(0).second.shape, (Shape{6, 10}));
  ASSERT_EQ(Octet("run small.octet --input in.npz --output parts.npz --batch 4").code, 0);
  const Array parts = ReadArrays(Path("parts.npz"))->at(0).second;
  EXPECT_EQ(parts.shape, (Shape{6, 10}));
  for (size_t i = 0; i < 60; ++i) {
    EXPECT_NEAR(parts.as<float>()[i], outputs[0].second.as<float>()[i], 1e-4);
  }
  EXPECT_EQ(Octet("run small.octet --input none.npz --output out.npz").code, 3);
}

// y = a * b + c with shapes that have nothing to do with each other.
Graph ScalarsAndVectors() {
  Graph g;
  const auto add = [&](const std::string& name, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.symbols.resize(shape.size());
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] < 0) t.symbols[d] = name + std::to_string(d);
    }
    t.shape = std::move(shape);
    return g.AddTensor(std::move(t));
  };
  const TensorId a = add("a", {}), b = add("b", {2, 1}), c = add("c", {-1});
  const TensorId product = add("product", {2, 1}), y = add("y", {2, -1});
  g.tensor(y).symbols = {"", "c0"};
  schema::BinaryOptionsT multiply, sum;
  multiply.kind = schema::BinaryKind::MUL;
  sum.kind = schema::BinaryKind::ADD;
  g.AddNode("mul", std::move(multiply), {a, b}, {product});
  g.AddNode("add", std::move(sum), {product, c}, {y});
  g.inputs = {a, b, c};
  g.outputs = {y};
  return g;
}

TEST_F(CliTest, RunsArraysOfAnyShape) {
  ASSERT_TRUE(WriteModel(ScalarsAndVectors(), Path("m.octet")).ok());
  NamedArrays arrays = {{"a", ArrayOf<double>(DataType::kF64, {}, {10.0})},
                        {"b", ArrayOf<float>(DataType::kF32, {2, 1}, {1, 2})},
                        {"c", ArrayOf<uint16_t>(DataType::kU16, {3}, {1, 2, 3})}};
  ASSERT_TRUE(WriteArrays(Path("m.npz"), arrays).ok());
  const Result result = Octet("run m.octet --input m.npz --output y.npy");
  ASSERT_EQ(result.code, 0) << result.err;
  Array y = ReadArrays(Path("y.npy"))->at(0).second;
  EXPECT_EQ(y.shape, (Shape{2, 3}));
  EXPECT_THAT(y.as<float>(), ::testing::ElementsAre(11, 12, 13, 21, 22, 23));

  arrays[2].second = MakeArray(DataType::kF32, {0});
  ASSERT_TRUE(WriteArrays(Path("m.npz"), arrays).ok());
  const Result empty = Octet("run m.octet --input m.npz --output y.npy");
  ASSERT_EQ(empty.code, 0) << empty.err;
  EXPECT_EQ(ReadArrays(Path("y.npy"))->at(0).second.shape, (Shape{2, 0}));

  arrays[1].second = MakeArray(DataType::kF32, {3, 1});
  ASSERT_TRUE(WriteArrays(Path("m.npz"), arrays).ok());
  const Result wrong = Octet("run m.octet --input m.npz --output z.npy");
  EXPECT_EQ(wrong.code, 3);
  EXPECT_THAT(wrong.err, HasSubstr("m.npz: the array for input 'b' has shape 3x1; expected 2x1"));
  EXPECT_FALSE(Exists("z.npy"));
  EXPECT_EQ(Octet("run m.octet --output z.npy").code, 2);
}

TEST_F(CliTest, RefusesDoublesThatFloatsCannotHold) {
  Graph g;
  for (const char* name : {"x", "f", "y"}) {
    Tensor t;
    t.name = name;
    t.type = *name == 'f' ? DataType::kF32 : DataType::kF64;
    t.shape = {2};
    g.AddTensor(std::move(t));
  }
  g.AddNode("narrow", schema::CastOptionsT(), {0}, {1});
  g.AddNode("widen", schema::CastOptionsT(), {1}, {2});
  g.inputs = {0};
  g.outputs = {2};
  ASSERT_TRUE(WriteModel(g, Path("d.octet")).ok());
  const auto run = [&](double value) {
    const NamedArrays arrays = {{"x", ArrayOf<double>(DataType::kF64, {2}, {value, 1})}};
    EXPECT_TRUE(WriteArrays(Path("d.npz"), arrays).ok());
    return Octet("run d.octet --input d.npz --output dy.npy");
  };
  const Result large = run(1e200);
  EXPECT_EQ(large.code, 3);
  EXPECT_THAT(large.err, HasSubstr("input 'x' holds 1e+200; f64 is computed in f32"));
  const Result infinite = run(std::numeric_limits<double>::infinity());
  EXPECT_EQ(infinite.code, 0) << infinite.err;
}

TEST_F(CliTest, RunsModelsWithoutInputs) {
  Graph g;
  Tensor t;
  t.name = "c";
  t.type = DataType::kF32;
  t.shape = {2};
  t.data = Constant::Of<float>({1, -2});
  const TensorId c = g.AddTensor(std::move(t));
  Tensor out;
  out.name = "y";
  out.type = DataType::kF32;
  out.shape = {2};
  const TensorId y = g.AddTensor(std::move(out));
  schema::UnaryOptionsT negate;
  negate.kind = schema::UnaryKind::NEG;
  g.AddNode("neg", std::move(negate), {c}, {y});
  g.outputs = {y};
  ASSERT_TRUE(WriteModel(g, Path("c.octet")).ok());
  const Result result = Octet("run c.octet --output y.npz");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(ReadArrays(Path("y.npz"))->at(0).second.as<float>(), ::testing::ElementsAre(-1, 2));
}

TEST_F(CliTest, BenchMeasuresEverything) {
  MakeSmall();
  const Result result =
      Octet("bench small.octet --seconds 0.05 --threads 1 --batch 2 --profile --json");
  ASSERT_EQ(result.code, 0) << result.err;
  const json bench = result.parsed();
  EXPECT_LE(bench["latency_ms"]["min"], bench["latency_ms"]["median"]);
  EXPECT_LE(bench["latency_ms"]["median"], bench["latency_ms"]["p90"]);
  EXPECT_LE(bench["latency_ms"]["p90"], bench["latency_ms"]["p99"]);
  for (const char* key : {"throughput_per_s", "load_ms", "first_inference_ms", "peak_rss_mib",
                          "weights_bytes", "arena_bytes"}) {
    EXPECT_GT(bench[key], 0) << key;
  }
  EXPECT_TRUE(bench["model_rss_mib"].is_number());
  EXPECT_EQ(bench["threads"], 1);
  EXPECT_NE(bench["isa"], "");
  ASSERT_FALSE(bench["operators"].empty());
  for (const char* key : {"name", "type", "dtype", "kernel", "median_us"}) {
    EXPECT_TRUE(bench["operators"][0].contains(key)) << key;
  }
  EXPECT_THAT(Octet("bench small.octet --seconds 0.05").out, HasSubstr("median"));
  EXPECT_EQ(Octet("bench small.octet --shape x=1x3x17x18").code, 2);
  EXPECT_EQ(Octet("bench small.octet --shape z=1").code, 2);
  EXPECT_EQ(Octet("bench small.octet --seconds 0.01 --shape x=3x3x17x19").code, 0);
}

TEST_F(CliTest, InspectShowsOperatorsAndTensors) {
  ASSERT_TRUE(WriteModel(testing::SmallInt8Network(1), Path("q.octet")).ok());
  const json inspected = Octet("inspect q.octet --json").parsed();
  ASSERT_FALSE(inspected["operators"].empty());
  for (const char* key : {"name", "type", "inputs", "outputs", "dtype", "computed", "accumulated",
                          "kernel", "reason"}) {
    EXPECT_TRUE(inspected["operators"][0].contains(key)) << key;
  }
  bool per_channel = false;
  for (const json& tensor : inspected["tensors"]) {
    if (!tensor.contains("scales")) continue;
    EXPECT_EQ(tensor["scales"].size(), tensor["zero_points"].size());
    per_channel |= tensor["axis"] == 0;
  }
  EXPECT_TRUE(per_channel);
  EXPECT_GT(inspected["weights_bytes"], 0);
  EXPECT_THAT(Octet("inspect q.octet").out, HasSubstr("scales along 0"));
  int64_t conversions = 0;
  for (const json& count : inspected["conversion_kinds"]) conversions += count.get<int64_t>();
  EXPECT_EQ(inspected["conversions"], conversions);
  EXPECT_EQ(inspected["conversion_kinds"]["f32 to u8"], 1);
  EXPECT_THAT(Octet("inspect q.octet").out, HasSubstr("1 f32 to u8"));
}

TEST_F(CliTest, ConvertsToSixteenBits) {
  MakeSmall();
  for (const std::string type : {"bf16", "f16"}) {
    const std::string file = type + ".octet";
    const Result converted =
        Octet(absl::StrCat("convert small.octet --to ", type, " -o ", file, " --json"));
    ASSERT_EQ(converted.code, 0) << converted.err;
    const json report = converted.parsed();
    EXPECT_EQ(report["type"], type);
    EXPECT_GT(report["constants"], 4);
    EXPECT_TRUE(report["losses"].empty());
    EXPECT_TRUE(report["native"].is_boolean());
    EXPECT_LT(report["output_bytes"], report["input_bytes"]);
    const Result evaluated =
        Octet(absl::StrCat("eval ", file, " --data in.npz --reference small.octet --json"));
    ASSERT_EQ(evaluated.code, 0) << evaluated.err;
    EXPECT_GT(evaluated.parsed()["sqnr_db"], type == "f16" ? 50 : 35);
    const json inspected = Octet(absl::StrCat("inspect ", file, " --json")).parsed();
    EXPECT_EQ(inspected["arithmetic"][type], report["native"] == true ? "native" : "f32");
    EXPECT_TRUE(inspected["conversions"].is_number());
    EXPECT_THAT(Octet(absl::StrCat("inspect ", file)).out, HasSubstr(type + " is computed"));
    EXPECT_THAT(Octet(absl::StrCat("compare small.octet ", file, " --data in.npz --json")).out,
                HasSubstr("sqnr_db"));
    // The float model that it came from is what can be quantized.
    const Result again = Octet(absl::StrCat("quantize ", file, " --data in.npz -o q.octet"));
    EXPECT_EQ(again.code, 3);
    EXPECT_THAT(again.err, HasSubstr("16 bits"));
  }
  EXPECT_THAT(Octet("convert --types").out, HasSubstr("bf16"));
  EXPECT_EQ(Octet("convert --types --json").parsed()["types"].size(), 4u);
  EXPECT_EQ(Octet("convert small.octet -o x.octet").code, 2);
  EXPECT_EQ(Octet("convert small.octet --to s16 -o x.octet").code, 2);
  EXPECT_EQ(Octet("convert missing.octet --to f16 -o x.octet").code, 3);
}

TEST_F(CliTest, RunsWithInputsAndOutputsOfSixteenBits) {
  MakeSmall();
  ASSERT_EQ(Octet("convert small.octet --to f16 --io -o f16.octet").code, 0);
  const Result ran = Octet("run f16.octet --input in.npz --output out.npz --json");
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.parsed()["arrays"][0]["type"], "f16");
  const NamedArrays outputs = ReadArrays(Path("out.npz")).value();
  EXPECT_EQ(outputs[0].second.type, DataType::kF16);
  // What it writes it reads.
  const std::vector<float> values = testing::SmallNetworkInput(1, 1);
  const Array narrow =
      ConvertArray(ArrayOf<float>(DataType::kF32, {1, 3, 17, 19}, values), DataType::kF16).value();
  ASSERT_TRUE(WriteArrays(Path("half.npy"), {{"x", narrow}}).ok());
  EXPECT_EQ(Octet("run f16.octet --input half.npy --output y.npy").code, 0);

  MakeColours();
  ASSERT_EQ(Octet("convert colours.octet --to f16 --io -o c.octet").code, 0);
  const json result = Octet("run c.octet p1.png --json").parsed();
  EXPECT_EQ(result["pictures"][0]["classes"][0]["label"], "green");
  EXPECT_EQ(Octet("eval c.octet --data . --json").parsed()["top1"], 1.0);
}

TEST_F(CliTest, NamesWhereNumbersCeaseToBeFinite) {
  MakeColours();
  Graph g = ColourNetwork();
  for (Tensor& t : g.tensors) {
    if (t.name == "w") t.data = Constant::Of<float>({9e4f, -1, -1, -1, 9e4f, -1, -1, -1, 9e4f});
  }
  ASSERT_TRUE(WriteModel(g, Path("large.octet")).ok());
  EXPECT_EQ(Octet("run large.octet p0.png --check-numerics").code, 0);
  // 90000 is beyond f16, which conversion says; the weights stay f32 and their products do not fit.
  const Result converted = Octet("convert large.octet --to f16 --io -o f16.octet");
  ASSERT_EQ(converted.code, 0) << converted.err;
  EXPECT_THAT(converted.out, HasSubstr("'w': 3 of 9 numbers are beyond f16"));
  EXPECT_THAT(converted.out, HasSubstr("the first is 'classify'"));
  const Result checked = Octet("run f16.octet p0.png p1.png --check-numerics");
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.err, HasSubstr("operator 'classify' (MatMul)"));
  EXPECT_THAT(checked.err, HasSubstr("tensor 'scores' (f16)"));
  EXPECT_THAT(checked.err, HasSubstr("p0.png"));
  EXPECT_EQ(Octet("run f16.octet p0.png").code, 0);
}

}  // namespace
}  // namespace octet
