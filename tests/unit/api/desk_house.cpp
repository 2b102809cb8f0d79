#include "desk_house.hpp"

#include "mxcd/async/timeout.hpp"
#include "mxcd/base/text.hpp"

#include <unistd.h>

#include <chrono>
#include <thread>

namespace mxcd::test {

namespace {

class FailingBody final : public async::ByteSource {
  public:
    explicit FailingBody(std::exception_ptr failure) : failure_(std::move(failure)) {}
    async::Task<std::span<const std::byte>> next() override {
        std::rethrow_exception(failure_);
        co_return std::span<const std::byte>();
    }

  private:
    std::exception_ptr failure_;
};

struct BytesOfBody {
    std::string operator()(const std::monostate&) const { return {}; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const http::MemorySlice& slice) const {
        return slice.bytes->substr(static_cast<std::size_t>(slice.offset),
                                   static_cast<std::size_t>(slice.length));
    }
    std::string operator()(const http::FileSlice& slice) const {
        std::string bytes(static_cast<std::size_t>(slice.length), '\0');
        const ssize_t count = ::pread(slice.file->get(), bytes.data(), bytes.size(), slice.offset);
        REQUIRE(count == static_cast<ssize_t>(bytes.size()));
        return bytes;
    }
};

media::Identity identity(const std::string& user, bool is_guest = false) {
    return media::Identity{matrix::UserId::parse(user).value(), is_guest};
}

}  // namespace

TestRequest::TestRequest(std::string verb, const std::string& target) : verb_(std::move(verb)) {
    const std::size_t mark = target.find('?');
    path_ = target.substr(0, mark);
    if (mark != std::string::npos) query_ = target.substr(mark + 1);
    method = verb_;
    path = path_;
    query = query_;
    client_address = "192.0.2.7";
    request_id = "request-1";
    body_is("");
}

TestRequest& TestRequest::with(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
}

TestRequest& TestRequest::body_is(std::string bytes) {
    content_length = base::ByteCount(static_cast<std::int64_t>(bytes.size()));
    body_ = std::make_unique<MemoryBody>(std::move(bytes));
    source_ = body_.get();
    return *this;
}

TestRequest& TestRequest::chunked(std::string bytes) {
    body_is(std::move(bytes));
    content_length.reset();
    return *this;
}

TestRequest& TestRequest::body_from(async::ByteSource& body, std::int64_t declared) {
    content_length = base::ByteCount(declared);
    source_ = &body;
    return *this;
}

TestRequest& TestRequest::body_fails(std::exception_ptr failure, std::int64_t declared) {
    content_length = base::ByteCount(declared);
    body_ = std::make_unique<FailingBody>(std::move(failure));
    source_ = body_.get();
    return *this;
}

async::Task<> TestRequest::hang_up() {
    async::Timer timer(co_await async::asio::this_coro::executor);
    while (!has_hung_up_) {
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(async::use_task);
    }
}

std::optional<std::string_view> TestRequest::header(std::string_view name) const {
    for (const auto& [field, value] : headers_)
        if (base::equal_ignoring_ascii_case(field, name)) return value;
    return std::nullopt;
}

std::size_t TestRequest::header_count(std::string_view name) const {
    std::size_t count = 0;
    for (const auto& [field, value] : headers_)
        if (base::equal_ignoring_ascii_case(field, name)) ++count;
    return count;
}

std::string Answer::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "(none)" : found->second;
}

matrix::Json Answer::json() const {
    const std::optional<matrix::Json> parsed = matrix::parse_json(body);
    INFO(body);
    REQUIRE(parsed);
    REQUIRE(parsed->is_object());
    return *parsed;
}

