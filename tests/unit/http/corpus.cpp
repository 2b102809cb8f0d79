#include "unit/http/corpus.hpp"

#include <algorithm>
#include <cctype>

namespace mxcd::test {

namespace {

using Fields = std::vector<std::string>;

const std::string marker = "GET /marker HTTP/1.1\r\nHost: m\r\n\r\n";
const std::string post_line = "POST /p HTTP/1.1";
const std::string host = "Host: a";
const std::string marker_length = "Content-Length: " + std::to_string(marker.size());
const std::string chunked = "Transfer-Encoding: chunked";
const std::string end_chunk = "0\r\n\r\n";

/// Refused by the door: one answer, nothing reaches the desk.
Vector refused(std::string name, std::string line, Fields fields, std::string body, int status = 400) {
    return {std::move(name), std::move(line), std::move(fields), std::move(body), {status}, {}};
}
Vector bad_post(std::string name, Fields fields, std::string body = marker) {
    return refused(std::move(name), post_line, std::move(fields), std::move(body));
}
Vector bad_line(std::string name, std::string line) {
    return refused(std::move(name), std::move(line), {host}, "");
}
/// A chunked body that breaks: the desk is told while it reads, answers 400, and the connection ends.
Vector bad_chunks(std::string name, std::string body) {
    return {std::move(name), post_line, {host, chunked}, std::move(body), {400}, {"/p"}};
}
Vector served(std::string name, std::string line, Fields fields, std::string body,
              std::vector<std::string> paths) {
    return {std::move(name),
            std::move(line),
            std::move(fields),
            std::move(body),
            std::vector<int>(paths.size(), 200),
            paths};
}

void add_transfer_encodings(std::vector<Vector>& all) {
    all.push_back(bad_post("length and chunked", {host, "Content-Length: 5", chunked}, end_chunk + marker));
    for (const char* value :
         {"identity", "gzip", "xchunked", "chunked, identity", "gzip, chunked", "chunked,", ",chunked",
          "\"chunked\"", "chunked;q=1", "chunked chunked", "", "cHunKed, chunked", "identity, chunked"})
        all.push_back(
            bad_post(std::string("coding ") + value, {host, std::string("Transfer-Encoding: ") + value}));
    all.push_back(bad_post("identity and length", {host, "Transfer-Encoding: identity", marker_length}));
    all.push_back(
        bad_post("two codings", {host, "Transfer-Encoding: identity", chunked}, end_chunk + marker));
    all.push_back(bad_post("chunked twice", {host, chunked, chunked}, end_chunk + marker));
    all.push_back(refused("chunked in 1.0", "POST /p HTTP/1.0", {host, chunked}, end_chunk + marker));
    all.push_back(bad_post("space before colon", {host, "Transfer-Encoding : chunked"}, end_chunk + marker));
    all.push_back(bad_post("tab before colon", {host, "Transfer-Encoding\t: chunked"}, end_chunk + marker));
    all.push_back(
        bad_post("vertical tab in value", {host, "Transfer-Encoding: \vchunked"}, end_chunk + marker));
    all.push_back(bad_post("folded coding", {host, "Transfer-Encoding:\r\n chunked"}, end_chunk + marker));
    all.push_back(bad_post("bare line feed before coding", {host, "X: y\nTransfer-Encoding: chunked"},
                           end_chunk + marker));
    all.push_back(bad_post("bare return before coding", {host, "X: y\rTransfer-Encoding: chunked"},
                           end_chunk + marker));
}

void add_lengths(std::vector<Vector>& all) {
    for (const char* value : {"+3", "-1", "0x3", "", "003", "3, 3", "3,4", "18446744073709551619",
                              "9223372036854775808", "3 3", "3;", "1e2", "3.0", "abc"})
        all.push_back(
            bad_post(std::string("length ") + value, {host, std::string("Content-Length: ") + value}));
    all.push_back(bad_post("equal lengths twice", {host, "Content-Length: 3", "Content-Length: 3"}));
    all.push_back(bad_post("different lengths", {host, "Content-Length: 3", "Content-Length: 4"}));
    all.push_back(bad_post("space before colon of length", {host, "Content-Length : 3"}));
    all.push_back(bad_post("folded length", {host, "Content-Length: 3\r\n 3"}));
}

void add_fields(std::vector<Vector>& all) {
    all.push_back(bad_post("no host", {marker_length}));
    all.push_back(bad_post("two hosts", {host, "Host: b", marker_length}));
    all.push_back(bad_post("two names in host", {"Host: a, b", marker_length}));
    all.push_back(bad_post("folded field", {host, "X: y\r\n\tz", marker_length}));
    all.push_back(bad_post("nul in value", {host, std::string("X: y\0z", 6), marker_length}));
    all.push_back(bad_post("escape in value", {host, "X: y\x1bz", marker_length}));
    all.push_back(bad_post("delete in value", {host, "X: y\x7fz", marker_length}));
    all.push_back(bad_post("no colon", {host, "nonsense", marker_length}));
    all.push_back(bad_post("no name", {host, ": y", marker_length}));
    all.push_back(bad_post("bracket in name", {host, "X(y): z", marker_length}));
    all.push_back(bad_post("high byte in name", {host, "X\xe4: z", marker_length}));
    all.push_back(refused("two authorizations", post_line,
                          {host, "Authorization: a", "Authorization: b", marker_length}, marker, 401));
    all.push_back(
        refused("other expectation", post_line, {host, "Expect: 200-ok", marker_length}, marker, 417));
    for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
        all.push_back(refused(std::string(method) + " with length", std::string(method) + " /p HTTP/1.1",
                              {host, marker_length}, marker));
        all.push_back(refused(std::string(method) + " chunked", std::string(method) + " /p HTTP/1.1",
                              {host, chunked}, end_chunk + marker));
    }
}

void add_request_lines(std::vector<Vector>& all) {
    for (const char* line : {"GET /p HTTP/1.2",
                             "GET /p HTTP/2.0",
                             "GET /p http/1.1",
                             "GET /p HTTP/1.1 ",
                             "GET  /p HTTP/1.1",
                             "GET /p",
                             "GET /p\tHTTP/1.1",
                             "GET p HTTP/1.1",
                             "GET /p q HTTP/1.1",
                             "GET /\x80 HTTP/1.1",
                             "GET * HTTP/1.1",
                             "G(T /p HTTP/1.1",
                             " GET /p HTTP/1.1",
                             "GET http:///p HTTP/1.1",
                             "GET ftp://a/p HTTP/1.1",
                             "PRI * HTTP/2.0",
                             "GET /p HTTP/1.10",
                             "GET /p HTTP/01.1",
                             "get",
                             "GET /p HTTP/1.1\rX: y"})
        all.push_back(bad_line(std::string("line ") + line, line));
    all.push_back(refused("CONNECT", "CONNECT a:443 HTTP/1.1", {host}, marker, 405));
    all.push_back(refused("TRACE", "TRACE /p HTTP/1.1", {host}, "", 405));
}

void add_chunks(std::vector<Vector>& all) {
    for (const char* body :
         {"0x3\r\nabc\r\n", "+3\r\nabc\r\n", "-3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n",
          "3;x=y\r\nabc\r\n", "3;x=\"\r\nabc\r\n", "3\nabc\r\n", "3\rabc\r\n", "\r\nabc\r\n", "g\r\nabc\r\n",
          "3\r\nabcd\r\n", "3\r\nabc\n", "10000000000000003\r\nabc\r\n", "ffffffffffffffff\r\nabc\r\n",
          "00000000000000003\r\nabc\r\n", "3\r\nabc0\r\n"})
        all.push_back(bad_chunks(std::string("chunk ") + body, body + end_chunk + marker));
    for (const char* trailer :
         {"X: y", "Authorization: z", "Host: b", "Content-Length: 3", "Transfer-Encoding: chunked"})
        all.push_back(bad_chunks(std::string("trailer ") + trailer,
                                 std::string("0\r\n") + trailer + "\r\n\r\n" + marker));
    all.push_back(bad_chunks("end with a bare line feed", "0\r\n\n" + marker));
}

void add_good_ones(std::vector<Vector>& all) {
    all.push_back(served("marker as body", post_line, {host, marker_length}, marker, {"/p"}));
    all.push_back(served("marker as chunk", post_line, {host, chunked},
                         "21\r\n" + marker + "\r\n" + end_chunk, {"/p"}));
    all.push_back(served("mixed case chunked", post_line, {host, "Transfer-Encoding: cHuNkeD"},
                         "3\r\nabc\r\n" + end_chunk + marker, {"/p", "/marker"}));
    all.push_back(
        served("pipelined", post_line, {host, "Content-Length: 3"}, "abc" + marker, {"/p", "/marker"}));
    all.push_back(served("no length is no body", post_line, {host}, marker, {"/p", "/marker"}));
    all.push_back(served("absolute form", "GET http://other/p HTTP/1.1", {host}, "", {"/p"}));
    all.push_back(served("an empty line first", "\r\nGET /p HTTP/1.1", {host}, "", {"/p"}));
    all.push_back(refused("two empty lines first", "\r\n\r\nGET /p HTTP/1.1", {host}, ""));
    all.push_back(served("upgrade is ignored", "GET /p HTTP/1.1",
                         {host, "Upgrade: h2c", "Connection: upgrade"}, marker, {"/p", "/marker"}));
    all.push_back(
        served("length 0 on GET", "GET /p HTTP/1.1", {host, "Content-Length: 0"}, marker, {"/p", "/marker"}));
}

std::string with_name(const std::string& field, int (*change)(int)) {
    std::string result = field;
    const auto end = std::find(result.begin(), result.end(), ':');
    std::transform(result.begin(), end, result.begin(), [change](char c) {
        return static_cast<unsigned char>(c) < 0x80 ? static_cast<char>(change(static_cast<unsigned char>(c)))
                                                    : c;
    });
    return result;
}

std::string with_spaces(const std::string& field) {
    const std::size_t colon = field.find(": ");
    if (colon == std::string::npos) return field;
    return field.substr(0, colon) + ":\t  " + field.substr(colon + 2) + " \t";
}

template <class Change>
Vector changed(const Vector& vector, const std::string& how, Change change) {
    Vector result = vector;
    result.name += ", " + how;
    for (std::string& field : result.fields) field = change(field);
    return result;
}

Vector reversed(const Vector& vector) {
    Vector result = vector;
    result.name += ", reversed";
    std::ranges::reverse(result.fields);
    return result;
}

Vector padded(const Vector& vector) {
    Vector result = vector;
    result.name += ", padded";
    result.fields.insert(result.fields.begin(), "X-Filler: some");
    return result;
}

}  // namespace

std::string Vector::text() const {
    std::string text = request_line + "\r\n";
    for (const std::string& field : fields) text += field + "\r\n";
    return text + "\r\n" + body;
}

std::vector<Vector> base_vectors() {
    std::vector<Vector> all;
    add_transfer_encodings(all);
    add_lengths(all);
    add_fields(all);
    add_request_lines(all);
    add_chunks(all);
    add_good_ones(all);
    return all;
}

std::vector<Vector> corpus() {
    std::vector<Vector> all;
    for (const Vector& vector : base_vectors()) {
        all.push_back(vector);
        all.push_back(
            changed(vector, "lower case", [](const std::string& f) { return with_name(f, std::tolower); }));
        all.push_back(padded(vector));
        if (vector.fields.size() < 2) continue;
        all.push_back(changed(reversed(vector), "upper case",
                              [](const std::string& f) { return with_name(f, std::toupper); }));
        all.push_back(changed(vector, "spaced", with_spaces));
    }
    return all;
}

}  // namespace mxcd::test
