#include "mxcd/base/errors.hpp"
#include "mxcd/media/uploads.hpp"

#include "upload_house.hpp"

#include <boost/system/system_error.hpp>

using namespace mxcd;
using namespace mxcd::test;

namespace {

/// A metadata store whose commit is still under way when the upload is stopped: it fails for that, or has
/// happened.
class StuckMetadata final : public media::MetadataStore {
  public:
    enum class End { aborted, committed };
    StuckMetadata(MemoryMetadata& metadata, End end) : metadata_(metadata), end_(end) {}
    [[nodiscard]] bool is_waiting() const { return is_waiting_; }

    async::Task<> record_upload(media::MediaRecord record, media::ReservationId reservation) override {
        if (end_ == End::committed) co_await metadata_.record_upload(std::move(record), reservation);
        const async::Executor home = co_await async::asio::this_coro::executor;
        async::Timer timer(home, std::chrono::hours(1));
        is_waiting_ = true;
        try {
            co_await timer.async_wait(async::use_task);
        } catch (const boost::system::system_error&) {
            if (end_ == End::aborted) throw;
        }
    }
    async::Task<std::optional<media::MediaRecord>> find(matrix::MediaId id) override {
        return metadata_.find(id);
    }
    async::Task<bool> is_blob_referenced(media::BlobKey key) override {
        return metadata_.is_blob_referenced(key);
    }
    async::Task<> back_up(std::filesystem::path, std::function<void(double)>) override { co_return; }
    async::Task<> ping() override { co_return; }

  private:
    MemoryMetadata& metadata_;
    End end_;
    std::atomic<bool> is_waiting_ = false;
};

async::Task<> attempt(media::Uploads& uploads, media::UploadRequest request) {
    co_await uploads.store(std::move(request));
}

/// Starts an upload, waits until `is_there` and stops it, as a shutdown does.
void start_and_stop(UploadHouse& house, media::Uploads& uploads, media::UploadRequest request,
                    const std::function<bool()>& is_there) {
    async::TaskGroup group;
    group.spawn(house.runner.executor(), attempt(uploads, std::move(request)));
    REQUIRE(eventually(is_there));
    group.cancel();
    REQUIRE(group.wait_until_empty(10s));
}

std::optional<base::ByteCount> declared_or_chunked(std::int64_t size) {
    return GENERATE(true, false) ? std::optional(base::ByteCount(size)) : std::nullopt;
}

/// Uploads that are checked for what they leave behind.
struct CheckedHouse : UploadHouse {
    CheckedHouse() { policy.limits = {limit(day, 1'000'000)}; }
    void require_nothing_left() {
        CHECK(is_untouched());
        CHECK(sent() == 0_B);
        CHECK(metrics.value("mxcd_uploads_total") == 0);
    }
};

}  // namespace

