#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "imaging/decoder_process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// A decoder process whose decodes an attacker has taken over: a "picture" that begins with `evil:` names what
// is tried. Whoever succeeds with an attack says so with a perfectly good thumbnail, and gives itself away.
// Nothing here may do harm where the sandbox does not hold: that is what the test is there to find out.
namespace {

using namespace mxcd::imaging;

constexpr std::string_view mark = "evil:";
constexpr ResultHead good_head{Verdict::made, 1, 5, 5};
constexpr std::string_view good_png = "\x89PNG\r\n\x1a\n and so on";

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void boast(const ResultWriter& result) {
    result.head(good_head);
    result.thumbnail({1, 5, 5, 0, good_png.size()}, bytes_of(good_png));
}

bool opens(const char* path, int flags) { return open(path, flags, 0600) >= 0; }

bool has_other_descriptors() {
    for (int descriptor = 1; descriptor < 1024; ++descriptor) {
        char byte = 0;
        if (read(descriptor, &byte, 1) >= 0) return true;
    }
    return false;
}

bool connects_to_service() {
    const int file = socket(AF_INET, SOCK_STREAM, 0);
    return file >= 0;
}

bool forks() {
    const pid_t child = fork();
    if (child == 0) std::_Exit(0);
    return child > 0;
}

bool clones() {
    const long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) std::_Exit(0);
    return child > 0;
}

bool executes() {
    execl("/usr/bin/touch", "touch", "/dev/shm/mxcd-hostile-decode", nullptr);
    return false;
}

bool takes_memory() {
    std::size_t taken = 0;
    while (taken < std::size_t{500} << 20U) {
        auto* const piece = static_cast<volatile char*>(std::malloc(1 << 20U));
        if (piece == nullptr) return false;
        for (std::size_t i = 0; i < 1 << 20U; i += 4096) piece[i] = 1;
        taken += 1 << 20U;
    }
    return true;
}

[[noreturn]] void loops() {
    volatile unsigned turns = 0;
    for (;;) turns = turns + 1;
}

[[noreturn]] void sleeps() {
    signal(SIGTERM, SIG_IGN);
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

[[noreturn]] void floods(const ResultWriter& result) {
    const std::string page(60'000, 'x');
    for (;;) result.write(bytes_of(page));
}

/// True when the attack succeeded.
bool attack(std::string_view name, const ResultWriter& result) {
    if (name == "read a file") return opens("/etc/passwd", O_RDONLY);
    if (name == "write a file") return opens("/dev/shm/mxcd-hostile-decode", O_CREAT | O_WRONLY);
    if (name == "read its own memory map") return opens("/proc/self/maps", O_RDONLY);
    if (name == "list a folder") return opendir("/") != nullptr;
    if (name == "use another descriptor") return has_other_descriptors();
    if (name == "open a socket") return connects_to_service();
    if (name == "open a UNIX socket") return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
    if (name == "execute") return executes();
    if (name == "trace its parent") return ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0;
    if (name == "kill its parent") return kill(getppid(), SIGKILL) == 0;
    if (name == "fork") return forks();
    if (name == "clone") return clones();
    if (name == "take memory") return takes_memory();
    if (name == "loop") loops();
    if (name == "sleep") sleeps();
    if (name == "flood") floods(result);
    if (name == "crash") std::abort();
    if (name == "succeed") return true;
    if (name == "say nothing") return false;
    if (name == "talk nonsense") result.write(bytes_of("nonsense"));
    if (name == "promise too many") result.head({Verdict::made, 1'000'000, 5, 5});
    if (name == "promise too much") {
        result.head(good_head);
        const ThumbnailHead head{1, 5, 5, 0, ~0ULL};
        result.write(std::as_bytes(std::span(&head, 1)));
    }
    if (name == "lie about the type") {
        result.head(good_head);
        result.thumbnail({0, 5, 5, 0, good_png.size()}, bytes_of(good_png));
    }
    if (name == "lie about the size") {
        result.head({Verdict::made, 1, 1'000'000, 1'000'000});
        result.thumbnail({1, 5, 5, 0, good_png.size()}, bytes_of(good_png));
    }
    if (name == "call small large") result.head({Verdict::too_large, 0, 5, 5});
    if (name == "call it less than nothing") result.head({Verdict::too_large, 0, -1'000'000, -1'000'000});
    if (name == "inject a hash") {
        ResultHead head = good_head;
        head.has_blurhash = 1;
        head.blurhash.fill('"');
        result.head(head);
        result.thumbnail({1, 5, 5, 0, good_png.size()}, bytes_of(good_png));
    }
    if (name == "say too much") {
        boast(result);
        result.write(bytes_of("x"));
    }
    return false;
}

void work(const DecodeWork& honest, const DecodeOrder& order, std::span<const std::byte> input,
          const ResultWriter& result) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    if (!text.starts_with(mark)) {
        honest(order, input, result);
    } else if (attack(text.substr(mark.size()), result)) {
        boast(result);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const auto kind = argc == 2 ? decoder_called(argv[1]) : std::nullopt;
    if (!kind) return EXIT_FAILURE;
    const auto prepare = [kind] {
        LoadedDecoder loaded = load_decoder(*kind);
        loaded.work = [honest = std::move(loaded.work)](
                          const DecodeOrder& order, std::span<const std::byte> input,
                          const ResultWriter& result) { work(honest, order, input, result); };
        return loaded;
    };
    return serve_decodes(STDIN_FILENO, prepare);
}
