#ifndef OCTET_TESTS_FUZZ_MUTATE_H_
#define OCTET_TESTS_FUZZ_MUTATE_H_

#include <cstdint>
#include <random>
#include <vector>

namespace octet::fuzz {

// Changes `bytes` at a few places, as damage or malice would: bits and bytes, numbers of 4 and 8
// bytes that become extreme, parts cut out, doubled, or taken from `other`. The same for the same
// state of `random` on every machine.
void Mutate(std::vector<uint8_t>& bytes, const std::vector<uint8_t>& other, std::mt19937& random);

}  // namespace octet::fuzz

#endif  // OCTET_TESTS_FUZZ_MUTATE_H_
