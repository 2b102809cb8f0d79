#include "mxcd/base/memory_file.hpp"

#include "support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace mxcd;

TEST_CASE("a memory file holds its bytes from the start, and nobody can change it") {
    const std::string bytes = GENERATE(std::string(), std::string("a\0b", 3), std::string(300'000, 'x'));
    const base::UniqueFd file = base::memory_file("test", bytes);
    struct stat status{};
    REQUIRE(fstat(file.get(), &status) == 0);
    CHECK(static_cast<std::size_t>(status.st_size) == bytes.size());
    std::string found(bytes.size(), '\0');
    CHECK(read(file.get(), found.data(), found.size()) == static_cast<ssize_t>(bytes.size()));
    CHECK(found == bytes);
    CHECK(write(file.get(), "y", 1) == -1);
    CHECK(ftruncate(file.get(), 1'000'000) == -1);
}
