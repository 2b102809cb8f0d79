#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/unique_fd.hpp"

#include "pace.hpp"
#include "ready_queue.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/system/error_code.hpp>

#include <sys/uio.h>

#include <array>
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

/// The socket of one connection, on its own io thread. Its tasks only wait for readiness; bytes move by
/// system calls that never block, so that no buffer is held while nothing arrives. Deadlines have no timers
/// of their own: the thread's sweep looks at them. One wait per direction at a time.
class Connection final
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
      private ReadyListener {
  public:
    /// Throws boost::system::system_error when the socket cannot be watched.
    Connection(async::Executor home, ReadyQueue& ready, base::UniqueFd socket, bool is_tcp);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Ends when there is something to read. What to await between requests, when nothing else of the
    /// connection may take memory: arm() before it, woken() after it.
    [[nodiscard]] async::Task<> arrival();
    void arm(Moment deadline) { deadline_ = deadline; }
    /// Throws operation_aborted when the task is being cancelled.
    [[nodiscard]] Woken woken();

    /// Waits for either direction.
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
    [[nodiscard]] async::Executor home() const { return home_; }

  private:
    using Waiter = boost::asio::any_completion_handler<void(boost::system::error_code)>;

    void became_ready(std::uint32_t events) noexcept override;
    [[nodiscard]] async::Task<> readiness(Direction direction);
    [[nodiscard]] async::Task<> readiness_again(Direction direction);
    [[nodiscard]] Waiter& waiter(Direction direction) {
        return waiters_[static_cast<std::size_t>(direction)];
    }
    void cancel(Direction direction);
    void interrupt(Woken reason);
    [[nodiscard]] std::int64_t in_kernel() const;

    async::Executor home_;
    ReadyQueue& ready_;
    base::UniqueFd socket_;
    std::array<Waiter, 2> waiters_;
    Moment deadline_ = Moment::max();
    Pace* pace_ = nullptr;
    std::int64_t moved_ = 0;
    boost::system::error_code wait_error_;
    int low_water_ = 1;
    bool is_tcp_;
    bool may_have_more_ = false;
    bool has_ended_ = false;  // the peer sends nothing more
    Direction direction_ = Direction::read;
    Woken woken_ = Woken::ready;
};

using ConnectionList = boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>>;

}  // namespace mxcd::http
