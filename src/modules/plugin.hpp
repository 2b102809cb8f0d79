#pragma once

#include "mxcd/plugin.h"

#include "plugin_host.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace mxcd::modules {

/// A plugin that has been started, in this process; the destructor stops it, and waits for it. Thread-safe.
class Plugin {
  public:
    /// Blocks while the plugin starts. Throws LibraryError.
    Plugin(const std::filesystem::path& library, std::string config, PluginHost::Log log);
    ~Plugin();
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    [[nodiscard]] const mxcd_plugin& table() const { return table_; }
    [[nodiscard]] PluginCalls& calls() { return host_.calls(); }

    /// Calls a callback that is not null. An exception that it lets out is its answer: a failure.
    template <class Arguments>
    void call(void (*callback)(void*, mxcd_call, Arguments*), std::uint64_t number, Arguments& arguments) {
        try {
            callback(self_, number, &arguments);
        } catch (...) {
            calls().answer(number, PluginFailure{"it let an exception out"});
        }
    }

  private:
    const mxcd_plugin table_;
    PluginHost host_;
    void* self_ = nullptr;
};

}  // namespace mxcd::modules
