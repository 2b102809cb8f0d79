#include "store_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace mxcd;
using blobs::OpenError;

namespace {

struct Refusal {
    OpenError::Reason reason;
    std::string text;
};

/// What opening `path` complains about; nothing when it works.
std::optional<Refusal> refusal_of(const std::filesystem::path& path) {
    async::WorkerPool workers(async::WorkerPoolConfig{.name = "disk", .threads = 1});
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    try {
        static_cast<void>(blobs::open_folder_store({.path = path}, workers, *metrics));
        return std::nullopt;
    } catch (const OpenError& error) {
        return Refusal{error.reason, error.what()};
    }
}

/// For as long as it lives, a user without rights.
class Nobody {
  public:
    Nobody() : was_root_(geteuid() == 0) {
        if (was_root_ && seteuid(65534) != 0) throw std::runtime_error("seteuid failed");
    }
    ~Nobody() {
        if (was_root_ && seteuid(0) != 0) std::abort();
    }
    Nobody(const Nobody&) = delete;
    Nobody& operator=(const Nobody&) = delete;

  private:
    bool was_root_;
};

}  // namespace

TEST_CASE("the last missing folder is created, its parent is not") {
    const test::TempFolder folder;
    CHECK_FALSE(refusal_of(folder.path() / "store").has_value());
    CHECK_FALSE(refusal_of(folder.path() / "slash" / "").has_value());
    CHECK(std::filesystem::is_directory(folder.path() / "slash" / "spool"));
    const std::optional<Refusal> refusal = refusal_of(folder.path() / "no" / "store");
    REQUIRE(refusal.has_value());
    CHECK(refusal->reason == OpenError::Reason::other);
    CHECK_THAT(refusal->text, test::contains("mkdir -p '" + (folder.path() / "no").string() + "'"));
}

TEST_CASE("a second instance is kept out for as long as the first lives") {
    test::StoreFixture fixture;
    const std::optional<Refusal> refusal = refusal_of(fixture.path);
    REQUIRE(refusal.has_value());
    CHECK(refusal->reason == OpenError::Reason::in_use);
    fixture.store.reset();
    CHECK_FALSE(refusal_of(fixture.path).has_value());
}

TEST_CASE("a folder that everybody may write to is refused with the command that repairs it") {
    const test::TempFolder folder;
    const std::string part = GENERATE("", "spool", "blobs");
    const std::filesystem::path store = folder.path() / "store";
    REQUIRE_FALSE(refusal_of(store).has_value());
    const std::filesystem::path open = part.empty() ? store : store / part;
    REQUIRE(chmod(open.c_str(), 0777) == 0);
    const std::optional<Refusal> refusal = refusal_of(store);
    REQUIRE(refusal.has_value());
    CHECK(refusal->reason == OpenError::Reason::permission);
    CHECK_THAT(refusal->text, test::contains("chmod o-w '" + open.string() + "'"));
    REQUIRE(chmod(open.c_str(), 0700) == 0);
    CHECK_FALSE(refusal_of(store).has_value());
}

TEST_CASE("a folder that is somebody else's is refused with the command that repairs it") {
    if (geteuid() != 0) {
        WARN("skipped: only root can give a folder away");
        return;
    }
    const test::TempFolder folder;
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    const std::filesystem::path store = folder.path() / "store";
    REQUIRE(mkdir(store.c_str(), 0755) == 0);
    const auto refusals = [&] {
        const Nobody nobody;
        return std::pair(refusal_of(store), refusal_of(folder.path() / "new"));
    }();
    REQUIRE(refusals.first.has_value());
    CHECK(refusals.first->reason == OpenError::Reason::permission);
    CHECK_THAT(refusals.first->text, test::contains("chown -R 65534:"));
    CHECK_THAT(refusals.first->text, test::contains(" '" + store.string() + "'"));
    REQUIRE(refusals.second.has_value());
    CHECK(refusals.second->reason == OpenError::Reason::permission);
    CHECK_THAT(refusals.second->text, test::contains("mkdir -m 0700 '"));
}

TEST_CASE("a folder that its owner may not write to is refused with the command that repairs it") {
    const test::TempFolder folder;
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    const std::filesystem::path store = folder.path() / "store";
    REQUIRE(mkdir(store.c_str(), 0500) == 0);
    if (geteuid() == 0) REQUIRE(chown(store.c_str(), 65534, 65534) == 0);
    const std::optional<Refusal> refusal = [&] {
        const Nobody nobody;
        return refusal_of(store);
    }();
    REQUIRE(refusal.has_value());
    CHECK(refusal->reason == OpenError::Reason::permission);
    CHECK_THAT(refusal->text, test::contains("chmod u+rwx '" + store.string() + "'"));
}

TEST_CASE("what is not a folder is refused") {
    const test::TempFolder folder;
    const std::filesystem::path store = folder.path() / "store";
    SECTION("a file in the store's place") { REQUIRE(mknod(store.c_str(), S_IFREG | 0600, 0) == 0); }
    SECTION("a symbolic link in the place of a folder of the store") {
        REQUIRE(mkdir(store.c_str(), 0700) == 0);
        std::filesystem::create_directory_symlink("/tmp", store / "blobs");
    }
    SECTION("a symbolic link in the place of a blob folder") {
        REQUIRE(mkdir(store.c_str(), 0700) == 0);
        std::filesystem::create_directory(store / "blobs");
        std::filesystem::create_directory_symlink("/tmp", store / "blobs" / "7f");
    }
    const std::optional<Refusal> refusal = refusal_of(store);
    REQUIRE(refusal.has_value());
    CHECK(refusal->reason == OpenError::Reason::other);
    CHECK_THAT(refusal->text, test::contains("is not a folder"));
}

TEST_CASE("the store itself may be a symbolic link") {
    const test::TempFolder folder;
    REQUIRE(mkdir((folder.path() / "real").c_str(), 0700) == 0);
    std::filesystem::create_directory_symlink(folder.path() / "real", folder.path() / "link");
    CHECK_FALSE(refusal_of(folder.path() / "link").has_value());
    CHECK(std::filesystem::is_directory(folder.path() / "real" / "blobs" / "ff"));
}
