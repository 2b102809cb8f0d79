#pragma once

#include "mxcd/base/unique_fd.hpp"

#include "support/stub_wire.hpp"

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace mxcd::test {

/// A scriptable HTTP/1.1 server for tests: a thread per connection, keep-alive, bodies by Content-Length. The
/// script runs on those threads, so it must be thread-safe.
class StubServer {
  public:
    using Script = std::function<StubAnswer(const StubRequest&)>;

    /// Listens on 127.0.0.1 at any free port, or on the UNIX socket at `unix_path`.
    explicit StubServer(Script script, const std::string& unix_path = {}) : script_(std::move(script)) {
        if (unix_path.empty()) {
            std::tie(listener_, port_) = wire::listen_on_loopback();
        } else {
            listener_ = wire::listen_on_path(unix_path);
        }
        acceptor_ = std::thread([this] { accept_all(); });
    }
    explicit StubServer(StubAnswer answer) : StubServer([answer](const StubRequest&) { return answer; }) {}
    ~StubServer() { stop(); }
    StubServer(const StubServer&) = delete;
    StubServer& operator=(const StubServer&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t connection_count() const { return connections_; }
    [[nodiscard]] std::size_t request_count() const { return requests().size(); }
    [[nodiscard]] std::vector<StubRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    void answer_with(Script script) {
        const std::lock_guard lock(mutex_);
        script_ = std::move(script);
    }
    void answer_with(const StubAnswer& answer) {
        answer_with([answer](const StubRequest&) { return answer; });
    }

    /// Answers wait until release().
    void hold() { set_held(true); }
    void release() { set_held(false); }

    /// Waits until this many requests have arrived in all; false after 10 s.
    [[nodiscard]] bool wait_for_requests(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
    }

    /// Refuses connections from now on and ends the open ones. Idempotent.
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(is_stopping_, true)) return;
            for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
        }
        changed_.notify_all();
        ::shutdown(listener_.get(), SHUT_RDWR);
        acceptor_.join();
        for (std::thread& thread : threads_) thread.join();
        listener_.reset();
    }

  private:
    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            const std::lock_guard lock(mutex_);
            base::UniqueFd connection(fd);
            if (is_stopping_ || !connection) return;
            ++connections_;
            open_.push_back(fd);
            threads_.emplace_back([this, owned = std::move(connection)] { serve(owned.get()); });
        }
    }

    void serve(int fd) {
        std::string buffer;
        StubRequest request;
        while (wire::read_request(fd, buffer, request)) {
            const StubAnswer answer = decide(request);
            if (!send_answer(fd, answer)) break;
        }
        const std::lock_guard lock(mutex_);
        std::erase(open_, fd);
        ::shutdown(fd, SHUT_RDWR);
    }

    StubAnswer decide(const StubRequest& request) {
        std::unique_lock lock(mutex_);
        requests_.push_back(request);
        changed_.notify_all();
        changed_.wait(lock, [this] { return is_stopping_ || !is_held_; });
        const Script script = script_;
        lock.unlock();
        StubAnswer answer = script(request);
        lock.lock();
        if (answer.delay.count() > 0) changed_.wait_for(lock, answer.delay, [this] { return is_stopping_; });
        return answer;
    }

    /// False when the connection ends with this answer.
    bool send_answer(int fd, const StubAnswer& answer) {
        bool is_sent = wire::send_all(fd, wire::text_of(answer));
        while (is_sent && answer.repeats_forever) is_sent = wire::send_all(fd, answer.raw);
        if (answer.then_silent) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return is_stopping_; });
        }
        return is_sent && !answer.then_closes && !answer.then_silent;
    }

    void set_held(bool is_held) {
        {
            const std::lock_guard lock(mutex_);
            is_held_ = is_held;
        }
        changed_.notify_all();
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Script script_;
    std::vector<StubRequest> requests_;
    std::vector<int> open_;
    std::vector<std::thread> threads_;
    bool is_held_ = false;
    bool is_stopping_ = false;
    std::atomic<std::size_t> connections_ = 0;
    std::uint16_t port_ = 0;
    base::UniqueFd listener_;
    std::thread acceptor_;
};

}  // namespace mxcd::test
