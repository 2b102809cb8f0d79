#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/memory_file.hpp"

#include "child_house.hpp"
#include "support/temp_folder.hpp"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

using namespace mxcd;
using namespace mxcd::test;

namespace {

const char* const echo = R"(
for call in calls(): answer(call, [call["callback"], call["arguments"], call["deadline_ms"], load])
)";

std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

async::Task<> ask_into(std::shared_ptr<modules::Child> child, Json arguments, std::vector<Json>& answers) {
    Json answer = co_await child->call("is_user_allowed_to_upload_media_of_size", std::move(arguments), {});
    answers.push_back(std::move(answer));
}

}  // namespace

TEST_CASE("a child is told what to load, and then called") {
    ChildHouse house;
    const auto child = house.start(echo);
    CHECK(child->is_up());
    CHECK(child->callbacks() == std::vector<std::string>{"is_user_allowed_to_upload_media_of_size"});
    CHECK(house.ask(*child, {{"size", 7}}) ==
          Json::array(
              {"is_user_allowed_to_upload_media_of_size", {{"size", 7}}, 500, {{"greeting", "hello"}}}));
    CHECK(house.metrics.value("mxcd_module_child_up{module=tiny}") == 1);
}

TEST_CASE("a file is handed over with its call") {
    ChildHouse house;
    const auto child = house.start(R"(
for call in calls(): answer(call, os.pread(files.pop(), 100, 0).decode())
)");
    for (const char* const text : {"first", "second"}) {
        const media::OpenBlob file{std::make_shared<const base::UniqueFd>(base::memory_file("test", text)),
                                   base::ByteCount(6)};
        CHECK(house.runner.run(child->call("check_media_file", Json::object(), file)) == text);
    }
}

TEST_CASE("many calls are under way at once, and a slow one holds nobody up") {
    ChildHouse house;
    const auto child = house.start(R"(
slow = None
for call in calls():
    if call["arguments"] == {"n": 0}: slow = call
    else: answer(call, call["arguments"]["n"])
    if call["arguments"] == {"n": 63}: answer(slow, "slow")
)");
    std::vector<Json> answers;
    for (int n = 0; n < 64; ++n)
        house.runner.group().spawn(house.runner.executor(), ask_into(child, {{"n", n}}, answers));
    REQUIRE(house.runner.group().wait_until_empty(5s));
    REQUIRE(answers.size() == 64);
    CHECK(answers.front() == 1);
    CHECK(answers.back() == "slow");
}

TEST_CASE("a module's own error is its answer, and a failure is a failure") {
    ChildHouse house;
    const auto child = house.start(R"(
for call in calls():
    if call["arguments"]: send({"call": call["call"], "failure": "ValueError: no"})
    else: send({"call": call["call"], "error": {"status": 451, "errcode": "ORG_NO", "error": "not here"}})
)");
    try {
        house.runner.run(child->call("x", Json::object(), {}));
        FAIL("no error came");
    } catch (const matrix::Error& error) {
        CHECK(error.status() == 451);
        CHECK(error.errcode() == "ORG_NO");
    }
    CHECK(house.ask(*child, {{"x", 1}}) == failure("the module failed: ValueError: no"));
}

TEST_CASE("late, double and unasked answers are counted and dropped") {
    ChildHouse house;
    const auto child = house.start(R"(
late = None
for call in calls():
    if late: answer(late, "late")
    if call["arguments"]: late = call
    else:
        answer(call, 1)
        answer(call, 2)
        send({"call": 12345, "result": 3})
)");
    CHECK(house.ask(*child, {{"x", 1}}) == failure("the module did not answer in time"));
    CHECK(house.ask(*child) == 1);
    const auto strays = [&] { return house.metrics.value("mxcd_module_stray_answers_total{module=tiny}"); };
    CHECK(eventually([&] { return strays() == 3; }));
    CHECK(house.metrics.value("mxcd_module_child_starts_total{module=tiny}") == 1);
}

