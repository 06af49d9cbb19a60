#ifndef OCTET_KERNELS_TESTING_EXPECT_ROWS_H_
#define OCTET_KERNELS_TESTING_EXPECT_ROWS_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/kernel.h"
#include "kernels/testing/kernel_test_util.h"

namespace octet::testing {

// Expects `want` as output number `index` of every row that accepts the case, and that one does.
template <typename T>
void ExpectRows(const KernelCase& c, const std::vector<T>& want, size_t index = 0) {
  int accepted = 0;
  for (const KernelEntry& row : KernelsFor(c.node.type())) {
    const absl::StatusOr<Outputs> got = RunRow(row, c);
    if (!got.ok() && absl::IsUnimplemented(got.status())) continue;
    ASSERT_TRUE(got.ok()) << row.name << ": " << got.status();
    TestTensor y;
    y.bytes = (*got)[index];
    EXPECT_EQ(y.values<T>(), want) << row.name;
    ++accepted;
  }
  EXPECT_GT(accepted, 0);
}

// Expects that every row reports input values that it cannot work with.
inline void ExpectErrors(const KernelCase& c, const std::string& message) {
  for (const KernelEntry& row : KernelsFor(c.node.type())) {
    const absl::StatusOr<Outputs> got = RunRow(row, c);
    EXPECT_TRUE(absl::IsInvalidArgument(got.status())) << row.name << ": " << got.status();
    EXPECT_EQ(got.status().message(), message) << row.name;
  }
}

}  // namespace octet::testing

#endif  // OCTET_KERNELS_TESTING_EXPECT_ROWS_H_
