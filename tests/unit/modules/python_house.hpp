#pragma once

#include "mxcd/modules/python.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_metadata.hpp"
#include "support/memory_metrics.hpp"
#include "support/module_scenario_runner.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::test {

using namespace std::chrono_literals;

/// Python modules, each in a child process.
class PythonHouse {
  public:
    PythonHouse() {
        python.interpreter = "/usr/bin/python3";
        python.path = {MXCD_TEST_SUPPORT_FOLDER, folder.path().string()};
    }

    std::shared_ptr<media::MediaModule> load(const std::string& module, const Json& config = Json::object()) {
        return load(module, matrix::to_text(config));
    }
    /// With the text of a configuration.
    std::shared_ptr<media::MediaModule> load(const std::string& module, const std::string& config) {
        return modules::make_python_module({"under-test", module, config, 1s}, python,
                                           {"example.org", "https://example.org/", media}, children);
    }

    /// Puts a Python module into the path.
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder.path() / (name + ".py")) << text;
    }

    /// The sentence that says why a module cannot be loaded.
    std::string reason_of(const std::string& module, const Json& config = Json::object()) {
        try {
            load(module, config);
        } catch (const modules::LoadError& error) {
            return error.what();
        }
        return "it was loaded";
    }

    TempFolder folder;
    MemoryMetrics metrics;
    ManualClock clock;
    MemoryMetadata metadata{clock};
    std::optional<modules::PythonMedia> media = modules::PythonMedia{metadata, metadata};
    modules::PythonConfig python;
    TaskRunner runner;
    // After the runner, to whose thread it posts answers.
    modules::Children children{metrics};
};

inline const char* name_of(Behaviour::Kind kind) {
    switch (kind) {
        case Behaviour::Kind::refuses:
            return "refuses";
        case Behaviour::Kind::breaks:
            return "breaks";
        case Behaviour::Kind::hangs:
            return "hangs";
        case Behaviour::Kind::spoils_input:
            return "spoils_input";
        case Behaviour::Kind::answers:
            break;
    }
    return "answers";
}

/// Scripted modules (tests/support/scripted_module.py) that are used again by the next scenario, because a
/// process of Python takes a while to start. Each has a folder: its script, and what it has heard.
class ScriptedPythonModules {
  public:
    ModuleUnderTest make(const ModuleScript& script) {
        Slot& slot = free_slot();
        Json json = Json::object();
        for (const auto& [callback, behaviour] : script)
            json[callback] = Json{{"kind", name_of(behaviour.kind)}, {"value", behaviour.value}};
        std::ofstream(slot.folder / "script") << matrix::to_text(json);
        std::filesystem::remove(slot.folder / "heard");
        const auto module =
            house_.load("scripted_module.ScriptedModule", Json{{"folder", slot.folder.string()}});
        slot.keeper = slot.keeper ? slot.keeper
                                  : house_.load("scripted_module.ScriptedModule",
                                                Json{{"folder", slot.folder.string()}});
        slot.user = module;
        return {module, [file = slot.folder / "heard"] {
                    std::vector<Json> calls;
                    std::ifstream lines(file);
                    for (std::string line; std::getline(lines, line);) calls.push_back(Json::parse(line));
                    return calls;
                }};
    }

    [[nodiscard]] TaskRunner& runner() { return house_.runner; }

  private:
    struct Slot {
        std::filesystem::path folder;
        std::shared_ptr<media::MediaModule> keeper;  // keeps the process
        std::weak_ptr<media::MediaModule> user;
    };

    Slot& free_slot() {
        for (Slot& slot : slots_) {
            if (slot.user.expired()) return slot;
        }
        Slot slot;
        slot.folder = house_.folder.path() / ("m" + std::to_string(slots_.size()));
        std::filesystem::create_directory(slot.folder);
        return slots_.emplace_back(std::move(slot));
    }

    PythonHouse house_;
    std::list<Slot> slots_;
};

}  // namespace mxcd::test
