#include "mxcd/base/errors.hpp"
#include "mxcd/base/hash.hpp"

#include "desk_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

/// Longer than what lives in a row: this one is a file.
const std::string long_body = [] {
    std::string body;
    for (int i = 0; body.size() < 5000; ++i) body += std::to_string(i) + ",";
    return body;
}();

Answer get(DeskHouse& house, const std::string& id, const std::string& field, const std::string& value,
           const std::string& method = "GET") {
    TestRequest request(method, download_path + "hs.test/" + id);
    return house.ask(request.as("alice").with(field, value));
}

class QuarantiningModule final : public media::MediaModule {
  public:
    [[nodiscard]] bool checks_files() const override { return true; }
    async::Task<media::FileVerdict> check_file(media::FileFacts) override {
        co_return media::FileQuarantined{};
    }
};

std::string tag_of(const std::string& body) { return '"' + base::to_hex(base::sha256(body)) + '"'; }

void require_protection(const Answer& answer) {
    INFO("status " << answer.status);
    CHECK(answer.header("content-security-policy") ==
          "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src "
          "'unsafe-inline'; media-src 'self'; object-src 'self';");
    CHECK(answer.header("x-content-security-policy") == "sandbox;");
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("cross-origin-resource-policy") == "cross-origin");
    CHECK(answer.header("referrer-policy") == "no-referrer");
    CHECK(answer.header("x-robots-tag") == "noindex, nofollow, noarchive, noimageindex");
    CHECK(answer.header("access-control-allow-origin") == "*");
    CHECK(answer.header("x-request-id") == "request-1");
}

}  // namespace

TEST_CASE("row 81: everybody with a token downloads the same bytes, small or large") {
    DeskHouse house;
    const std::string body = GENERATE(values<std::string>({"small", long_body}));
    const std::string id = house.upload(body, "image/png");
    for (const std::string token : {"alice", "bob"}) {
        const Answer answer = house.download(id, token);
        CHECK(answer.status == 200);
        CHECK(answer.body == body);
        CHECK(answer.header("content-type") == "image/png");
        CHECK(answer.header("accept-ranges") == "bytes");
        CHECK(answer.header("etag") == tag_of(body));
        CHECK(answer.header("cache-control") == "private, max-age=86400, immutable");
    }
}

TEST_CASE("rows 82 and 83: the type comes back as it was; bare text types get a charset") {
    DeskHouse house;
    const auto [stored, served] = GENERATE(table<std::string, std::string>(
        {{"img/png", "img/png"},
         {"text/plain", "text/plain; charset=UTF-8"},
         {"application/json", "application/json; charset=UTF-8"},
         {"Text/HTML", "Text/HTML; charset=UTF-8"},
         {"text/plain; charset=iso-8859-1", "text/plain; charset=iso-8859-1"}}));
    CHECK(house.download(house.upload("x", stored)).header("content-type") == served);
}

TEST_CASE("row 57: a type that is no valid header value is served as application/octet-stream") {
    DeskHouse house;
    const auto stored = GENERATE(
        values<std::string>({"t\xC3\xA9xt/plain", "text/plain\x01", "text", "text/plain, text/html"}));
    const Answer answer = house.download(house.upload("x", stored));
    CHECK(answer.header("content-type") == "application/octet-stream");
    CHECK(answer.header("content-disposition") == "attachment");
}

TEST_CASE("row 84: without a name there is a disposition, and no name") {
    DeskHouse house;
    CHECK(house.download(house.upload("x", "text/plain")).header("content-disposition") == "inline");
    CHECK(house.download(house.upload("x", "text/html")).header("content-disposition") == "attachment");
}

