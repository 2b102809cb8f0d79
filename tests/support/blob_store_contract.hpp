#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/media/blob_store.hpp"

#include "support/blob_bodies.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/run_task.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mxcd::test {

/// What callers of any BlobStore rely on. Make one around an empty store inside a TEST_CASE and call check().
class BlobStoreContract {
  public:
    using Make = std::function<std::unique_ptr<media::BlobStore>(async::WorkerPool&)>;

    explicit BlobStoreContract(const Make& make) : owner_(make(workers_)), store_(*owner_) {}

    void check() {
        check_writing();
        check_one_upload();
        check_two_uploads();
        check_removal();
    }

  private:
    void check_writing() {
        SECTION("a kept body is read back as it was written, under the hash of its bytes") {
            std::unique_ptr<media::BlobWriter> writer = tasks_.run(spool(store_, body_, 10'000));
            const media::SpooledBody spooled = tasks_.run(writer->finish());
            CHECK(spooled.key == key_);
            CHECK(spooled.size == base::ByteCount(300'000));
            std::unique_ptr<media::StoredBlob> stored = tasks_.run(writer->store());
            stored->keep();
            stored.reset();
            writer.reset();
            const std::optional<media::OpenBlob> blob = tasks_.run(store_.open(key_));
            REQUIRE(blob.has_value());
            CHECK(blob->size == base::ByteCount(300'000));
            CHECK(content_of(*blob) == body_);
        }
        SECTION("an empty body can be stored") {
            tasks_.run(store_body(store_, ""))->keep();
            const std::optional<media::OpenBlob> blob =
                tasks_.run(store_.open(media::BlobKey{base::sha256("")}));
            REQUIRE(blob.has_value());
            CHECK(blob->size == base::ByteCount(0));
        }
        SECTION("a spooled body can be read and not written, also when its writer has gone") {
            std::unique_ptr<media::BlobWriter> writer = tasks_.run(spool(store_, body_));
            static_cast<void>(tasks_.run(writer->finish()));
            const media::OpenBlob blob = tasks_.run(writer->open());
            CHECK(blob.size == base::ByteCount(300'000));
            CHECK(content_of(blob) == body_);
            CHECK(::write(blob.file->get(), "x", 1) == -1);
            writer.reset();
            CHECK(content_of(blob) == body_);
        }
    }

    void check_one_upload() {
        SECTION("bytes that nobody stored are not there") { CHECK(is_gone()); }
        SECTION("a spooled body is not visible before it is stored") {
            std::unique_ptr<media::BlobWriter> writer = tasks_.run(spool(store_, body_));
            static_cast<void>(tasks_.run(writer->finish()));
            CHECK(is_gone());
        }
        SECTION("a stored body that is not kept goes away") {
            std::unique_ptr<media::StoredBlob> stored = tasks_.run(store_body(store_, body_));
            CHECK(is_there());
            stored.reset();
            CHECK(eventually([this] { return is_gone(); }));
        }
        SECTION("a stored body of whose row nobody knows stays, also when another upload of it fails") {
            tasks_.run(store_body(store_, body_))->leave();
            CHECK(is_there());
            std::unique_ptr<media::StoredBlob> first = tasks_.run(store_body(store_, "other"));
            std::unique_ptr<media::StoredBlob> second = tasks_.run(store_body(store_, "other"));
            second->leave();
            second.reset();
            first.reset();
            // A round trip through the store, so that what was left to do has been done.
            tasks_.run(store_body(store_, "another"))->keep();
            CHECK(tasks_.run(store_.open(media::BlobKey{base::sha256("other")})).has_value());
        }
        SECTION("it answers a ping and has room") {
            CHECK_NOTHROW(tasks_.run(store_.ping()));
            CHECK(store_.has_room());
        }
    }

    void check_two_uploads() {
        SECTION("of two uploads of the same bytes the second keeps them when the first fails") {
            std::unique_ptr<media::StoredBlob> first = tasks_.run(store_body(store_, body_));
            std::unique_ptr<media::StoredBlob> second = tasks_.run(store_body(store_, body_));
            first.reset();
            CHECK(is_there());
            second->keep();
            second.reset();
            CHECK(is_there());
        }
        SECTION("of two uploads of the same bytes the first keeps them when the second fails") {
            std::unique_ptr<media::StoredBlob> first = tasks_.run(store_body(store_, body_));
            std::unique_ptr<media::StoredBlob> second = tasks_.run(store_body(store_, body_));
            first->keep();
            first.reset();
            second.reset();
            CHECK(is_there());
        }
        SECTION("bytes go when both uploads of them fail") {
            std::unique_ptr<media::StoredBlob> first = tasks_.run(store_body(store_, body_));
            std::unique_ptr<media::StoredBlob> second = tasks_.run(store_body(store_, body_));
            first.reset();
            CHECK(is_there());
            second.reset();
            CHECK(eventually([this] { return is_gone(); }));
        }
        SECTION("a failed upload of bytes that were kept long ago leaves them") {
            tasks_.run(store_body(store_, body_))->keep();
            tasks_.run(store_body(store_, body_)).reset();
            // A round trip through the store, so that what was left to do has been done.
            tasks_.run(store_body(store_, "another"))->keep();
            CHECK(is_there());
        }
    }

    void check_removal() {
        SECTION("doomed bytes go when nobody refers to them, and stay when somebody does") {
            tasks_.run(store_body(store_, body_))->keep();
            tasks_.run(store_.doom(key_))->spare();
            CHECK(is_there());
            CHECK(eventually([this] { return has_removed(*tasks_.run(store_.doom(key_))); }));
            CHECK(is_gone());
        }
        SECTION("doomed bytes stay when nobody has decided") {
            tasks_.run(store_body(store_, body_))->keep();
            tasks_.run(store_.doom(key_)).reset();
            CHECK(is_there());
        }
        SECTION("doomed bytes stay for an upload of the same that is in flight, and when it is kept") {
            tasks_.run(store_body(store_, body_))->keep();
            std::unique_ptr<media::DoomedBlob> doomed = tasks_.run(store_.doom(key_));
            std::unique_ptr<media::StoredBlob> again = tasks_.run(store_body(store_, body_));
            CHECK_FALSE(has_removed(*doomed));
            again->keep();
            again.reset();
            doomed->spare();
            doomed.reset();
            CHECK(is_there());
        }
        SECTION("doomed bytes go after an upload of the same that failed") {
            tasks_.run(store_body(store_, body_))->keep();
            std::unique_ptr<media::StoredBlob> fails = tasks_.run(store_body(store_, body_));
            std::unique_ptr<media::DoomedBlob> doomed = tasks_.run(store_.doom(key_));
            CHECK_FALSE(has_removed(*doomed));
            fails.reset();
            CHECK(eventually([&] { return has_removed(*doomed); }));
            CHECK(is_gone());
        }
        SECTION("an upload that was kept since the look for rows keeps doomed bytes until the next look") {
            tasks_.run(store_body(store_, body_))->keep();
            std::unique_ptr<media::DoomedBlob> doomed = tasks_.run(store_.doom(key_));
            doomed->look();
            tasks_.run(store_body(store_, body_))->keep();
            // A round trip through the store, so that what was left to do has been done.
            tasks_.run(store_body(store_, "another"))->keep();
            CHECK_FALSE(tasks_.run(doomed->remove()));
            CHECK(is_there());
            CHECK(eventually([&] { return has_removed(*doomed); }));
            CHECK(is_gone());
        }
        SECTION("the upload whose row is deleted before it has come to its own end does not keep the bytes") {
            std::unique_ptr<media::StoredBlob> late = tasks_.run(store_body(store_, body_));
            std::unique_ptr<media::DoomedBlob> doomed = tasks_.run(store_.doom(key_));
            CHECK_FALSE(has_removed(*doomed));
            late->keep();
            late.reset();
            CHECK(eventually([&] { return has_removed(*doomed); }));
            CHECK(is_gone());
        }
        SECTION("a deletion that spares bytes does not keep them from one that came after it") {
            tasks_.run(store_body(store_, body_))->keep();
            std::unique_ptr<media::DoomedBlob> first = tasks_.run(store_.doom(key_));
            std::unique_ptr<media::DoomedBlob> second = tasks_.run(store_.doom(key_));
            CHECK(eventually([&] { return has_removed(*second); }));
            first->spare();
            first.reset();
            CHECK(is_gone());
        }
        SECTION("bytes that are not there can be doomed") {
            CHECK(has_removed(*tasks_.run(store_.doom(key_))));
            CHECK(is_gone());
        }
    }

    [[nodiscard]] bool has_removed(media::DoomedBlob& doomed) {
        doomed.look();
        return tasks_.run(doomed.remove());
    }
    [[nodiscard]] bool is_there() { return tasks_.run(store_.open(key_)).has_value(); }
    [[nodiscard]] bool is_gone() { return !is_there(); }

    TaskRunner tasks_;  // above the workers, who post to it
    async::WorkerPool workers_{async::WorkerPoolConfig{.name = "disk", .threads = 3}};
    std::unique_ptr<media::BlobStore> owner_;
    media::BlobStore& store_;
    const std::string body_ = sample_body(300'000);
    const media::BlobKey key_{base::sha256(body_)};
};

}  // namespace mxcd::test
