#include "tools/quantize/trained_model.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/journal_values.h"
#include "tools/quantize/pair_sums.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TrainedModelTest : public ::testing::Test {
 protected:
  TrainedModelTest() : real_(testing::SmallFloatNetwork(1)) {
    const auto samples = testing::SmallNetworkSamples(4, 1);
    before_ = QuantizeGraph(real_, *samples, QuantizerOptions(), nullptr).value();
    after_ = before_;
    // As training does: other weights, and another scale of an activation.
    for (Tensor& t : after_.tensors) {
      if (t.is_constant() && t.type == DataType::kS8) {
        t.data = Constant::Own(std::vector<uint8_t>(t.data.size(), 100));
      }
      if (!t.is_constant() && t.quant) t.quant->scales[0] *= 1.25f;
    }
  }

  static void ExpectEqual(const Graph& a, const Graph& b) {
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (size_t i = 0; i < a.tensors.size(); ++i) {
      const Tensor &left = a.tensors[i], &right = b.tensors[i];
      EXPECT_EQ(left.type, right.type) << left.name;
      EXPECT_EQ(left.quant, right.quant) << left.name;
      EXPECT_EQ(left.data.as<uint8_t>(), right.data.as<uint8_t>()) << left.name;
    }
  }

  const Graph real_;
  Graph before_, after_;
};

TEST_F(TrainedModelTest, ChangesSurviveAJournal) {
  TrainedModel model;
  model.changes = ChangesBetween(before_, after_).value();
  model.epochs = 7;
  model.best_epoch = 5;
  model.seconds = 1.0 / 3;
  EXPECT_LT(model.changes.size(), before_.tensors.size());
  const std::vector<uint8_t> bytes = nlohmann::json::to_cbor(Encode(model));
  TrainedModel read;
  ASSERT_TRUE(Decode(nlohmann::json::from_cbor(bytes), read));
  EXPECT_EQ(read.epochs, 7);
  EXPECT_EQ(read.best_epoch, 5);
  EXPECT_EQ(read.seconds, model.seconds);
  Graph graph = before_;
  ASSERT_TRUE(MakeChanges(read.changes, graph).ok());
  ExpectEqual(graph, after_);
  EXPECT_THAT(ChangesBetween(before_, before_).value(), IsEmpty());
  TrainedModel unread;
  EXPECT_FALSE(Decode(nlohmann::json("text"), unread));
}

TEST_F(TrainedModelTest, ChangesOfAnotherNetworkAreRefused) {
  Graph other = after_;
  other.nodes[0].name = "another";
  EXPECT_EQ(ChangesBetween(before_, other).status().code(), absl::StatusCode::kInternal);
  const std::vector<TrainedModel::Change> changes = ChangesBetween(before_, after_).value();
  for (int damage = 0; damage < 4; ++damage) {
    std::vector<TrainedModel::Change> damaged = changes;
    TrainedModel::Change& change = damaged.back();
    if (damage == 0) change.tensor = before_.tensors.size();
    if (damage == 1) change.data.push_back(0);
    if (damage == 2) change.scales.push_back(1);
    if (damage == 3) change.type = DataType::kS64;
    Graph graph = before_;
    const absl::Status status = MakeChanges(damaged, graph);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << damage;
    EXPECT_THAT(std::string(status.message()), HasSubstr("another network"));
  }
}

TEST_F(TrainedModelTest, WeightsAreLimitedAgainForTheTarget) {
  Graph limited = after_;
  QuantizerReport report;
  FinishTrained(real_, Target::kAvx2, {"--finetune", "--epochs 3"}, limited, report);
  EXPECT_THAT(NamesOfLayersAtRisk(limited), IsEmpty());
  EXPECT_THAT(report.at_risk, IsEmpty());
  EXPECT_EQ(report.limited, NamesOfLayersAtRisk(after_));
  EXPECT_THAT(report.limited, Not(IsEmpty()));
  EXPECT_THAT(limited.quantization->method, EndsWith("\n--finetune\n--epochs 3"));
  Graph any = after_;
  report = QuantizerReport();
  FinishTrained(real_, Target::kAny, {}, any, report);
  ExpectEqual(any, after_);
  EXPECT_EQ(report.at_risk, NamesOfLayersAtRisk(after_));
}

}  // namespace
}  // namespace octet