TEST_CASE("row 89: a name in the path stands in for the stored one, and changes nothing") {
    DeskHouse house;
    const std::string id = house.upload("x", "text/plain", "?filename=stored.txt");
    CHECK(house.download(id + "/file.png").header("content-disposition") == "inline; filename=file.png");
    CHECK(house.download(id + "/%E2%98%95").header("content-disposition") ==
          "inline; filename*=utf-8''%E2%98%95");
    CHECK(house.download(id + "/a+b").header("content-disposition") == "inline; filename=a+b");
    CHECK(house.download(id).header("content-disposition") == "inline; filename=stored.txt");
}

TEST_CASE("row 90: nothing in a name makes another header") {
    DeskHouse house;
    const std::string id = house.upload("x", "text/plain", "?filename=s%0D%0AX-Evil:%201");
    const Answer named = house.download(id + "/a%0D%0AX-Evil:1");
    CHECK(named.status == 200);
    CHECK_FALSE(named.has("x-evil"));
    CHECK(named.header("content-disposition") == "inline; filename*=utf-8''aX-Evil%3A1");
    CHECK(house.download(id + "/a%2Fb").header("content-disposition") == "inline; filename*=utf-8''a%2Fb");
    CHECK_FALSE(house.download(id).has("x-evil"));
}

TEST_CASE("a name in the path that is not UTF-8 is 400, one that cannot be decoded 404") {
    DeskHouse house;
    const std::string id = house.upload("x");
    CHECK(house.download(id + "/%FF").errcode() == "M_INVALID_PARAM");
    CHECK(house.download(id + "/%zz").errcode() == "M_NOT_FOUND");
}

TEST_CASE("rows 91, 92, 93 and 96: every answer of a download route carries the security headers") {
    DeskHouse house;
    const std::string id = house.upload(long_body, "text/html");
    require_protection(house.download(id));
    require_protection(get(house, id, "Range", "bytes=0-1"));
    require_protection(get(house, id, "Range", "bytes=99999-"));
    require_protection(get(house, id, "If-None-Match", "*"));
    require_protection(house.download(id, ""));
    require_protection(house.download(id, "nobody"));
    require_protection(house.download("unknown"));
    require_protection(house.download(id + "?timeout_ms=x"));
    require_protection(house.ask("GET", download_path + "%20/x", "alice"));
    require_protection(house.ask("POST", download_path + "hs.test/" + id));
    require_protection(house.ask("OPTIONS", download_path + "hs.test/" + id));
    house.blobs.set_broken(true);
    const Answer broken = house.download(id);
    CHECK(broken.status == 500);
    require_protection(broken);
}

TEST_CASE("rows 11 and 12: a bad media ID is 404 M_NOT_FOUND") {
    DeskHouse house;
    const auto id =
        GENERATE(values<std::string>({"abc%2Fdef", "..%2F..%2Fetc%2Fpasswd", "%00", "%zz", "a%", "a.b",
                                      "mxc:%2F%2Fhs.test%2Fabc", std::string(5000, 'a'), ""}));
    const Answer answer = house.download(id.empty() ? "/name" : id);
    CHECK(answer.status == 404);
    CHECK(answer.errcode() == "M_NOT_FOUND");
}

TEST_CASE("row 13: a bad server name is 400 M_INVALID_PARAM") {
    DeskHouse house;
    const auto server = GENERATE(values<std::string>(
        {"evil.test%40x", "evil.test@x", "a..b%2F", "%20", "[::1", "host:99999", "%00", "a..b/"}));
    const Answer answer = house.ask("GET", download_path + server + "/abc", "alice");
    CHECK(answer.status == 400);
    CHECK(answer.errcode() == "M_INVALID_PARAM");
}

TEST_CASE("another server's media is not found; names are compared to the letter") {
    DeskHouse house;
    const std::string id = house.upload("x");
    for (const std::string server : {"other.test", "HS.test", "hs.test:8448"}) {
        INFO(server);
        const Answer answer = house.ask("GET", download_path + server + "/" + id, "alice");
        CHECK(answer.status == 404);
        CHECK(answer.errcode() == "M_NOT_FOUND");
    }
}

