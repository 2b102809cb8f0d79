#include "mxcd/modules/python.hpp"

#include "child_module.hpp"
#include "media_questions.hpp"
#include "python_scripts.hpp"

#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

constexpr std::string_view first_script = "bootstrap.py";

/// All scripts but the first, by path.
Json importable_scripts() {
    Json scripts = Json::object();
    for (const PythonScript& script : python_scripts()) {
        if (script.path != first_script) scripts[script.path] = script.text;
    }
    return scripts;
}

std::string bootstrap() {
    for (const PythonScript& script : python_scripts()) {
        if (script.path == first_script) return script.text;
    }
    return "";
}

ChildProgram program_of(const PythonConfig& python) {
    ChildProgram program;
    program.path = python.interpreter;
    // Unbuffered, so that what a module prints is in the log when it is printed.
    program.arguments = {"-u", "-c", bootstrap()};
    // Each arena of the allocator reserves 64 MiB of the address space, which is limited.
    program.environment = {"MALLOC_ARENA_MAX=2", "PYTHONIOENCODING=utf-8"};
    program.memory_limit = python.memory_limit;
    return program;
}

}  // namespace

std::shared_ptr<media::MediaModule> make_python_module(const PythonModuleConfig& config,
                                                       const PythonConfig& python,
                                                       const PythonSurroundings& surroundings,
                                                       Children& children) {
    ChildConfig child;
    child.name = config.name;
    child.program = program_of(python);
    child.timeout = config.timeout;
    child.answer_question = answerer_about_media(surroundings.media);
    child.load = {{"scripts", importable_scripts()},
                  {"module", config.module},
                  {"config", config.config},
                  {"path", python.path},
                  {"server_name", surroundings.server_name},
                  {"public_baseurl", surroundings.public_baseurl},
                  {"synapse_database", python.synapse_database},
                  {"synapse_database_writable", python.synapse_database_writable}};
    return make_child_module(children.start(child));
}

}  // namespace mxcd::modules
