#include "support/catch.hpp"
#include "support/temp_folder.hpp"
#include "unit/http/door.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string post(const std::string& path, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}
std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 12345;
    for (char& c : text) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return text;
}

}  // namespace

TEST_CASE("a GET is answered with length and date, and the connection stays") {
    Door door;
    Client client(door.port());
    for (int i = 0; i < 3; ++i) {
        client.send(get("/hello?x=1"));
        const std::optional<Answer> answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->body == "GET /hello 0");
        CHECK(header_value(*answer, "Content-Length") == "12");
        CHECK(header_value(*answer, "Date").ends_with(" GMT"));
        CHECK(header_value(*answer, "Connection").empty());
    }
    const std::vector<Seen> seen = door.desk().seen();
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].query == "x=1");
    CHECK(seen[0].client == "127.0.0.1");
    CHECK(seen[0].request_id.size() == 15);
    CHECK(seen[0].request_id != seen[1].request_id);
}

TEST_CASE("pipelined requests are answered in order, bodies included") {
    Door door;
    Client client(door.port());
    std::string pipeline;
    for (int i = 0; i < 200; ++i) {
        pipeline += get("/get" + std::to_string(i));
        pipeline += post("/post" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 7, 'b'));
        pipeline += "POST /chunked" + std::to_string(i) +
                    " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    }
    std::thread sender([&] { client.send(pipeline); });
    for (int i = 0; i < 200; ++i) {
        const std::optional<Answer> first = client.read_answer();
        const std::optional<Answer> second = client.read_answer();
        const std::optional<Answer> third = client.read_answer();
        const std::string number = std::to_string(i);
        if (!first || first->body != "GET /get" + number + " 0") FAIL_CHECK("GET " << i);
        if (!second || second->body != "POST /post" + number + " " + std::to_string(i * 7))
            FAIL_CHECK("POST " << i);
        if (!third || third->body != "POST /chunked" + number + " 3") FAIL_CHECK("chunked " << i);
    }
    sender.join();
}

TEST_CASE("HEAD has the headers of GET and no body") {
    Door door;
    Client client(door.port());
    client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/y"));
    const std::optional<Answer> head = client.read_answer(true);
    REQUIRE(head);
    CHECK(header_value(*head, "Content-Length") == "9");
    const std::optional<Answer> next = client.read_answer();
    REQUIRE(next);
    CHECK(next->body == "GET /y 0");
}

TEST_CASE("204 and 304 have neither body nor Content-Length") {
    Door door;
    Client client(door.port());
    for (const char* path : {"/nothing", "/same"}) {
        client.send(get(path));
        const std::optional<Answer> answer = client.read_answer();
        REQUIRE(answer);
        CHECK(header_value(*answer, "Content-Length").empty());
    }
    client.send(get("/after"));
    const std::optional<Answer> after = client.read_answer();
    REQUIRE(after);
    CHECK(after->body == "GET /after 0");
}

TEST_CASE("HTTP/1.0 closes unless it asks to stay") {
    Door door;
    Client closing(door.port());
    closing.send("GET / HTTP/1.0\r\n\r\n");
    CHECK_THAT(closing.read_to_end(), contains("Connection: close\r\n"));
    Client staying(door.port());
    for (int i = 0; i < 2; ++i) {
        staying.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const std::optional<Answer> answer = staying.read_answer();
        REQUIRE(answer);
        CHECK(header_value(*answer, "Connection") == "keep-alive");
    }
}

TEST_CASE("Connection: close is honoured") {
    Door door;
    Client client(door.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK_THAT(client.read_to_end(), contains("200 OK"));
}

TEST_CASE("a body of any size and cut arrives whole, with a length or chunked") {
    Door door;
    const std::string body = noise(3 * 1024 * 1024 + 17);
    SECTION("with a length") {
        Client client(door.port());
        client.send(post("/upload", body));
        const std::optional<Answer> answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->status == 200);
    }
    SECTION("chunked in odd sizes, with a request behind it") {
        Client client(door.port());
        std::string text = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        std::size_t at = 0;
        for (std::size_t size = 1; at < body.size(); size = size * 3 % 100'003 + 1) {
            const std::string piece = body.substr(at, size);
            char digits[20];
            std::snprintf(digits, sizeof(digits), "%zx\r\n", piece.size());
            text += digits + piece + "\r\n";
            at += piece.size();
        }
        client.send(text + "0\r\n\r\n" + get("/behind"));
        REQUIRE(client.read_answer());
        const std::optional<Answer> behind = client.read_answer();
        REQUIRE(behind);
        CHECK(behind->body == "GET /behind 0");
    }
    const std::vector<Seen> seen = door.desk().seen();
    REQUIRE(!seen.empty());
    CHECK((seen[0].body == body));
}

TEST_CASE("row 16: 100 Continue is sent by the first read of the body, and only then") {
    Door door;
    const std::string head = " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    SECTION("a handler that reads") {
        Client client(door.port());
        client.send("POST /read" + head);
        const std::optional<Answer> interim = client.read_answer();
        REQUIRE(interim);
        CHECK(interim->status == 100);
        client.send("hello");
        const std::optional<Answer> answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->body == "POST /read 5");
    }
    SECTION("a handler that refuses") {
        Client client(door.port());
        client.send("POST /early" + head);
        const std::optional<Answer> answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->status == 413);
        CHECK(header_value(*answer, "Connection") == "close");
    }
}

