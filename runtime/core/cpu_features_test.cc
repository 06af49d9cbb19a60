#include "runtime/core/cpu_features.h"

#include "gtest/gtest.h"

namespace octet {
namespace {

TEST(CpuFeatures, NoCapGivesTheHost) {
  for (const char* name : {"", "default", "DEFAULT", "avx512_core_amx"}) {
    const auto capped = CpuFeatures::Capped(name);
    ASSERT_TRUE(capped.ok()) << capped.status();
    EXPECT_EQ(capped->isa(), CpuFeatures::Host().isa());
  }
}

TEST(CpuFeatures, CapRemovesWhatLiesAbove) {
  const auto avx2 = CpuFeatures::Capped("AVX2");
  ASSERT_TRUE(avx2.ok());
  EXPECT_EQ(avx2->avx2, CpuFeatures::Host().avx2);
  EXPECT_FALSE(avx2->avx512 || avx2->avx_vnni || avx2->vnni());
  EXPECT_EQ(avx2->isa(), CpuFeatures::Host().avx2 ? "avx2" : "sse41");

  const auto none = CpuFeatures::Capped("sse41");
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->avx2);
  EXPECT_EQ(none->isa(), "sse41");

  const auto avx512 = CpuFeatures::Capped("avx512_core");
  ASSERT_TRUE(avx512.ok());
  EXPECT_EQ(avx512->avx512, CpuFeatures::Host().avx512);
  EXPECT_FALSE(avx512->vnni());

  const auto vnni = CpuFeatures::Capped("avx512_core_vnni");
  ASSERT_TRUE(vnni.ok());
  EXPECT_EQ(vnni->avx512_vnni, CpuFeatures::Host().avx512_vnni);
  EXPECT_FALSE(vnni->avx512_bf16 || vnni->avx512_fp16 || vnni->amx_int8);
}

TEST(CpuFeatures, CapNeverAddsAnything) {
  const CpuFeatures host = CpuFeatures::Host();
  for (const char* name : {"avx2_vnni", "avx512_core_bf16", "avx512_core_fp16"}) {
    const auto capped = CpuFeatures::Capped(name);
    ASSERT_TRUE(capped.ok());
    EXPECT_LE(capped->avx_vnni, host.avx_vnni);
    EXPECT_LE(capped->avx512_vnni, host.avx512_vnni);
    EXPECT_LE(capped->avx512_fp16, host.avx512_fp16);
  }
}

TEST(CpuFeatures, SetsAreNested) {
  const CpuFeatures host = CpuFeatures::Host();
  EXPECT_LE(host.avx512_vnni, host.avx512);
  EXPECT_LE(host.avx512, host.avx2);
  EXPECT_LE(host.avx_vnni, host.avx2);
  EXPECT_LE(host.amx_int8, host.avx512);
}

TEST(CpuFeatures, NamesTheHighestCompleteSet) {
  CpuFeatures f;
  f.avx2 = f.avx512 = f.avx512_vnni = f.avx512_bf16 = true;
  EXPECT_EQ(f.isa(), "avx512_core_bf16");
  f.avx512_vnni = false;
  EXPECT_EQ(f.isa(), "avx512_core");
  f.avx512 = false;
  f.avx_vnni = true;
  EXPECT_EQ(f.isa(), "avx2_vnni");
}

TEST(CpuFeatures, UnknownNamesAreRefusedWithTheKnownOnes) {
  const auto capped = CpuFeatures::Capped("avx3");
  EXPECT_EQ(capped.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(capped.status().message().find("'avx3'"), absl::string_view::npos);
  EXPECT_NE(capped.status().message().find("avx2_vnni, avx512_core,"), absl::string_view::npos);
}

}  // namespace
}  // namespace octet
