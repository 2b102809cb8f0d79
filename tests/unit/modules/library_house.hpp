#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/modules/library.hpp"

#include "support/memory_metrics.hpp"
#include "support/module_scenario_runner.hpp"
#include "support/temp_folder.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::test {

/// A name of tests/plugins, or a path.
inline std::filesystem::path plugin_path(const std::string& name) {
    if (name.starts_with('/')) return name;
    return std::filesystem::path(MXCD_PLUGIN_FOLDER) / (name + ".so");
}

/// The configuration of tests/plugins/scripted_plugin.c for a script.
inline Json plugin_config(const ModuleScript& script) {
    Json config = {{"script", Json::object()}};
    for (const auto& [name, behaviour] : script) {
        Json entry = {{"value", behaviour.value}, {"text", matrix::to_text(behaviour.value)}};
        if (behaviour.value.is_array()) entry["count"] = behaviour.value.size();
        if (behaviour.kind == Behaviour::Kind::refuses) entry["kind"] = "refuses";
        if (behaviour.kind == Behaviour::Kind::breaks) entry["kind"] = "breaks";
        if (behaviour.kind == Behaviour::Kind::hangs) entry["kind"] = "hangs";
        if (behaviour.kind == Behaviour::Kind::spoils_input) entry["kind"] = "spoils_input";
        config["script"][name] = std::move(entry);
    }
    return config;
}

/// Library modules, and what they need. After the runners whose threads they answer on.
class LibraryHouse {
  public:
    using Trust = modules::LibraryConfig::Trust;

    explicit LibraryHouse(Trust trust) : trust_(trust) {}

    /// The scripted plugin, and what it has heard.
    ModuleUnderTest scripted(Json config, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
        const std::filesystem::path heard = folder_.path() / ("heard-" + std::to_string(++made_));
        config["heard"] = heard.string();
        return {make("scripted_plugin", config, timeout), [heard] { return lines_of(heard); }};
    }

    std::shared_ptr<media::MediaModule> make(const std::string& plugin, const Json& config = Json::object(),
                                             std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
        modules::LibraryConfig settings;
        settings.trust = trust_;
        settings.program = MXCD_PLUGIN_PROGRAM;
        settings.name = plugin;
        settings.library = plugin_path(plugin);
        settings.config = matrix::to_text(config);
        settings.timeout = timeout;
        return modules::make_library(settings, {workers_, children_});
    }

    ModuleKind kind(const std::string& answers_from) {
        const auto make = [this, answers_from](const ModuleScript& script) {
            Json config = plugin_config(script);
            config["answers_from"] = answers_from;
            const bool hangs = std::ranges::any_of(
                script, [](const auto& each) { return each.second.kind == Behaviour::Kind::hangs; });
            return scripted(std::move(config), std::chrono::milliseconds(hangs ? 400 : 10'000));
        };
        const std::string where = trust_ == Trust::none ? "in a child process" : "in-process";
        return {"library " + where + ", answers from a " + answers_from, make};
    }

    [[nodiscard]] async::WorkerPool& workers() { return workers_; }

  private:
    static std::vector<Json> lines_of(const std::filesystem::path& path) {
        std::vector<Json> lines;
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
        return lines;
    }

    const Trust trust_;
    TempFolder folder_;
    MemoryMetrics metrics_;
    modules::Children children_{metrics_};
    async::WorkerPool workers_{{"test", 2, 64, 0}};
    int made_ = 0;
};

}  // namespace mxcd::test
