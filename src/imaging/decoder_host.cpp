#include "decoder_host.hpp"

#include "mxcd/base/errors.hpp"

#include "descriptor_passing.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace mxcd::imaging {

namespace {

using Moment = std::chrono::steady_clock::time_point;

struct SocketPair {
    base::UniqueFd ours;
    base::UniqueFd theirs;
};

SocketPair make_sockets() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw base::UpstreamError("no socket for a decoder process");
    return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

/// False when nothing came before `deadline`.
bool wait_readable(int descriptor, Moment deadline) {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd wait{descriptor, POLLIN, 0};
        const int ready = poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready > 0) return true;
        if (ready < 0 && errno == EINTR) continue;
        return false;
    }
}

void kill_process(int process) {
    if (process >= 0) syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
}

/// What a new process gets: its socket as standard input, nowhere as its outputs, and no signals blocked.
class SpawnPlan {
  public:
    explicit SpawnPlan(int control) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_adddup2(&actions_, control, STDIN_FILENO);
        posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    /// The new process, or -1.
    [[nodiscard]] pid_t start(const std::string& program, DecoderKind kind) const {
        std::array<std::string, 2> words{"mxcd", verb_of(kind)};
        // Nothing of the service's environment. VIPSHOME: where there are no plug-ins with more loaders;
        // VIPS_NOVECTOR: no machine code made at run time; MALLOC_CONF: no thread of the allocator's, because
        // a process that forks must have but one, and no arenas that only take address space.
        std::array<std::string, 4> settings{"VIPSHOME=/nonexistent", "VIPS_NOVECTOR=1", "LC_ALL=C",
                                            "MALLOC_CONF=background_thread:false,narenas:1"};
        std::array<char*, 3> arguments{words[0].data(), words[1].data(), nullptr};
        std::array<char*, 5> environment{settings[0].data(), settings[1].data(), settings[2].data(),
                                         settings[3].data(), nullptr};
        pid_t pid = -1;
        const int error =
            posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
        return error == 0 ? pid : -1;
    }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// What one decode has said so far, and the means to end it.
class Conversation {
  public:
    explicit Conversation(base::UniqueFd socket) : socket_(std::move(socket)), buffer_(max_packet) {}
    /// Whatever it did, it is over.
    ~Conversation() { kill_process(process_.get()); }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    [[nodiscard]] RawResult listen(Moment deadline) {
        std::string bytes;
        for (;;) {
            if (!wait_readable(socket_.get(), deadline))
                return {process_ ? Ending::timed_out : Ending::not_begun, {}};
            std::optional<Packet> packet = receive_packet(socket_.get(), buffer_);
            if (!packet || packet->size == 0) break;
            if (!process_ && packet->descriptors.size() == 1) {
                process_ = std::move(packet->descriptors.front());
                continue;
            }
            if (bytes.size() + packet->size > max_result_bytes) return {Ending::too_much, {}};
            bytes.append(reinterpret_cast<const char*>(buffer_.data()), packet->size);
        }
        if (!process_) return {Ending::not_begun, {}};
        if (bytes.empty()) return {Ending::crashed, {}};
        return {Ending::finished, std::move(bytes)};
    }

  private:
    base::UniqueFd socket_;
    base::UniqueFd process_;
    std::vector<std::byte> buffer_;
};

}  // namespace

DecoderHost::DecoderHost(const std::filesystem::path& program, DecoderKind kind) {
    SocketPair sockets = make_sockets();
    pid_ = SpawnPlan(sockets.theirs.get()).start(program.string(), kind);
    if (pid_ < 0) throw base::UpstreamError("a decoder process cannot be started");
    process_ = base::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    control_ = std::move(sockets.ours);
}

DecoderHost::~DecoderHost() {
    kill();
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
}

void DecoderHost::kill() const noexcept { ::kill(pid_, SIGKILL); }

bool DecoderHost::ends_within(std::chrono::milliseconds limit) const {
    return wait_readable(process_.get(), std::chrono::steady_clock::now() + limit);
}

void DecoderHost::await_greeting(std::chrono::milliseconds limit) const {
    Greeting greeting;
    if (!wait_readable(control_.get(), std::chrono::steady_clock::now() + limit))
        throw base::UpstreamError("a decoder process does not answer");
    const std::optional<Packet> packet =
        receive_packet(control_.get(), std::as_writable_bytes(std::span(&greeting, 1)));
    if (!packet || packet->size != sizeof greeting)
        throw base::UpstreamError("a decoder process ended at once");
    greeting.trouble[sizeof greeting.trouble - 1] = '\0';
    if (greeting.is_sound == 0) throw base::UpstreamError(greeting.trouble);
}

RawResult DecoderHost::run(const DecodeOrder& order, const base::UniqueFd& input,
                           std::chrono::milliseconds deadline) const {
    SocketPair sockets = make_sockets();
    const std::array descriptors{input.get(), sockets.theirs.get()};
    if (!send_packet(control_.get(), std::as_bytes(std::span(&order, 1)), descriptors)) return {};
    sockets.theirs.reset();
    return Conversation(std::move(sockets.ours)).listen(std::chrono::steady_clock::now() + deadline);
}

}  // namespace mxcd::imaging
