#include "api/limit_link.hpp"
#include "api/limit_text.hpp"
#include "desk_house.hpp"

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

/// A house whose limit is an hour's window of 1.5 MiB, of which 1 MiB is used; and the link of a refusal.
struct FullHouse : DeskHouse {
    FullHouse() {
        policy.limits = {media::UploadLimit{1h, base::ByteCount(1536 * 1024), "", false}};
        policy.max_upload_size = base::ByteCount(4 * 1024 * 1024);
        static_cast<void>(upload(std::string(1024 * 1024, 'x')));
        clock.advance(15min);
    }

    std::string link(std::size_t size = 1024 * 1024) {
        TestRequest request("POST", upload_path);
        const Answer answer = ask(request.as("alice").body_is(std::string(size, 'y')));
        REQUIRE(answer.status == 403);
        const std::string uri = answer.text("info_uri");
        const std::string base = "https://hs.test";
        REQUIRE(uri.starts_with(base));
        return uri.substr(base.size());
    }

    Answer page(const std::string& target, const std::string& language = "en") {
        TestRequest request("GET", target);
        return ask(request.with("Accept-Language", language));
    }
};

bool says(const Answer& page, const std::string& text) { return page.body.find(text) != std::string::npos; }

api::LimitFacts facts() {
    api::LimitFacts facts;
    facts.period = 24h;
    facts.max_size = base::ByteCount(1000);
    facts.used = base::ByteCount(900);
    facts.attempted = base::ByteCount(200);
    facts.issued_at = ManualClock().now();
    return facts;
}

std::string query_of(const std::string& link) { return link.substr(link.find('?') + 1); }

}  // namespace

TEST_CASE("the limit page tells the limit, what is used and when there is room, without a token") {
    FullHouse house;
    const Answer page = house.page(house.link());
    CHECK(page.status == 200);
    CHECK(page.header("content-type") == "text/html; charset=utf-8");
    CHECK(says(page, "You can upload 1.5 MiB within 1 hour."));
    CHECK(says(page, "You have used 1 MiB of it. The refused file is 1 MiB."));
    // The clock stood at 22:13:20 at the first upload.
    CHECK(says(page, "on 2023-11-14 23:14 UTC, in about 45 minutes."));
    CHECK(house.authenticator.calls == 2);
}

TEST_CASE("the limit page speaks German and French") {
    FullHouse house;
    const std::string link = house.link();
    const Answer german = house.page(link, "de-CH,de;q=0.9,en;q=0.5");
    CHECK(german.header("content-language") == "de");
    CHECK(says(german, "<html lang=\"de\">"));
    CHECK(says(german, "Innerhalb von 1 Stunde können Sie 1,5 MiB hochladen."));
    CHECK(says(german, "in etwa 45 Minuten"));
    const Answer french = house.page(link, "fr");
    CHECK(french.header("content-language") == "fr");
    CHECK(says(french, "Vous pouvez envoyer 1,5 Mio en 1 heure."));
    CHECK(says(french, "dans environ 45 minutes"));
    CHECK(house.page(link, "ja").header("content-language") == "en");
}

TEST_CASE("the limit page has no script, a policy of its own, and the headers of every answer") {
    FullHouse house;
    const Answer page = house.page(house.link());
    CHECK_FALSE(says(page, "<script"));
    CHECK(
        page.header("content-security-policy").starts_with("default-src 'none'; style-src 'unsafe-inline';"));
    CHECK(page.header("x-content-type-options") == "nosniff");
    CHECK(page.header("referrer-policy") == "no-referrer");
    CHECK(page.header("x-frame-options") == "DENY");
    CHECK(page.header("cache-control") == "no-store");
    CHECK(page.header("access-control-allow-origin") == "*");
    CHECK(page.header("x-request-id") == "request-1");
}

TEST_CASE("a link that was changed anywhere tells the general text only") {
    FullHouse house;
    const std::string link = house.link();
    const std::size_t begin = link.find("l=") + 2;
    for (std::size_t i = begin; i < link.size(); ++i) {
        std::string changed = link;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const Answer page = house.page(changed);
        INFO(i);
        REQUIRE(page.status == 200);
        REQUIRE_FALSE(says(page, "1.5 MiB"));
        REQUIRE(says(page, "This server limits"));
    }
}

TEST_CASE("a link without signature, without facts, or cut short tells the general text only") {
    FullHouse house;
    const std::string link = house.link();
    const std::string path(api::limit_page_path);
    for (const std::string& target :
         {path, path + "?", path + "?l=&s=", link.substr(0, link.find("&s=")),
          link.substr(0, link.size() - 1), link + "A", path + "?s=" + link.substr(link.find("&s=") + 3),
          path + "?l=%FF&s=%zz", path + "?l=" + std::string(6000, 'A')}) {
        INFO(target);
        const Answer page = house.page(target);
        CHECK(page.status == 200);
        CHECK(says(page, "This server limits"));
        CHECK_FALSE(says(page, "1.5 MiB"));
    }
}

TEST_CASE("a link is good for thirty days") {
    FullHouse house;
    const std::string link = house.link();
    house.clock.advance(24h * 30);
    CHECK(says(house.page(link), "1.5 MiB"));
    CHECK(says(house.page(link), "There should be room for a file of this size by now."));
    house.clock.advance(1ms);
    CHECK_FALSE(says(house.page(link), "1.5 MiB"));
}