TEST_CASE("an early answer reaches a client that is still sending 5 MiB") {
    Door door;
    for (int i = 0; i < 5; ++i) {
        Client client(door.port());
        const std::string request = post("/early", std::string(5 * 1024 * 1024, 'x'));
        CHECK(client.send(request));
        const std::optional<Answer> answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->status == 413);
        client.finish_sending();
        CHECK(client.is_closed_within(5s));
    }
}

TEST_CASE("a refused header reaches a client that is still sending 5 MiB") {
    Door door;
    Client client(door.port());
    CHECK(client.send("POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 5242880\r\n\r\n" +
                      std::string(5 * 1024 * 1024, 'x')));
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 400);
}

TEST_CASE("an unread body that has arrived already does not cost the connection") {
    Door door;
    Client client(door.port());
    const std::size_t size = GENERATE(std::size_t{4}, std::size_t{1'000}, std::size_t{10'000});
    client.send(post("/early-small", std::string(size, 'b')) + get("/next"));
    const std::optional<Answer> first = client.read_answer();
    REQUIRE(first);
    CHECK(header_value(*first, "Connection").empty());
    const std::optional<Answer> second = client.read_answer();
    REQUIRE(second);
    CHECK(second->body == "GET /next 0");
}

TEST_CASE("a client that ends its half after its request is answered") {
    Door door;
    const std::string begin = "GET /last HTTP/1.1\r\nHost: a\r\nX-Padding: ";
    const std::string end = "\r\n\r\n";
    // The second has the size that is received at first.
    const std::size_t size = GENERATE(std::size_t{100}, std::size_t{1024}, std::size_t{3'000});
    Client client(door.port());
    client.send(begin + std::string(size - begin.size() - end.size(), 'p') + end);
    client.finish_sending();
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->body == "GET /last 0");
}

TEST_CASE("a file of 3 MiB is sent byte by byte as it is, to a slow reader too") {
    const TempFolder folder;
    const std::string bytes = noise(3 * 1024 * 1024);
    const std::string path = (folder.path() / "file").string();
    std::ofstream(path, std::ios::binary) << "skip" << bytes << "rest";
    Door door;
    door.desk().file = {std::make_shared<base::UniqueFd>(open(path.c_str(), O_RDONLY | O_CLOEXEC)), 4,
                        static_cast<std::int64_t>(bytes.size())};
    Client client(door.port());
    client.set_receive_buffer(16 * 1024);
    client.send(get("/file") + get("/next"));
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK((answer->body == bytes));
    const std::optional<Answer> next = client.read_answer();
    REQUIRE(next);
    CHECK(next->body == "GET /next 0");
}

TEST_CASE("a file that is shorter than promised ends the connection") {
    const TempFolder folder;
    const std::string path = (folder.path() / "file").string();
    std::ofstream(path, std::ios::binary) << std::string(1000, 'x');
    Door door;
    door.desk().file = {std::make_shared<base::UniqueFd>(open(path.c_str(), O_RDONLY | O_CLOEXEC)), 0, 2000};
    Client client(door.port());
    client.send(get("/file"));
    CHECK_FALSE(client.read_answer());
}

TEST_CASE("memory that several answers share is sent whole") {
    Door door;
    door.desk().memory = std::make_shared<const std::string>(noise(5 * 1024 * 1024));
    Client client(door.port());
    client.set_receive_buffer(16 * 1024);
    client.send(get("/memory"));
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK((answer->body == *door.desk().memory));
}

TEST_CASE("a handler's exception closes the connection and nothing else") {
    Door door;
    Client broken(door.port());
    broken.send(get("/broken"));
    CHECK(broken.read_to_end().empty());
    Client other(door.port());
    other.send(get("/"));
    CHECK(other.read_answer());
}

TEST_CASE("a client that hangs up in mid-body is no request") {
    Door door;
    {
        Client client(door.port());
        client.send("POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
        client.finish_sending();
        CHECK(client.read_to_end().empty());
    }
    CHECK(door.desk().seen().empty());
}

TEST_CASE("a UNIX socket has the asked mode, replaces a stale file and goes with the server") {
    const TempFolder folder;
    const std::string path = (folder.path() / "door.sock").string();
    {
        // What a killed process leaves: a bound file that nobody listens at.
        const base::UniqueFd stale(socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        REQUIRE(bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    }
    http::ServerConfig config;
    config.listeners = {{.address = {}, .path = path, .mode = 0640, .x_forwarded = true}};
    {
        Door door(config);
        CHECK(door.bound().front().url == "unix:" + path);
        struct stat facts{};
        REQUIRE(stat(path.c_str(), &facts) == 0);
        CHECK((facts.st_mode & 0777U) == 0640U);
        Client client(path);
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n" + get("/plain"));
        REQUIRE(client.read_answer());
        REQUIRE(client.read_answer());
        CHECK(door.desk().seen().at(0).client == "9.9.9.9");
        CHECK(door.desk().seen().at(1).client.empty());
        CHECK_THROWS_AS(Door(config), http::BindError);
    }
    CHECK(access(path.c_str(), F_OK) != 0);
}

TEST_CASE("a second server at the same port is refused, not a silent share") {
    Door door;
    http::ServerConfig config;
    config.listeners = {{.address = "127.0.0.1", .port = door.port(), .path = {}}};
    CHECK_THROWS_AS(Door(config), http::BindError);
}

TEST_CASE("connections are served on every io thread") {
    Door door({}, 3);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<Client>(door.port()));
    for (const std::unique_ptr<Client>& client : clients) client->send(get("/"));
    for (const std::unique_ptr<Client>& client : clients) CHECK(client->read_answer());
}
