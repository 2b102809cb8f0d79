#pragma once

#include "mxcd/async/suspend.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/blob_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mxcd::modules {

/// The calls to one child that have no answer yet, and the socket that they go out on. A call is written at
/// once, by the thread that makes it; what the socket does not take waits for flush(). Thread-safe.
class ChildCalls {
  public:
    using Moment = std::chrono::steady_clock::time_point;
    using Answer = async::Resume<matrix::Json>;
    struct Order {
        std::string callback;
        matrix::Json arguments;
        std::optional<media::OpenBlob> file;
    };

    /// `ask_for_flush` is called, under the lock, when something begins to wait.
    ChildCalls(std::chrono::milliseconds timeout, std::size_t most_calls, std::function<void()> ask_for_flush)
        : timeout_(timeout), most_calls_(most_calls), ask_for_flush_(std::move(ask_for_flush)) {}

    /// A process is there: its first frame goes out. The socket stays the caller's until disconnect().
    void connect(int socket, std::string first_frame);
    /// It said that it is ready: calls are let through.
    void open();
    /// It is gone: every call fails with this reason, and so do new ones until open().
    void disconnect(const std::string& reason);
    [[nodiscard]] bool is_open() const;

    /// Throws base::UpstreamError when the child is down, base::Overloaded.
    void begin(Order order, const Answer& answer);
    /// Hands an answer to whoever waits for it; false when nobody does.
    bool answer(std::int64_t call, const matrix::Json& frame);
    /// Gives up on the calls that are overdue; how many they were.
    std::size_t expire(Moment now);
    void ping();
    /// Sends a frame that is no call. Throws base::Overloaded when the child does not read.
    void tell(const matrix::Json& frame);

    /// Writes what waits; true when nothing waits any more (or nobody would take it).
    bool flush();

  private:
    struct Waiting {
        Answer answer;
        Moment until;
    };
    struct Unsent {
        std::string bytes;
        std::size_t sent = 0;
        std::optional<media::OpenBlob> file;  // shared with the upload until it has been handed over
    };

    void write(std::string bytes, std::optional<media::OpenBlob> file);
    /// True when the socket took all of it.
    bool send(Unsent& unsent);

    const std::chrono::milliseconds timeout_;
    const std::size_t most_calls_;
    const std::function<void()> ask_for_flush_;
    mutable std::mutex mutex_;
    int socket_ = -1;
    bool is_open_ = false;
    std::int64_t next_call_ = 1;
    std::unordered_map<std::int64_t, Waiting> waiting_;
    std::deque<std::int64_t> oldest_;  // calls in their order, answered ones too
    std::deque<Unsent> unsent_;
    std::size_t unsent_bytes_ = 0;
    std::string down_reason_ = "it has not started yet";
};

}  // namespace mxcd::modules
