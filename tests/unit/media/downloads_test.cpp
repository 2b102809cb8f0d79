#include "mxcd/media/downloads.hpp"

#include "mxcd/base/errors.hpp"

#include "upload_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

/// Counts how often rows are looked up.
class CountingMetadata final : public media::MetadataStore {
  public:
    explicit CountingMetadata(MemoryMetadata& metadata) : metadata_(metadata) {}
    [[nodiscard]] int finds() const { return finds_; }

    async::Task<std::optional<media::MediaRecord>> find(matrix::MediaId id) override {
        ++finds_;
        return metadata_.find(id);
    }
    async::Task<> record_upload(media::MediaRecord, media::ReservationId) override { co_return; }
    async::Task<bool> is_blob_referenced(media::BlobKey key) override {
        return metadata_.is_blob_referenced(key);
    }
    async::Task<> back_up(std::filesystem::path, std::function<void(double)>) override { co_return; }
    async::Task<> ping() override { co_return; }

  private:
    MemoryMetadata& metadata_;
    std::atomic<int> finds_ = 0;
};

struct DownloadHouse : UploadHouse {
    CountingMetadata counting{metadata};
    std::size_t cached_records = 8192;
    std::optional<media::Downloads> downloads;

    std::optional<media::Download> get(const matrix::MediaId& id) {
        if (!downloads) downloads.emplace(counting, blobs, metrics, cached_records);
        return runner.run(downloads->open(id));
    }
};

}  // namespace

TEST_CASE("unknown media is nothing, and is looked up anew each time") {
    DownloadHouse house;
    const matrix::MediaId id = matrix::MediaId::parse("unknown").value();
    CHECK_FALSE(house.get(id));
    CHECK_FALSE(house.get(id));
    CHECK(house.counting.finds() == 2);
}

TEST_CASE("small media comes with its record, large media with its open bytes") {
    DownloadHouse house;
    const matrix::MediaId small = house.upload(100);
    const matrix::MediaId large = house.upload(5000);
    const std::optional<media::Download> row = house.get(small);
    REQUIRE(row);
    CHECK_FALSE(row->blob);
    CHECK(*row->record->inline_body == std::string(100, '0'));
    const std::optional<media::Download> file = house.get(large);
    REQUIRE(file);
    REQUIRE(file->blob);
    CHECK(file->blob->size == 5000_B);
    CHECK_FALSE(file->record->inline_body);
}

TEST_CASE("a record that was used before is not looked up again") {
    DownloadHouse house;
    const matrix::MediaId id = house.upload(100);
    house.get(id);
    house.get(id);
    CHECK(house.counting.finds() == 1);
    CHECK(house.metrics.value("mxcd_record_cache_hits_total") == 1);
}

TEST_CASE("a row whose bytes are missing is damage, not absence") {
    DownloadHouse house;
    const matrix::MediaId id = house.upload(5000);
    MemoryBlobStore empty;
    media::Downloads downloads(house.metadata, empty, house.metrics);
    CHECK_THROWS_AS(house.runner.run(downloads.open(id)), base::StorageError);
}

TEST_CASE("the records that were used last stay in memory, as many as allowed") {
    DownloadHouse house;
    house.cached_records = 2;
    const matrix::MediaId first = house.upload(1);
    const matrix::MediaId second = house.upload(2);
    const matrix::MediaId third = house.upload(3);
    house.get(first);
    house.get(second);
    house.get(first);
    house.get(third);
    CHECK(house.counting.finds() == 3);
    house.get(first);
    CHECK(house.counting.finds() == 3);
    house.get(second);
    CHECK(house.counting.finds() == 4);
}

TEST_CASE("no more than 16 MiB of inline bodies stay in memory") {
    DownloadHouse house;
    house.policy.max_upload_size = 64_MiB;
    house.policy.inline_body_max = 64_MiB;
    const std::size_t mebibyte = 1024 * 1024;
    const matrix::MediaId seven = house.upload(7 * mebibyte);
    const matrix::MediaId nine = house.upload(9 * mebibyte);
    const matrix::MediaId one = house.upload(1);
    const matrix::MediaId too_large = house.upload(16 * mebibyte + 1);
    house.get(seven);
    house.get(nine);
    house.get(too_large);
    house.get(nine);
    house.get(seven);
    CHECK(house.counting.finds() == 3);  // 16 MiB fit exactly; the largest never came in
    house.get(one);
    house.get(seven);
    CHECK(house.counting.finds() == 4);
    house.get(nine);
    CHECK(house.counting.finds() == 5);  // nine was the oldest
}

TEST_CASE("nothing is kept when nothing may be") {
    DownloadHouse house;
    house.cached_records = 0;
    const matrix::MediaId id = house.upload(1);
    house.get(id);
    house.get(id);
    CHECK(house.counting.finds() == 2);
}