TEST_CASE("row 45: a client that hangs up in mid-body leaves nothing and is charged nothing") {
    CheckedHouse house;
    const std::size_t sent = GENERATE(0U, 10U, 50'000U);
    const std::optional<base::ByteCount> declared = declared_or_chunked(100'000);
    ScriptedBody body(std::string(sent, 'x'));
    body.break_with(std::make_exception_ptr(base::ClientGone("hung up")));
    CHECK_THROWS_AS(house.runner.run(house.open().store(house.request(body, declared))), base::ClientGone);
    house.require_nothing_left();
}

TEST_CASE("row 45: fewer bytes than declared fail the upload and leave nothing") {
    CheckedHouse house;
    const std::int64_t declared = GENERATE(10, 1024, 100'000);
    MemoryBody body(std::string(static_cast<std::size_t>(declared - 1), 'x'));
    media::UploadRequest request = house.request(body, base::ByteCount(declared));
    CHECK_THROWS_AS(house.runner.run(house.open().store(std::move(request))), base::ClientGone);
    house.require_nothing_left();
}

TEST_CASE("more bytes than declared fail the upload and leave nothing") {
    CheckedHouse house;
    const std::int64_t declared = GENERATE(0, 10, 1024, 100'000);
    MemoryBody body(std::string(static_cast<std::size_t>(declared + 1), 'x'));
    media::UploadRequest request = house.request(body, base::ByteCount(declared));
    CHECK_THROWS_AS(house.runner.run(house.open().store(std::move(request))), base::MalformedBody);
    house.require_nothing_left();
}

TEST_CASE("a disk that fills up in mid-body fails the upload and leaves nothing") {
    CheckedHouse house;
    house.blobs.set_body_limit(5000_B);
    const std::optional<base::ByteCount> declared = declared_or_chunked(100'000);
    MemoryBody body(std::string(100'000, 'x'), 1000);
    CHECK_THROWS_AS(house.runner.run(house.open().store(house.request(body, declared))), base::StorageFull);
    house.require_nothing_left();
}

TEST_CASE("a blob store that fails leaves nothing") {
    CheckedHouse house;
    const std::optional<base::ByteCount> declared = declared_or_chunked(100'000);
    ScriptedBody body(std::string(100'000, 'x'));
    const bool fails_at_start = GENERATE(true, false);
    if (fails_at_start) house.blobs.set_broken(true);
    body.before_end([&house] { house.blobs.set_broken(true); });
    CHECK_THROWS_AS(house.runner.run(house.open().store(house.request(body, declared))), base::StorageError);
    house.require_nothing_left();
}

TEST_CASE("a commit that fails leaves nothing, and the next upload passes") {
    CheckedHouse house;
    const std::int64_t size = GENERATE(100, 100'000);
    const std::optional<base::ByteCount> declared = declared_or_chunked(size);
    house.metadata.fail_next_record();
    MemoryBody body(std::string(static_cast<std::size_t>(size), 'x'));
    CHECK_THROWS_AS(house.runner.run(house.open().store(house.request(body, declared))), base::StorageError);
    house.require_nothing_left();
    house.upload(static_cast<std::size_t>(size));
    CHECK(house.metadata.records().size() == 1);
}

TEST_CASE("a commit that fails does not take away bytes that other media have") {
    CheckedHouse house;
    house.upload(100'000);
    house.metadata.fail_next_record();
    CHECK_THROWS_AS(house.upload(100'000), base::StorageError);
    CHECK(house.blobs.blob_count() == 1);
    CHECK(house.sent() == 100'000_B);
    CHECK(house.metadata.reservations() == 0);
}

TEST_CASE("an upload of whose row nobody knows leaves the bytes to the next start") {
    CheckedHouse house;
    const bool is_claimed = GENERATE(false, true);
    media::Uploads& uploads = house.open();
    MemoryBody body(std::string(100'000, 'x'));
    media::UploadRequest request = house.request(body, 100'000_B);
    if (is_claimed) {
        const media::CreatedMedia created = house.runner.run(uploads.create(request.user, false));
        request.claim = house.runner.run(uploads.claim(created.id, request.user));
    }
    house.metadata.fail_next_flush();
    CHECK_THROWS_AS(house.runner.run(uploads.store(std::move(request))), base::OutcomeUnknown);
    CHECK(house.metadata.records().size() == 1);
    CHECK(house.blobs.blob_count() == 1);
    CHECK(house.metadata.reservations() == 0);
    CHECK(house.metrics.value("mxcd_uploads_total") == 0);
}

TEST_CASE("an upload that is stopped in mid-body leaves nothing") {
    CheckedHouse house;
    const std::int64_t size = GENERATE(100, 100'000);
    ScriptedBody body(std::string(static_cast<std::size_t>(size), 'x'));
    body.wait_before_end();
    const std::optional<base::ByteCount> declared = declared_or_chunked(size);
    start_and_stop(house, house.open(), house.request(body, declared), [&] { return body.is_waiting(); });
    house.require_nothing_left();
}

TEST_CASE("an upload that is stopped before its commit leaves nothing") {
    CheckedHouse house;
    StuckMetadata stuck(house.metadata, StuckMetadata::End::aborted);
    media::Uploads uploads(house.policy, {stuck, house.metadata, house.metadata, house.blobs, house.sniffer,
                                          *house.random, house.metrics});
    const std::int64_t size = GENERATE(100, 100'000);
    MemoryBody body(std::string(static_cast<std::size_t>(size), 'x'));
    media::UploadRequest request = house.request(body, base::ByteCount(size));
    start_and_stop(house, uploads, std::move(request), [&] { return stuck.is_waiting(); });
    house.require_nothing_left();
}

TEST_CASE("an upload that is stopped once its commit has happened keeps row, bytes and charge") {
    CheckedHouse house;
    StuckMetadata stuck(house.metadata, StuckMetadata::End::committed);
    media::Uploads uploads(house.policy, {stuck, house.metadata, house.metadata, house.blobs, house.sniffer,
                                          *house.random, house.metrics});
    MemoryBody body(std::string(100'000, 'x'));
    media::UploadRequest request = house.request(body, 100'000_B);
    start_and_stop(house, uploads, std::move(request), [&] { return stuck.is_waiting(); });
    CHECK(house.metadata.records().size() == 1);
    CHECK(house.blobs.blob_count() == 1);
    CHECK(house.metadata.reservations() == 0);
    CHECK(house.sent() == 100'000_B);
}

TEST_CASE("an upload that is stopped while a module is asked leaves nothing, and the module finishes") {
    CheckedHouse house;
    const auto module = std::make_shared<ScriptedModule>();
    module->at_once = false;
    module->looks_at_files = true;
    house.use_modules({module}, media::OnError::allow, 50ms);
    ScriptedBody body(std::string(5000, 'x'));
    const std::string moment = GENERATE("allowed", "file");
    if (moment == "allowed") module->mood = Mood::hangs;
    body.before_end([&module] { module->mood = Mood::hangs; });
    start_and_stop(house, house.open(), house.request(body, 5000_B), [&] {
        const std::vector<std::string> asked = module->asked();
        return !asked.empty() && asked.back() == moment;
    });
    house.require_nothing_left();
}
