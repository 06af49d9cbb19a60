#include "kernels/kernel.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace {

TEST(StridesTest, RowMajorAndChannelsLast) {
  EXPECT_EQ(Strides({2, 3, 4, 5}, Layout::kPlain), (Shape{60, 20, 5, 1}));
  // As [2, 4, 5, 3] in memory.
  EXPECT_EQ(Strides({2, 3, 4, 5}, Layout::kChannelsLast), (Shape{60, 1, 15, 3}));
  EXPECT_EQ(Strides({2, 3, 4}, Layout::kChannelsLast), (Shape{12, 1, 3}));
}

TEST(StridesTest, BelowThreeDimensionsLayoutsAreOne) {
  EXPECT_EQ(Strides({6, 7}, Layout::kChannelsLast), (Shape{7, 1}));
  EXPECT_EQ(Strides({}, Layout::kChannelsLast), Shape());
}

TEST(KernelContextTest, InputsBeyondTheEndAreAbsent) {
  const Operand x = {DataType::kF32, {1}};
  KernelContext context;
  context.inputs = absl::MakeConstSpan(&x, 1);
  EXPECT_TRUE(context.input(0).present());
  EXPECT_FALSE(context.input(1).present());
}

TEST(PackedWeightsTest, PacksOncePerKeyIntoZeroedAlignedBytes) {
  const std::unique_ptr<PackedWeights> weights = NewPackedWeights();
  int packed = 0;
  const auto pack = [&](uint8_t* bytes) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes) % 64, 0);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(bytes[i], 0);
    bytes[3] = static_cast<uint8_t>(++packed);
  };
  const uint8_t* a = weights->GetOrPack("a", 100, pack);
  EXPECT_EQ(weights->GetOrPack("a", 100, pack), a);
  EXPECT_EQ(a[3], 1);
  EXPECT_EQ(weights->GetOrPack("b", 100, pack)[3], 2);
  EXPECT_EQ(a[3], 1);
}

TEST(PackedWeightsTest, ThreadsThatWantTheSameWaitForOne) {
  const std::unique_ptr<PackedWeights> weights = NewPackedWeights();
  std::atomic<int> packed{0}, complete{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const uint8_t* bytes = weights->GetOrPack("key", 64, [&](uint8_t* out) {
        ++packed;
        out[63] = 7;
      });
      complete += bytes[63] == 7;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(packed, 1);
  EXPECT_EQ(complete, 4);
}

}  // namespace
}  // namespace octet
