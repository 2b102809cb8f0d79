#pragma once

#include "mxcd/base/unique_fd.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mxcd::test {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }

    /// What has arrived once `end` is part of it, or the writer is closed, or 10 s have passed.
    std::string read_until(std::string_view end) {
        std::string text;
        std::array<char, 65536> piece{};
        while (end.empty() || text.find(end) == std::string::npos) {
            pollfd source{reader.get(), POLLIN, 0};
            if (::poll(&source, 1, 10'000) <= 0) break;
            const ssize_t count = ::read(reader.get(), piece.data(), piece.size());
            if (count <= 0) break;
            text.append(piece.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    /// Whether nothing comes for a tenth of a second.
    bool is_silent() {
        pollfd source{reader.get(), POLLIN, 0};
        return ::poll(&source, 1, 100) == 0;
    }
    std::string read_all() {
        writer.reset();
        return read_until("");
    }

    base::UniqueFd reader;
    base::UniqueFd writer;
};

/// Runs `work` in a child whose standard error is a pipe, and gives what it wrote.
template <class Work>
std::string standard_error_of(Work work) {
    Pipe pipe;
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) {
        ::dup2(pipe.writer.get(), STDERR_FILENO);
        work();
        _exit(0);
    }
    std::string text = pipe.read_all();
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return text;
}

}  // namespace mxcd::test
