#include "plugin.hpp"

#include "plugin_library.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace mxcd::modules {

namespace {

constexpr std::size_t longest_reason = 512;

}  // namespace

Plugin::Plugin(const std::filesystem::path& library, std::string config, PluginHost::Log log)
    : table_(load_plugin(library)), host_(std::move(config), std::move(log)) {
    if (table_.start == nullptr) return;
    std::array<char, longest_reason> reason{};
    if (table_.start(host_.table(), &self_, reason.data(), reason.size()) == 0) return;
    // As after stop(): what is left of its timers must not meet a plugin that never was.
    host_.timers().stop();
    const std::string text(reason.data(), strnlen(reason.data(), reason.size()));
    throw LibraryError(text.empty() ? "the plugin does not start, and does not say why" : text);
}

Plugin::~Plugin() {
    host_.timers().stop();
    if (table_.stop != nullptr) table_.stop(self_);
}

}  // namespace mxcd::modules
