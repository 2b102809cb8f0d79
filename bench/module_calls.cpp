// What asking a module adds to an upload: the time of is_user_allowed_to_upload_media_of_size, one call after
// the other and many at once.
//
// usage: module_calls builtin | webhook URL | in_process PLUGIN | child PLUGIN
//                     | python INTERPRETER FOLDER (with allow_all.py)
// prints one line of JSON: median and 99th percentile of one call in microseconds, calls per second with 64
// at once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/modules/builtin.hpp"
#include "mxcd/modules/children.hpp"
#include "mxcd/modules/library.hpp"
#include "mxcd/modules/python.hpp"
#include "mxcd/modules/webhook.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace mxcd;
using Moment = std::chrono::steady_clock::time_point;

constexpr int warm_up = 2'000;
constexpr int calls = 20'000;
constexpr int at_once = 64;

struct Subject {
    std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    std::unique_ptr<base::Clock> clock = base::make_system_clock();
    std::unique_ptr<base::RandomSource> random = base::make_system_random();
    media::FileOffers files{*random};
    std::unique_ptr<outbound::Client> client;
    async::WorkerPool workers{async::WorkerPoolConfig{}};
    modules::Children children{*metrics};
    std::shared_ptr<media::MediaModule> module;
};

media::UploadFacts facts() {
    return {*matrix::UserId::parse("@alice:example.org"), base::ByteCount(4096), "image/png", std::nullopt};
}

void make_builtin(Subject& subject) {
    modules::UserTiersConfig config;
    config.max_upload_size = base::ByteCount(1'000'000);
    config.rules.emplace_back().user = "@*:example.org";
    subject.module = modules::make_user_tiers(config);
}

void make_webhook(Subject& subject, const std::string& url) {
    subject.client = outbound::make_client({}, *subject.metrics);
    modules::WebhookConfig config;
    config.name = "bench";
    config.url = url;
    config.secret = base::Secret("a shared secret");
    subject.module = modules::make_webhook(
        config, {*subject.client, *subject.clock, *subject.random, subject.files, *subject.metrics});
}

void make_python(Subject& subject, const std::string& interpreter, const std::string& folder) {
    modules::PythonConfig python;
    python.interpreter = interpreter;
    python.path = {folder};
    subject.module = modules::make_python_module({"bench", "allow_all.AllowAll"}, python,
                                                 {"example.org", "https://example.org/"}, subject.children);
}

/// The plugin of docs/plugin_example.c.
void make_library(Subject& subject, const char* library, modules::LibraryConfig::Trust trust) {
    modules::LibraryConfig config;
    config.name = "bench";
    config.library = library;
    config.config = R"({"max_bytes": 1000000})";
    config.trust = trust;
    subject.module = modules::make_library(config, {subject.workers, subject.children});
}

async::Task<> one_after_the_other(media::MediaModule& module, int count, std::vector<double>& microseconds) {
    for (int done = 0; done < count; ++done) {
        const Moment begun = std::chrono::steady_clock::now();
        const bool is_allowed = co_await module.is_upload_allowed(facts());
        const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begun;
        if (!is_allowed) std::abort();
        microseconds.push_back(taken.count());
    }
}

void run(async::TaskGroup& group) {
    while (!group.wait_until_empty(std::chrono::seconds(60))) std::fprintf(stderr, "still running\n");
}

}  // namespace

int main(int argc, char** argv) {
    const std::string kind = argc > 1 ? argv[1] : "";
    if (kind == modules::plugin_verb) return modules::run_plugin_process();
    Subject subject;
    if (kind == "builtin" && argc == 2) {
        make_builtin(subject);
    } else if (kind == "webhook" && argc == 3) {
        make_webhook(subject, argv[2]);
    } else if (kind == "python" && argc == 4) {
        make_python(subject, argv[2], argv[3]);
    } else if (kind == "in_process" && argc == 3) {
        make_library(subject, argv[2], modules::LibraryConfig::Trust::in_process);
    } else if (kind == "child" && argc == 3) {
        make_library(subject, argv[2], modules::LibraryConfig::Trust::none);
    } else {
        std::fprintf(stderr,
                     "usage: module_calls builtin | webhook URL | in_process PLUGIN | child PLUGIN "
                     "| python INTERPRETER FOLDER\n");
        return 64;
    }

    async::TaskGroup group;
    async::IoThreads threads(1);
    threads.start();
    std::vector<double> ignored;
    group.spawn(threads.executor(0), one_after_the_other(*subject.module, warm_up, ignored));
    run(group);
    std::vector<double> alone;
    group.spawn(threads.executor(0), one_after_the_other(*subject.module, calls, alone));
    run(group);
    std::sort(alone.begin(), alone.end());

    const Moment begun = std::chrono::steady_clock::now();
    std::vector<std::vector<double>> together(at_once);
    for (std::vector<double>& each : together)
        group.spawn(threads.executor(0), one_after_the_other(*subject.module, calls / at_once, each));
    run(group);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;

    std::printf("{\"kind\": \"%s\", \"p50_us\": %.2f, \"p99_us\": %.2f, \"calls_per_second\": %.0f}\n",
                kind.c_str(), alone[alone.size() / 2], alone[alone.size() * 99 / 100], calls / taken.count());
    threads.stop();
    return 0;
}
