#include "mxcd/app/command_line.hpp"

#include "mxcd/imaging/sandboxed_thumbnailer.hpp"
#include "mxcd/modules/library.hpp"

#include "backup_command.hpp"
#include "configuration.hpp"
#include "exit_codes.hpp"
#include "module_test_command.hpp"
#include "probe.hpp"
#include "serve.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mxcd::app {

namespace {

using Files = std::vector<std::filesystem::path>;

Files config_files(const std::vector<std::string>& given) {
    if (!given.empty()) return {given.begin(), given.end()};
    // Read by the main thread; nothing of ours ever changes the environment.
    const char* const fallback = std::getenv("MXCD_CONFIG");  // NOLINT(concurrency-mt-unsafe)
    if (fallback != nullptr && *fallback != '\0') return {fallback};
    throw CommandError(ExitCode::usage, "no configuration is named: use -c FILE or set MXCD_CONFIG");
}

void print(const Report& report) {
    for (const Remark& warning : report.warnings)
        std::fprintf(stderr, "warning: %s\n", warning.text().c_str());
    for (const Remark& mistake : report.mistakes) std::fprintf(stderr, "%s\n", mistake.text().c_str());
}

ExitCode check_config(const Files& files) {
    const LoadOutcome outcome = load_configuration(files);
    print(outcome.report);
    if (!outcome.configuration) {
        const std::size_t count = outcome.report.mistakes.size();
        std::fprintf(stderr, "mxcd: %zu mistake%s\n", count, count == 1 ? "" : "s");
        return ExitCode::configuration;
    }
    std::printf("the configuration is fine\n");
    return ExitCode::ok;
}

/// For commands that talk to the service that runs with this configuration.
Configuration configuration_of(const Files& files) {
    LoadOutcome outcome = load_configuration(files);
    if (outcome.configuration) return *std::move(outcome.configuration);
    outcome.report.warnings.clear();
    print(outcome.report);
    throw CommandError(ExitCode::configuration, "the configuration has mistakes");
}

ExitCode print_version() {
    std::printf("mxcd %s (%s)\n", version().c_str(), build_facts().c_str());
    return ExitCode::ok;
}

class CommandLine {
  public:
    CommandLine() : app_("mxcd, a Matrix media repository", "mxcd") {
        app_.require_subcommand(1);
        app_.set_version_flag("--version", [] { return "mxcd " + version(); });
        serve_ = command("serve", "run the service in the foreground");
        check_ = command("check-config", "report every mistake of a configuration; exit 0 or 78");
        backup_ = command("backup", "copy database and store through the running service");
        backup_->add_option("DIR", folder_, "a folder that does not exist yet or is empty")->required();
        health_ = command("healthcheck", "exit 0 when the service is ready, 69 when not");
        health_->add_option("URL", url_, "default: the first listener with health, sockets included");
        module_ = app_.add_subcommand("module", "about the modules of a configuration");
        module_->require_subcommand(1);
        module_test_ =
            command("test", "ask the modules about a user and a size, and print who said what", *module_);
        module_test_->add_option("--user", module_test_of_.user, "@name:server")->required();
        module_test_->add_option("--size", module_test_of_.size, "bytes, or 5K, 5M, 5G")->required();
        version_ = app_.add_subcommand("version", "version and build facts");
        help_ = app_.add_subcommand("help", "help for mxcd or one of its commands");
        help_->add_option("COMMAND", topic_, "a command, of one or two words");
    }

    /// Throws CLI::ParseError and what the commands throw.
    ExitCode run(int argc, const char* const* argv) {
        // Of a wrong command the parser would only say that a command is missing.
        if (argc > 1 && argv[1][0] != '-') subcommand_of(app_, argv[1]);
        app_.parse(argc, argv);
        if (serve_->parsed()) return serve(config_files(files_));
        if (check_->parsed()) return check_config(config_files(files_));
        if (backup_->parsed()) return back_up(configuration_of(config_files(files_)), folder_);
        if (health_->parsed()) return check_health();
        if (module_test_->parsed())
            return test_modules(configuration_of(config_files(files_)), module_test_of_);
        if (help_->parsed()) return print_help();
        return print_version();
    }

    /// Prints what a parse error has to say.
    ExitCode explain(const CLI::ParseError& error) const {
        return app_.exit(error, std::cout, std::cerr) == 0 ? ExitCode::ok : ExitCode::usage;
    }

  private:
    CLI::App* command(const std::string& name, const std::string& does) { return command(name, does, app_); }
    CLI::App* command(const std::string& name, const std::string& does, CLI::App& parent) {
        CLI::App* const added = parent.add_subcommand(name, does);
        added
            ->add_option("-c,--config", files_,
                         "configuration file; given several times, later ones are merged over earlier ones")
            ->type_name("FILE")
            ->allow_extra_args(false)
            ->option_text("FILE (default: $MXCD_CONFIG)");
        return added;
    }

    static const CLI::App& subcommand_of(const CLI::App& parent, const std::string& word) {
        for (const CLI::App* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
            if (command->get_name() == word) return *command;
        }
        throw CommandError(ExitCode::usage, "there is no command '" + word + "'; see `mxcd help`");
    }

    ExitCode check_health() const {
        return probe(url_.empty() ? target_of(configuration_of(config_files(files_))) : target_of(url_));
    }

    ExitCode print_help() const {
        const CLI::App* command = &app_;
        std::string parents;
        for (const std::string& word : topic_) {
            parents += (parents.empty() ? "" : " ") + command->get_name();
            command = &subcommand_of(*command, word);
        }
        std::cout << command->help(parents);
        return ExitCode::ok;
    }

    CLI::App app_;
    CLI::App* serve_ = nullptr;
    CLI::App* check_ = nullptr;
    CLI::App* backup_ = nullptr;
    CLI::App* health_ = nullptr;
    CLI::App* module_ = nullptr;
    CLI::App* module_test_ = nullptr;
    CLI::App* version_ = nullptr;
    CLI::App* help_ = nullptr;
    std::vector<std::string> files_;
    ModuleTest module_test_of_;
    std::string folder_;
    std::string url_;
    std::vector<std::string> topic_;
};

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    // Processes that the service starts for itself; no commands for people.
    if (argc == 2) {
        if (const auto kind = imaging::decoder_called(argv[1])) return imaging::run_decoder_process(*kind);
    }
    if (argc == 2 && std::string_view(argv[1]) == modules::plugin_verb) return modules::run_plugin_process();
    ExitCode code = ExitCode::os_error;
    try {
        CommandLine command_line;
        try {
            code = command_line.run(argc, argv);
        } catch (const CLI::ParseError& error) {
            code = command_line.explain(error);
        }
    } catch (const std::exception& failure) {
        code = exit_code_of(failure);
        std::fprintf(stderr, "mxcd: %s\n", failure.what());
    }
    return static_cast<int>(code);
}

}  // namespace mxcd::app
