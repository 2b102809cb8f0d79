#include "python_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

const char* const sql_user = R"(
class Module:
    def __init__(self, config, api):
        self.api = api
        self.statements = config["statements"]
        api.register_media_repository_callbacks(get_media_config_for_user=self.config)
    async def config(self, user_id):
        return {"rows": [await self.rows(*statement) for statement in self.statements]}
    async def rows(self, sql, *parameters):
        try: return await self.api.run_db_interaction("look", self.look, sql, parameters)
        except Exception as error: return f"{type(error).__name__}: {error}"
    @staticmethod
    def look(txn, sql, parameters):
        txn.execute(sql, parameters)
        return [list(row) for row in txn]
)";

matrix::UserId user(const std::string& name) {
    return matrix::UserId::parse("@" + name + ":example.org").value();
}

class MediaHouse : public PythonHouse {
  public:
    MediaHouse() { write("sql_user", sql_user); }

    void add(const std::string& owner, const std::string& id, std::int64_t size) {
        const media::MediaRecord record{
            matrix::MediaId::parse(id).value(), user(owner), "image/png", id + ".png", base::ByteCount(size),
            media::BlobKey{base::sha256(id)},   {},          nullptr};
        media::ReserveOutcome outcome = runner.run(metadata.reserve({user(owner), record.size, {}, {}}));
        auto& reservation = std::get<media::Reservation>(outcome);
        runner.run(metadata.record_upload(record, reservation.id()));
        reservation.settled();
        clock.advance(1ms);
    }

    /// What the statements give, asked anew by a module that stays loaded.
    Json rows(const Json& statements) {
        if (!module_ || statements != statements_)
            module_ = load("sql_user.Module", {{"statements", statements}});
        statements_ = statements;
        return runner.run(module_->media_config(user("alice"))).value().at("rows");
    }

  private:
    std::shared_ptr<media::MediaModule> module_;
    Json statements_;
};

const Json statements = Json::array(
    {Json::array({"SELECT COALESCE(SUM(media_length), 0) FROM local_media_repository WHERE user_id = ? AND "
                  "url_cache IS NULL",
                  "@alice:example.org"}),
     Json::array({"SELECT COALESCE(SUM(media_length), 0)::BIGINT FROM local_media_repository WHERE user_id = "
                  "%s AND url_cache IS "
                  "NULL",
                  "@bob:example.org"}),
     Json::array({"SELECT COUNT(*) FROM local_media_repository WHERE user_id = ? AND quarantined_by IS NULL",
                  "@alice:example.org"})});

}  // namespace

