#pragma once

#include "mxcd/base/log.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/plugin.h"

#include "plugin_calls.hpp"
#include "plugin_timers.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace mxcd::modules {

/// The host of one plugin: what include/mxcd/plugin.h promises it. Its functions may be called from any
/// thread, and let no exception out.
class PluginHost {
  public:
    /// Where the plugin's log lines go; called from any thread.
    using Log = std::function<void(base::LogLevel, std::string_view text)>;

    /// `config` is the text of a JSON object.
    PluginHost(std::string config, Log log);
    PluginHost(const PluginHost&) = delete;
    PluginHost& operator=(const PluginHost&) = delete;

    [[nodiscard]] const mxcd_host* table() const { return &table_; }
    [[nodiscard]] PluginCalls& calls() { return calls_; }
    [[nodiscard]] PluginTimers& timers() { return timers_; }

  private:
    /// The plugin sees the first part, and hands it back.
    struct Table : mxcd_host {
        PluginHost* self;
    };
    static PluginHost& of(const mxcd_host* host) { return *static_cast<const Table*>(host)->self; }

    void fill_in_services();
    void fill_in_answers();
    /// The value at a JSON pointer; null when there is none.
    [[nodiscard]] const matrix::Json* find(const char* path) const;

    const std::string config_text_;
    const matrix::Json config_;
    const Log log_;
    PluginCalls calls_;
    PluginTimers timers_;
    Table table_{};
};

}  // namespace mxcd::modules
