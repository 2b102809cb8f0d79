#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/text.hpp"

#include "desk_house.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <regex>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

Answer upload(DeskHouse& house, const std::string& body, const std::string& query = "") {
    TestRequest request("POST", upload_path + query);
    return house.ask(request.as("alice").body_is(body));
}

Answer upload_that_fails(DeskHouse& house, std::exception_ptr failure) {
    TestRequest request("POST", upload_path);
    return house.ask(request.as("alice").body_fails(std::move(failure), 5000));
}

std::optional<std::string> stored_name(DeskHouse& house, const std::string& query) {
    REQUIRE(upload(house, "x", query).status == 200);
    return house.metadata.records().back().file_name;
}

/// An hour's window of 100 bytes.
DeskHouse& with_limit(DeskHouse& house, const std::string& info_uri = "", bool can_upgrade = false) {
    house.policy.limits = {media::UploadLimit{1h, base::ByteCount(100), info_uri, can_upgrade}};
    return house;
}

}  // namespace

TEST_CASE("row 39: an upload answers with its mxc URI") {
    DeskHouse house;
    TestRequest request("POST", upload_path + "?filename=test.png");
    const Answer answer = house.ask(request.as("alice").with("Content-Type", "image/png").body_is("png"));
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.json().size() == 1);
    const std::string uri = answer.text("content_uri");
    CHECK(std::regex_match(uri, std::regex("mxc://hs\\.test/[A-Za-z]{24}")));
    CHECK(house.metadata.records().at(0).owner.text() == "@alice:hs.test");
}

TEST_CASE("row 40: no Content-Type, or an empty one, is application/octet-stream") {
    DeskHouse house;
    REQUIRE(upload(house, "x").status == 200);
    const media::MediaRecord record = house.metadata.records().at(0);
    CHECK(record.content_type == "application/octet-stream");
    CHECK(house.download(record.id.text()).header("content-type") == "application/octet-stream");
    CHECK(house.download(house.upload("y", "")).header("content-type") == "application/octet-stream");
}

TEST_CASE("row 41: an empty body is media like any other") {
    DeskHouse house;
    const Answer answer = house.download(house.upload(""));
    CHECK(answer.status == 200);
    CHECK(answer.body.empty());
}

TEST_CASE("rows 42, 43 and 44: exactly the maximum fits, one byte more is 413, declared or not") {
    DeskHouse house;
    house.policy.max_upload_size = base::ByteCount(5000);
    CHECK(upload(house, std::string(5000, 'x')).status == 200);
    const Answer declared = upload(house, std::string(5001, 'x'));
    CHECK(declared.status == 413);
    CHECK(declared.errcode() == "M_TOO_LARGE");
    TestRequest chunked("POST", upload_path);
    CHECK(house.ask(chunked.as("alice").chunked(std::string(5001, 'x'))).errcode() == "M_TOO_LARGE");
    CHECK(house.metadata.records().size() == 1);
    CHECK(house.blobs.spool_count() == 0);
}

TEST_CASE("row 46: the same bytes again are other media, whoever uploads them") {
    DeskHouse house;
    const std::string body = GENERATE(std::string("same"), std::string(5000, 'x'));
    for (const char* user : {"alice", "alice", "bob"}) {
        TestRequest request("POST", upload_path);
        REQUIRE(house.ask(request.as(user).body_is(body)).status == 200);
    }
    const std::vector<media::MediaRecord> records = house.metadata.records();
    // Kept by ID, so these are three.
    REQUIRE(records.size() == 3);
    for (const media::MediaRecord& record : records) CHECK(house.download(record.id.text()).body == body);
}

TEST_CASE("row 48: a full window is 403 M_USER_LIMIT_EXCEEDED with the limit's info_uri") {
    DeskHouse house;
    with_limit(house, "https://example.org/limits", true);
    CHECK(upload(house, std::string(100, 'x')).status == 200);
    const Answer answer = upload(house, "x");
    CHECK(answer.status == 403);
    CHECK(answer.json() == matrix::Json::parse(R"({"errcode": "M_USER_LIMIT_EXCEEDED",
        "error": "Media upload limit exceeded", "info_uri": "https://example.org/limits", "can_upgrade": true})"));
}

