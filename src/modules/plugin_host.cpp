#include "plugin_host.hpp"

#include "plugin_answers.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

constexpr std::size_t longest_line = 512;

base::LogLevel level_of(int level) {
    if (level <= MXCD_LOG_DEBUG) return base::LogLevel::debug;
    if (level == MXCD_LOG_INFO) return base::LogLevel::info;
    return level == MXCD_LOG_WARN ? base::LogLevel::warn : base::LogLevel::error;
}

/// No exception of ours (memory, mostly) goes into the plugin's C.
template <class Value, class Work>
Value value_of(Value otherwise, Work work) noexcept {
    try {
        return work();
    } catch (const std::exception&) {
        return otherwise;
    }
}

}  // namespace

PluginHost::PluginHost(std::string config, Log log)
    : config_text_(std::move(config)),
      config_(matrix::parse_json(config_text_).value_or(Json::object())),
      log_(std::move(log)) {
    table_.struct_size = sizeof(mxcd_host);
    table_.abi_major = MXCD_ABI_MAJOR;
    table_.abi_minor = MXCD_ABI_MINOR;
    table_.self = this;
    fill_in_services();
    fill_in_answers();
}

const Json* PluginHost::find(const char* path) const {
    if (path == nullptr) return nullptr;
    return value_of<const Json*>(nullptr, [this, path]() -> const Json* {
        const Json::json_pointer pointer(path);
        return config_.contains(pointer) ? &config_.at(pointer) : nullptr;
    });
}

void PluginHost::fill_in_services() {
    table_.config_json = [](const mxcd_host* host) { return of(host).config_text_.c_str(); };
    table_.config_text = [](const mxcd_host* host, const char* path) -> const char* {
        const Json* const found = of(host).find(path);
        if (found == nullptr || !found->is_string()) return nullptr;
        return found->get_ref<const std::string&>().c_str();
    };
    table_.config_integer = [](const mxcd_host* host, const char* path, std::int64_t* value) {
        const Json* const found = of(host).find(path);
        // A larger one than fits is none.
        if (found == nullptr || !found->is_number_integer()) return 0;
        if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) return 0;
        *value = found->get<std::int64_t>();
        return 1;
    };
    table_.config_boolean = [](const mxcd_host* host, const char* path, int* value) {
        const Json* const found = of(host).find(path);
        if (found == nullptr || !found->is_boolean()) return 0;
        *value = found->get<bool>() ? 1 : 0;
        return 1;
    };
    table_.log = [](const mxcd_host* host, int level, const char* text) {
        if (text == nullptr) return;
        value_of(0, [&] {
            of(host).log_(level_of(level), std::string_view(text, strnlen(text, longest_line)));
            return 0;
        });
    };
    table_.remaining_ms = [](const mxcd_host* host, mxcd_call call) -> std::int64_t {
        using std::chrono::milliseconds;
        const std::optional<PluginCalls::Moment> deadline = of(host).calls_.deadline(call);
        if (!deadline) return 0;
        const auto left = *deadline - std::chrono::steady_clock::now();
        return std::max<std::int64_t>(0, std::chrono::floor<milliseconds>(left).count());
    };
    table_.set_timer = [](const mxcd_host* host, std::uint32_t delay_ms, void (*fire)(void*),
                          void* argument) -> mxcd_timer {
        return value_of<mxcd_timer>(
            0, [&] { return of(host).timers_.set(std::chrono::milliseconds(delay_ms), fire, argument); });
    };
    table_.cancel_timer = [](const mxcd_host* host, mxcd_timer timer) {
        return of(host).timers_.cancel(timer) ? 1 : 0;
    };
}

namespace {

/// Hands in the answer that `make` makes. An answer that does not fit into our memory is none.
template <class Make>
int hand_in(PluginCalls& calls, mxcd_call call, Make make) {
    return value_of(0, [&] { return calls.answer(call, make()) ? 1 : 0; });
}

}  // namespace

void PluginHost::fill_in_answers() {
    table_.answer_none = [](const mxcd_host* host, mxcd_call call) {
        return hand_in(of(host).calls_, call, [] { return PluginAnswer(PluginResult{Json()}); });
    };
    table_.answer_allowed = [](const mxcd_host* host, mxcd_call call, int is_allowed) {
        return hand_in(of(host).calls_, call, [&] { return allowed_answer(is_allowed); });
    };
    table_.answer_limits = [](const mxcd_host* host, mxcd_call call, const mxcd_limit* limits,
                              std::size_t count) {
        return hand_in(of(host).calls_, call, [&] { return limits_answer(limits, count); });
    };
    table_.answer_verdict = [](const mxcd_host* host, mxcd_call call, int verdict,
                               const mxcd_error* rejection) {
        return hand_in(of(host).calls_, call, [&] { return verdict_answer(verdict, rejection); });
    };
    table_.answer_json = [](const mxcd_host* host, mxcd_call call, const char* json) {
        return hand_in(of(host).calls_, call, [&] { return json_answer(json); });
    };
    table_.answer_error = [](const mxcd_host* host, mxcd_call call, const mxcd_error* error) {
        return hand_in(of(host).calls_, call, [&] { return error_answer(error); });
    };
    table_.answer_failure = [](const mxcd_host* host, mxcd_call call, const char* reason) {
        return hand_in(of(host).calls_, call, [&] { return failure_answer(reason); });
    };
}

}  // namespace mxcd::modules
