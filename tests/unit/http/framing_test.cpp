#include "http/framing.hpp"

#include "mxcd/base/errors.hpp"

#include "http/chunk_decoder.hpp"
#include "http/head_buffer.hpp"
#include "support/catch.hpp"
#include "unit/http/corpus.hpp"
#include "unit/http/door.hpp"

#include <algorithm>

using namespace mxcd;
using namespace mxcd::test;
using namespace std::chrono_literals;

namespace {

/// What a connection would make of bytes that arrive in the given pieces, without sockets.
struct Reading {
    std::vector<int> statuses;
    std::vector<std::string> served;
    bool operator==(const Reading&) const = default;
};

int status_of(http::Refusal reason) { return FakeDesk().refuse(reason, "").status; }

class MemoryReader {
  public:
    Reading read(std::string_view first, std::string_view second) {
        take(first);
        take(second);
        return reading_;
    }

  private:
    void take(std::string_view piece) {
        const std::span<std::byte> space = buffer_.free_space();
        std::ranges::copy(std::as_bytes(std::span(piece)), space.begin());
        buffer_.commit(piece.size());
        while (!is_over_ && (is_in_body_ ? step_body() : step_header())) {
        }
    }

    bool end_with(int status) {
        reading_.statuses.push_back(status);
        is_over_ = true;
        return false;
    }

    bool step_header() {
        if (buffer_.text().empty()) return false;
        switch (scanner_.scan(buffer_.text())) {
            case http::HeaderScanner::State::incomplete:
                return false;
            case http::HeaderScanner::State::refused:
                return end_with(status_of(scanner_.refusal()));
            case http::HeaderScanner::State::complete:
                break;
        }
        const std::string_view block =
            buffer_.text().substr(0, scanner_.size()).substr(scanner_.request_line_begin());
        const std::optional<http::Refusal> fault = http::inspect_header(block, head_);
        if (fault) return end_with(status_of(*fault));
        path_ = std::string(head_.path);
        buffer_.set_header(scanner_.size());
        decoder_ = {};
        is_in_body_ = true;
        remaining_ = static_cast<std::size_t>(head_.body.length);
        return true;
    }

    bool step_body() {
        const std::span<std::byte> raw = buffer_.unread();
        if (head_.body.is_chunked) {
            try {
                const http::ChunkDecoder::Step step = decoder_.decode(raw);
                buffer_.consume(step.consumed);
            } catch (const base::MalformedBody&) {
                reading_.served.push_back(path_);
                return end_with(400);
            }
            if (!decoder_.is_done()) return false;
        } else {
            const std::size_t taken = std::min(remaining_, raw.size());
            buffer_.consume(taken);
            remaining_ -= taken;
            if (remaining_ != 0) return false;
        }
        reading_.served.push_back(path_);
        reading_.statuses.push_back(200);
        buffer_.next_request();
        scanner_ = {};
        is_in_body_ = false;
        return true;
    }

    http::HeadBuffer buffer_;
    http::HeaderScanner scanner_;
    http::RequestHead head_;
    http::ChunkDecoder decoder_;
    std::string path_;
    std::size_t remaining_ = 0;
    bool is_in_body_ = false;
    bool is_over_ = false;
    Reading reading_;
};

Reading read_over_socket(Door& door, std::string_view first, std::string_view second) {
    Client client(door.port());
    // No TIME_WAIT: there are more connections than ports.
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    client.send(first);
    client.send(second);
    client.finish_sending();
    Reading reading;
    while (const std::optional<Answer> answer = client.read_answer())
        reading.statuses.push_back(answer->status);
    for (const Seen& seen : door.desk().seen()) reading.served.push_back(seen.path);
    door.desk().forget();
    return reading;
}

std::string described(const Vector& vector, std::size_t cut, const Reading& reading) {
    std::string text = vector.name + ", cut at " + std::to_string(cut) + ":";
    for (const int status : reading.statuses) text += " " + std::to_string(status);
    for (const std::string& path : reading.served) text += " " + path;
    return text;
}

http::RequestHead inspected(const std::string& text) {
    static http::HeadBuffer buffer;  // the head's views need a home
    buffer.clear();
    std::ranges::copy(std::as_bytes(std::span(text)), buffer.free_space().begin());
    buffer.commit(text.size());
    http::RequestHead head;
    const std::optional<http::Refusal> fault = http::inspect_header(buffer.text(), head);
    REQUIRE_FALSE(fault);
    return head;
}

}  // namespace

TEST_CASE("the corpus has at least 66 base vectors and 400 variants") {
    CHECK(base_vectors().size() >= 66);
    CHECK(corpus().size() >= 400);
}

