#include <string>
#include <vector>

#include "tools/cli/commands.h"

int main(int argc, char** argv) {
  return octet::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
}
