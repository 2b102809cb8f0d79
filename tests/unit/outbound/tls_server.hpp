#pragma once

#include "mxcd/base/unique_fd.hpp"

#include "support/temp_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mxcd::test {

/// A certificate and its key, as PEM files.
struct Certificate {
    std::string file;
    std::string key_file;
};

/// An authority of its own and what it issues, made by the openssl command in a folder of its own.
class Certificates {
  public:
    Certificates() {
        openssl("req -x509 -days 2 -subj /CN=authority.test -out authority.pem -keyout authority.key " +
                new_key);
    }

    [[nodiscard]] std::string authority() const { return path("authority.pem"); }

    /// For one name, and for so many days from now; -1 has expired.
    [[nodiscard]] Certificate issue(const std::string& name, int days) const {
        openssl("req -new -subj /CN=" + name + " -out server.csr -keyout server.key " + new_key);
        std::ofstream(path("names")) << "subjectAltName=DNS:" << name << "\n";
        openssl("x509 -req -in server.csr -CA authority.pem -CAkey authority.key -extfile names -days " +
                std::to_string(days) + " -out server.pem");
        return {path("server.pem"), path("server.key")};
    }

    [[nodiscard]] Certificate sign_itself(const std::string& name) const {
        openssl("req -x509 -days 2 -subj /CN=" + name + " -addext subjectAltName=DNS:" + name +
                " -out server.pem -keyout server.key " + new_key);
        return {path("server.pem"), path("server.key")};
    }

  private:
    static inline const std::string new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

    [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
    void openssl(const std::string& arguments) const {
        const std::string command =
            "cd '" + folder_.path().string() + "' && openssl " + arguments + " >openssl.log 2>&1";
        if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: openssl " + arguments);
    }

    TempFolder folder_;
};

/// `openssl s_server` on 127.0.0.1: answers every GET with a page of its own.
class TlsServer {
  public:
    explicit TlsServer(const Certificate& certificate) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        const base::UniqueFd output(ends[0]);
        base::UniqueFd input(ends[1]);
        process_.start({"openssl", "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", certificate.file,
                        "-key", certificate.key_file},
                       input.get());
        input.reset();
        port_ = announced_port(output.get());
    }

    [[nodiscard]] std::string url(const std::string& host) const {
        return "https://" + host + ":" + port_ + "/";
    }

  private:
    class Process {
      public:
        Process() = default;
        ~Process() {
            if (id_ < 0) return;
            kill(id_, SIGKILL);
            waitpid(id_, nullptr, 0);
        }
        Process(const Process&) = delete;
        Process& operator=(const Process&) = delete;

        void start(std::vector<std::string> words, int output) {
            posix_spawn_file_actions_t actions;
            posix_spawn_file_actions_init(&actions);
            posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
            std::vector<char*> arguments;
            for (std::string& word : words) arguments.push_back(word.data());
            arguments.push_back(nullptr);
            const int result =
                posix_spawnp(&id_, arguments.front(), &actions, nullptr, arguments.data(), environ);
            posix_spawn_file_actions_destroy(&actions);
            if (result != 0) throw std::runtime_error(words.front() + " cannot be started");
        }

      private:
        pid_t id_ = -1;
    };

    /// The server says "ACCEPT 127.0.0.1:PORT" when it listens.
    static std::string announced_port(int output) {
        static const std::string announcement = "ACCEPT 127.0.0.1:";
        std::string said;
        for (;;) {
            char piece[256];
            const ssize_t count = read(output, piece, sizeof(piece));
            if (count <= 0) throw std::runtime_error("openssl s_server ended: " + said);
            said.append(piece, static_cast<std::size_t>(count));
            const std::size_t at = said.find(announcement);
            if (at == std::string::npos) continue;
            const std::size_t end = said.find('\n', at);
            const std::size_t begin = at + announcement.size();
            if (end != std::string::npos) return said.substr(begin, end - begin);
        }
    }

    Process process_;
    std::string port_;
};

}  // namespace mxcd::test
