#pragma once

#include "mxcd/matrix/json.hpp"
#include "mxcd/media/module_chain.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

// What a chain makes of its modules' behaviour, as a table: every kind of module must give the same answers.
namespace mxcd::test {

using matrix::Json;

/// How a module takes one callback.
struct Behaviour {
    enum class Kind {
        answers,       // with `value`
        refuses,       // with a Matrix error of its own: `value` is {status, errcode, error}
        breaks,        // with an exception
        hangs,         // for longer than its deadline
        spoils_input,  // changes the limit that it was given, and answers nothing
    };
    Kind kind = Kind::answers;
    Json value;
};

inline Behaviour answers(Json value) { return {Behaviour::Kind::answers, std::move(value)}; }
inline Behaviour refuses(int status, const std::string& errcode, const std::string& error) {
    return {Behaviour::Kind::refuses, Json{{"status", status}, {"errcode", errcode}, {"error", error}}};
}
inline Behaviour breaks() { return {Behaviour::Kind::breaks, {}}; }
inline Behaviour hangs() { return {Behaviour::Kind::hangs, {}}; }
inline Behaviour spoils_input() { return {Behaviour::Kind::spoils_input, {}}; }

/// Callback names (contract section 5) and what the module does with them; it has not registered the others.
using ModuleScript = std::map<std::string, Behaviour>;

struct Scenario {
    std::string name;
    std::string callback;
    std::vector<Behaviour> modules;  // m1, m2, ...: what each does with the callback
    /// {"answer": ...}, or {"error": {status, errcode, error}}. Events have no answer.
    Json outcome;
    std::size_t asked;                               // how many modules, from the first on, are asked
    std::vector<std::string> failing;                // modules that count as failing afterwards
    media::OnError on_error = media::OnError::deny;  // of all of them
    /// A kind whose language knows truth of every value (Python) takes the answer for true or false.
    bool needs_strict_booleans = false;
};

namespace callback {
inline const std::string config = "get_media_config_for_user";
inline const std::string allowed = "is_user_allowed_to_upload_media_of_size";
inline const std::string limits = "get_media_upload_limits_for_user";
inline const std::string exceeded = "on_media_upload_limit_exceeded";
inline const std::string check = "check_media_file";
inline const std::string uploaded = "on_media_uploaded";
inline const std::string deleted = "on_media_deleted";
}  // namespace callback

inline Json gives(Json answer) { return Json{{"answer", std::move(answer)}}; }
inline Json fails(int status, const std::string& errcode, const std::string& error) {
    return Json{{"error", {{"status", status}, {"errcode", errcode}, {"error", error}}}};
}
inline Json is_unavailable() {
    return fails(503, "M_UNKNOWN", "A part of the service is unavailable, try again later");
}

/// The two answers that say "ask the next" and "nobody answered" for config and limits.
inline const Json none = nullptr;

inline std::vector<Scenario> config_scenarios() {
    const Json first = {{"m.upload.size", 1}};
    const Json second = {{"m.upload.size", 2}, {"org.example", {{"deep", Json::array({1, "x", nullptr})}}}};
    const std::string& c = callback::config;
    return {
        {"nobody has a config", c, {answers(none), answers(none)}, gives(none), 2, {}},
        {"the first config wins", c, {answers(first), answers(second)}, gives(first), 1, {}},
        {"none asks the next, whose config is given out as it is",
         c,
         {answers(none), answers(second)},
         gives(second),
         2,
         {}},
        {"an empty object is an answer",
         c,
         {answers(Json::object()), answers(first)},
         gives(Json::object()),
         1,
         {}},
        {"a config that is a list is a failure",
         c,
         {answers(Json::array()), answers(first)},
         gives(none),
         1,
         {"m1"}},
        {"a config that is a text is a failure", c, {answers("big"), answers(first)}, gives(none), 1, {"m1"}},
        {"a config that is a number is a failure", c, {answers(7), answers(first)}, gives(none), 1, {"m1"}},
        {"a config that is false is a failure", c, {answers(false), answers(first)}, gives(none), 1, {"m1"}},
        {"a module that breaks leaves the configured config",
         c,
         {breaks(), answers(first)},
         gives(none),
         1,
         {"m1"}},
        {"also when it may not deny",
         c,
         {breaks(), answers(first)},
         gives(none),
         1,
         {"m1"},
         media::OnError::allow},
        {"a module that is late leaves the configured config",
         c,
         {hangs(), answers(first)},
         gives(none),
         1,
         {"m1"}},
        {"a module's own error ends the request",
         c,
         {answers(none), refuses(429, "ORG_SLOW", "slow down"), answers(first)},
         fails(429, "ORG_SLOW", "slow down"),
         2,
         {}},
    };
}

inline std::vector<Scenario> permission_scenarios() {
    const std::string& c = callback::allowed;
    const Json too_large = fails(413, "M_TOO_LARGE", "Upload request body is too large");
    return {
        {"all must allow", c, {answers(true), answers(true)}, gives(true), 2, {}},
        {"the first refusal ends it", c, {answers(true), answers(false), answers(true)}, too_large, 2, {}},
        {"none is no permission",
         c,
         {answers(none)},
         is_unavailable(),
         1,
         {"m1"},
         media::OnError::deny,
         true},
        {"a text is no permission",
         c,
         {answers("yes")},
         is_unavailable(),
         1,
         {"m1"},
         media::OnError::deny,
         true},
        {"a number is no permission",
         c,
         {answers(1)},
         is_unavailable(),
         1,
         {"m1"},
         media::OnError::deny,
         true},
        {"an object is no permission",
         c,
         {answers({{"allowed", true}})},
         is_unavailable(),
         1,
         {"m1"},
         media::OnError::deny,
         true},
        {"a text is no refusal either",
         c,
         {answers("no"), answers(true)},
         gives(true),
         2,
         {"m1"},
         media::OnError::allow,
         true},
        {"a module that breaks denies", c, {breaks(), answers(true)}, is_unavailable(), 1, {"m1"}},
        {"a module that breaks and may not deny is passed over",
         c,
         {breaks(), answers(true)},
         gives(true),
         2,
         {"m1"},
         media::OnError::allow},
        {"and the next one still refuses",
         c,
         {breaks(), answers(false)},
         too_large,
         2,
         {"m1"},
         media::OnError::allow},
        {"a module that is late denies", c, {hangs(), answers(true)}, is_unavailable(), 1, {"m1"}},
        {"a module that is late and may not deny is passed over",
         c,
         {hangs(), answers(true)},
         gives(true),
         2,
         {"m1"},
         media::OnError::allow},
        {"a module's own error ends the request",
         c,
         {answers(true), refuses(451, "ORG_EXAMPLE_NO", "not in this country"), answers(true)},
         fails(451, "ORG_EXAMPLE_NO", "not in this country"),
         2,
         {}},
        {"a module's own error is no failure, whatever failures mean",
         c,
         {refuses(403, "M_FORBIDDEN", "go away")},
         fails(403, "M_FORBIDDEN", "go away"),
         1,
         {},
         media::OnError::allow},
    };
}

inline std::vector<Scenario> limit_scenarios() {
    const std::string& c = callback::limits;
    const Json plain = Json::array({{{"max_bytes", 5000}, {"time_period_ms", 86400000}}});
    const Json full = Json::array({{{"max_bytes", 1},
                                    {"time_period_ms", 1000},
                                    {"info_uri", "https://a.example/"},
                                    {"can_upgrade", true}},
                                   {{"max_bytes", 0}, {"time_period_ms", 2000}}});
    const Json empty = Json::array();
    const Json script =
        Json::array({{{"max_bytes", 1}, {"time_period_ms", 1000}, {"info_uri", "javascript:alert(1)"}}});
    return {
        {"nobody has limits", c, {answers(none), answers(none)}, gives(none), 2, {}},
        {"the first limits win", c, {answers(none), answers(full), answers(plain)}, gives(full), 2, {}},
        {"an empty list is an answer", c, {answers(empty), answers(plain)}, gives(empty), 1, {}},
        {"limits that are no list are a failure",
         c,
         {answers({{"max_bytes", 1}}), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a limit whose info_uri is no web address is a failure",
         c,
         {answers(script), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"limits that are a text are a failure",
         c,
         {answers("none"), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a limit that is no object is a failure",
         c,
         {answers(Json::array({5})), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a limit without a size is a failure",
         c,
         {answers(Json::array({{{"time_period_ms", 1}}})), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a size that is a text is a failure",
         c,
         {answers(Json::array({{{"max_bytes", "5"}, {"time_period_ms", 1}}})), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a negative size is a failure",
         c,
         {answers(Json::array({{{"max_bytes", -1}, {"time_period_ms", 1}}})), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a module that breaks leaves the configured limits",
         c,
         {breaks(), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"also when it may not deny",
         c,
         {breaks(), answers(empty)},
         gives(none),
         1,
         {"m1"},
         media::OnError::allow},
        {"a module that is late leaves the configured limits",
         c,
         {hangs(), answers(empty)},
         gives(none),
         1,
         {"m1"}},
        {"a module's own error ends the request",
         c,
         {refuses(500, "M_UNKNOWN", "out of order"), answers(empty)},
         fails(500, "M_UNKNOWN", "out of order"),
         1,
         {}},
    };
}

inline std::vector<Scenario> file_scenarios() {
    const std::string& c = callback::check;
    const Json rejection = {{"reject", {{"status", 400}, {"errcode", "ORG_VIRUS"}, {"error", "a virus"}}}};
    const Json rejected = fails(400, "ORG_VIRUS", "a virus");
    return {
        {"all let the file pass", c, {answers("allow"), answers(none)}, gives("allow"), 2, {}},
        {"the first rejection ends it",
         c,
         {answers("allow"), answers(rejection), answers("quarantine")},
         rejected,
         2,
         {}},
        {"the first quarantine ends it",
         c,
         {answers("allow"), answers("quarantine"), answers(rejection)},
         gives("quarantine by m2"),
         2,
         {}},
        {"a rejection has a default",
         c,
         {answers("reject")},
         fails(403, "M_FORBIDDEN", "This is not allowed here"),
         1,
         {}},
        {"a module's own error rejects as well",
         c,
         {refuses(400, "ORG_VIRUS", "a virus"), answers("allow")},
         rejected,
         1,
         {}},
        {"an unknown word is a failure",
         c,
         {answers("perhaps"), answers("allow")},
         is_unavailable(),
         1,
         {"m1"}},
        {"a number is a failure", c, {answers(7), answers("allow")}, is_unavailable(), 1, {"m1"}},
        {"an unknown object is a failure",
         c,
         {answers({{"verdict", "fine"}}), answers("allow")},
         is_unavailable(),
         1,
         {"m1"}},
        {"a module that breaks denies", c, {breaks(), answers("allow")}, is_unavailable(), 1, {"m1"}},
        {"a module that breaks and may not deny is passed over",
         c,
         {breaks(), answers("quarantine")},
         gives("quarantine by m2"),
         2,
         {"m1"},
         media::OnError::allow},
        {"a module that is late denies", c, {hangs(), answers("allow")}, is_unavailable(), 1, {"m1"}},
        {"a module that is late and may not deny is passed over",
         c,
         {hangs(), answers("allow")},
         gives("allow"),
         2,
         {"m1"},
         media::OnError::allow},
    };
}

/// Everybody hears of an event, whatever the others do.
inline std::vector<Scenario> event_scenarios() {
    std::vector<Scenario> all;
    for (const std::string& c : {callback::exceeded, callback::uploaded, callback::deleted}) {
        all.push_back({"everybody is told", c, {answers(none), answers(none), answers(none)}, none, 3, {}});
        all.push_back({"an answer does not matter", c, {answers(7), answers(none)}, none, 2, {}});
        all.push_back({"a module that breaks keeps nothing from the others",
                       c,
                       {breaks(), answers(none)},
                       none,
                       2,
                       {"m1"}});
        all.push_back({"a module that is late keeps nothing from the others",
                       c,
                       {hangs(), answers(none)},
                       none,
                       2,
                       {"m1"}});
        all.push_back({"a module's own error keeps nothing from the others",
                       c,
                       {refuses(403, "M_FORBIDDEN", "no"), answers(none)},
                       none,
                       2,
                       {"m1"}});
    }
    all.push_back({"everybody has a copy of the limit",
                   callback::exceeded,
                   {spoils_input(), answers(none)},
                   none,
                   2,
                   {}});
    return all;
}

inline std::vector<Scenario> module_scenarios() {
    std::vector<Scenario> all;
    for (const std::vector<Scenario>& part :
         {config_scenarios(), permission_scenarios(), limit_scenarios(), file_scenarios(), event_scenarios()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

}  // namespace mxcd::test
