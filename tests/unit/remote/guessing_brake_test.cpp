#include "support/manual_clock.hpp"
#include "unit/remote/remote_fixture.hpp"

namespace mxcd::remote {

namespace {

using namespace std::chrono_literals;

/// Knows the token "good", and counts what it is asked.
class CountingSource final : public media::TokenAuthenticator {
  public:
    async::Task<media::Identity> authenticate(media::Credentials credentials) override {
        ++asked;
        if (is_down) throw base::UpstreamError("down");
        if (credentials.token.reveal() == "good") co_return media::Identity{user("@alice:hs.test")};
        throw matrix::Error(refusal, "M_UNKNOWN_TOKEN", "Unknown token");
    }
    int asked = 0;
    int refusal = 401;
    bool is_down = false;
};

struct BrakeFixture {
    std::string ask(const std::string& text, const std::string& address) {
        Credentials credentials = token(text);
        credentials.client_address = address;
        return outcome_of(runner, *brake, std::move(credentials));
    }
    void guess(const std::string& address, int times) {
        for (int i = 0; i < times; ++i) ask("guess", address);
    }

    test::ManualClock clock;
    test::MemoryMetrics metrics;
    CountingSource source;
    std::unique_ptr<media::TokenAuthenticator> brake = make_guessing_brake(source, clock, metrics);
    test::TaskRunner runner;
};

constexpr auto unknown = "401 M_UNKNOWN_TOKEN";
constexpr auto too_many = "429 M_LIMIT_EXCEEDED";

}  // namespace

TEST_CASE("an address that guesses tokens is told to wait, and the homeserver hears no more of it") {
    BrakeFixture fixture;
    for (int i = 0; i < 50; ++i) CHECK(fixture.ask("guess", "192.0.2.1") == unknown);
    CHECK(fixture.ask("guess", "192.0.2.1") == too_many);
    CHECK(fixture.ask("good", "192.0.2.1") == too_many);
    CHECK(fixture.source.asked == 50);
    CHECK(fixture.metrics.value("mxcd_token_guessing_braked_total") == 2);
    Credentials again = token("guess");
    again.client_address = "192.0.2.1";
    CHECK(refusal_of(fixture.runner, *fixture.brake, again).retry_after() == 100ms);
    fixture.clock.advance(100ms);
    CHECK(fixture.ask("good", "192.0.2.1") == "@alice:hs.test");
    CHECK(fixture.ask("guess", "192.0.2.1") == unknown);
    CHECK(fixture.ask("guess", "192.0.2.1") == too_many);
}

TEST_CASE("addresses are counted apart, IPv6 networks of one customer together") {
    BrakeFixture fixture;
    fixture.guess("192.0.2.1", 60);
    CHECK(fixture.ask("good", "192.0.2.2") == "@alice:hs.test");
    fixture.guess("2001:db8:0:1::1", 60);
    CHECK(fixture.ask("good", "2001:db8:0:1:ffff::2") == too_many);
    CHECK(fixture.ask("good", "2001:db8:0:2::1") == "@alice:hs.test");
}

TEST_CASE("whose address is not known is never braked") {
    BrakeFixture fixture;
    const std::string address = GENERATE("", "127.0.0.1", "127.8.8.8", "::1", "unknown");
    fixture.guess(address, 200);
    CHECK(fixture.ask("guess", address) == unknown);
    CHECK(fixture.ask("good", address) == "@alice:hs.test");
}

TEST_CASE(
    "only refused tokens count: not known ones, not refusals of another kind, not a homeserver that is "
    "down") {
    BrakeFixture fixture;
    for (int i = 0; i < 200; ++i) CHECK(fixture.ask("good", "192.0.2.1") == "@alice:hs.test");
    fixture.source.refusal = 403;
    fixture.guess("192.0.2.1", 200);
    fixture.source.is_down = true;
    fixture.guess("192.0.2.1", 200);
    fixture.source.is_down = false;
    CHECK(fixture.ask("good", "192.0.2.1") == "@alice:hs.test");
}

}  // namespace mxcd::remote