TEST_CASE("a file that is larger than its limit never fits, and the page says so") {
    FullHouse house;
    CHECK(says(house.page(house.link(2 * 1024 * 1024)), "larger than the limit itself"));
}

TEST_CASE("the page of a chunked upload that was refused before its body tells no size that nobody knows") {
    FullHouse house;
    static_cast<void>(house.upload(std::string(512 * 1024, 'x')));
    TestRequest request("POST", upload_path);
    const Answer refused = house.ask(request.as("alice").chunked("y"));
    REQUIRE(refused.status == 403);
    const Answer page = house.page(refused.text("info_uri").substr(std::string("https://hs.test").size()));
    CHECK(says(page, "You have used 1.5 MiB of it.</p>"));
    CHECK_FALSE(says(page, "refused file"));
}

TEST_CASE("facts survive the way through a link; another key reads nothing") {
    const ManualClock clock;
    const api::LimitLinks links(base::Secret("one key"), clock);
    const api::LimitLinks others(base::Secret("another key"), clock);
    api::LimitFacts window = facts();
    window.room_at = clock.now() + 5h;
    api::LimitFacts quota = facts();
    quota.kind = api::LimitFacts::Kind::quota;
    quota.period = 0ms;
    quota.max_files = 7;
    quota.files = 6;
    api::LimitFacts chunked = facts();
    chunked.attempted.reset();
    for (const api::LimitFacts& told : {window, quota, chunked, facts()}) {
        const std::string query = query_of(links.link("https://hs.test/", told));
        CHECK(links.read(query) == told);
        CHECK_FALSE(others.read(query));
    }
}

TEST_CASE("a quota's page tells what is stored, and that deleting helps") {
    const api::LimitPhrases& english = api::limit_phrases().front();
    api::LimitFacts quota = facts();
    quota.kind = api::LimitFacts::Kind::quota;
    quota.max_files = 7;
    quota.files = 6;
    const std::vector<std::string> text = api::limit_text(quota, ManualClock().now(), english);
    REQUIRE(text.size() == 4);
    CHECK(text[0] == "You can store 1000 B in all.");
    CHECK(text[1] == "Number of files that you can store in all: 7.");
    CHECK(text[2] == "You have stored 900 B (files: 6). The refused file is 200 B.");
    CHECK(text[3] == "There will be room again when media that you have stored is deleted.");
}

TEST_CASE("sizes, periods and waits are readable") {
    const api::LimitPhrases& english = api::limit_phrases().front();
    const auto size = [&](std::int64_t bytes) { return api::readable_size(base::ByteCount(bytes), english); };
    CHECK(size(0) == "0 B");
    CHECK(size(-5) == "0 B");
    CHECK(size(1023) == "1023 B");
    CHECK(size(1024) == "1 KiB");
    CHECK(size(100 * 1024 * 1024) == "100 MiB");
    CHECK(size(1024 * 1024 - 1) == "1023.9 KiB");
    CHECK(size(base::ByteCount::max().value()) == "8388607.9 TiB");
    CHECK(api::readable_period(1h, english) == "1 hour");
    CHECK(api::readable_period(24h * 7, english) == "1 week");
    CHECK(api::readable_period(36h, english) == "36 hours");
    CHECK(api::readable_period(24h * 365, english) == "1 year");
    CHECK(api::readable_period(24h * 30, english) == "30 days");
    CHECK(api::readable_period(1500ms, english) == "2 seconds");
    CHECK(api::readable_period(1ms, english) == "1 second");
    CHECK(api::readable_wait(1ms, english) == "1 minute");
    CHECK(api::readable_wait(90min, english) == "90 minutes");
    CHECK(api::readable_wait(91min, english) == "2 hours");
    CHECK(api::readable_wait(49h, english) == "3 days");
    CHECK(api::readable_time(base::TimePoint(1'700'000'000'000ms)) == "2023-11-14 22:14 UTC");
    CHECK(api::readable_time(base::TimePoint::max()) == "9999-12-31 00:00 UTC");
    CHECK(api::readable_time(base::TimePoint::min()) == "1970-01-01 00:00 UTC");
}

TEST_CASE("no phrase of any language is missing or needs escaping, and none keeps a placeholder") {
    for (const api::LimitPhrases& phrases : api::limit_phrases()) {
        INFO(phrases.language);
        api::LimitFacts window = facts();
        api::LimitFacts quota = facts();
        quota.kind = api::LimitFacts::Kind::quota;
        quota.max_files = 1;
        std::vector<std::string> all{std::string(phrases.title), std::string(phrases.general),
                                     std::string(phrases.advice)};
        for (const std::chrono::milliseconds wait : {0ms, 1000ms, 7'200'000ms}) {
            window.room_at = window.issued_at + wait;
            for (std::string& text : api::limit_text(window, window.issued_at, phrases))
                all.push_back(std::move(text));
        }
        window.room_at.reset();
        for (std::string& text : api::limit_text(window, window.issued_at, phrases))
            all.push_back(std::move(text));
        for (std::string& text : api::limit_text(quota, quota.issued_at, phrases))
            all.push_back(std::move(text));
        for (const std::string& text : all) {
            INFO(text);
            CHECK_FALSE(text.empty());
            CHECK(text.find_first_of("<>&\"{}") == std::string::npos);
        }
    }
}