TEST_CASE("a child that dies, hangs or talks nonsense is replaced, and its calls fail") {
    struct Case {
        const char* name;
        const char* deed;
        const char* reason;
    };
    const auto [name, deed, reason] = GENERATE(values<Case>({
        {"ends itself", "os._exit(0)", "ended: exit status 0"},
        {"fails", "sys.exit(3)", "ended: exit status 3"},
        {"aborts", "os.abort()", "ended: signal 6 (SIGABRT)"},
        {"sends garbage", "wire.sendall(b'\\0\\0\\0\\7garbage'); time.sleep(60)",
         "a frame that is no JSON object"},
        {"sends too much", "wire.sendall(b'\\x7fxxx'); time.sleep(60)", "it sent a frame of 21"},
        {"sends an unknown frame", "send({'a': 1}); time.sleep(60)", "a frame of an unknown kind"},
        {"closes its socket", "wire.close(); time.sleep(60)", "it closed its socket"},
        {"hangs", "time.sleep(60)", "did not answer in time"},
        {"hangs and goes on logging",
         "[(send({'log': {'level': 'info', 'text': 'x'}}), time.sleep(0.01)) for _ in range(6000)]",
         "did not answer in time"},
    }));
    INFO(name);
    ChildHouse house;
    const auto child = house.start(std::string("for call in calls():\n"
                                               "    if call['arguments']: ") +
                                   deed + "\n    answer(call, 'fine')\n");
    const Json answer = house.ask(*child, {{"x", 1}});
    CHECK_THAT(answer.value("failure", ""), Catch::Contains(reason));
    const auto begun = std::chrono::steady_clock::now();
    CHECK(eventually([&] { return house.ask(*child) == "fine"; }));
    // A second of the hanging one is the patience that it is given.
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
    CHECK(house.metrics.value("mxcd_module_child_starts_total{module=tiny}") == 2);
    CHECK(eventually([&] { return house.metrics.value("mxcd_module_child_up{module=tiny}") == 1; }));
}

TEST_CASE("a child that always dies is started again and again, ever more slowly") {
    ChildHouse house;
    const auto begun = std::chrono::steady_clock::now();
    const auto child = house.start("send({'ready': {'callbacks': [ALLOWED]}})");
    const auto starts = [&] { return house.metrics.value("mxcd_module_child_starts_total{module=tiny}"); };
    CHECK(eventually([&] { return starts() >= 8; }));
    // At once, then after 50, 100, 200, 400 and twice 500 ms.
    CHECK(std::chrono::steady_clock::now() - begun >= 1750ms);
}

TEST_CASE("while a child is down its calls fail at once") {
    ChildHouse house;
    const TempFolder folder;
    const std::string marker = (folder.path() / "loaded").string();
    const auto child = house.start("marker = '" + marker + R"('
if os.path.exists(marker): time.sleep(60)
open(marker, "w").close()
for call in calls(): os._exit(0)
)");
    house.ask(*child);
    CHECK_FALSE(child->is_up());
    const auto begun = std::chrono::steady_clock::now();
    CHECK_THAT(house.ask(*child).value("failure", ""), Catch::Contains("is down"));
    CHECK(std::chrono::steady_clock::now() - begun < 400ms);
    CHECK(eventually([&] { return house.metrics.value("mxcd_module_child_up{module=tiny}") == 0; }));
}

TEST_CASE("a module that cannot be loaded at the start says why") {
    ChildHouse house;
    const auto reason_of = [&house](const modules::ChildConfig& config) {
        try {
            static_cast<void>(house.children.start(config));
        } catch (const modules::LoadError& error) {
            return std::string(error.what());
        }
        return std::string("it was loaded");
    };
    CHECK(reason_of(house.config("send({'failed': 'no such module: nothing'}); time.sleep(60)")) ==
          "the module tiny cannot be loaded: no such module: nothing");
    CHECK(reason_of(house.config("sys.exit(4)")) == "the module tiny cannot be loaded: exit status 4");
    modules::ChildConfig slow = house.config("time.sleep(60)");
    slow.load_limit = 200ms;
    CHECK(reason_of(slow) == "the module tiny cannot be loaded: it was not ready in time");
    modules::ChildConfig missing = house.config("");
    missing.program.path = "mxcd-no-such-program";
    CHECK_THAT(reason_of(missing), Catch::Contains("mxcd-no-such-program is not found in PATH"));
    missing.program.path = "/no/such/program";
    CHECK_THAT(reason_of(missing), Catch::Contains("/no/such/program cannot be executed"));
}