TEST_CASE("a Python module finds our media in local_media_repository, and what has changed since") {
    MediaHouse house;
    CHECK(house.rows(statements) == Json{{{0}}, {{0}}, {{0}}});
    for (int n = 0; n < 1'200; ++n) house.add("alice", "a" + std::to_string(n), 10);  // several pieces
    house.add("bob", "b", 7);
    CHECK(house.rows(statements) == Json{{{12'000}}, {{7}}, {{1'200}}});
    house.add("alice", "new", 5);
    CHECK(house.rows(statements) == Json{{{12'005}}, {{7}}, {{1'201}}});
    house.runner.run(house.metadata.erase(matrix::MediaId::parse("a7").value()));
    house.add("alice", "newer", 3);
    CHECK(house.rows(statements) == Json{{{11'998}}, {{7}}, {{1'201}}});
    house.runner.run(house.metadata.quarantine(matrix::MediaId::parse("new").value(), "@root:example.org"));
    house.runner.run(house.metadata.erase(matrix::MediaId::parse("b").value()));
    CHECK(house.rows(statements) == Json{{{11'998}}, {{0}}, {{1'200}}});
    CHECK(house.rows({{"SELECT COUNT(*) FROM local_media_repository"}}) == Json{{{1'201}}});
}

TEST_CASE("the rows of local_media_repository have Synapse's columns") {
    MediaHouse house;
    house.add("alice", "cat", 10);
    const auto id = matrix::MediaId::parse("cat").value();
    house.runner.run(house.metadata.quarantine(id, "@root:example.org"));
    house.runner.run(house.metadata.set_protected(id, true));
    const Json rows = house.rows({{"SELECT media_id, media_type, media_length, created_ts, upload_name, "
                                   "user_id, quarantined_by, url_cache, "
                                   "last_access_ts, safe_from_quarantine, authenticated, sha256 FROM "
                                   "local_media_repository WHERE media_id = %s",
                                   "cat"},
                                  {"SELECT 1 FROM local_media_repository WHERE media_id = 'nothing'"}});
    CHECK(rows == Json{{{"cat", "image/png", 10, 1'700'000'000'000, "cat.png", "@alice:example.org",
                         "@root:example.org", nullptr, nullptr, 1, 1,
                         base::to_hex(base::sha256(std::string("cat")))}},
                       Json::array()});
}

TEST_CASE("a statement sees the media of all whom it may concern") {
    MediaHouse house;
    house.add("alice", "a", 1);
    house.add("bob", "b", 2);
    house.add("carol", "c", 4);
    house.runner.run(house.metadata.quarantine(matrix::MediaId::parse("c").value(), "@alice:example.org"));
    const std::string from = "FROM local_media_repository m WHERE ";
    const auto [condition, parameter, sum] = GENERATE(table<const char*, const char*, int>(
        {{"m.user_id = ?", "@alice:example.org", 1},
         {"user_id IN (?, '@bob:example.org')", "@alice:example.org", 3},
         {"user_id = LOWER(?)", "@BOB:EXAMPLE.ORG", 2},
         {"? = user_id", "@carol:example.org", 4},
         {"user_id <> ?", "@alice:example.org", 6},
         {"NOT user_id = ?", "@alice:example.org", 6},
         {"user_id = ? OR media_length = 2", "@alice:example.org", 3},
         {"quarantined_by = ?", "@alice:example.org", 4},
         {"user_id = '@carol:example.org' AND quarantined_by = ?", "@alice:example.org", 4},
         {"user_id = '@' || ? || ':example.org' AND user_id <> '@alice:example.org'", "bob", 2},
         {"user_id = (SELECT user_id FROM local_media_repository WHERE media_id = ?)", "b", 2},
         {"user_id = ? AND (SELECT COUNT(*) FROM local_media_repository) = 3", "@bob:example.org", 2},
         {"media_id = ?", "c", 4},
         {"created_ts > 0 AND ? = 'x'", "x", 7},
         {"user_id = ? AND user_id = '@bob:example.org'", "@alice:example.org", 0}}));
    INFO(condition);
    // Each asks first, with nothing known before.
    const Json statement =
        Json::array({"SELECT COALESCE(SUM(media_length), 0) " + from + condition, parameter});
    const Json rows = house.rows(Json::array({statement}));
    CHECK(rows == Json{{{sum}}});
}

TEST_CASE("what local_media_repository cannot do is refused with a sentence") {
    MediaHouse house;
    const Json rows =
        house.rows({{"SELECT 1 FROM local_media_repository JOIN users ON users.name = user_id"},
                    {"DELETE FROM local_media_repository WHERE user_id = ?", "@alice:example.org"},
                    {"SELECT 1 FROM local_media_repository WHERE user_id = ANY(?)", "x"},
                    {"SELECT 1 FROM users"}});
    const std::string begin = "NotImplementedError: local_media_repository is read with SQLite's SQL";
    CHECK_THAT(rows.at(0).get<std::string>(),
               Catch::StartsWith(begin) && Catch::Contains("no such table: users"));
    CHECK_THAT(rows.at(1).get<std::string>(), Catch::StartsWith(begin) && Catch::Contains("readonly"));
    CHECK_THAT(rows.at(2).get<std::string>(), Catch::StartsWith(begin) && Catch::Contains("ANY"));
    CHECK(rows.at(3) == "NotOffered: the homeserver's tables need the setting python.synapse_database");
    house.media.reset();
    CHECK(house.rows({{"SELECT COUNT(*) FROM local_media_repository"}}) ==
          Json{"RuntimeError: mxcd cannot answer: only the running service knows its media"});
}

TEST_CASE("PostgreSQL's casts are left out for SQLite, texts in quotes are left alone") {
    PythonHouse house;
    house.write("casts", R"py(
from mxcd_host.sql import without_casts
class Module:
    def __init__(self, config, api): api.register_media_repository_callbacks(get_media_config_for_user=self.config)
    async def config(self, user_id):
        texts = ["SUM(a)::BIGINT, b :: numeric(10, 2)", "'::x' = c::text[]", 'd::double precision AS "e::f"', "'it''s::y'::text"]
        return {"texts": [without_casts(text) for text in texts]}
)py");
    const auto module = house.load("casts.Module");
    CHECK(house.runner.run(module->media_config(user("alice"))) ==
          Json{{"texts", {"SUM(a), b ", "'::x' = c", "d AS \"e::f\"", "'it''s::y'"}}});
}
