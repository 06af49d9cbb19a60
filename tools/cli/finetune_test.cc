// Runs `octet finetune` itself, as its users do.

#include <gmock/gmock.h>
#include <png.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
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

class FinetuneTest : public ::testing::Test {
 protected:
  FinetuneTest() : folder_(testing::MakeFolder("finetune")) {
    EXPECT_TRUE(WriteModel(testing::SmallFloatNetwork(1), Path("small.octet")).ok());
    const std::vector<float> values = testing::SmallNetworkInput(12, 1);
    EXPECT_TRUE(WriteArrays(Path("in.npz"),
                            {{"x", ArrayOf<float>(DataType::kF32, {12, 3, 17, 19}, values)}})
                    .ok());
  }

  // Runs `octet` in the test's folder; its exit code.
  int Octet(const std::string& arguments) {
    char* program = realpath("tools/octet", nullptr);
    EXPECT_NE(program, nullptr) << "tools/octet is missing";
    const std::string command =
        absl::StrCat("cd ", folder_, " && ", program, " ", arguments, " >out.txt 2>err.txt");
    free(program);
    const int status = system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status)) << arguments;
    out_ = ReadText("out.txt");
    err_ = ReadText("err.txt");
    return WEXITSTATUS(status);
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  bool Exists(const std::string& name) const { return std::ifstream(Path(name)).good(); }
  std::string ReadText(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  const std::string folder_;
  std::string out_, err_;
};

TEST_F(FinetuneTest, TrainsNarrowWeightsAndSaysHowGoodTheyAre) {
  ASSERT_EQ(Octet("finetune small.octet --data in.npz -o q.octet --bits 3 --epochs 6 --batch 4 "
                  "--weights per-tensor --lr 0.003 --json"),
            0)
      << err_;
  const json result = json::parse(out_);
  EXPECT_EQ(result["output"], "q.octet");
  EXPECT_EQ(result["epochs"], 6);
  EXPECT_EQ(result["history"].size(), 7u);
  EXPECT_GT(result["after"]["sqnr_db"], result["before"]["sqnr_db"].get<double>() + 1);
  EXPECT_THAT(err_, HasSubstr("epoch 6  loss "));
  // What it says is what others measure of the file.
  ASSERT_EQ(Octet("eval q.octet --data in.npz --reference small.octet --json"), 0) << err_;
  EXPECT_EQ(json::parse(out_)["sqnr_db"], result["after"]["sqnr_db"]);
  ASSERT_EQ(Octet("inspect q.octet --json"), 0);
  EXPECT_THAT(out_, HasSubstr("\"s8\""));
}

TEST_F(FinetuneTest, GoesOnWithAnIntegerModelAndFromACheckpoint) {
  ASSERT_EQ(Octet("quantize small.octet --data in.npz -o a.octet --method static"), 0) << err_;
  ASSERT_EQ(Octet("finetune a.octet --reference small.octet --data in.npz -o b.octet --epochs 2 "
                  "--checkpoint state.npz --ranges moving-average"),
            0)
      << err_;
  EXPECT_THAT(out_, HasSubstr("wrote b.octet"));
  EXPECT_TRUE(Exists("state.npz"));
  ASSERT_EQ(Octet("finetune a.octet --reference small.octet --data in.npz -o c.octet --epochs 3 "
                  "--checkpoint state.npz --ranges moving-average --resume --json"),
            0)
      << err_;
  const json result = json::parse(out_);
  EXPECT_EQ(result["epochs"], 3);
  ASSERT_EQ(result["history"].size(), 1u);
  EXPECT_EQ(result["history"][0]["epoch"], 3);
  // Without a reference, the real numbers behind the integers are the teacher.
  ASSERT_EQ(Octet("finetune a.octet --data in.npz -o d.octet --epochs 1"), 0) << err_;
}

TEST_F(FinetuneTest, BeginsWithWhatRefinementReaches) {
  const auto before = [&](const std::string& flags) {
    EXPECT_EQ(Octet("finetune small.octet --data in.npz -o r.octet --epochs 0 --json "
                    "--weights per-tensor " +
                    flags),
              0)
        << err_;
    return json::parse(out_)["before"]["sqnr_db"].get<double>();
  };
  const double plain = before("");
  for (const std::string methods : {"rounding", "equalize,rounding,bias"}) {
    const double refined = before("--refine " + methods);
    EXPECT_GT(refined, plain + 1) << methods;
    // What octet quantize makes by the same means, beside the same float model.
    ASSERT_EQ(Octet("quantize small.octet --data in.npz -o a.octet --method static "
                    "--weights per-tensor --refine " +
                    methods),
              0)
        << err_;
    ASSERT_EQ(Octet("finetune a.octet --reference small.octet --data in.npz -o b.octet --epochs 0 "
                    "--json"),
              0)
        << err_;
    EXPECT_NEAR(json::parse(out_)["before"]["sqnr_db"].get<double>(), refined, 0.5) << methods;
  }
}

