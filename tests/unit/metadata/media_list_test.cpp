#include "support/catch.hpp"
#include "unit/metadata/scene.hpp"

#include <algorithm>

namespace mxcd::metadata::test {

namespace {

/// Reads the list as somebody does who keeps a copy.
template <class Implementation>
struct ListScene : Scene<Implementation> {
    /// All have the same bytes, in their rows.
    void add(const std::string& id, const matrix::UserId& owner = user()) {
        media::Reservation reservation = this->must_reserve(5, owner);
        this->runner.run(this->on.store().record_upload(inline_record(owner, id, "12345"), reservation.id()));
        reservation.settled();
    }
    media::ListPiece read(std::optional<matrix::UserId> owner, media::ListPosition after = {},
                          std::int64_t limit = 500) {
        return this->runner.run(this->on.list().read({std::move(owner), after, std::nullopt, limit}));
    }
    /// The IDs of all that comes behind `after`, piece by piece; `after` moves along.
    std::string rest(const std::optional<matrix::UserId>& owner, media::ListPosition& after,
                     std::int64_t limit = 500) {
        std::string ids;
        for (;;) {
            const media::ListPiece piece = read(owner, after, limit);
            CHECK(std::ssize(piece.media) <= limit);
            for (const media::ListedMedia& each : piece.media) {
                ids += each.record.id.text();
                after = each.position;
            }
            if (piece.is_last) return ids;
            REQUIRE_FALSE(piece.media.empty());
        }
    }
    /// "id" for what was deleted, "id=quarantined_by,is_protected" for what is there: everything that has
    /// changed since `seen`, which moves along.
    std::string changes(std::int64_t& seen) {
        std::string text;
        for (;;) {
            const media::ListPiece piece =
                this->runner.run(this->on.list().read({user("nobody"), {}, seen, 500}));
            CHECK_FALSE(piece.is_torn);
            for (const media::ChangedMedia& each : piece.changed) {
                text += " " + each.id.text();
                if (!each.record) continue;
                CHECK(each.record->id == each.id);
                CHECK_FALSE(each.record->inline_body);
                text += "=" + each.record->quarantined_by.value_or("") +
                        (each.record->is_protected ? ",1" : ",0");
            }
            seen = piece.changes;
            if (piece.is_last) return text;
        }
    }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("media is listed in the order in which it was recorded", "", Implementations) {
    ListScene<TestType> scene;
    for (const char* id : {"c", "a", "b"}) scene.add(id);  // within one millisecond
    scene.add("x", user("bob"));
    scene.on.clock.advance(1h);
    scene.add("d");
    const std::int64_t limit = GENERATE(1, 2, 500);
    media::ListPosition alices;
    CHECK(scene.rest(user(), alices, limit) == "cabd");
    media::ListPosition all;
    CHECK(scene.rest(std::nullopt, all, limit) == "cabxd");
    media::ListPosition nobodys;
    CHECK(scene.rest(user("nobody"), nobodys, limit).empty());
}

TEMPLATE_LIST_TEST_CASE("what is new comes behind what was read, also within one millisecond", "",
                        Implementations) {
    ListScene<TestType> scene;
    media::ListPosition alices;
    media::ListPosition all;
    for (const char* id : {"m", "a", "z", "b"}) {
        scene.add(id);
        CHECK(scene.rest(user(), alices) == id);
        CHECK(scene.rest(std::nullopt, all) == id);
    }
    CHECK(scene.rest(user(), alices).empty());
    std::int64_t seen = 0;
    CHECK(scene.changes(seen).empty());
}

TEMPLATE_LIST_TEST_CASE("listed media has its facts, and no body", "", Implementations) {
    ListScene<TestType> scene;
    scene.on.clock.advance(1h);
    media::MediaRecord row = record(user(), "facts", 5);
    row.file_name = "cat.png";
    row.needs_authentication = false;
    row.quarantined_by = "scanner";
    media::Reservation reservation = scene.must_reserve(5);
    scene.runner.run(scene.on.store().record_upload(row, reservation.id()));
    reservation.settled();
    for (const media::ListPiece& piece : {scene.read(user()), scene.read(std::nullopt)}) {
        REQUIRE(piece.media.size() == 1);
        CHECK(piece.is_last);
        const media::MediaRecord& listed = piece.media.front().record;
        CHECK(listed.id == row.id);
        CHECK(listed.owner == user());
        CHECK(listed.content_type == "text/plain");
        CHECK(listed.file_name == "cat.png");
        CHECK(listed.size == ByteCount(5));
        CHECK(listed.blob == row.blob);
        CHECK(listed.created_at == scene.on.clock.now());
        CHECK(listed.quarantined_by == "scanner");
        CHECK_FALSE(listed.needs_authentication);
        CHECK_FALSE(listed.is_protected);
    }
}

TEMPLATE_LIST_TEST_CASE("whoever has read the list hears what has changed of it", "", Implementations) {
    ListScene<TestType> scene;
    scene.add("a");
    scene.runner.run(scene.on.moderation().set_protected(media_id("a"), true));
    scene.add("b", user("bob"));
    CHECK(scene.read(std::nullopt).changed.empty());
    std::int64_t seen = scene.read(std::nullopt).changes;
    scene.runner.run(scene.on.moderation().quarantine(media_id("b"), "root"));
    CHECK(scene.changes(seen) == " b=root,0");
    scene.runner.run(scene.on.moderation().unquarantine(media_id("b")));
    CHECK(scene.changes(seen) == " b=,0");
    scene.runner.run(scene.on.moderation().quarantine_all_of(user("bob"), "root"));
    CHECK(scene.changes(seen) == " b=root,0");
    scene.runner.run(scene.on.moderation().set_protected(media_id("a"), false));
    scene.runner.run(scene.on.moderation().erase(media_id("b")));
    CHECK(scene.changes(seen) == " a=,0 b");
    scene.runner.run(scene.on.moderation().erase(media_id("b")));
    scene.runner.run(scene.on.moderation().quarantine(media_id("b"), "root"));
    scene.add("c");
    CHECK(scene.changes(seen).empty());
}

TEMPLATE_LIST_TEST_CASE("many changes come in pieces", "", Implementations) {
    ListScene<TestType> scene;
    for (int n = 0; n < 250; ++n) scene.add("m" + std::to_string(n));
    std::int64_t seen = scene.read(std::nullopt).changes;
    scene.runner.run(scene.on.moderation().quarantine(media_id("m1"), "root"));
    const std::string told = scene.changes(seen);
    CHECK(std::ranges::count(told, '=') == 250);
    CHECK(scene.changes(seen).empty());
}

TEST_CASE("a reader who has missed more changes than are remembered begins anew") {
    ListScene<OnSqlite> scene;
    for (int n = 0; n < 300; ++n) scene.add("m" + std::to_string(n));
    const media::ListPiece before = scene.read(std::nullopt);
    for (int round = 0; round < 2; ++round) {
        scene.runner.run(scene.on.moderation().quarantine(media_id("m1"), "root"));
        scene.runner.run(scene.on.moderation().unquarantine(media_id("m1")));
    }
    const media::ListPiece after =
        scene.runner.run(scene.on.list().read({std::nullopt, {}, before.changes, 500}));
    CHECK(after.is_torn);
    std::int64_t seen = after.changes;
    CHECK(scene.changes(seen).empty());
}

}  // namespace mxcd::metadata::test