Answer read_answer(const http::Response& response) {
    Answer answer;
    answer.status = response.status;
    answer.close = response.close;
    answer.body = std::visit(BytesOfBody(), response.body);
    std::string_view text = response.headers.text();
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        const std::size_t colon = text.find(": ");
        REQUIRE((end != std::string_view::npos && colon < end));
        const std::string name = base::to_lower_ascii(text.substr(0, colon));
        INFO(name);
        REQUIRE(answer.headers.emplace(name, text.substr(colon + 2, end - colon - 2)).second);
        text.remove_prefix(end + 2);
    }
    return answer;
}

media::Credentials TestAuthenticator::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

async::Task<media::Identity> TestAuthenticator::authenticate(media::Credentials credentials) {
    ++calls;
    const std::string token(credentials.token.reveal());
    {
        const std::lock_guard lock(mutex_);
        last_ = std::move(credentials);
    }
    const auto failure = failures.find(token);
    if (failure != failures.end()) std::rethrow_exception(failure->second);
    const auto found = identities.find(token);
    if (found == identities.end())
        throw matrix::Error(matrix::ErrorCode::unknown_token, "Unrecognised access token");
    co_return found->second;
}

DeskHouse::DeskHouse() : config{matrix::ServerName::parse("hs.test").value(), "https://hs.test/"} {
    policy.max_upload_size = base::ByteCount(1024 * 1024);
    policy.inline_body_max = base::ByteCount(1024);
    authenticator.identities = {{"alice", identity("@alice:hs.test")},
                                {"bob", identity("@bob:hs.test")},
                                {"guest", identity("@guest:hs.test", true)}};
}

media::Uploads& DeskHouse::uploads() {
    if (!uploads_)
        uploads_ = std::make_unique<media::Uploads>(
            policy, media::UploadDependencies{metadata, metadata, metadata, blobs, sniffer, *random, metrics,
                                              [this](const async::Executor& home, const matrix::MediaId& id,
                                                     std::string_view type) {
                                                  if (arrivals_) arrivals_->announce(id);
                                                  if (prepares_thumbnails)
                                                      thumbnails_->prepare(home, id, type);
                                              }});
    return *uploads_;
}

api::Api& DeskHouse::desk() {
    if (desk_) return *desk_;
    downloads_ = std::make_unique<media::Downloads>(metadata, blobs, metrics);
    arrivals_ = std::make_unique<media::Arrivals>(metadata, clock, metrics, max_waiting);
    thumbnails_ = std::make_unique<media::Thumbnails>(
        thumbnail_policy, media::ThumbnailDependencies{*downloads_, catalog, blobs, thumbnailer,
                                                       runner.group(), clock, metrics});
    moderation_ = std::make_unique<media::Moderation>(media::ModerationDependencies{
        metadata, metadata, blobs, removals_, *downloads_, *thumbnails_, uploads(), metrics});
    usage_ = std::make_unique<media::Usage>(uploads(), metadata);
    desk_ = api::make_api(
        config, {authenticator, uploads(), *downloads_, *arrivals_, offers, *thumbnails_, *moderation_,
                 *usage_, clock, metrics, base::Secret(std::string(32, 'k')), operations, runner.group()});
    return *desk_;
}

Answer DeskHouse::ask(TestRequest& request) {
    request.resources = listener;
    return read_answer(runner.run(desk().answer(request)));
}

Answer DeskHouse::ask(const std::string& method, const std::string& target, const std::string& token) {
    TestRequest request(method, target);
    if (!token.empty()) request.as(token);
    return ask(request);
}

std::string DeskHouse::upload(const std::string& body, const std::string& type, const std::string& query) {
    TestRequest request("POST", upload_path + query);
    request.as("alice").with("Content-Type", type).body_is(body);
    const Answer answer = ask(request);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    const std::string uri = answer.text("content_uri");
    REQUIRE(uri.starts_with("mxc://hs.test/"));
    return uri.substr(std::string("mxc://hs.test/").size());
}

Answer DeskHouse::download(const std::string& path, const std::string& token) {
    return ask("GET", download_path + "hs.test/" + path, token);
}

}  // namespace mxcd::test