TEST_F(FinetuneTest, HintsChangeWhatIsLearned) {
  for (const std::string weight : {"0", "1"}) {
    ASSERT_EQ(Octet("finetune small.octet --data in.npz -o h" + weight +
                    ".octet --bits 4 --epochs 2 --hints " + weight),
              0)
        << err_;
  }
  EXPECT_NE(ReadText("h0.octet"), ReadText("h1.octet"));
}

// Dense convolutions, which have a kernel for every precision, with a few large weights, so that
// one scale for all of them serves badly.
Graph DenseNetwork() {
  std::mt19937 random(3);
  Graph g;
  const auto tensor = [&](const std::string& name, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = std::move(shape);
    return g.AddTensor(std::move(t));
  };
  const auto constant = [&](const std::string& name, Shape shape, float size) {
    const TensorId id = tensor(name, std::move(shape));
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(NumElements(g.tensor(id).shape)));
    for (float& v : values) v = size * std::pow(normal(random), 3.0f);
    g.tensor(id).data = Constant::Of<float>(values);
    return id;
  };
  g.inputs = {tensor("x", {-1, 3, 17, 19})};
  TensorId x = g.inputs[0];
  for (int i = 0, channels = 3; i < 7; ++i, channels = 16) {
    const std::string name = absl::StrCat("conv", i);
    schema::ConvOptionsT options;
    options.strides = options.dilations = {1, 1};
    options.pads_begin = options.pads_end = {1, 1};
    options.activation_min = 0;
    const float size = std::sqrt(0.014f / static_cast<float>(channels));
    const TensorId w = constant(name + ".w", {16, channels, 3, 3}, size);
    const TensorId b = constant(name + ".b", {16}, 0.025f);
    const TensorId y = tensor(name, {-1, 16, 17, 19});
    g.AddNode(name, std::move(options), {x, w, b}, {y});
    x = y;
  }
  g.outputs = {x};
  return g;
}

TEST_F(FinetuneTest, MeetsABudgetThatQuantizingAloneMisses) {
  ASSERT_TRUE(WriteModel(DenseNetwork(), Path("dense.octet")).ok());
  // So that no operator is left in float instead.
  testing::WriteText(Path("int8.txt"), "type Conv: int8\n");
  const std::string quantize =
      "quantize dense.octet --data in.npz -o q.octet --weights per-tensor --activations s8 "
      "--scheme symmetric --overrides int8.txt --resume s.search --min-sqnr ";
  const std::string finetune = " --finetune --epochs 100";
  EXPECT_EQ(Octet(absl::StrCat(quantize, 150, finetune, " --json")), 1);
  EXPECT_THAT(err_, HasSubstr("more data or --epochs may help"));
  double alone = 0, trained = 0;
  const json road = json::parse(out_);
  for (const json& step : road["steps"]) {
    if (step["name"] == "float") continue;
    const bool is_trained = step["name"].get<std::string>().find("trained") == 0;
    (is_trained ? trained : alone) =
        std::max(is_trained ? trained : alone, step["sqnr_db"].get<double>());
  }
  ASSERT_GT(trained, alone + 0.05);
  const double budget = (alone + trained) / 2;

  EXPECT_EQ(Octet(absl::StrCat(quantize, budget)), 1);
  EXPECT_THAT(err_, HasSubstr("--finetune, training with quantization in mind, is the next step"));
  EXPECT_FALSE(Exists("q.octet"));
  ASSERT_EQ(Octet(absl::StrCat(quantize, budget, finetune, " --report r.html")), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("* trained, "));
  EXPECT_THAT(out_, HasSubstr("resumed: "));
  EXPECT_THAT(ReadText("r.html"), HasSubstr("trained, "));
  ASSERT_EQ(Octet("eval q.octet --data in.npz --reference dense.octet --json"), 0) << err_;
  EXPECT_EQ(json::parse(out_)["sqnr_db"], trained);
  ASSERT_EQ(Octet("inspect q.octet --json"), 0);
  EXPECT_THAT(out_, HasSubstr("--finetune"));
  EXPECT_THAT(out_, HasSubstr("--epochs 100"));
}

