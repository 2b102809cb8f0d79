#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/secret.hpp"
#include "mxcd/base/unique_fd.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

using namespace mxcd::base;

namespace {

bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

template <class T>
concept Printable = requires(std::ostream& stream, const T& value) { stream << value; };

}  // namespace

TEST_CASE("byte counts saturate instead of wrapping") {
    CHECK(ByteCount::max() + ByteCount(1) == ByteCount::max());
    CHECK(ByteCount(-1) + ByteCount(INT64_MIN) == ByteCount(INT64_MIN));
    CHECK(ByteCount(INT64_MIN) - ByteCount(1) == ByteCount(INT64_MIN));
    CHECK(ByteCount::max() - ByteCount(-1) == ByteCount::max());
    CHECK(ByteCount(5) + ByteCount(6) > ByteCount(10));
    CHECK(2_KiB - 1_B == ByteCount(2047));
}

TEST_CASE("a descriptor is closed by its last owner and only then") {
    const int fd = open_null();
    REQUIRE(fd >= 0);
    {
        UniqueFd first(fd);
        UniqueFd second(std::move(first));
        CHECK_FALSE(first);
        CHECK(second.get() == fd);
        UniqueFd third;
        third = std::move(second);
        CHECK(is_open(fd));
        third.reset(fd);
        CHECK(is_open(fd));
    }
    CHECK_FALSE(is_open(fd));
}

TEST_CASE("a descriptor that is replaced is closed, one that is released is not") {
    const int old_fd = open_null();
    const int new_fd = open_null();
    UniqueFd owner(old_fd);
    owner.reset(new_fd);
    CHECK_FALSE(is_open(old_fd));
    CHECK(owner.release() == new_fd);
    CHECK_FALSE(owner);
    CHECK(is_open(new_fd));
    UniqueFd(new_fd).reset();
    CHECK_FALSE(is_open(new_fd));
}

TEST_CASE("a secret can be read on purpose and in no other way") {
    Secret secret{std::string("hunter2")};
    CHECK(secret.reveal() == "hunter2");
    CHECK_FALSE(secret.empty());
    CHECK(Secret().empty());
    STATIC_REQUIRE_FALSE(Printable<Secret>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, Secret>);
}

TEST_CASE("secrets are copied and moved as a whole") {
    const std::string text(100, 's');
    Secret first(text);
    Secret copy = first;
    Secret moved = std::move(first);
    CHECK(first.empty());
    CHECK(copy.reveal() == text);
    CHECK(moved.reveal() == text);
    copy = Secret(std::string("short"));
    CHECK(copy.reveal() == "short");
    copy = moved;
    CHECK(copy.reveal() == text);
    const Secret& same = copy;
    copy = same;
    CHECK(copy.reveal() == text);
}

TEST_CASE("a secret's memory is wiped when it goes, also what a move leaves behind") {
    // Short enough to live inside the object, whose memory outlives it here.
    alignas(Secret) std::array<char, sizeof(Secret)> memory{};
    auto* secret = new (memory.data()) Secret(std::string("hunter2"));
    const auto holds_secret = [&memory] {
        const std::string_view needle = "unter2";
        return std::search(memory.begin(), memory.end(), needle.begin(), needle.end()) != memory.end();
    };
    REQUIRE(holds_secret());
    {
        const Secret taken = std::move(*secret);
        CHECK_FALSE(holds_secret());
        *secret = taken;
    }
    REQUIRE(holds_secret());
    std::destroy_at(secret);
    CHECK_FALSE(holds_secret());
}

TEST_CASE("metrics that count nothing can be used like any other") {
    const auto metrics = make_no_metrics();
    Counter& counter = metrics->counter("mxcd_uploads_total", "Uploads", {{"result", "ok"}});
    counter.add();
    metrics->gauge("mxcd_connections", "Connections").set(3);
    metrics->histogram("mxcd_seconds", "Time", duration_buckets()).observe(0.1);
    CHECK(&counter == &metrics->counter("mxcd_uploads_total", "Uploads", {{"result", "ok"}}));
}

TEST_CASE("duration buckets ascend from 100 microseconds to 10 seconds") {
    const std::vector<double>& buckets = duration_buckets();
    CHECK(buckets.front() == 0.0001);
    CHECK(buckets.back() == 10);
    CHECK(std::is_sorted(buckets.begin(), buckets.end()));
    CHECK(std::adjacent_find(buckets.begin(), buckets.end()) == buckets.end());
}
