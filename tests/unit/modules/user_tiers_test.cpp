#include "mxcd/modules/builtin.hpp"

#include "support/catch.hpp"
#include "support/run_task.hpp"

#include <chrono>
#include <utility>

using namespace mxcd;
using namespace mxcd::test;
using namespace mxcd::base::literals;
using modules::UserTier;

namespace {

matrix::UserId user(const std::string& text) { return matrix::UserId::parse(text).value(); }

UserTier tier(std::optional<std::string> glob,
              std::optional<base::ByteCount> max_upload_size = std::nullopt) {
    UserTier rule;
    rule.user = std::move(glob);
    rule.max_upload_size = max_upload_size;
    return rule;
}

/// A `user_tiers` module with these rules under a global maximum of 1000 bytes.
struct Tiers {
    explicit Tiers(std::vector<UserTier> rules)
        : module(modules::make_user_tiers(modules::UserTiersConfig{std::move(rules), 1000_B})) {}

    std::optional<matrix::Json> config(const std::string& who) {
        return runner.run(module->media_config(user(who)));
    }
    bool allows(const std::string& who, base::ByteCount size) {
        return runner.run(module->is_upload_allowed(media::UploadFacts{user(who), size, "text/plain", {}}));
    }
    std::optional<std::vector<media::UploadLimit>> limits(const std::string& who) {
        return runner.run(module->upload_limits(user(who), base::ByteCount(1)));
    }
    /// Whether the first rule, which must be the only one with a maximum of 1 byte, applies.
    bool matches(const std::string& who) { return !allows(who, 2_B); }

    std::shared_ptr<media::MediaModule> module;
    TaskRunner runner;
};

}  // namespace

TEST_CASE("whom no rule matches, the tiers have no opinion on") {
    Tiers tiers({tier("@alice:*", 1_B)});
    CHECK_FALSE(tiers.config("@bob:a"));
    CHECK(tiers.allows("@bob:a", 1'000'000_B));
    CHECK_FALSE(tiers.limits("@bob:a"));
    CHECK(tiers.module->answers_at_once());
    CHECK_FALSE(tiers.module->checks_files());
}

TEST_CASE("the first rule that matches wins, also when it says nothing") {
    Tiers tiers({tier("@alice:*"), tier("@al*:*", 5_B), tier(std::nullopt, 10_B)});
    CHECK_FALSE(tiers.config("@alice:a"));
    CHECK(tiers.allows("@alice:a", 11_B));
    CHECK(tiers.config("@alan:a")->at("m.upload.size") == 5);
    CHECK(tiers.config("@bob:a")->at("m.upload.size") == 10);
}

TEST_CASE("a rule's maximum allows exactly its size") {
    Tiers tiers({tier(std::nullopt, 10_B)});
    CHECK(tiers.allows("@a:b", 0_B));
    CHECK(tiers.allows("@a:b", 10_B));
    CHECK_FALSE(tiers.allows("@a:b", 11_B));
}

TEST_CASE("a maximum without config is told as m.upload.size, but never more than the global maximum") {
    const auto [max_upload_size, told] =
        GENERATE(table<std::int64_t, std::int64_t>({{0, 0}, {10, 10}, {1000, 1000}, {1001, 1000}}));
    Tiers tiers({tier(std::nullopt, base::ByteCount(max_upload_size))});
    CHECK(tiers.config("@a:b").value() == matrix::Json{{"m.upload.size", told}});
}

TEST_CASE("a rule's config is the whole answer, as it stands") {
    UserTier rule = tier(std::nullopt, 10_B);
    rule.config = matrix::Json{{"org.example", {1, 2}}};
    CHECK(Tiers({rule}).config("@a:b").value() == matrix::Json{{"org.example", {1, 2}}});
    rule.config = matrix::Json::object();
    CHECK(Tiers({rule}).config("@a:b").value() == matrix::Json::object());
}

TEST_CASE("a rule's limits are the user's limits, and an empty list means none") {
    UserTier limited = tier("@a:*");
    limited.media_upload_limits = {
        media::UploadLimit{std::chrono::hours(1), 5_B, "https://x.example/", true}};
    UserTier unlimited = tier("@b:*");
    unlimited.media_upload_limits.emplace();
    Tiers tiers({limited, unlimited, tier(std::nullopt, 1_B)});
    CHECK(tiers.limits("@a:x").value() == *limited.media_upload_limits);
    CHECK(tiers.limits("@b:x").value().empty());
    CHECK_FALSE(tiers.limits("@c:x"));
}

TEST_CASE("all conditions that are given must hold") {
    UserTier rule = tier("@a*:*", 1_B);
    rule.user_regex = "@.*[0-9]:.*";
    rule.server = "*.example.org";
    Tiers tiers({rule});
    CHECK(tiers.matches("@a1:x.example.org"));
    CHECK_FALSE(tiers.matches("@b1:x.example.org"));
    CHECK_FALSE(tiers.matches("@ab:x.example.org"));
    CHECK_FALSE(tiers.matches("@a1:example.com"));
}

TEST_CASE("globs and regexes must match the whole user ID, and the server glob the whole server name") {
    UserTier by_regex = tier(std::nullopt, 1_B);
    by_regex.user_regex = "@alice";
    CHECK_FALSE(Tiers({by_regex}).matches("@alice:a"));
    by_regex.user_regex = "@(alice|bob):a";
    CHECK(Tiers({by_regex}).matches("@bob:a"));
    CHECK_FALSE(Tiers({by_regex}).matches("@bob:ab"));
    CHECK_FALSE(Tiers({tier("@alice", 1_B)}).matches("@alice:a"));
    UserTier by_server = tier(std::nullopt, 1_B);
    by_server.server = "example.org";
    CHECK(Tiers({by_server}).matches("@a:example.org"));
    CHECK_FALSE(Tiers({by_server}).matches("@a:example.org:8448"));
    CHECK_FALSE(Tiers({by_server}).matches("@a:my.example.org"));
}

TEST_CASE("a regex that explodes when it is matched by trying does not, whatever ID a user has chosen") {
    UserTier rule = tier(std::nullopt, 1_B);
    rule.user_regex = "@((a+)+)+:b";
    Tiers tiers({rule});
    const auto begun = std::chrono::steady_clock::now();
    CHECK_FALSE(tiers.matches("@" + std::string(240, 'a') + ":c"));
    CHECK(tiers.matches("@" + std::string(240, 'a') + ":b"));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("regexes are checked before they are used") {
    CHECK(modules::is_valid_regex("@[a-z]+:example\\.org"));
    CHECK(modules::is_valid_regex(""));
    CHECK_FALSE(modules::is_valid_regex("("));
    CHECK_FALSE(modules::is_valid_regex("@(.)\\1:.*"));
    CHECK_FALSE(modules::is_valid_regex("[z-a]"));
    CHECK_FALSE(modules::is_valid_regex("*"));
}
