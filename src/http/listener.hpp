#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/timeout.hpp"
#include "mxcd/base/unique_fd.hpp"
#include "mxcd/http/server.hpp"

#include "lane.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mxcd::http {

/// A bound address. A UNIX socket's file is removed with it.
class ListeningSocket {
  public:
    /// Binds and listens, without SO_REUSEPORT, so that a second process is told that the address is in use.
    /// `also_ipv4`: an IPv6 wildcard takes IPv4 connections too. Throws BindError.
    ListeningSocket(const ListenerConfig& config, bool also_ipv4);
    ~ListeningSocket();
    ListeningSocket(ListeningSocket&&) noexcept = default;
    ListeningSocket& operator=(ListeningSocket&&) = delete;

    [[nodiscard]] const ListenerConfig& config() const { return config_; }
    [[nodiscard]] BoundListener bound() const;
    /// Another descriptor of the same queue, so that each io thread can wait for it.
    [[nodiscard]] base::UniqueFd duplicate() const;

  private:
    void bind_tcp(bool also_ipv4);
    void bind_unix();
    [[noreturn]] void fail(int error) const;

    ListenerConfig config_;
    base::UniqueFd socket_;
    std::uint16_t port_ = 0;
};

/// One io thread's share in accepting from a listening socket: whoever is free takes the next connection, and
/// it stays on that thread.
class Acceptor {
  public:
    Acceptor(Lane& lane, async::TaskGroup& sessions, const ListeningSocket& listening);

    /// Accepts until cancelled, and then takes what already waits in the queue.
    static async::Task<> run(std::unique_ptr<Acceptor> acceptor);

  private:
    enum class Accepted : std::uint8_t { one, none, exhausted };

    async::Task<> accept_until_cancelled();
    [[nodiscard]] bool has_room();
    Accepted accept_one();
    /// `peer`: nothing for a UNIX socket.
    [[nodiscard]] Accepted start_session(base::UniqueFd socket, const std::optional<Address>& peer);
    void log_exhaustion(int error);

    Lane& lane_;
    async::TaskGroup& sessions_;
    boost::asio::posix::basic_stream_descriptor<async::Executor> descriptor_;
    async::Timer pause_;
    ResourceMask resources_;
    bool is_tcp_;
    bool believes_forwarded_;
    std::optional<Moment> last_logged_;
};

}  // namespace mxcd::http