TEST_CASE("row 47, as the contract has it: without a configured info_uri it is our own page, signed") {
    DeskHouse house;
    with_limit(house);
    const Answer answer = upload(house, std::string(101, 'x'));
    CHECK(answer.status == 403);
    CHECK(answer.errcode() == "M_USER_LIMIT_EXCEEDED");
    CHECK_FALSE(answer.json().contains("can_upgrade"));
    CHECK(answer.json().size() == 3);
    const std::string uri = answer.text("info_uri");
    CHECK(std::regex_match(
        uri,
        std::regex("https://hs\\.test/_matrix/media/mxcd/limit\\?l=[A-Za-z0-9_-]+&s=[A-Za-z0-9_-]{22}")));
    CHECK(uri.find("alice") == std::string::npos);
}

TEST_CASE("synapse_legacy: 400 M_RESOURCE_LIMIT_EXCEEDED and no other key") {
    DeskHouse house;
    with_limit(house, "https://example.org/limits", true);
    house.config.limit_exceeded_response = api::LimitExceededResponse::synapse_legacy;
    const Answer answer = upload(house, std::string(101, 'x'));
    CHECK(answer.status == 400);
    CHECK(answer.json() ==
          matrix::Json::parse(
              R"({"errcode": "M_RESOURCE_LIMIT_EXCEEDED", "error": "Media upload limit exceeded"})"));
}

TEST_CASE("row 51: a plus sign and %20 are both a space in the file name") {
    DeskHouse house;
    CHECK(stored_name(house, "?filename=name+with+spaces") == "name with spaces");
    DeskHouse other;
    CHECK(stored_name(other, "?filename=name%20with%20spaces") == "name with spaces");
    DeskHouse third;
    CHECK(stored_name(third, "?filename=a%2Bb%2526") == "a+b%26");
}

TEST_CASE("row 52: a file name that is not UTF-8, or badly escaped, is 400 and stores nothing") {
    DeskHouse house;
    const auto name = GENERATE(values<std::string>({"%FF%FE", "%ED%A0%80", "%", "a%2", "a%zz", "%C0%AF"}));
    const Answer answer = upload(house, "x", "?filename=" + name);
    CHECK(answer.status == 400);
    CHECK(answer.errcode() == "M_INVALID_PARAM");
    CHECK(house.metadata.records().empty());
}

TEST_CASE("the size is judged before the file name") {
    DeskHouse house;
    house.policy.max_upload_size = base::ByteCount(10);
    CHECK(upload(house, std::string(11, 'x'), "?filename=%FF").errcode() == "M_TOO_LARGE");
    CHECK(upload(house, std::string(10, 'x'), "?filename=%FF").errcode() == "M_INVALID_PARAM");
}

TEST_CASE("row 53: an empty file name is none") {
    DeskHouse house;
    CHECK_FALSE(stored_name(house, "?filename="));
    CHECK(house.download(house.metadata.records().at(0).id.text()).header("content-disposition") ==
          "attachment");
}

TEST_CASE("rows 54 and 55: the name is stored as received, and a Content-Disposition is ignored") {
    DeskHouse house;
    TestRequest request("POST", upload_path + "?filename=a%0D%0A%00%22%5C" + std::string(2000, 'n'));
    request.as("alice").with("Content-Disposition", "attachment; filename=evil").body_is("x");
    REQUIRE(house.ask(request).status == 200);
    const media::MediaRecord record = house.metadata.records().at(0);
    CHECK(record.file_name == std::string("a\r\n\0\"\\", 6) + std::string(2000, 'n'));
    CHECK(house.download(record.id.text()).header("content-disposition") ==
          "attachment; filename*=utf-8''a%22%5C" + std::string(2000, 'n'));
}

TEST_CASE("row 55: a Content-Disposition gives no name either") {
    DeskHouse house;
    TestRequest request("POST", upload_path);
    REQUIRE(
        house.ask(request.as("alice").with("Content-Disposition", "attachment; filename=evil").body_is("x"))
            .status == 200);
    CHECK_FALSE(house.metadata.records().at(0).file_name);
}

