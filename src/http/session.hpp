#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/unique_fd.hpp"
#include "mxcd/http/handler.hpp"

#include "connection.hpp"
#include "framing.hpp"
#include "lane.hpp"
#include "response_writer.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mxcd::http {

/// How a connection came in.
struct Origin {
    std::string client;  // the peer's address; empty for a UNIX socket
    ResourceMask resources = 0;
    bool is_tcp = true;
    /// X-Forwarded-For on this connection is believed.
    bool is_trusted_proxy = false;
};

class BodyReader;

/// One connection and its requests, strictly one after the other. Between requests it holds no buffer:
/// whatever a request needs lives in the coroutines that serve it.
class Session {
  public:
    Session(Lane& lane, base::UniqueFd socket, Origin origin);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Serves the connection to its end.
    static async::Task<> run(std::unique_ptr<Session> session);

  private:
    enum class After : std::uint8_t { go_on, rest, end };
    /// What has arrived of the next request's header; `absent`: nothing.
    enum class Header : std::uint8_t { complete, incomplete, refused, late, absent, ended };

    void rest();
    [[nodiscard]] bool is_awake();
    /// Serves what has arrived.
    async::Task<After> serve();
    [[nodiscard]] static Header look_at(const HeadBuffer& buffer, HeaderScanner& scanner);
    [[nodiscard]] Header receive_header(HeadBuffer& buffer, HeaderScanner& scanner);
    /// For a header that comes in pieces.
    async::Task<Header> await_header(HeadBuffer& buffer, HeaderScanner& scanner);
    async::Task<After> exchange(Workspace& workspace);
    async::Task<After> refuse(Refusal reason);
    async::Task<> linger(std::chrono::milliseconds limit);
    async::Task<> close_after(const Response& response, bool body_is_complete, const Workspace& workspace);
    [[nodiscard]] bool discard_arrived(Pool<BodyBuffer>::Loan& buffer, std::int64_t& budget);
    [[nodiscard]] bool must_close(const Response& response, const RequestHead& head, BodyReader& body);

    Lane& lane_;
    Connection connection_;
    Origin origin_;
    Moment idle_since_ = SteadyClock::now();
    std::uint32_t requests_ = 0;
    bool is_last_look_ = false;  // ends when nothing has arrived
};

}  // namespace mxcd::http
