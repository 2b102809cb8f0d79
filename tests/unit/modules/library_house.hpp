#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/modules/library.hpp"

#include "support/module_scenario_runner.hpp"
#include "support/temp_folder.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::test {

inline std::filesystem::path plugin_path(const std::string& name) {
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

/// Library modules inside this process, and what they need.
class LibraryHouse {
  public:
    /// The scripted plugin, and what it has heard.
    ModuleUnderTest scripted(Json config, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
        const std::filesystem::path heard = folder_.path() / ("heard-" + std::to_string(++made_));
        config["heard"] = heard.string();
        return {make("scripted_plugin", std::move(config), timeout), [heard] { return lines_of(heard); }};
    }

    std::shared_ptr<media::MediaModule> make(const std::string& plugin, Json config = Json::object(),
                                             std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
        modules::LibraryConfig settings;
        settings.name = plugin;
        settings.library = plugin_path(plugin);
        settings.config = std::move(config);
        settings.timeout = timeout;
        return modules::make_trusted_library(settings, workers_);
    }

    ModuleKind kind(const std::string& answers_from) {
        const auto make = [this, answers_from](const ModuleScript& script) {
            Json config = plugin_config(script);
            config["answers_from"] = answers_from;
            return scripted(std::move(config));
        };
        return {"library in-process, answers from a " + answers_from, make};
    }

    [[nodiscard]] async::WorkerPool& workers() { return workers_; }

  private:
    static std::vector<Json> lines_of(const std::filesystem::path& path) {
        std::vector<Json> lines;
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
        return lines;
    }

    TempFolder folder_;
    async::WorkerPool workers_{{"test", 2, 64, 0}};
    int made_ = 0;
};

}  // namespace mxcd::test
