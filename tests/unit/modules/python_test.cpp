#include "python_house.hpp"
#include "support/many_calls.hpp"

using namespace mxcd;
using namespace mxcd::test;

namespace {

media::UploadFacts upload(std::int64_t size = 7) {
    return {matrix::UserId::parse("@alice:example.org").value(), base::ByteCount(size), "text/plain",
            std::nullopt};
}

Json config_of(PythonHouse& house, const std::string& module) {
    const auto loaded = house.load(module);
    const auto config = house.runner.run(loaded->media_config(upload().user));
    return config ? *config : Json();
}

}  // namespace

TEST_CASE("Python modules keep to the table of scenarios") {
    ScriptedPythonModules modules;
    run_module_scenarios(
        {"python", [&modules](const ModuleScript& script) { return modules.make(script); }, 300ms, false});
}

TEST_CASE("calls of Python modules do not queue behind a slow one") {
    ScriptedPythonModules modules;
    ManyCalls({"python", [&modules](const ModuleScript& script) { return modules.make(script); }},
              modules.runner())
        .check();
}

TEST_CASE("a Python module that cannot be loaded says why") {
    PythonHouse house;
    house.write("trouble", R"(
from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError
class Picky:
    @staticmethod
    def parse_config(config): raise ConfigError("expected a number", ("limits", "size"))
class Greedy:
    def __init__(self, config, api): api.register_web_resource("/x", None)
class Private:
    def __init__(self, config, api): api._hs.get_datastores()
class Quitter:
    def __init__(self, config, api): raise SystemExit(0)
)");
    const std::string begin = "the module under-test cannot be loaded: ";
    CHECK(house.reason_of("nowhere.Module") == begin + "ModuleNotFoundError: No module named 'nowhere'");
    CHECK_THAT(house.reason_of("trouble.Missing"), Catch::Contains("has no attribute 'Missing'"));
    CHECK(house.reason_of("trouble.Picky") == begin + "ConfigError: expected a number at limits.size");
    CHECK(house.reason_of("trouble.Greedy") ==
          begin + "NotOffered: ModuleApi.register_web_resource is not offered by mxcd");
    CHECK(house.reason_of("trouble.Private") == begin + "NotOffered: ModuleApi._hs is not offered by mxcd");
    CHECK(house.reason_of("trouble.Quitter") == begin + "SystemExit: 0");
    house.python.interpreter = "/no/such/python";
    CHECK(house.reason_of("trouble.Picky") == begin + "/no/such/python cannot be executed");
}

TEST_CASE("what a callback will not get from the module API is told at load, by name and line") {
    PythonHouse house;
    house.write("asking", R"(
import functools
from twisted.internet import defer
class Friend:
    def __init__(self, api): self.api = api
    def look(self, user_id): return self.api.get_profile(user_id)
class Module:
    def __init__(self, config, api):
        self._api = api
        self.friend = Friend(api)
        self.closure = lambda user_id: api.from_a_closure
        ways = {"value": getattr(self, config["way"]), "partial": functools.partial(self.with_more, 7)}
        api.register_media_repository_callbacks(get_media_config_for_user=ways[config.get("as", "value")])
        api.register_third_party_rules_callbacks(check_event_allowed=self.for_the_homeserver)
    async def direct(self, user_id):
        await self._api.run_db_interaction("x", self.transaction)
        return [self._api.create_room(name) for name in (await self._api.http_client.get_json("http://x/"))]
    def transaction(self, txn): return self._api._store
    async def indirect(self, user_id): return self.friend.look(user_id) or self.with_more(1, user_id)
    def with_more(self, number, user_id): return self._api.deep_inside
    @defer.inlineCallbacks
    def decorated(self, user_id): yield self._api.from_inline
    def asks_first(self, user_id):
        return self._api.is_new() if hasattr(self._api, "is_new") else getattr(self._api, "newer", dict)()
    def catches(self, user_id):
        try: return self.transaction(None)
        except Exception: return {}
    def cannot_be_told(self, user_id):
        local = self._api
        def inner(self): return self._api.of_somebody_else
        return local.in_a_variable, inner(user_id)
    async def offered(self, user_id): return {"name": self._api.server_name}
    async def for_the_homeserver(self, event): return self._api.get_room_state(event)
)");
    const auto told = [&house](const char* way, const char* as = "value") {
        std::string reason = house.reason_of("asking.Module", Json{{"way", way}, {"as", as}});
        const std::string begin = "the module under-test cannot be loaded: NotOffered: ";
        return reason.starts_with(begin) ? reason.substr(begin.size()) : reason;
    };
    CHECK(told("direct") ==
          "ModuleApi._store (asking.py, line 18), ModuleApi.create_room (asking.py, line 17) "
          "are not offered by mxcd");
    CHECK(told("indirect") ==
          "ModuleApi.deep_inside (asking.py, line 20), ModuleApi.get_profile (asking.py, "
          "line 6) are not offered by mxcd");
    CHECK(told("offered", "partial") == "ModuleApi.deep_inside (asking.py, line 20) is not offered by mxcd");
    CHECK(told("decorated") == "ModuleApi.from_inline (asking.py, line 22) is not offered by mxcd");
    CHECK(told("closure") == "ModuleApi.from_a_closure (asking.py, line 11) is not offered by mxcd");
    for (const char* const way : {"asks_first", "catches", "cannot_be_told", "offered"})
        CHECK(told(way) == "it was loaded");
}