TEST_CASE("row 94: unknown media is 404 M_NOT_FOUND, with nothing of the request in the text") {
    DeskHouse house;
    const Answer answer = house.download("nothinglikethat");
    CHECK(answer.status == 404);
    CHECK(answer.json() == matrix::Json::parse(R"({"errcode": "M_NOT_FOUND", "error": "Not found"})"));
}

TEST_CASE("row 14: HEAD has the status and the headers of GET") {
    DeskHouse house;
    const std::string id = house.upload(long_body, "text/plain", "?filename=a.txt");
    const Answer got = house.download(id);
    const Answer head = house.ask("HEAD", download_path + "hs.test/" + id, "alice");
    CHECK(head.status == got.status);
    CHECK(head.headers == got.headers);
    // The door needs the body to tell its length, and leaves it out.
    CHECK(head.body.size() == got.body.size());
    CHECK(get(house, id, "Range", "bytes=0-1", "HEAD").status == 200);
    CHECK(house.ask("HEAD", download_path + "hs.test/unknown", "alice").status == 404);
}

TEST_CASE("row 77: timeout_ms must be a number that is not negative") {
    DeskHouse house;
    const std::string id = house.upload("x");
    for (const std::string bad : {"-1", "abc", "", "1.5", "1e3", "0x1", "+5", "%FF", "%zz"}) {
        INFO(bad);
        const Answer answer = house.download(id + "?timeout_ms=" + bad);
        CHECK(answer.status == 400);
        CHECK(answer.errcode() == "M_INVALID_PARAM");
    }
    for (const std::string good : {"0", "20000", "007", "99999999999999999999999", "%31"})
        CHECK(house.download(id + "?timeout_ms=" + good).status == 200);
    CHECK(house.download("unknown?timeout_ms=0").status == 404);
}

TEST_CASE("row 95: a known ETag is 304 with the ETag and nothing to read") {
    DeskHouse house;
    const std::string id = house.upload(long_body, "text/plain", "?filename=a.txt");
    const std::string tag = tag_of(long_body);
    for (const std::string& known :
         {tag, "W/" + tag, std::string("*"), "\"a\", " + tag, "\"a,b\" ," + tag + ",\"c\""}) {
        INFO(known);
        const Answer answer = get(house, id, "If-None-Match", known);
        CHECK(answer.status == 304);
        CHECK(answer.body.empty());
        CHECK(answer.header("etag") == tag);
        CHECK(answer.header("cache-control") == "private, max-age=86400, immutable");
        CHECK_FALSE(answer.has("content-type"));
    }
    for (const std::string& other :
         {std::string("\"other\""), tag.substr(1), std::string("1"), std::string()})
        CHECK(get(house, id, "If-None-Match", other).status == 200);
}

TEST_CASE("row 96: no 304 without a token or without the media") {
    DeskHouse house;
    const std::string id = house.upload("x");
    TestRequest anonymous("GET", download_path + "hs.test/" + id);
    CHECK(house.ask(anonymous.with("If-None-Match", "*")).status == 401);
    CHECK(get(house, "unknown", "If-None-Match", "*").status == 404);
}

TEST_CASE("row 97: a single range is 206 with exactly those bytes, from memory and from a file") {
    DeskHouse house;
    const std::string body = GENERATE(values<std::string>({"0123456789abcdefghij", long_body}));
    const std::string id = house.upload(body);
    const std::string size = std::to_string(body.size());
    const Answer first = get(house, id, "Range", "bytes=0-9");
    CHECK(first.status == 206);
    CHECK(first.body == body.substr(0, 10));
    CHECK(first.header("content-range") == "bytes 0-9/" + size);
    CHECK(first.header("content-type") == "text/plain; charset=UTF-8");
    CHECK(first.header("etag") == tag_of(body));
    CHECK(first.header("accept-ranges") == "bytes");
    CHECK(get(house, id, "Range", "bytes=-10").body == body.substr(body.size() - 10));
    CHECK(get(house, id, "Range", "bytes=10-").body == body.substr(10));
    CHECK(get(house, id, "Range", "bytes=5-5").body == body.substr(5, 1));
    CHECK(get(house, id, "Range", "bytes=-99999999").header("content-range") ==
          "bytes 0-" + std::to_string(body.size() - 1) + "/" + size);
}

