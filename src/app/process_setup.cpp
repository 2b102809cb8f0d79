#include "process_setup.hpp"

#include "mxcd/base/text.hpp"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <thread>

namespace mxcd::app {

void set_process_limits() {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    // A core handler behind a pipe does not ask for the limit.
    prctl(PR_SET_DUMPABLE, 0);
    umask(0077);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        constexpr rlim_t enough = 131'072;
        files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, enough));
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

sigset_t block_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

std::size_t io_thread_count() {
    constexpr std::int64_t most = 256;
    // Read by the main thread; nothing of ours ever changes the environment.
    const char* const text = std::getenv("MXCD_IO_THREADS");  // NOLINT(concurrency-mt-unsafe)
    const std::optional<std::int64_t> wanted = text == nullptr ? std::nullopt : base::parse_decimal(text);
    if (wanted && *wanted >= 1 && *wanted <= most) return static_cast<std::size_t>(*wanted);
    return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace mxcd::app