TEST_CASE("every vector is understood in one way, wherever it is cut") {
    for (const Vector& vector : corpus()) {
        const std::string text = vector.text();
        const Reading expected{vector.statuses, vector.served};
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            const Reading reading = MemoryReader().read(std::string_view(text).substr(0, cut),
                                                        std::string_view(text).substr(cut));
            if (!(reading == expected)) FAIL(described(vector, cut, reading));
        }
    }
}

TEST_CASE(
    "row 15: every vector gets its answer and the marker never runs, over sockets, wherever it is cut") {
    Door door;
    for (const Vector& vector : corpus()) {
        const std::string text = vector.text();
        const Reading expected{vector.statuses, vector.served};
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            const Reading reading = read_over_socket(door, std::string_view(text).substr(0, cut),
                                                     std::string_view(text).substr(cut));
            if (!(reading == expected)) FAIL(described(vector, cut, reading));
        }
    }
}

TEST_CASE("the target is split into path and query, its authority is dropped") {
    using Row = std::tuple<std::string, std::string, std::string>;
    const auto [target, path, query] = GENERATE(table<std::string, std::string, std::string>({
        Row{"/a/b?c=d?e", "/a/b", "c=d?e"},
        Row{"/", "/", ""},
        Row{"/a?", "/a", ""},
        Row{"//a/../b", "//a/../b", ""},
        Row{"/%2e%2F?x", "/%2e%2F", "x"},
        Row{"http://host:80/a?b", "/a", "b"},
        Row{"HTTPS://host", "/", ""},
        Row{"http://host?b", "/", "b"},
    }));
    const http::RequestHead head = inspected("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(head.path == path);
    CHECK(head.query == query);
}

TEST_CASE("fields are found without regard to case, and values lose the space around them") {
    const http::RequestHead head =
        inspected("GET / HTTP/1.1\r\nHost: a\r\nX-One: \t b c \t\r\nx-one: second\r\nX-Empty:\r\n\r\n");
    CHECK(head.first("x-ONE") == "b c");
    CHECK(head.count("X-One") == 2);
    CHECK(head.first("X-Empty") == "");
    CHECK_FALSE(head.first("X-Two"));
}

TEST_CASE("sizes of a header are limited") {
    const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\n";
    std::string many = begin;
    for (int i = 0; i < 64; ++i) many += "X: y\r\n";
    using Row = std::tuple<std::string, int>;
    const auto [text, status] = GENERATE_COPY(table<std::string, int>({
        Row{begin + "X: " + std::string(8192, 'v') + "\r\n\r\n", 200},
        Row{begin + "X: " + std::string(8193, 'v') + "\r\n\r\n", 431},
        Row{begin + std::string(64, 'n') + ": v\r\n\r\n", 200},
        Row{begin + std::string(65, 'n') + ": v\r\n\r\n", 431},
        Row{begin + "Authorization: " + std::string(4096, 'v') + "\r\n\r\n", 200},
        Row{begin + "Authorization: " + std::string(4097, 'v') + "\r\n\r\n", 431},
        Row{"GET /" + std::string(8177, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        Row{"GET /" + std::string(8179, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
        Row{begin + "X: " + std::string(8000, 'v') + "\r\nY: " + std::string(8000, 'v') +
                "\r\nZ: " + std::string(400, 'v') + "\r\n\r\n",
            431},
        Row{many + "\r\n", 431},
        Row{std::string(9000, 'G'), 431},
    }));
    Door door;
    Client client(door.port());
    client.send(text);
    const std::optional<Answer> answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == status);
}

TEST_CASE("chunks give their data in place and say how much must still come") {
    http::ChunkDecoder decoder;
    std::string text = "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nrest";
    CHECK(decoder.least_remaining() == 5);
    const http::ChunkDecoder::Step step = decoder.decode(std::as_writable_bytes(std::span(text)));
    CHECK(text.substr(0, step.data) == "abc0123456789");
    CHECK(text.substr(step.consumed) == "rest");
    CHECK(decoder.is_done());
    CHECK(decoder.least_remaining() == 0);
}

TEST_CASE("reading what must still come never reads past a chunked body") {
    const std::string body = "3\r\nabc\r\n00f\r\n0123456789abcde\r\n1\r\nx\r\n000\r\n\r\n";
    std::string text = body + "GET";
    http::ChunkDecoder decoder;
    std::size_t at = 0;
    while (!decoder.is_done()) {
        const auto least = static_cast<std::size_t>(decoder.least_remaining());
        REQUIRE(least > 0);
        REQUIRE(at + least <= body.size());
        const http::ChunkDecoder::Step step =
            decoder.decode(std::as_writable_bytes(std::span(text).subspan(at, least)));
        CHECK(step.consumed == least);
        at += least;
    }
    CHECK(at == body.size());
}
