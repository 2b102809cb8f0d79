#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/base/unique_fd.hpp"

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace mxcd::http {

/// Who is told of a socket's events.
class ReadyListener {
  public:
    /// `events` as epoll_wait(2) gives them. The listener may be gone afterwards.
    virtual void became_ready(std::uint32_t events) noexcept = 0;

  protected:
    ~ReadyListener() = default;
};

/// Which sockets of an io thread can be read or written. Asio's own queue tries to read after each answer
/// before it waits for the next request, and fails; that and its bookkeeping cost a twentieth of a request.
class ReadyQueue {
  public:
    /// Throws boost::system::system_error.
    explicit ReadyQueue(async::Executor home);
    ReadyQueue(const ReadyQueue&) = delete;
    ReadyQueue& operator=(const ReadyQueue&) = delete;

    /// Tells `listener` whenever something new can be read from the socket, or it has ended; once is enough
    /// until it is read empty. Throws boost::system::system_error.
    void add(int socket, ReadyListener& listener);
    /// Tells it again when the socket can be read, has ended, or is ready for one of `events`: now, or later
    /// until the next look.
    void look_again(int socket, ReadyListener& listener, std::uint32_t events);
    /// Before either is destroyed.
    void remove(int socket, const ReadyListener& listener) noexcept;

    /// Tells the listeners in rounds, and calls `after_round` after each, until cancelled. Once.
    async::Task<> serve(std::function<void()> after_round);
    /// Whether a round is under way, and its end will come without a wait.
    [[nodiscard]] bool is_in_round() const { return is_in_round_; }

  private:
    void control(int operation, int socket, ReadyListener& listener, std::uint32_t events) const;
    void tell_listeners();

    async::Executor home_;
    base::UniqueFd queue_;
    base::UniqueFd awaited_;                 // the same queue, for Asio to close
    std::array<epoll_event, 128> events_{};  // what has been taken, and is told from next_ on
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    bool is_in_round_ = false;
};

}  // namespace mxcd::http