TEST_CASE("a Python module sees its configuration in the operator's order") {
    PythonHouse house;
    house.write("order", R"py(
class Module:
    @staticmethod
    def parse_config(config): return [list(config), list(config["a"])]
    def __init__(self, config, api):
        self.value = config
        api.register_media_repository_callbacks(get_media_config_for_user=self.config)
    async def config(self, user_id): return {"keys": self.value}
)py");
    const auto module = house.load("order.Module", std::string(R"({"z":1,"a":{"y":2,"b":3}})"));
    CHECK(house.runner.run(module->media_config(upload().user)) ==
          Json::parse(R"({"keys":[["z","a"],["y","b"]]})"));
}

TEST_CASE("the truth of any Python value is a permission or a refusal") {
    PythonHouse house;
    house.write("truth", R"(
class Module:
    def __init__(self, config, api):
        self.value = config["value"]
        api.register_media_repository_callbacks(is_user_allowed_to_upload_media_of_size=self.allowed)
    async def allowed(self, user_id, size): return self.value
)");
    const auto [value, is_allowed] = GENERATE(table<const char*, bool>({{"1", true},
                                                                        {"\"yes\"", true},
                                                                        {"[0]", true},
                                                                        {"null", false},
                                                                        {"0", false},
                                                                        {"\"\"", false},
                                                                        {"[]", false}}));
    INFO(value);
    const auto module = house.load("truth.Module", Json{{"value", Json::parse(value)}});
    CHECK(house.runner.run(module->is_upload_allowed(upload())) == is_allowed);
}

TEST_CASE("a callback answers with a value, a coroutine or a Deferred") {
    PythonHouse house;
    house.write("ways", R"(
from synapse.module_api.errors import Codes, SynapseError
from twisted.internet import defer, reactor
from twisted.internet.task import deferLater

class Module:
    def __init__(self, config, api):
        api.register_media_repository_callbacks(get_media_config_for_user=self.config)
    def config(self, user_id): return getattr(self, user_id[1:].partition(":")[0])(user_id)
    def value(self, user_id): return {"who": user_id}
    async def coroutine(self, user_id):
        await deferLater(reactor, 0.01)
        return {"who": user_id}
    def fired(self, user_id): return defer.succeed({"who": user_id})
    def deferred(self, user_id): return deferLater(reactor, 0.01, lambda: {"who": user_id})
    @defer.inlineCallbacks
    def inline_callbacks(self, user_id):
        yield deferLater(reactor, 0.01)
        return {"who": user_id}
    async def forgetful(self, user_id): return self.deferred(user_id)  # no await
    def failing(self, user_id): return deferLater(reactor, 0.01, {}.pop, "nothing")
    @defer.inlineCallbacks
    def refusing(self, user_id):
        yield deferLater(reactor, 0.01)
        raise SynapseError(418, "no", Codes.FORBIDDEN)
)");
    const auto module = house.load("ways.Module");
    const auto ask = [&](const std::string& way) {
        const matrix::UserId user = matrix::UserId::parse("@" + way + ":example.org").value();
        return house.runner.run(module->media_config(user));
    };
    for (const char* const way :
         {"value", "coroutine", "fired", "deferred", "inline_callbacks", "forgetful"}) {
        INFO(way);
        CHECK(ask(way) == Json{{"who", std::string("@") + way + ":example.org"}});
    }
    CHECK_THROWS_WITH(ask("failing"), Catch::Contains("KeyError: 'nothing'"));
    CHECK_THROWS_AS(ask("refusing"), matrix::Error);
}