namespace {

async::Task<Json> double_it(Json question) {
    const std::int64_t number = question.at("number").get<std::int64_t>();
    if (number == 2) throw base::UpstreamError("not this one");
    co_return Json{{"number", 2 * number}};
}

async::Task<Json> answer_later(Json) {
    async::Timer timer(co_await async::asio::this_coro::executor, 10s);
    co_await timer.async_wait(async::use_task);
    co_return Json::object();
}

async::Task<Json> answer_at_length(Json) { co_return Json{{"text", std::string(60'000, 'x')}}; }

}  // namespace

TEST_CASE("a child's questions are answered in their order, or the answer is why not") {
    ChildHouse house;
    modules::ChildConfig config = house.config(R"(
send({"ask": "early", "number": 5})
early = receive()
for call in calls():
    for number in range(16): send({"ask": number, "number": number})
    answer(call, [early] + [receive() for number in range(16)])
)");
    config.answer_question = double_it;
    const auto child = house.children.start(config);
    const Json answers = house.ask(*child);
    REQUIRE(answers.size() == 17);
    CHECK(answers.at(0) == Json{{"answer", "early"}, {"number", 10}});
    CHECK(answers.at(3) == Json{{"answer", 2}, {"failure", "not this one"}});
    CHECK(answers.at(16) == Json{{"answer", 15}, {"number", 30}});
}

TEST_CASE("a child that asks nonsense, too much, or for nothing is replaced") {
    struct Case {
        const char* name;
        const char* deed;
        modules::ChildConfig::Answerer answerer;
        const char* reason;
    };
    const auto [name, deed, answerer, reason] = GENERATE(
        values<Case>({{"nobody answers", "send({'ask': 1})", nullptr, "it sent a frame of an unknown kind"},
                      {"too many at once", "wire.sendall(b'\\0\\0\\0\\x09{\"ask\":1}' * 17)", answer_later,
                       "more questions at once than it may ask"},
                      {"it does not read", "[(send({'ask': n}), time.sleep(0.001)) for n in range(9999)]",
                       answer_at_length, "it asks and does not read the answers"}}));
    INFO(name);
    ChildHouse house;
    modules::ChildConfig config = house.config(std::string("for call in calls():\n"
                                                           "    if call['arguments']: ") +
                                               deed + "; time.sleep(60)\n    answer(call, 'fine')\n");
    config.timeout = 5s;
    config.answer_question = answerer;
    const auto child = house.children.start(config);
    CHECK_THAT(house.ask(*child, {{"x", 1}}).value("failure", ""), Catch::Contains(reason));
    CHECK(eventually([&] { return house.ask(*child) == "fine"; }));
}

TEST_CASE("equal configurations share a child that is in use") {
    ChildHouse house;
    auto child = house.start(echo);
    CHECK(house.start(echo) == child);
    modules::ChildConfig other = house.config(echo);
    other.load = 2;
    CHECK(house.children.start(other) != child);
    CHECK(house.metrics.value("mxcd_module_child_starts_total{module=tiny}") == 2);
}

TEST_CASE("a child ends with its last user, and its own children with it") {
    ChildHouse house;
    const TempFolder folder;
    auto child = house.start(R"(
for call in calls():
    pid = os.fork()
    if pid == 0: time.sleep(600)
    answer(call, [os.getpid(), pid])
)");
    const Json pids = house.ask(*child);
    REQUIRE(pids.is_array());
    const auto is_gone = [](const Json& pid) { return kill(pid.get<pid_t>(), 0) != 0; };
    CHECK_FALSE(is_gone(pids.at(0)));
    child.reset();
    CHECK(eventually([&] { return is_gone(pids.at(0)); }));
    // The grandchild is reaped by init, if there is one: a zombie has no command line.
    const std::string command_line = "/proc/" + std::to_string(pids.at(1).get<pid_t>()) + "/cmdline";
    CHECK(eventually([&] { return content_of(command_line).empty(); }));
}

TEST_CASE("a child has no descriptors, signals or means beyond its own") {
    ChildHouse house;
    modules::ChildConfig config = house.config(R"(
import resource, signal
for call in calls():
    try:
        block = bytearray(2 << 30)
        got = "2 GiB"
    except MemoryError: got = "MemoryError"
    answer(call, {"descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:5], "memory": got,
                  "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())), "core": resource.getrlimit(resource.RLIMIT_CORE),
                  "group": os.getpgid(0) == os.getpid()})
)");
    config.program.memory_limit = base::ByteCount(std::int64_t{1} << 30);
    config.program.arguments.front() = "-E";  // resource is a library of its own
    const auto child = house.children.start(config);
    // The fifth is the folder that is being listed.
    CHECK(house.ask(*child) == Json{{"descriptors", {0, 1, 2, 3, 4}},
                                    {"memory", "MemoryError"},
                                    {"blocked", 0},
                                    {"core", {0, 0}},
                                    {"group", true}});
}

TEST_CASE("a child goes on answering when a service manager tells every process to stop") {
    ChildHouse house;
    const auto child = house.start(R"(
for call in calls():
    for number in (15, 2, 1): os.kill(os.getpid(), number)
    answer(call, "still here")
)");
    CHECK(house.ask(*child) == "still here");
}

TEST_CASE("a flood of output and of frames is paced, counted, and holds up only the child") {
    ChildHouse house;
    const auto child = house.start(R"(
import threading
def flood():
    while True: os.write(1, b"x" * 99 + b"\n")
threading.Thread(target=flood, daemon=True).start()
for call in calls():
    for n in range(1000): send({"log": {"level": "info", "text": "y"}})
    answer(call, 1)
)");
    for (int n = 0; n < 3; ++n) CHECK(house.ask(*child) == 1);
    CHECK(eventually(
        [&] { return house.metrics.value("mxcd_module_lines_dropped_total{module=tiny}") > 1000; }));
}

TEST_CASE("calls beyond the bound fail at once, and so do those of a child that does not read") {
    ChildHouse house;
    modules::ChildConfig config = house.config("for call in calls(): time.sleep(60)");
    config.most_calls = 8;
    config.timeout = 30s;
    auto child = house.children.start(config);
    std::vector<Json> answers;
    for (int n = 0; n < 8; ++n)
        house.runner.group().spawn(house.runner.executor(), ask_into(child, {{"n", n}}, answers));
    CHECK_THAT(house.ask(*child).value("failure", ""), Catch::Contains("too many calls"));
    house.children.stop();
    CHECK(house.runner.group().wait_until_empty(5s));
    CHECK_THAT(house.ask(*child).value("failure", ""), Catch::Contains("is down"));
}

TEST_CASE("what the socket does not take at once is written later") {
    ChildHouse house;
    const auto child = house.start(R"(
for call in calls():
    if call["arguments"] == {"pause": True}: time.sleep(0.2)
    answer(call, len(call["arguments"].get("text", "")))
)");
    std::vector<Json> answers;
    house.runner.group().spawn(house.runner.executor(), ask_into(child, {{"pause", true}}, answers));
    for (int n = 0; n < 8; ++n)
        house.runner.group().spawn(house.runner.executor(),
                                   ask_into(child, {{"text", std::string(100'000, 'x')}}, answers));
    REQUIRE(house.runner.group().wait_until_empty(5s));
    REQUIRE(answers.size() == 9);
    CHECK(answers.back() == 100'000);
}
