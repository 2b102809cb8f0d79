#include "mxcd/modules/library.hpp"

#include "child_wire.hpp"
#include "plugin.hpp"
#include "plugin_dispatch.hpp"
#include "plugin_library.hpp"

#include <fcntl.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;
using Moment = PluginCalls::Moment;

constexpr int socket_descriptor = 3;
/// How often calls are dropped that the service does not wait for any more.
constexpr std::chrono::seconds tidying_interval{1};

const char* name_of(base::LogLevel level) {
    if (level == base::LogLevel::debug) return "debug";
    if (level == base::LogLevel::warn) return "warn";
    return level == base::LogLevel::error ? "error" : "info";
}

/// Answers a call of the service.
class ServiceCall final : public PluginCaller {
  public:
    ServiceCall(ChildWire& wire, std::int64_t call) : wire_(wire), call_(call) {}

    void take(PluginAnswer answer) override {
        try {
            wire_.send(frame_of_answer(std::move(answer)));
        } catch (const BadFrame&) {
            wire_.send({{"call", call_}, {"failure", "the answer is too long"}});
        }
    }

  private:
    [[nodiscard]] Json frame_of_answer(PluginAnswer answer) const {
        if (auto* const result = std::get_if<PluginResult>(&answer))
            return {{"call", call_}, {"result", std::move(result->value)}};
        if (auto* const refusal = std::get_if<PluginRefusal>(&answer))
            return {{"call", call_}, {"error", std::move(refusal->error)}};
        return {{"call", call_}, {"failure", std::get<PluginFailure>(std::move(answer)).reason}};
    }

    ChildWire& wire_;
    const std::int64_t call_;
};

/// The plugin that the service's first frame names. Throws LibraryError.
std::unique_ptr<Plugin> load(ChildWire& wire, const Json& order) {
    const auto log = [&wire](base::LogLevel level, std::string_view text) {
        wire.send({{"log", {{"level", name_of(level)}, {"text", text}}}});
    };
    return std::make_unique<Plugin>(matrix::get_string(order, "library").value_or(""),
                                    matrix::get_string(order, "config").value_or("{}"), log);
}

class Conversation {
  public:
    Conversation(ChildWire& wire, Plugin& plugin) : wire_(wire), plugin_(plugin) {}

    void go_on_to_the_end() {
        while (std::optional<ChildWire::Received> received = wire_.receive()) {
            const Json& frame = received->frame;
            if (frame.contains("ping")) {
                wire_.send({{"pong", frame.at("ping")}});
            } else {
                answer(frame, std::move(received->file));
            }
            tidy_up(std::chrono::steady_clock::now());
        }
    }

  private:
    void answer(const Json& frame, base::UniqueFd file) {
        const std::int64_t call = frame.at("call").get<std::int64_t>();
        const std::chrono::milliseconds limit(frame.at("deadline_ms").get<std::int64_t>());
        const std::uint64_t number = plugin_.calls().open(std::make_shared<ServiceCall>(wire_, call),
                                                          std::chrono::steady_clock::now() + limit);
        call_plugin(plugin_, frame.at("callback").get<std::string>(), number, frame.at("arguments"),
                    std::move(file));
    }

    void tidy_up(Moment now) {
        if (now - tidied_at_ < tidying_interval) return;
        tidied_at_ = now;
        plugin_.calls().forget_late(now);
    }

    ChildWire& wire_;
    Plugin& plugin_;
    Moment tidied_at_;
};

int live(ChildWire& wire) {
    const std::optional<ChildWire::Received> first = wire.receive();
    if (!first || !first->frame.contains("load")) return EXIT_FAILURE;
    std::unique_ptr<Plugin> plugin;
    try {
        plugin = load(wire, first->frame.at("load"));
    } catch (const LibraryError& error) {
        wire.send({{"failed", error.what()}});
        return EXIT_FAILURE;
    }
    wire.send({{"ready", {{"callbacks", callbacks_of(plugin->table())}}}});
    Conversation(wire, *plugin).go_on_to_the_end();
    return EXIT_SUCCESS;
}

}  // namespace

int run_plugin_process() {
    // A broken pipe is an error of a call, as it is inside the service.
    static_cast<void>(::signal(SIGPIPE, SIG_IGN));
    // What the plugin executes has no business on the wire.
    if (fcntl(socket_descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        std::fprintf(stderr, "mxcd: this command is for mxcd itself\n");
        return EXIT_FAILURE;
    }
    ChildWire wire{base::UniqueFd(socket_descriptor)};
    try {
        return live(wire);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "mxcd: %s\n", failure.what());
        return EXIT_FAILURE;
    }
}

}  // namespace mxcd::modules