TEST_F(FinetuneTest, FollowsAMethodThatIsAskedFor) {
  const std::string quantize =
      "quantize small.octet --data in.npz -o q.octet --method static --finetune --epochs 3 ";
  ASSERT_EQ(Octet(quantize + "--json"), 0) << err_;
  const json training = json::parse(out_)["training"];
  EXPECT_EQ(training["epochs"], 3);
  EXPECT_GE(training["after"]["sqnr_db"], training["before"]["sqnr_db"]);
  EXPECT_THAT(err_, HasSubstr("epoch 3  loss "));
  ASSERT_EQ(Octet("eval q.octet --data in.npz --reference small.octet --json"), 0) << err_;
  EXPECT_EQ(json::parse(out_)["sqnr_db"], training["after"]["sqnr_db"]);
  ASSERT_EQ(Octet(quantize + "--refine all --weights per-tensor"), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("trained, the best of 3 epochs was "));
  EXPECT_EQ(Octet("quantize small.octet --data in.npz -o q.octet --method dynamic --finetune"), 2);
  EXPECT_EQ(Octet("quantize small.octet --data in.npz -o q.octet --epochs 3"), 2);
  EXPECT_THAT(err_, HasSubstr("--epochs goes with --finetune"));
}

TEST_F(FinetuneTest, LearnsClassesFromPictures) {
  Graph graph = testing::SmallFloatNetwork(2);
  graph.tensor(graph.inputs[0]).shape = {1, 3, 17, 19};
  graph.preprocessing = std::make_unique<schema::PreprocessingT>();
  graph.preprocessing->mean = {128, 128, 128};
  graph.preprocessing->std = {64, 64, 64};
  ASSERT_TRUE(WriteModel(graph, Path("pictures.octet")).ok());
  ASSERT_EQ(system(absl::StrCat("mkdir ", Path("data")).c_str()), 0);
  std::string labels = "file,class\n";
  for (int i = 0; i < 9; ++i) {
    Image image{19, 17, std::vector<uint8_t>(19 * 17 * 3, 40)};
    for (size_t p = static_cast<size_t>(i % 3); p < image.rgb.size(); p += 3) image.rgb[p] = 220;
    const std::string name = absl::StrCat("p", i, ".png");
    ASSERT_TRUE(
        WriteFile(Path("data/" + name), testing::EncodePng(image, PNG_COLOR_TYPE_RGB)).ok());
    absl::StrAppend(&labels, name, ",", i % 3, "\n");
  }
  testing::WriteText(Path("data/labels.csv"), labels);
  ASSERT_EQ(Octet("finetune pictures.octet --data data -o q.octet --loss classes --epochs 30 "
                  "--batch 3 --lr 0.02 --patience 30 --json"),
            0)
      << err_;
  EXPECT_EQ(json::parse(out_)["after"]["top1"], 1.0);

  testing::WriteText(Path("data/text.png"), "this is not a picture");
  EXPECT_EQ(Octet("finetune pictures.octet --data data -o r.octet --epochs 1"), 3);
  EXPECT_THAT(err_, HasSubstr("--skip-unreadable"));
  EXPECT_FALSE(Exists("r.octet"));
  ASSERT_EQ(Octet("finetune pictures.octet --data data -o r.octet --epochs 1 --skip-unreadable"), 0)
      << err_;
  EXPECT_THAT(out_, HasSubstr("skipped: "));
}

TEST_F(FinetuneTest, WrongUseEndsWith2) {
  for (const char* arguments :
       {"finetune small.octet -o q.octet", "finetune small.octet --data in.npz",
        "finetune --data in.npz -o q.octet",
        "finetune small.octet --data in.npz -o q.octet --bits 9",
        "finetune small.octet --data in.npz -o q.octet --loss guess",
        "finetune small.octet --data in.npz -o q.octet --refine magic",
        "finetune small.octet --data in.npz -o q.octet --refine rounding --bits 4",
        "finetune small.octet --data in.npz -o q.octet --resume"}) {
    EXPECT_EQ(Octet(arguments), 2) << arguments;
    EXPECT_THAT(err_, HasSubstr("--help'")) << arguments;
  }
  ASSERT_EQ(Octet("finetune --help"), 0);
  EXPECT_THAT(out_, HasSubstr("example: octet finetune"));
}

TEST_F(FinetuneTest, BadFilesEndWith3) {
  testing::WriteText(Path("text.octet"), "this is not a model at all");
  for (const auto& [arguments, words] :
       {std::pair("text.octet --data in.npz -o q.octet", "text.octet"),
        std::pair("small.octet --data nowhere -o q.octet", "nowhere"),
        std::pair("small.octet --data in.npz -o no/such/folder/q.octet", "no/such/folder"),
        std::pair("small.octet --data in.npz -o q.octet --checkpoint text.octet --resume",
                  "text.octet")}) {
    EXPECT_EQ(Octet(absl::StrCat("finetune ", arguments)), 3) << arguments << "\n" << err_;
    EXPECT_THAT(err_, HasSubstr(words)) << arguments;
  }
  EXPECT_FALSE(Exists("q.octet"));
}

}  // namespace
}  // namespace octet
