#pragma once

#include "mxcd/base/unique_fd.hpp"

#include "support/stub_wire.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace mxcd::test {

/// A ClamAV daemon that knows one virus and the INSTREAM command; one conversation after the other.
class FakeClamd {
  public:
    static inline const std::string virus = "HARMFUL-TEST-CONTENT";

    /// On 127.0.0.1 at any free port, or on the UNIX socket at `unix_path`.
    explicit FakeClamd(const std::string& unix_path = {}) : address_(unix_path) {
        if (unix_path.empty()) {
            std::uint16_t port = 0;
            std::tie(listener_, port) = wire::listen_on_loopback();
            address_ = "127.0.0.1:" + std::to_string(port);
        } else {
            listener_ = wire::listen_on_path(unix_path);
        }
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeClamd() { stop(); }
    FakeClamd(const FakeClamd&) = delete;
    FakeClamd& operator=(const FakeClamd&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }
    /// The files of all conversations.
    [[nodiscard]] std::vector<std::string> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }
    /// Answers so whatever it sees; with nothing it hangs up.
    void reply_with(std::string text) {
        const std::lock_guard lock(mutex_);
        reply_ = std::move(text);
    }
    void stay_silent() {
        const std::lock_guard lock(mutex_);
        is_silent_ = true;
    }
    void stop() {
        if (!thread_.joinable()) return;
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
        listener_.reset();
    }

  private:
    void serve() {
        for (;;) {
            const base::UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!connection) return;
            const std::optional<std::string> file = read_stream(connection.get());
            if (file) answer(connection.get(), *file);
            std::string rest;
            while (wire::read_more(connection.get(), rest)) {
            }
        }
    }

    static bool fill(int fd, std::string& buffer, std::size_t size) {
        while (buffer.size() < size)
            if (!wire::read_more(fd, buffer)) return false;
        return true;
    }

    static std::optional<std::string> read_stream(int fd) {
        const std::string command("zINSTREAM\0", 10);
        std::string buffer;
        if (!fill(fd, buffer, command.size()) || !buffer.starts_with(command)) return std::nullopt;
        buffer.erase(0, command.size());
        std::string file;
        for (;;) {
            if (!fill(fd, buffer, 4)) return std::nullopt;
            std::uint32_t prefix = 0;
            std::memcpy(&prefix, buffer.data(), sizeof prefix);
            const std::size_t length = ntohl(prefix);
            if (length == 0) return file;
            if (!fill(fd, buffer, 4 + length)) return std::nullopt;
            file.append(buffer, 4, length);
            buffer.erase(0, 4 + length);
        }
    }

    void answer(int fd, const std::string& file) {
        const std::lock_guard lock(mutex_);
        seen_.push_back(file);
        if (is_silent_) return;
        const bool is_harmful = file.find(virus) != std::string::npos;
        const std::string found = is_harmful ? "stream: Test.Virus FOUND" : "stream: OK";
        const std::string reply = reply_.value_or(found);
        if (!reply.empty()) wire::send_all(fd, reply + '\0');
        if (reply.empty()) ::shutdown(fd, SHUT_RDWR);
    }

    std::string address_;
    base::UniqueFd listener_;
    mutable std::mutex mutex_;
    std::vector<std::string> seen_;
    std::optional<std::string> reply_;
    bool is_silent_ = false;
    std::thread thread_;
};

}  // namespace mxcd::test
