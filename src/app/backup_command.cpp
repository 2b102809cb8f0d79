#include "backup_command.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/text.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/outbound/client.hpp"

#include "control_socket.hpp"
#include "task_loop.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace mxcd::app {

namespace {

constexpr std::chrono::milliseconds poll_interval{200};

class ControlClient {
  public:
    explicit ControlClient(std::string socket)
        : socket_(std::move(socket)),
          metrics_(base::make_no_metrics()),
          client_(outbound::make_client({}, *metrics_)) {}

    /// The service's answer, whatever its status. Throws CommandError (69) when nobody answers.
    outbound::OutboundResponse ask(const std::string& method, const std::string& target) {
        outbound::OutboundRequest request;
        request.method = method;
        request.url = "http://localhost" + target;
        request.unix_socket = socket_;
        request.reach = outbound::Reach::operator_configured;
        try {
            return loop_.run(client_->send(std::move(request)));
        } catch (const base::UpstreamError&) {
            throw CommandError(ExitCode::unavailable, "the service does not answer at " + socket_ +
                                                          ": a backup goes through the running service");
        }
    }

  private:
    std::string socket_;
    std::unique_ptr<base::Metrics> metrics_;
    TaskLoop loop_;
    std::unique_ptr<outbound::Client> client_;
};

std::string error_text(const outbound::OutboundResponse& answer) {
    const std::optional<matrix::Json> json = matrix::parse_json(answer.body);
    const std::optional<std::string> text = json ? matrix::get_string(*json, "error") : std::nullopt;
    return text.value_or("status " + std::to_string(answer.status));
}

void show_progress(const matrix::Json& state) {
    if (isatty(STDERR_FILENO) == 0) return;
    const auto fraction = state.find("fraction");
    if (fraction == state.end() || !fraction->is_number()) return;
    std::fprintf(stderr, "\rbackup: %3d %%", static_cast<int>(fraction->get<double>() * 100));
}

void end_progress() {
    if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\n");
}

/// Asks until the backup has ended. Throws CommandError when it failed.
void wait_for_end(ControlClient& service) {
    for (;;) {
        const outbound::OutboundResponse answer = service.ask("GET", "/_mxcd/backup");
        const std::optional<matrix::Json> state = matrix::parse_json(answer.body);
        const std::string word = state ? matrix::get_string(*state, "state").value_or("") : "";
        if (word == "done") return;
        if (word != "running") {
            end_progress();
            const bool is_permission = state && matrix::get_string(*state, "reason") == "permission";
            throw CommandError(is_permission ? ExitCode::permission : ExitCode::os_error,
                               "the backup failed: " + error_text(answer));
        }
        show_progress(*state);
        std::this_thread::sleep_for(poll_interval);
    }
}

}  // namespace

ExitCode back_up(const Configuration& configuration, const std::filesystem::path& folder) {
    ControlClient service(control_socket_path(configuration.store.path));
    const std::string absolute = std::filesystem::absolute(folder).lexically_normal().string();
    const outbound::OutboundResponse started =
        service.ask("POST", "/_mxcd/backup?folder=" + base::percent_encode(absolute));
    if (started.status / 100 != 2)
        throw CommandError(ExitCode::unavailable, "the backup was refused: " + error_text(started));
    wait_for_end(service);
    end_progress();
    std::printf("backup finished: %s\n", absolute.c_str());
    return ExitCode::ok;
}

}  // namespace mxcd::app