TEST_CASE("a limits callback with a second parameter gets the size") {
    PythonHouse house;
    house.write("sizes", R"(
from synapse.module_api import MediaUploadLimit
class Module:
    def __init__(self, config, api):
        api.register_media_repository_callbacks(get_media_upload_limits_for_user=self.limits)
    async def limits(self, user_id: str, size: int): return [MediaUploadLimit(size, 1000, "https://x/", True)]
)");
    house.write("defaults", R"(
class Module:
    def __init__(self, config, api):
        api.register_media_repository_callbacks(get_media_upload_limits_for_user=self.limits)
    async def limits(self, user_id, is_fresh=False): return None if is_fresh is False else 7
)");
    const auto with_default = house.load("defaults.Module");
    CHECK_FALSE(house.runner.run(with_default->upload_limits(upload().user, base::ByteCount(42))));
    const auto module = house.load("sizes.Module");
    const auto limits = house.runner.run(module->upload_limits(upload().user, base::ByteCount(42)));
    REQUIRE(limits);
    REQUIRE(limits->size() == 1);
    CHECK(limits->front().max_size == base::ByteCount(42));
    CHECK(limits->front().info_uri == "https://x/");
    CHECK(limits->front().can_upgrade);
}

TEST_CASE("what the module API has besides callbacks works") {
    PythonHouse house;
    house.write("api", R"(
from twisted.internet import defer
from synapse.module_api import (ModuleApi, UserID, JsonDict, cached, errors, make_deferred_yieldable, run_in_background,
                                run_as_background_process, NOT_SPAM, RatelimitOverride)
from synapse.types import create_requester, Requester
from synapse.api.errors import Codes, SynapseError, HttpResponseException
from synapse.config.repository import MediaUploadLimit
from synapse.module_api.callbacks.ratelimit_callbacks import RatelimitOverride as Same
from synapse.media._base import FileInfo
from synapse.media.media_storage import ReadableFileWrapper

class Module:
    def __init__(self, config, api: ModuleApi):
        self.api = api
        self.ticks = 0
        self.asked = 0
        api.register_media_repository_callbacks(get_media_config_for_user=self.config)
        api.register_third_party_rules_callbacks(check_event_allowed=self.config)
        api.looping_background_call(self.tick, 1)
        api.register_cached_function(self.doubled)

    async def tick(self): self.ticks += 1

    @cached(max_entries=10)
    async def doubled(self, number):
        self.asked += 1
        await self.api.sleep(0)
        return 2 * number

    async def config(self, user_id):
        a, b = await defer.gatherResults([self.doubled(3), self.doubled(3)])
        await self.api.invalidate_cache(self.doubled, (3,))
        c = await self.doubled(3)
        while not self.ticks: await self.api.sleep(0.01)
        try: UserID.from_string("alice")
        except SynapseError as error: wrong = error.errcode
        return {
            "names": [self.api.server_name, self.api.public_baseurl, self.api.worker_name],
            "users": [self.api.is_mine(user_id), self.api.is_mine("@a:b"), self.api.get_qualified_user_id("bob"),
                      UserID.from_string(user_id).localpart, str(create_requester(user_id).user)],
            "cached": [a, b, c, self.asked],
            "thread": await self.api.defer_to_thread(sum, [1, 2]),
            "background": await make_deferred_yieldable(run_in_background(self.doubled, 4)),
            "hasattr": hasattr(self.api, "create_room"),
            "same": Same is RatelimitOverride,
            "wrong": wrong,
        }
)");
    CHECK(config_of(house, "api.Module") ==
          Json{{"names", {"example.org", "https://example.org/", nullptr}},
               {"users", {true, false, "@bob:example.org", "alice", "@alice:example.org"}},
               {"cached", {6, 6, 6, 2}},
               {"thread", 3},
               {"background", 8},
               {"hasattr", false},
               {"same", true},
               {"wrong", "M_INVALID_PARAM"}});
}

