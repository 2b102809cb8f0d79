#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/unique_fd.hpp"

#include "pace.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/intrusive/list.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace mxcd::http {

enum class Direction : std::uint8_t { read, write };

/// Why a wait ended.
enum class Woken : std::uint8_t {
    ready,
    expired,    // its deadline passed, or the peer was too slow
    dismissed,  // an idle connection that we do not want to keep
};

/// The socket of one connection, on its own io thread. Asio only waits for readiness; bytes move by system
/// calls that never block, so that no buffer is held while nothing arrives. Deadlines have no timers of their
/// own: the thread's sweep looks at them.
class Connection
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    Connection(async::Executor home, base::UniqueFd socket, bool is_tcp);

    /// The next bytes when they have come, none at the peer's end. What to await between requests, when
    /// nothing else of the connection may take memory: arm() before it, woken() after it. Cheaper than to
    /// wait first and receive then, as the other waits do.
    [[nodiscard]] async::Task<std::size_t> next_bytes(std::span<std::byte> into);
    void arm(Moment deadline) { deadline_ = deadline; }
    /// Throws operation_aborted when the task is being cancelled.
    [[nodiscard]] Woken woken();

    /// The same in one.
    [[nodiscard]] async::Task<Woken> wait(Direction direction, Moment deadline);
    /// Waits as long as the peer keeps pace. `moved` bytes have passed through our hands so far.
    [[nodiscard]] async::Task<Woken> wait(Direction direction, Pace& pace, std::int64_t moved);

    /// Ends when the peer has closed its end and sent nothing before that, or is cancelled.
    [[nodiscard]] async::Task<> hang_up();

    /// For the sweep: ends a wait whose time is up.
    void check_deadline(Moment now);
    [[nodiscard]] Moment deadline() const { return deadline_; }
    /// Ends a wait between requests.
    void dismiss() { interrupt(Woken::dismissed); }

    /// Bytes moved, 0 at the peer's end (receive), or nothing when it would have to wait. Throws
    /// boost::system::system_error when the connection is broken.
    [[nodiscard]] std::optional<std::size_t> receive(std::span<std::byte> into);
    [[nodiscard]] std::optional<std::size_t> send(std::span<const iovec> pieces, bool more_follows);
    [[nodiscard]] std::optional<std::size_t> send_file(int file, std::int64_t offset, std::size_t length);

    /// Reading becomes possible only when this many bytes have arrived (or the peer's end).
    void set_low_water(std::int64_t bytes);
    void finish_sending();
    [[nodiscard]] async::Executor home() { return socket_.get_executor(); }

  private:
    using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, async::Executor>;

    [[nodiscard]] async::Task<> readiness(Direction direction);
    void interrupt(Woken reason);
    [[nodiscard]] std::int64_t in_kernel() const;

    Socket socket_;
    Moment deadline_ = Moment::max();
    Pace* pace_ = nullptr;
    std::int64_t moved_ = 0;
    boost::system::error_code wait_error_;
    int low_water_ = 1;
    bool is_tcp_;
    Direction direction_ = Direction::read;
    Woken woken_ = Woken::ready;
};

using ConnectionList = boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>>;

}  // namespace mxcd::http