TEST_CASE("row 98: a range behind the end is 416 with the size") {
    DeskHouse house;
    const std::string id = house.upload("0123456789");
    const Answer answer = get(house, id, "Range", "bytes=999999-");
    CHECK(answer.status == 416);
    CHECK(answer.errcode() == "M_UNKNOWN");
    CHECK(answer.header("content-range") == "bytes */10");
    CHECK(answer.header("content-type") == "application/json");
}

TEST_CASE("row 99: several ranges and junk are the whole body") {
    DeskHouse house;
    const std::string id = house.upload("0123456789");
    for (const std::string range :
         {"bytes=0-1,5-6", "junk", "bytes=", "bytes=5-2", "items=0-1", "bytes=a-b", ""}) {
        const Answer answer = get(house, id, "Range", range);
        CHECK(answer.status == 200);
        CHECK(answer.body == "0123456789");
    }
}

TEST_CASE("If-Range: only our own strong tag makes a range a range") {
    DeskHouse house;
    const std::string id = house.upload("0123456789");
    const std::string tag = tag_of("0123456789");
    const auto ask = [&](const std::string& condition) {
        TestRequest request("GET", download_path + "hs.test/" + id);
        return house.ask(request.as("alice").with("Range", "bytes=0-1").with("If-Range", condition)).status;
    };
    CHECK(ask(tag) == 206);
    CHECK(ask("W/" + tag) == 200);
    CHECK(ask("\"other\"") == 200);
    CHECK(ask("Tue, 01 Jan 2030 00:00:00 GMT") == 200);
}

TEST_CASE("a known ETag wins over a range") {
    DeskHouse house;
    const std::string id = house.upload("0123456789");
    TestRequest request("GET", download_path + "hs.test/" + id);
    request.as("alice").with("Range", "bytes=99-").with("If-None-Match", tag_of("0123456789"));
    CHECK(house.ask(request).status == 304);
}

TEST_CASE("empty media: the last bytes of nothing are nothing, a first byte there is none") {
    DeskHouse house;
    const std::string id = house.upload("");
    CHECK(get(house, id, "Range", "bytes=-5").status == 200);
    const Answer answer = get(house, id, "Range", "bytes=0-");
    CHECK(answer.status == 416);
    CHECK(answer.header("content-range") == "bytes */0");
}

TEST_CASE("row 101: nobody is redirected") {
    DeskHouse house;
    const std::string id = house.upload("x");
    CHECK(house.download(id + "?allow_redirect=true").status == 200);
}

TEST_CASE("a row whose bytes are lost is 500, not 404") {
    DeskHouse house;
    const std::string id = house.upload(long_body);
    house.blobs.set_broken(true);
    CHECK(house.download(id).status == 500);
}

TEST_CASE("quarantined media is not found, also by those who have it already") {
    DeskHouse house;
    house.policy.modules = std::make_shared<media::ModuleChain>(
        std::vector<media::ChainEntry>{{"scanner", std::make_shared<QuarantiningModule>()}},
        house.runner.group(), house.metrics);
    const std::string id = house.upload(GENERATE(std::string("short"), long_body));
    const Answer answer = house.download(id);
    CHECK(answer.status == 404);
    CHECK(answer.text("errcode") == "M_NOT_FOUND");
    CHECK(get(house, id, "If-None-Match", "*").status == 404);
    CHECK(get(house, id, "Range", "bytes=0-1").status == 404);
    CHECK(get(house, id, "Accept", "*/*", "HEAD").status == 404);
}
