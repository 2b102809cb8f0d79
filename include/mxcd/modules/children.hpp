#pragma once

#include "mxcd/async/io_threads.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/blob_store.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mxcd::modules {

/// A module cannot be loaded; the text is a sentence for the operator that names the module and the reason.
struct LoadError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What runs in a child process.
struct ChildProgram {
    std::string path;                      // absolute, or a name to look for in PATH
    std::vector<std::string> arguments;    // after the program's own name
    std::vector<std::string> environment;  // NAME=VALUE, beside what we have ourselves
    /// The cap of its address space: an allocation beyond it fails in the child, and only there.
    std::optional<base::ByteCount> memory_limit;
};

struct ChildConfig {
    /// Answers a question of the child's with an object. What it throws is the answer "failure".
    using Answerer = std::function<async::Task<matrix::Json>(matrix::Json question)>;

    std::string name;  // of the module, for log and metrics
    ChildProgram program;
    /// The `load` of the first frame: what the child needs to know before it is ready.
    matrix::Json load;
    std::chrono::milliseconds timeout{5000};       // of a call
    std::chrono::milliseconds load_limit{20'000};  // from the start of the process to its `ready`
    std::size_t most_calls = 512;                  // that have no answer yet
    Answerer answer_question;                      // without one a question is nonsense
};

/// A module's child process, whichever life it is in: when it dies or hangs, another takes its place.
/// Thread-safe. The process ends with this object.
class Child {
  public:
    virtual ~Child() = default;

    /// The names of the callbacks that it has.
    [[nodiscard]] virtual const std::vector<std::string>& callbacks() const = 0;
    /// False from the death of a process to the moment when its successor is ready.
    [[nodiscard]] virtual bool is_up() const = 0;
    /// Makes a call and gives its result; `file` is handed over with it. Throws the module's own
    /// matrix::Error, base::UpstreamError (at once while the child is down; when it dies, fails or is late),
    /// base::Overloaded (too many calls are under way), BadAnswer.
    virtual async::Task<matrix::Json> call(std::string callback, matrix::Json arguments,
                                           std::optional<media::OpenBlob> file) = 0;
};

/// The child processes of modules, and the one thread that looks after them: it starts them, listens to them,
/// and starts them again. One thread, not an io thread, calls start() and stop().
///
/// A child talks over a UNIX stream socket, its descriptor 3. A frame is a length (4 bytes, big-endian) and
/// one JSON object; ours are at most 1 MiB long, the child's 64 KiB.
///
///   to the child     {"load": {...}}                                           first, once
///                    {"call": ID, "callback": NAME, "arguments": {...}, "deadline_ms": N, "has_file": true}
///                    {"ping": N}                                               when a call is overdue
///                    {"answer": ID, ...} or {"answer": ID, "failure": "sentence"}
///   from the child   {"ready": {"callbacks": [NAME, ...]}} or {"failed": "sentence"}    once
///                    {"call": ID, "result": VALUE}
///                    {"call": ID, "error": {"status", "errcode", "error"}}     the module's own Matrix error
///                    {"call": ID, "failure": "text"}                           it broke
///                    {"log": {"level": "debug|info|warn|error", "text": "..."}}
///                    {"pong": N}
///                    {"ask": ID, ...}            a question for ChildConfig::answer_question
///
/// With `has_file` the file's descriptor travels on the first byte of the frame (SCM_RIGHTS); it is read-only
/// and shared, so it is read with pread. Answers to calls that nobody waits for are counted and dropped; a
/// frame of any other form ends the child's life. Questions are answered one after the other; more than 16
/// that wait, or answers that the child does not read, end its life as well. So does a call that is overdue
/// when not even the ping is answered. What the child writes to standard output and error goes to our log, as
/// lines.
class Children {
  public:
    explicit Children(base::Metrics& metrics);
    ~Children();
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    /// A child that is loaded and ready; blocks until it is. A child with an equal configuration that is
    /// still in use is given again. Throws LoadError.
    [[nodiscard]] std::shared_ptr<Child> start(const ChildConfig& config);
    /// Ends all children and the thread; calls under way fail, and so do later ones. Idempotent.
    void stop();

  private:
    base::Metrics& metrics_;
    // By configuration; shared with the modules that use them.
    std::map<std::string, std::weak_ptr<Child>> running_;
    async::TaskGroup lives_;
    async::IoThreads thread_;
};

}  // namespace mxcd::modules
