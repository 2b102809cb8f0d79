#include "zygote.hpp"

#include "descriptor_passing.hpp"
#include "sandbox.hpp"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>

namespace mxcd::imaging {

namespace {

constexpr int reap_interval_ms = 1000;
/// Where the result goes in the process of a decode; the picture is mapped and its descriptor closed.
constexpr int result_descriptor = 0;

void greet(int control, const char* trouble) {
    Greeting greeting;
    greeting.is_sound = trouble == nullptr ? 1 : 0;
    if (trouble != nullptr) std::strncpy(greeting.trouble, trouble, sizeof greeting.trouble - 1);
    static_cast<void>(send_packet(control, std::as_bytes(std::span(&greeting, 1))));
}

struct Job {
    DecodeOrder order;
    base::UniqueFd input;
    base::UniqueFd result;
};

/// Nothing when what came is no order.
std::optional<Job> read_job(Packet& packet, const DecodeOrder& order) {
    const bool is_order = packet.size == sizeof order && packet.descriptors.size() == 2 &&
                          order.form_count <= max_forms && order.input_size > 0;
    if (!is_order) return std::nullopt;
    return Job{order, std::move(packet.descriptors[0]), std::move(packet.descriptors[1])};
}

/// The life of a decode's process.
[[noreturn]] void run_decode(const Job& job, pid_t zygote, const Sandbox& sandbox, const DecodeWork& work) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != zygote) std::_Exit(EXIT_FAILURE);
    const auto size = static_cast<std::size_t>(job.order.input_size);
    void* const input = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, job.input.get(), 0);
    if (input == MAP_FAILED || dup2(job.result.get(), result_descriptor) < 0) std::_Exit(EXIT_FAILURE);
    if (syscall(SYS_close_range, 1U, ~0U, 0U) != 0) std::_Exit(EXIT_FAILURE);
    sandbox.enter(job.order.input_size);
    work(job.order, {static_cast<const std::byte*>(input), size}, ResultWriter(result_descriptor));
    std::_Exit(EXIT_SUCCESS);
}

/// Forks, and hands the service the means to kill: a descriptor of the new process.
void start(Job job, const Sandbox& sandbox, const DecodeWork& work) {
    const pid_t zygote = getpid();
    const pid_t child = fork();
    if (child == 0) run_decode(job, zygote, sandbox, work);
    if (child < 0) return;
    const base::UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    constexpr std::array<std::byte, 1> started{};
    const std::array descriptors{process.get()};
    if (!process || !send_packet(job.result.get(), started, descriptors)) kill(child, SIGKILL);
}

void reap() {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

int serve(int control, const Sandbox& sandbox, const DecodeWork& work) {
    for (;;) {
        pollfd wait{control, POLLIN, 0};
        const int ready = poll(&wait, 1, reap_interval_ms);
        reap();
        if (ready < 0 && errno != EINTR) return EXIT_FAILURE;
        if (ready <= 0) continue;
        DecodeOrder order;
        std::optional<Packet> packet = receive_packet(control, std::as_writable_bytes(std::span(&order, 1)));
        if (!packet || packet->size == 0) return EXIT_SUCCESS;
        std::optional<Job> job = read_job(*packet, order);
        if (job) start(*std::move(job), sandbox, work);
    }
}

/// What a supervisor or terminal sends is for the service, which ends this process by closing its socket.
void ignore_signals() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) sigaction(number, &ignore, nullptr);
}

}  // namespace

int serve_decodes(int control, const std::function<LoadedDecoder()>& prepare) {
    ignore_signals();
    // Arenas for more threads would only reserve address space, which is limited.
    mallopt(M_ARENA_MAX, 1);  // NOLINT(concurrency-mt-unsafe): there is no other thread
    try {
        const LoadedDecoder loaded = prepare();
        const Sandbox sandbox(loaded.more_libraries);
        greet(control, nullptr);
        return serve(control, sandbox, loaded.work);
    } catch (const std::exception& failure) {
        greet(control, failure.what());
        return EXIT_FAILURE;
    }
}

}  // namespace mxcd::imaging
