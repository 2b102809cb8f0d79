#include "app/notify_socket.hpp"

#include "mxcd/base/unique_fd.hpp"

#include "support/catch.hpp"
#include "support/temp_folder.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using mxcd::app::NotifySocket;

/// What systemd would be: a datagram socket at an address, `@` for the abstract namespace.
class Listener {
  public:
    explicit Listener(std::string address) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        if (address[0] == '@') address[0] = '\0';
        sockaddr_un bound{};
        bound.sun_family = AF_UNIX;
        std::memcpy(bound.sun_path, address.data(), address.size());
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
        REQUIRE(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&bound), length) == 0);
    }

    std::string next() {
        std::string text(512, '\0');
        const ssize_t length = recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
        text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
        return text;
    }

  private:
    mxcd::base::UniqueFd socket_;
};

TEST_CASE("the service manager hears of every step", "[notify]") {
    const mxcd::test::TempFolder folder;
    const bool is_abstract = GENERATE(false, true);
    const std::string path = (folder.path() / "notify").string();
    const std::string address = is_abstract ? "@" + path : path;
    Listener listener(address);
    const NotifySocket notify(address);
    notify.ready();
    CHECK(listener.next() == "READY=1");
    notify.reloading();
    CHECK(listener.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    notify.alive();
    CHECK(listener.next() == "WATCHDOG=1");
    notify.stopping();
    CHECK(listener.next() == "STOPPING=1");
}

TEST_CASE("without a service manager nothing happens", "[notify]") {
    for (const char* address : {"", "x", "relative/path", "/nowhere/at/all"}) {
        NotifySocket(address).ready();
        NotifySocket(address).stopping();
    }
    NotifySocket(std::string(500, '/')).ready();
}

TEST_CASE("the watchdog's interval comes from the environment", "[notify]") {
    using mxcd::app::watchdog_interval;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    CHECK_FALSE(watchdog_interval());
    setenv("WATCHDOG_USEC", "30000000", 1);
    CHECK(watchdog_interval() == std::chrono::seconds(30));
    setenv("WATCHDOG_PID", "1", 1);
    CHECK_FALSE(watchdog_interval());
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    CHECK(watchdog_interval() == std::chrono::seconds(30));
    setenv("WATCHDOG_USEC", "junk", 1);
    CHECK_FALSE(watchdog_interval());
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

}  // namespace
