#include "kernels/onednn/isa.h"

#include "gtest/gtest.h"
#include "kernels/onednn/engine.h"

namespace octet {
namespace {

TEST(SetIsaCap, UnknownNameListsTheKnownOnes) {
  const absl::Status s = SetIsaCap("avx3");
  EXPECT_EQ(s.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(s.message().find("avx512_core_vnni"), absl::string_view::npos) << s;
}

TEST(SetIsaCap, NoCapIsAlwaysFine) {
  EXPECT_TRUE(SetIsaCap("").ok());
  EXPECT_TRUE(SetIsaCap("Default").ok());
}

TEST(SetIsaCap, HoldsOnceOneDnnHasLooked) {
  ASSERT_TRUE(SetIsaCap("AVX2").ok());
  EXPECT_EQ(dnnl::get_effective_cpu_isa(), dnnl::cpu_isa::avx2);
  EXPECT_TRUE(SetIsaCap("avx2").ok());
  const absl::Status s = SetIsaCap("avx512_core");
  EXPECT_EQ(s.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(s.message().find("avx2"), absl::string_view::npos) << s;
}

}  // namespace
}  // namespace octet
