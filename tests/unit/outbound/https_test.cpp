#include "support/temp_folder.hpp"
#include "unit/outbound/client_fixture.hpp"
#include "unit/outbound/tls_server.hpp"

namespace mxcd::outbound {

namespace {

/// A name of our own that resolves here.
constexpr const char* right_name = "localhost";
const std::string not_ok = "no answer: SSL peer certificate or SSH remote key was not OK";

ClientConfig trusting(const std::string& ca_file) {
    ClientConfig config;
    config.ca_file = ca_file;
    return config;
}

}  // namespace

TEST_CASE("HTTPS: a certificate of a trusted authority for the right name is accepted") {
    const test::Certificates certificates;
    const test::TlsServer server(certificates.issue(right_name, 2));
    ClientFixture fixture(trusting(certificates.authority()));
    for (int i = 0; i < 3; ++i) CHECK(fixture.send(get(server.url(right_name))).status == 200);
}

TEST_CASE("HTTPS: a certificate for another name is refused") {
    const test::Certificates certificates;
    const test::TlsServer server(certificates.issue("elsewhere.test", 2));
    ClientFixture fixture(trusting(certificates.authority()));
    CHECK(fixture.failure(get(server.url(right_name))) == not_ok);
    CHECK(fixture.ended("unreachable") == 1);
}

TEST_CASE("HTTPS: an expired certificate is refused") {
    const test::Certificates certificates;
    const test::TlsServer server(certificates.issue(right_name, -1));
    ClientFixture fixture(trusting(certificates.authority()));
    CHECK(fixture.failure(get(server.url(right_name))) == not_ok);
}

TEST_CASE("HTTPS: a self-signed certificate is refused") {
    const test::Certificates certificates;
    const test::TlsServer server(certificates.sign_itself(right_name));
    ClientFixture fixture(trusting(certificates.authority()));
    CHECK(fixture.failure(get(server.url(right_name))) == not_ok);
}

TEST_CASE("HTTPS: without a file of its own the client trusts the system's authorities only") {
    const test::Certificates certificates;
    const test::TlsServer server(certificates.issue(right_name, 2));
    ClientFixture fixture;
    CHECK(fixture.failure(get(server.url(right_name))) == not_ok);
}

TEST_CASE("HTTPS: a server that speaks no TLS is refused") {
    test::StubServer server(test::StubAnswer{});
    ClientFixture fixture;
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    OutboundRequest request = get(url);
    request.deadline = std::chrono::milliseconds(3'000);
    CHECK_THROWS_AS(fixture.send(request), base::UpstreamError);
    CHECK(server.request_count() == 0);
}

}  // namespace mxcd::outbound