TEST_CASE("placeholders are written in the database's way, texts in quotes are left alone") {
    PythonHouse house;
    house.write("sql", R"(
from mxcd_host.sql import with_placeholders
class Module:
    def __init__(self, config, api): api.register_media_repository_callbacks(get_media_config_for_user=self.config)
    async def config(self, user_id):
        texts = ["a = %s AND b = ?", "x LIKE '%s?' AND y = ?", 'SELECT "a?" WHERE b LIKE %s', "a %% 2 = ?"]
        return {wanted: [with_placeholders(text, wanted) for text in texts] for wanted in ("?", "%s")}
)");
    CHECK(config_of(house, "sql.Module") ==
          Json{{"?",
                {"a = ? AND b = ?", "x LIKE '%s?' AND y = ?", "SELECT \"a?\" WHERE b LIKE ?", "a % 2 = ?"}},
               {"%s",
                {"a = %s AND b = %s", "x LIKE '%s?' AND y = %s", "SELECT \"a?\" WHERE b LIKE %s",
                 "a %% 2 = %s"}}});
}

TEST_CASE("a spam checker reads the file, and its word decides") {
    PythonHouse house;
    house.write("spam", R"(
import subprocess
from synapse.module_api import NOT_SPAM
from synapse.module_api.errors import Codes
class Module:
    def __init__(self, config, api): api.register_spam_checker_callbacks(check_media_file_for_spam=self.check)
    async def check(self, file_wrapper, file_info):
        pieces = []
        await file_wrapper.write_chunks_to(pieces.append)
        content = b"".join(pieces)
        with open(file_wrapper.path, "rb") as file: assert file.read() == content
        assert subprocess.run(["cat", file_wrapper.path], capture_output=True, check=True).stdout == content
        assert (file_info.file_id, file_info.server_name, file_info.url_cache) == ("abcDEF", None, False)
        return {b"fine": NOT_SPAM, b"good": False, b"evil": Codes.FORBIDDEN, b"odd": (Codes.BAD_JSON, {"a": 1}),
                b"spam": True}[content]
)");
    const auto module = house.load("spam.Module");
    CHECK(module->checks_files());
    const auto check = [&](const std::string& content) {
        const media::FileFacts facts{upload(),
                                     matrix::MediaId::parse("abcDEF").value(),
                                     media::BlobKey{base::sha256(content)},
                                     std::nullopt,
                                     {std::make_shared<const base::UniqueFd>(base::memory_file("x", content)),
                                      base::ByteCount(std::ssize(content))}};
        const media::FileVerdict verdict = house.runner.run(module->check_file(facts));
        if (std::holds_alternative<media::FileAllowed>(verdict)) return std::string("allow");
        const matrix::Error& error = std::get<media::FileRejected>(verdict).error;
        return std::to_string(error.status()) + " " + error.errcode() + " " + error.what();
    };
    CHECK(check("fine") == "allow");
    CHECK(check("good") == "allow");
    CHECK(check("evil") == "400 M_FORBIDDEN Bad content");
    CHECK(check("odd") == "400 M_BAD_JSON Bad content");
    CHECK(check("spam") == "400 M_FORBIDDEN Bad content");
    CHECK_THROWS_WITH(check("what"), Catch::Contains("KeyError"));
}
