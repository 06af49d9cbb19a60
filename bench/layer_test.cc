#include "bench/layer.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace octet {
namespace bench {
namespace {

std::string Write(const std::string& name, const std::string& text) {
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(ReadShapes, ReadsBothKindsOfLayers) {
  const auto shapes = ReadShapes(
      Write("shapes",
            "# comment\n\nconv a 3 224 220 32 5 2 1 2 1 relu plain\nmatmul b 7 1280 1000\n"
            "conv c 8 4 4 8 3 1 1 1 8 linear residual\n"));
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  ASSERT_EQ(shapes->size(), 3u);
  const LayerShape& a = (*shapes)[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.height, 224);
  EXPECT_EQ(a.width, 220);
  EXPECT_EQ(a.pad_end, 2);
  EXPECT_TRUE(a.relu);
  EXPECT_FALSE(a.residual);
  EXPECT_TRUE((*shapes)[1].is_matmul);
  EXPECT_EQ((*shapes)[1].channels, 1280);
  EXPECT_TRUE((*shapes)[2].residual);
}

TEST(ReadShapes, NamesTheLineThatIsWrong) {
  for (const char* line : {"conv a 3 224", "pool a 3 4 5", "conv a 3 9 9 8 3 1 1 1 1 gelu plain",
                           "conv a 3 9 9 8 3 1 1 1 1 relu both", "matmul a 3 x 5"}) {
    const auto shapes = ReadShapes(Write("wrong", std::string("# first\n") + line + "\n"));
    EXPECT_EQ(shapes.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(std::string(shapes.status().message()).find("wrong:2: "), std::string::npos) << line;
  }
  EXPECT_EQ(ReadShapes("no/such/file").status().code(), absl::StatusCode::kNotFound);
}

// Millions of multiply-adds, as published for these networks.
TEST(ReadShapes, NetworksHaveTheirKnownSize) {
  const auto millions = [](const std::string& name) {
    const auto shapes = ReadShapes("bench/shapes/" + name + ".txt");
    EXPECT_TRUE(shapes.ok()) << shapes.status();
    double products = 0;
    for (const LayerShape& s : *shapes) products += static_cast<double>(ProductsOf(s));
    return static_cast<int64_t>(products / 1e6);
  };
  EXPECT_EQ(millions("efficientnet_lite0"), 385);
  EXPECT_EQ(millions("resnet50"), 4089);
  EXPECT_EQ(millions("squeezenet"), 349);
}

// The layer compares what a kernel wrote with the reference.
TEST(Layer, ChecksTheOutputAgainstTheReference) {
  LayerShape shape;
  shape.channels = 8, shape.height = shape.width = 5, shape.outputs = 12, shape.kernel = 3;
  constexpr DataType kU8 = DataType::kU8, kS16 = DataType::kS16, kF32 = DataType::kF32;
  for (const LayerTypes& types :
       {LayerTypes{kU8, kU8}, LayerTypes{kF32, kF32}, LayerTypes{kS16, kS16}, LayerTypes{kS16, kU8},
        LayerTypes{kU8, kS16}}) {
    for (bool residual : {false, true}) {
      shape.residual = residual;
      Layer layer(shape, types);
      EXPECT_FALSE(layer.CheckOutput().ok()) << "nothing ran yet";
      const auto pool = ThreadPool::Create(1);
      const auto packed = NewPackedWeights();
      auto kernel =
          KernelsFor(layer.type()).back().prepare(layer.Context({}, pool.get(), packed.get()));
      ASSERT_TRUE(kernel.ok()) << kernel.status();
      layer.Run(**kernel, pool.get());
      EXPECT_TRUE(layer.CheckOutput().ok()) << types.name() << layer.CheckOutput();
    }
  }
}

}  // namespace
}  // namespace bench
}  // namespace octet