TEST_CASE("rows 56 and 57: any Content-Type is taken verbatim") {
    DeskHouse house;
    const auto type =
        GENERATE(values<std::string>({"multipart/form-data; boundary=x", "img/png", "t\xC3\xA9xt", "  "}));
    const std::string parts = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--\r\n";
    const std::string id = house.upload(parts, type);
    CHECK(house.metadata.records().at(0).content_type == type);
    CHECK(house.download(id).body == parts);
}

TEST_CASE("row 58: a store without room is 507 before the body and 503 with Retry-After in it") {
    DeskHouse house;
    house.blobs.set_has_room(false);
    const Answer before = upload(house, "x");
    CHECK(before.status == 507);
    CHECK(before.errcode() == "M_UNKNOWN");
    house.blobs.set_has_room(true);
    house.blobs.set_body_limit(base::ByteCount(2000));
    const Answer during = upload(house, std::string(5000, 'x'));
    CHECK(during.status == 503);
    CHECK(during.errcode() == "M_UNKNOWN");
    CHECK(std::stoi(during.header("retry-after")) >= 1);
    CHECK(house.metadata.records().empty());
}

TEST_CASE("a broken store is 500 with a constant text") {
    DeskHouse house;
    house.metadata.fail_next_record();
    const Answer answer = upload(house, "x");
    CHECK(answer.status == 500);
    CHECK(answer.json() ==
          matrix::Json::parse(R"({"errcode": "M_UNKNOWN", "error": "Internal server error"})"));
    CHECK(house.metrics.value("mxcd_internal_errors_total") == 1);
}

TEST_CASE("how failures of a body are answered") {
    DeskHouse house;
    const Answer malformed =
        upload_that_fails(house, std::make_exception_ptr(base::MalformedBody("bad chunk")));
    CHECK(malformed.status == 400);
    CHECK(malformed.errcode() == "M_UNKNOWN");
    CHECK(malformed.close);
    const Answer slow = upload_that_fails(house, std::make_exception_ptr(async::TimedOut()));
    CHECK(slow.status == 408);
    CHECK(slow.close);
    const Answer busy = upload_that_fails(house, std::make_exception_ptr(base::Overloaded("queue")));
    CHECK(busy.status == 503);
    CHECK(std::stoi(busy.header("retry-after")) >= 1);
    CHECK_FALSE(busy.close);
    const Answer odd = upload_that_fails(house, std::make_exception_ptr(42));
    CHECK(odd.status == 500);
    CHECK(house.metadata.reservations() == 0);
}

TEST_CASE("nobody is answered when the client is gone or the request was cancelled") {
    DeskHouse house;
    CHECK_THROWS_AS(upload_that_fails(house, std::make_exception_ptr(base::ClientGone("gone"))),
                    base::ClientGone);
    const boost::system::system_error cancelled{
        boost::system::error_code(boost::asio::error::operation_aborted)};
    CHECK_THROWS_AS(upload_that_fails(house, std::make_exception_ptr(cancelled)),
                    boost::system::system_error);
}

TEST_CASE("row 127: the config endpoint tells the maximum") {
    DeskHouse house;
    for (const std::string& path : {config_path, std::string("/_matrix/media/v3/config")}) {
        const Answer answer = house.ask("GET", path, "alice");
        CHECK(answer.status == 200);
        CHECK(answer.json() == matrix::Json::parse(R"({"m.upload.size": 1048576})"));
        CHECK(answer.header("content-type") == "application/json");
        CHECK(answer.header("cache-control") == "no-cache, no-store, must-revalidate");
    }
}

TEST_CASE("a module's config is the whole body, also when it is empty") {
    DeskHouse house;
    const auto module = std::make_shared<ConfigModule>();
    house.policy.modules = std::make_shared<media::ModuleChain>(std::vector<media::ChainEntry>{{"m", module}},
                                                                house.runner.group(), house.metrics);
    CHECK(house.ask("GET", config_path, "alice").json().at("m.upload.size") == 1048576);
    module->config = matrix::Json::object();
    CHECK(house.ask("GET", config_path, "alice").body == "{}");
    module->config = matrix::Json::parse(R"({"m.upload.size": 7, "x": null})");
    CHECK(house.ask("GET", config_path, "alice").json() == *module->config);
}
