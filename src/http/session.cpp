#include "session.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include "incoming_request.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace mxcd::http {

namespace {

constexpr base::Logger logger("http");

constexpr std::uint32_t max_requests = 10'000;
/// For a client that has sent all we asked for, and will hang up by itself.
constexpr std::chrono::milliseconds short_linger{1000};

bool is_end_of_client(const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted ||
           error.code() == boost::asio::error::broken_pipe ||
           error.code() == boost::asio::error::connection_reset;
}

std::string client_of(const Origin& origin, const LaneSettings& settings, const RequestHead& head) {
    if (!origin.is_trusted_proxy) return origin.client;
    const std::optional<Address> forwarded = settings.trusted_proxies.client_of(head);
    return forwarded ? forwarded->to_string() : origin.client;
}

/// A handler answers failures itself: what comes out of it is a client that has gone, or a mistake of ours.
void report_unanswered(const Request& request, const std::exception& failure) {
    if (dynamic_cast<const base::ClientGone*>(&failure) != nullptr) return;
    const auto* const system = dynamic_cast<const boost::system::system_error*>(&failure);
    if (system != nullptr && system->code() == boost::asio::error::operation_aborted) return;
    logger.error("a request failed without an answer", {{"request_id", std::string_view(request.request_id)},
                                                        {"reason", std::string_view(failure.what())}});
}

}  // namespace

Session::Session(Lane& lane, base::UniqueFd socket, Origin origin)
    : lane_(lane),
      connection_(lane.home, lane.ready, std::move(socket), origin.is_tcp),
      origin_(std::move(origin)) {
    lane_.connections.open.fetch_add(1, std::memory_order_relaxed);
    lane_.access.connection_opened();
}

Session::~Session() {
    lane_.access.connection_closed();
    lane_.connections.open.fetch_sub(1, std::memory_order_relaxed);
}

async::Task<> Session::run(std::unique_ptr<Session> session) {
    try {
        After after = After::rest;
        while (after != After::end) {
            session->rest();
            co_await session->connection_.arrival();
            if (!session->is_awake()) co_return;
            after = co_await session->serve();
        }
    } catch (const boost::system::system_error& error) {
        if (!is_end_of_client(error))
            logger.debug("a connection failed", {{"reason", std::string_view(error.what())}});
    }
}

void Session::rest() {
    if (connection_.is_linked()) connection_.unlink();
    lane_.idle.push_back(connection_);
    // At a stop only what the client has sent already is still served.
    const std::chrono::milliseconds limit =
        lane_.is_stopping ? std::chrono::milliseconds(0) : lane_.settings.idle_timeout;
    connection_.arm(idle_since_ + limit);
}

bool Session::is_awake() {
    const Woken woken = connection_.woken();
    connection_.unlink();
    lane_.busy.push_back(connection_);
    // A dismissed connection may have sent a request just now; it is served if it has.
    is_last_look_ = woken == Woken::dismissed || lane_.is_stopping;
    return woken != Woken::expired || is_last_look_;
}

async::Task<Session::After> Session::serve() {
    const Pool<Workspace>::Loan workspace = lane_.workspaces.borrow();
    HeadBuffer& buffer = workspace->buffer;
    buffer.clear();
    After after = After::go_on;
    while (after == After::go_on) {
        HeaderScanner scanner;
        // What has arrived already is looked at before more is read.
        Header header = buffer.text().empty() ? receive_header(buffer, scanner) : look_at(buffer, scanner);
        if (header == Header::incomplete) header = co_await await_header(buffer, scanner);
        if (header == Header::absent && !is_last_look_) {
            idle_since_ = SteadyClock::now();
            co_return After::rest;
        }
        if (header == Header::absent || header == Header::ended) co_return After::end;
        if (header == Header::late) co_return co_await refuse(Refusal::header_timeout);
        if (header == Header::refused) co_return co_await refuse(scanner.refusal());
        const std::string_view block =
            buffer.text().substr(0, scanner.size()).substr(scanner.request_line_begin());
        const std::optional<Refusal> fault = inspect_header(block, workspace->head);
        buffer.set_header(scanner.size());
        if (fault) co_return co_await refuse(*fault);
        after = co_await exchange(*workspace);
        buffer.next_request();
        if (after == After::go_on && buffer.text().empty()) co_return After::rest;
    }
    co_return after;
}

Session::Header Session::look_at(const HeadBuffer& buffer, HeaderScanner& scanner) {
    switch (scanner.scan(buffer.text())) {
        case HeaderScanner::State::complete:
            return Header::complete;
        case HeaderScanner::State::refused:
            return Header::refused;
        case HeaderScanner::State::incomplete:
            break;
    }
    return Header::incomplete;
}

