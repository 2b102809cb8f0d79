#pragma once

#include "mxcd/modules/children.hpp"

#include "modules/child_module.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace mxcd::test {

using matrix::Json;
using namespace std::chrono_literals;

/// What a tiny child in Python begins with: frames, and `calls()`, which says that it is ready and gives the
/// calls one by one, pings answered. Python's own library only, and none of its start-up files.
inline const char* const child_prelude = R"(
import json, os, socket, sys, time
wire = socket.socket(fileno=3)
files = []
def read(size):
    data = b""
    while len(data) < size:
        piece, more, _, _ = socket.recv_fds(wire, size - len(data), 1)
        if not piece: os._exit(0)
        data += piece
        files.extend(more)
    return data
def receive(): return json.loads(read(int.from_bytes(read(4), "big")))
def send(frame):
    data = json.dumps(frame).encode()
    wire.sendall(len(data).to_bytes(4, "big") + data)
def answer(call, result): send({"call": call["call"], "result": result})
load = receive()["load"]
ALLOWED = "is_user_allowed_to_upload_media_of_size"
def calls(callbacks=(ALLOWED,)):
    send({"ready": {"callbacks": list(callbacks)}})
    while True:
        frame = receive()
        if "ping" in frame: send({"pong": frame["ping"]})
        else: yield frame
)";

/// Children that run a few lines of Python.
class ChildHouse {
  public:
    modules::ChildConfig config(const std::string& script) {
        modules::ChildConfig config;
        config.name = "tiny";
        config.program = {
            "/usr/bin/python3", {"-I", "-S", "-u", "-c", child_prelude + script}, {}, std::nullopt};
        config.load = Json{{"greeting", "hello"}};
        config.timeout = 500ms;
        return config;
    }

    std::shared_ptr<modules::Child> start(const std::string& script) {
        return children.start(config(script));
    }

    /// The result, or the text of the exception.
    Json ask(modules::Child& child, Json arguments = Json::object()) {
        try {
            return runner.run(
                child.call("is_user_allowed_to_upload_media_of_size", std::move(arguments), {}));
        } catch (const std::exception& failure) {
            return Json{{"failure", failure.what()}};
        }
    }

    MemoryMetrics metrics;
    TaskRunner runner;
    // After the runner, to whose thread it posts answers.
    modules::Children children{metrics};
};

inline Json failure(const std::string& text) { return Json{{"failure", text}}; }

}  // namespace mxcd::test
