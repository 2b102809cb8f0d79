#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

namespace mxcd::metadata::test {

namespace {

using Ids = std::vector<matrix::MediaId>;

template <class Implementation>
struct ModerationScene : Scene<Implementation> {
    void add(media::MediaRecord record) {
        media::Reservation reservation = this->must_reserve(record.size.value(), record.owner);
        this->runner.run(this->on.store().record_upload(std::move(record), reservation.id()));
        reservation.settled();
    }
    /// In the blob store; media with the same `content` has the same hash.
    void add(const std::string& id, const std::string& content, const matrix::UserId& owner = user()) {
        media::MediaRecord row = record(owner, id, static_cast<std::int64_t>(content.size()));
        row.blob = media::BlobKey{base::sha256(content)};
        add(std::move(row));
    }
    std::optional<media::MediaRecord> find(const std::string& id) {
        return this->runner.run(this->on.store().find(media_id(id)));
    }
    std::optional<media::DeletedMedia> erase(const std::string& id) {
        return this->runner.run(this->on.moderation().erase(media_id(id)));
    }
    Ids quarantine(const std::string& id) {
        Ids ids = this->runner.run(this->on.moderation().quarantine(media_id(id), "@root:example.org"));
        std::ranges::sort(ids);
        return ids;
    }
    Ids unquarantine(const std::string& id) {
        Ids ids = this->runner.run(this->on.moderation().unquarantine(media_id(id)));
        std::ranges::sort(ids);
        return ids;
    }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("an erased row says what went with it", "", Implementations) {
    ModerationScene<TestType> scene;
    scene.add("large", "content");
    scene.add(inline_record(user(), "small", "hello"));
    CHECK(scene.runner.run(scene.on.moderation().blobs_of(media_id("large"))) ==
          std::vector{media::BlobKey{base::sha256("content")}});
    CHECK(scene.runner.run(scene.on.moderation().blobs_of(media_id("small"))).empty());
    const std::optional<media::DeletedMedia> large = scene.erase("large");
    REQUIRE(large);
    CHECK(large->owner == user());
    CHECK(large->size == ByteCount(7));
    CHECK(large->hash.sha256 == base::sha256("content"));
    CHECK(large->blobs == std::vector{large->hash});
    CHECK(scene.erase("small")->blobs.empty());
    CHECK_FALSE(scene.find("large"));
    CHECK_FALSE(scene.erase("large"));
    CHECK_FALSE(scene.runner.run(scene.on.store().is_blob_referenced(large->hash)));
}

TEMPLATE_LIST_TEST_CASE("what was erased counts for windows and not for quotas", "", Implementations) {
    ModerationScene<TestType> scene;
    scene.add("one", "0123456789");
    const media::StorageQuota quota{ByteCount(10), 1};
    CHECK(std::holds_alternative<media::QuotaRefusal>(scene.reserve_with_quota(1, quota)));
    REQUIRE(scene.erase("one"));
    CHECK(std::holds_alternative<media::Reservation>(scene.reserve_with_quota(10, quota)));
    CHECK(scene.sent(limit(1h, 100)) == 10);
}

TEMPLATE_LIST_TEST_CASE("quarantine is for all rows with the same bytes", "", Implementations) {
    ModerationScene<TestType> scene;
    scene.add("a", "same");
    scene.add("b", "same", user("bob"));
    scene.add("c", "other");
    CHECK(scene.quarantine("a") == Ids{media_id("a"), media_id("b")});
    CHECK(scene.find("b")->quarantined_by == "@root:example.org");
    CHECK_FALSE(scene.find("c")->quarantined_by);
    scene.add("d", "same");
    CHECK(scene.find("d")->quarantined_by == "system");
    CHECK(scene.unquarantine("d") == Ids{media_id("a"), media_id("b"), media_id("d")});
    CHECK(scene.unquarantine("d").empty());
    CHECK_FALSE(scene.find("a")->quarantined_by);
    CHECK(scene.quarantine("unknown").empty());
}

TEMPLATE_LIST_TEST_CASE("protected rows are neither quarantined nor a reason to", "", Implementations) {
    ModerationScene<TestType> scene;
    scene.add("a", "same");
    scene.add("b", "same");
    CHECK(scene.runner.run(scene.on.moderation().set_protected(media_id("a"), true)));
    CHECK(scene.find("a")->is_protected);
    CHECK(scene.quarantine("a").empty());
    CHECK(scene.quarantine("b") == Ids{media_id("b")});
    CHECK(scene.runner.run(scene.on.moderation().set_protected(media_id("a"), false)));
    CHECK(scene.quarantine("a") == Ids{media_id("a"), media_id("b")});
    CHECK_FALSE(scene.runner.run(scene.on.moderation().set_protected(media_id("unknown"), true)));
}

TEMPLATE_LIST_TEST_CASE("a user's media is quarantined with what has the same bytes", "", Implementations) {
    ModerationScene<TestType> scene;
    scene.add("a", "one");
    scene.add("b", "two");
    scene.add("bobs", "one", user("bob"));
    scene.add("bobs-own", "three", user("bob"));
    Ids changed = scene.runner.run(scene.on.moderation().quarantine_all_of(user(), "admin"));
    std::ranges::sort(changed);
    CHECK(changed == Ids{media_id("a"), media_id("b"), media_id("bobs")});
    CHECK(scene.runner.run(scene.on.moderation().quarantine_all_of(user("nobody"), "admin")).empty());
}

TEMPLATE_LIST_TEST_CASE("a user's media is listed in both orders and in pages", "", Implementations) {
    ModerationScene<TestType> scene;
    for (const char* id : {"a", "b", "c"}) {
        scene.add(id, id);
        scene.on.clock.advance(1s);
    }
    scene.add("bobs", "x", user("bob"));
    const auto ids = [&scene](media::MediaPageRequest request) {
        const media::MediaPage page = scene.runner.run(scene.on.moderation().media_of(std::move(request)));
        CHECK(page.total == 3);
        std::string text;
        for (const media::MediaRecord& record : page.media) text += record.id.text();
        return text;
    };
    CHECK(ids({user()}) == "cba");
    CHECK(ids({user(), 0, 100, false}) == "abc");
    CHECK(ids({user(), 1, 1, true}) == "b");
    CHECK(ids({user(), 3, 10, true}).empty());
    CHECK(scene.runner.run(scene.on.moderation().media_of({user("nobody")})).total == 0);
}

TEMPLATE_LIST_TEST_CASE("a user's media is listed by any of its properties, what is equal by ID", "",
                        Implementations) {
    ModerationScene<TestType> scene;
    const auto add = [&scene](const char* id, std::int64_t size, const char* type,
                              std::optional<std::string> name) {
        media::MediaRecord row = record(user(), id, size);
        row.content_type = type;
        row.file_name = std::move(name);
        scene.add(std::move(row));
        scene.on.clock.advance(1s);
    };
    add("c", 5, "text/plain", "b.txt");
    add("b", 7, "image/png", std::nullopt);
    add("a", 7, "text/plain", "a.txt");
    scene.runner.run(scene.on.moderation().quarantine(media_id("a"), "admin"));
    scene.runner.run(scene.on.moderation().set_protected(media_id("b"), true));
    using media::MediaOrder;
    const auto [order, ascending, descending] = GENERATE(table<MediaOrder, std::string, std::string>({
        {MediaOrder::created_at, "cba", "abc"},
        {MediaOrder::id, "abc", "cba"},
        {MediaOrder::file_name, "bac", "cab"},
        {MediaOrder::size, "cab", "bac"},
        {MediaOrder::content_type, "bac", "cab"},
        {MediaOrder::quarantined_by, "bca", "acb"},
        {MediaOrder::is_protected, "acb", "bca"},
    }));
    const auto ids = [&scene, by = order](std::int64_t from, std::int64_t limit, bool is_descending) {
        const media::MediaPage page =
            scene.runner.run(scene.on.moderation().media_of({user(), from, limit, is_descending, by}));
        std::string text;
        for (const media::MediaRecord& each : page.media) text += each.id.text();
        return text;
    };
    CHECK(ids(0, 10, false) == ascending);
    CHECK(ids(0, 10, true) == descending);
    CHECK(ids(1, 1, false) == ascending.substr(1, 1));
}

TEMPLATE_LIST_TEST_CASE("what was created or uploaded as ephemeral stays so", "", Implementations) {
    ModerationScene<TestType> scene;
    media::MediaRecord row = record(user(), "uploaded", 5);
    row.is_ephemeral = true;
    scene.add(std::move(row));
    CHECK(scene.find("uploaded")->is_ephemeral);
    scene.runner.run(scene.on.pending().create({media_id("created"), user(), 1h, 5, true}));
    media::Reservation reservation = scene.must_reserve(5);
    scene.runner.run(scene.on.pending().fill(record(user(), "created", 5), reservation.id()));
    reservation.settled();
    CHECK(scene.find("created")->is_ephemeral);
    scene.add("plain", "x");
    CHECK_FALSE(scene.find("plain")->is_ephemeral);
}

}  // namespace mxcd::metadata::test