Session::Header Session::receive_header(HeadBuffer& buffer, HeaderScanner& scanner) {
    const std::optional<std::size_t> count = connection_.receive(buffer.free_space());
    if (count && *count == 0) return Header::ended;
    if (!count && buffer.text().empty()) return Header::absent;
    buffer.commit(count.value_or(0));
    return look_at(buffer, scanner);
}

async::Task<Session::Header> Session::await_header(HeadBuffer& buffer, HeaderScanner& scanner) {
    const Moment deadline = SteadyClock::now() + lane_.settings.header_timeout;
    Header header = Header::incomplete;
    while (header == Header::incomplete) {
        if (SteadyClock::now() >= deadline) co_return Header::late;
        const Woken woken = co_await connection_.wait(Direction::read, deadline);
        if (woken != Woken::ready) co_return Header::late;
        header = receive_header(buffer, scanner);
    }
    co_return header;
}

async::Task<Session::After> Session::exchange(Workspace& workspace) {
    const Moment began = SteadyClock::now();
    ++requests_;
    IncomingRequest request(workspace.head, lane_, connection_, workspace.buffer);
    request.client_address = client_of(origin_, lane_.settings, workspace.head);
    request.request_id = lane_.request_ids.next();
    request.resources = origin_.resources;
    std::optional<Response> response;
    try {
        response = co_await lane_.handler.answer(request);
    } catch (const std::exception& failure) {
        report_unanswered(request, failure);
    }
    if (!response) co_return After::end;
    const bool closes = must_close(*response, workspace.head, request.body());
    ResponseWriter writer(lane_, connection_, *response,
                          {.is_head_only = request.method == "HEAD",
                           .closes = closes,
                           .is_http_1_0 = workspace.head.is_http_1_0});
    bool is_sent = writer.send_at_once();
    if (!is_sent) is_sent = co_await writer.send_rest();
    idle_since_ = SteadyClock::now();
    lane_.served({.method = std::string(request.method),
                  .route = request.route,
                  .request_id = std::move(request.request_id),
                  .client = std::move(request.client_address),
                  .status = response->status,
                  .bytes_in = request.body().received(),
                  .bytes_out = writer.body_sent(),
                  .duration = idle_since_ - began});
    if (!is_sent) co_return After::end;
    if (!closes) co_return After::go_on;
    co_await close_after(*response, request.body().is_complete(), workspace);
    co_return After::end;
}

bool Session::must_close(const Response& response, const RequestHead& head, BodyReader& body) {
    const bool is_asked =
        response.close || !head.keep_alive || is_last_look_ || lane_.is_stopping || requests_ >= max_requests;
    if (is_asked) return true;
    return !body.is_complete() && !body.skip_buffered();
}

async::Task<Session::After> Session::refuse(Refusal reason) {
    const std::string id = lane_.request_ids.next();
    const Response response = lane_.handler.refuse(reason, id);
    ResponseWriter writer(lane_, connection_, response, {.closes = true});
    bool is_sent = writer.send_at_once();
    if (!is_sent) is_sent = co_await writer.send_rest();
    lane_.access.refused(
        reason,
        {.method = {}, .route = {}, .request_id = id, .client = origin_.client, .status = response.status});
    if (is_sent) co_await linger(lane_.settings.linger_time);
    co_return After::end;
}

async::Task<> Session::close_after(const Response& response, bool body_is_complete,
                                   const Workspace& workspace) {
    if (!body_is_complete || response.close) {
        co_await linger(lane_.settings.linger_time);
    } else if (workspace.head.keep_alive) {
        // The client did not ask for this end and may be sending its next request already.
        co_await linger(std::min(short_linger, lane_.settings.linger_time));
    } else {
        connection_.finish_sending();
    }
}

async::Task<> Session::linger(std::chrono::milliseconds limit) {
    connection_.set_low_water(1);
    connection_.finish_sending();
    const Moment deadline = SteadyClock::now() + (lane_.is_stopping ? std::min(limit, short_linger) : limit);
    std::int64_t budget = lane_.settings.linger_bytes.value();
    while (SteadyClock::now() < deadline) {
        const Woken woken = co_await connection_.wait(Direction::read, deadline);
        if (woken != Woken::ready) co_return;
        Pool<BodyBuffer>::Loan buffer = lane_.body_buffers.borrow_for_a_moment();
        if (!discard_arrived(buffer, budget)) co_return;
    }
}

bool Session::discard_arrived(Pool<BodyBuffer>::Loan& buffer, std::int64_t& budget) {
    const std::optional<std::size_t> count = connection_.receive(buffer->bytes());
    if (!count) return true;
    budget -= static_cast<std::int64_t>(*count);
    return *count != 0 && budget > 0;
}

}  // namespace mxcd::http
