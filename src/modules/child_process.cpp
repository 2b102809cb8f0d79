#include "child_process.hpp"

#include "mxcd/base/errors.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

namespace mxcd::modules {

namespace {

constexpr int socket_descriptor = 3;
constexpr int first_free_descriptor = 4;
constexpr int cannot_execute = 127;
constexpr rlim_t most_descriptors = 4096;

struct Pair {
    base::UniqueFd ours;
    base::UniqueFd theirs;
};

Pair make_sockets() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw base::UpstreamError("no socket for a child process");
    return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

Pair make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw base::UpstreamError("no pipe for a child process");
    return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

/// As execvp would find it.
std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    // Nothing of ours ever changes the environment.
    const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    std::string_view folders = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        const std::string candidate = std::string(folders.substr(0, end)) + "/" + name;
        if (candidate.front() == '/' && access(candidate.c_str(), X_OK) == 0) return candidate;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    throw base::UpstreamError(name + " is not found in PATH");
}

/// What the service manager told us is not for children, who could speak in our name.
bool is_for_us_alone(std::string_view setting) {
    constexpr std::array<std::string_view, 4> prefixes{"NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "MXCD_"};
    return std::ranges::any_of(prefixes,
                               [setting](std::string_view prefix) { return setting.starts_with(prefix); });
}

std::vector<std::string> environment_of(const ChildProgram& program) {
    std::vector<std::string> settings;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
        if (!is_for_us_alone(*each)) settings.emplace_back(*each);
    }
    settings.insert(settings.end(), program.environment.begin(), program.environment.end());
    return settings;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Everything that the new process needs, made before the fork: after it other threads' locks may be held
/// for ever, so only system calls are left to it.
struct Launch {
    std::string path;
    std::vector<char*> arguments;
    std::vector<char*> environment;
    int socket = -1;
    int output = -1;
    rlimit memory{RLIM_INFINITY, RLIM_INFINITY};
    pid_t parent = -1;
};

void limit_resources(const Launch& launch) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (launch.memory.rlim_cur != RLIM_INFINITY) setrlimit(RLIMIT_AS, &launch.memory);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = std::min(files.rlim_max, most_descriptors);
    setrlimit(RLIMIT_NOFILE, &files);
}

/// False when a descriptor cannot be put in its place.
bool place_descriptors(const Launch& launch) {
    // Out of the way first: one of them may stand where another belongs.
    const int socket = fcntl(launch.socket, F_DUPFD, first_free_descriptor);
    const int output = fcntl(launch.output, F_DUPFD, first_free_descriptor);
    const int nothing = open("/dev/null", O_RDONLY);
    return socket >= 0 && output >= 0 && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
           dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0 &&
           dup2(socket, socket_descriptor) >= 0 &&
           syscall(SYS_close_range, static_cast<unsigned>(first_free_descriptor), ~0U, 0U) == 0;
}

/// A service manager tells every process to stop, but the service still needs its children while it drains;
/// it ends them itself.
void set_signals() {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    sigaction(SIGPIPE, &action, nullptr);
    action.sa_handler = SIG_IGN;
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaction(number, &action, nullptr);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

/// The new process from the fork to the other program.
[[noreturn]] void become(const Launch& launch) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) _exit(EXIT_FAILURE);
    limit_resources(launch);
    set_signals();
    if (place_descriptors(launch))
        execve(launch.path.c_str(), launch.arguments.data(), launch.environment.data());
    _exit(cannot_execute);
}

rlimit memory_of(const ChildProgram& program) {
    if (!program.memory_limit) return {RLIM_INFINITY, RLIM_INFINITY};
    const auto bytes = static_cast<rlim_t>(std::max<std::int64_t>(0, program.memory_limit->value()));
    return {bytes, bytes};
}

std::string description_of(int status, const std::string& program) {
    if (WIFEXITED(status)) {
        const int code = WEXITSTATUS(status);
        return code == cannot_execute ? program + " cannot be executed"
                                      : "exit status " + std::to_string(code);
    }
    const int number = WTERMSIG(status);
    const char* const name = sigabbrev_np(number);
    return "signal " + std::to_string(number) + (name == nullptr ? "" : " (SIG" + std::string(name) + ")");
}

}  // namespace

ChildProcess::ChildProcess(const ChildProgram& program) : program_(program.path) {
    Pair sockets = make_sockets();
    Pair pipe = make_pipe();
    std::vector<std::string> words{find_program(program.path)};
    words.insert(words.end(), program.arguments.begin(), program.arguments.end());
    std::vector<std::string> settings = environment_of(program);
    const Launch launch{words.front(),
                        pointers_to(words),
                        pointers_to(settings),
                        sockets.theirs.get(),
                        pipe.theirs.get(),
                        memory_of(program),
                        getpid()};
    pid_ = fork();
    if (pid_ == 0) become(launch);
    if (pid_ < 0)
        throw base::UpstreamError("a process cannot be made: " + std::generic_category().message(errno));
    // Whoever of us two is first: from here on kill() reaches the group.
    setpgid(pid_, pid_);
    process_ = base::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    socket_ = std::move(sockets.ours);
    output_ = std::move(pipe.ours);
}

ChildProcess::~ChildProcess() {
    kill();
    static_cast<void>(reap());
}

void ChildProcess::kill() noexcept {
    const std::lock_guard lock(mutex_);
    if (is_reaped_) return;
    ::kill(-pid_, SIGKILL);
    // A process may have left its group.
    ::kill(pid_, SIGKILL);
}

std::string ChildProcess::reap() {
    // Its children go before it is reaped, while the group still has its number.
    kill();
    const std::lock_guard lock(mutex_);
    if (is_reaped_) return "";
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    is_reaped_ = true;
    return description_of(status, program_);
}

}  // namespace mxcd::modules
