#include "mxcd/media/removals.hpp"

#include "support/blob_bodies.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_blob_store.hpp"
#include "support/memory_metadata.hpp"
#include "support/run_task.hpp"

#include <optional>
#include <utility>

using namespace mxcd;
using namespace mxcd::test;

namespace {

/// Bytes with and without rows, and who takes them away.
class House {
  public:
    /// Puts a body in place, kept by an upload.
    media::BlobKey add(const std::string& body) {
        runner.run(store_body(blobs, body))->keep();
        return {base::sha256(body)};
    }
    void add_row(const media::BlobKey& key) {
        const auto user = matrix::UserId::parse("@alice:hs.test").value();
        auto outcome = runner.run(metadata.reserve({user, base::ByteCount(1), {}, {}}));
        auto& reservation = std::get<media::Reservation>(outcome);
        media::MediaRecord record{matrix::MediaId::parse("row").value(),
                                  user,
                                  "text/plain",
                                  std::nullopt,
                                  base::ByteCount(1),
                                  key,
                                  {},
                                  nullptr};
        runner.run(metadata.record_upload(std::move(record), reservation.id()));
        reservation.settled();
    }
    void remove(const media::BlobKey& key) { runner.run(removals.remove(runner.run(blobs.doom(key)), key)); }

    ManualClock clock;
    MemoryMetadata metadata{clock};
    MemoryBlobStore blobs;
    TaskRunner runner;
    media::Removals removals{metadata, runner.group()};
};

}  // namespace

TEST_CASE("bytes without a row go, bytes with another row stay") {
    House house;
    const media::BlobKey gone = house.add("nobody's");
    const media::BlobKey stays = house.add("somebody's");
    house.add_row(stays);
    house.remove(gone);
    house.remove(stays);
    CHECK_FALSE(house.blobs.holds(gone));
    CHECK(house.blobs.holds(stays));
}

TEST_CASE("no bytes go during a hold, and all that wait go when the last one ends") {
    House house;
    const media::BlobKey one = house.add("one");
    const media::BlobKey two = house.add("two");
    std::optional<media::Removals::Hold> first(std::in_place, house.removals, house.runner.executor());
    std::optional<media::Removals::Hold> second(std::in_place, house.removals, house.runner.executor());
    house.remove(one);
    house.remove(two);
    CHECK(house.blobs.holds(one));
    second.reset();
    CHECK(house.blobs.holds(one));
    CHECK(house.blobs.holds(two));
    first.reset();
    CHECK(eventually([&] { return !house.blobs.holds(one) && !house.blobs.holds(two); }));
    const media::BlobKey later = house.add("later");
    house.remove(later);
    CHECK_FALSE(house.blobs.holds(later));
}

TEST_CASE("what gets a row again during a hold stays") {
    House house;
    const media::BlobKey key = house.add("again");
    const media::BlobKey other = house.add("other");
    {
        const media::Removals::Hold hold(house.removals, house.runner.executor());
        house.remove(key);
        house.remove(other);
        house.add_row(key);
    }
    CHECK(eventually([&] { return !house.blobs.holds(other); }));
    CHECK(house.blobs.holds(key));
}

TEST_CASE("a hold that begins while a removal waits for an upload keeps the bytes") {
    House house;
    const media::BlobKey key = house.add("bytes");
    std::unique_ptr<media::StoredBlob> upload = house.runner.run(store_body(house.blobs, "bytes"));
    std::unique_ptr<media::DoomedBlob> doomed = house.runner.run(house.blobs.doom(key));
    house.runner.group().spawn(house.runner.executor(), house.removals.remove(std::move(doomed), key));
    CHECK(eventually([&] { return house.blobs.refused_removals() > 0; }));
    {
        const media::Removals::Hold hold(house.removals, house.runner.executor());
        upload.reset();
        CHECK(eventually([&] { return house.runner.group().size() == 0; }));
        CHECK(house.blobs.holds(key));
    }
    CHECK(eventually([&] { return !house.blobs.holds(key); }));
}
