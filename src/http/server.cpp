#include "mxcd/http/server.hpp"

#include "mxcd/async/task_group.hpp"

#include "lane.hpp"
#include "listener.hpp"

#include <boost/asio/post.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <utility>

namespace mxcd::http {

namespace {

constexpr std::size_t kept_descriptors = 256;  // for files, the database, outbound connections
constexpr std::size_t least_connections = 16;
constexpr std::chrono::milliseconds cancelled_limit{5000};

std::size_t connection_limit(std::size_t configured) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return configured;
    const auto available = static_cast<std::size_t>(files.rlim_cur);
    const std::size_t spare = available > kept_descriptors ? available - kept_descriptors : 0;
    return std::min(configured, std::max(spare, least_connections));
}

/// An IPv6 wildcard takes IPv4 connections as well, unless IPv4 has a listener of its own on that port.
bool takes_ipv4_too(const ListenerConfig& listener, const std::vector<ListenerConfig>& all) {
    const auto is_its_ipv4 = [&](const ListenerConfig& other) {
        return other.port == listener.port && other.address.find('.') != std::string::npos;
    };
    return listener.address == "::" && std::ranges::none_of(all, is_its_ipv4);
}

class DoorServer final : public Server {
  public:
    DoorServer(ServerConfig config, ServerDependencies dependencies)
        : config_(std::move(config)), dependencies_(dependencies) {
        connections_.limit = connection_limit(config_.max_connections);
        for (std::size_t i = 0; i < dependencies_.threads.size(); ++i)
            lanes_.push_back(std::make_unique<Lane>(dependencies_.threads.executor(i), config_, dependencies_,
                                                    connections_));
    }

    ~DoorServer() override {
        stop_accepting();
        static_cast<void>(drain(std::chrono::milliseconds(0)));
    }
    DoorServer(const DoorServer&) = delete;
    DoorServer& operator=(const DoorServer&) = delete;

    std::vector<BoundListener> bind() override;
    void start() override;
    void stop_accepting() override;
    bool drain(std::chrono::milliseconds limit) override;
    bool is_drained() const override {
        return acceptors_.size() == 0 && sessions_.size() == 0 && upkeep_.size() == 0;
    }
    void insist() override;
    void reconfigure(const ServerConfig& config) override;

  private:
    ServerConfig config_;
    ServerDependencies dependencies_;
    ConnectionCount connections_;
    std::vector<ListeningSocket> listening_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<bool> is_running_ = false;  // between start() and stop_accepting()
    std::atomic<bool> is_insisted_ = false;
    async::TaskGroup upkeep_;
    async::TaskGroup sessions_;
    async::TaskGroup acceptors_;
};

std::vector<BoundListener> DoorServer::bind() {
    std::vector<BoundListener> bound;
    for (const ListenerConfig& listener : config_.listeners) {
        listening_.emplace_back(listener, takes_ipv4_too(listener, config_.listeners));
        bound.push_back(listening_.back().bound());
    }
    return bound;
}

void DoorServer::start() {
    is_running_ = true;
    // sendfile() has no flag against it; a client that hangs up is an error code, not a signal.
    std::signal(SIGPIPE, SIG_IGN);
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        upkeep_.spawn(lane->home, lane->ready.serve([&lane = *lane] { lane.access.tell_served(); }));
        upkeep_.spawn(lane->home, lane->sweep());
        for (const ListeningSocket& listening : listening_)
            acceptors_.spawn(lane->home,
                             Acceptor::run(std::make_unique<Acceptor>(*lane, sessions_, listening)));
    }
}

void DoorServer::stop_accepting() {
    listening_.clear();
    if (!is_running_.exchange(false)) return;
    acceptors_.cancel();
    for (const std::unique_ptr<Lane>& lane : lanes_)
        boost::asio::post(lane->home, [&lane = *lane] { lane.begin_stop(); });
}

bool DoorServer::drain(std::chrono::milliseconds limit) {
    // First the acceptors: the last connections of the queue still become sessions.
    const auto began = std::chrono::steady_clock::now();
    static_cast<void>(acceptors_.wait_until_empty(std::max(limit, cancelled_limit)));
    const auto spent =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    const bool is_empty = sessions_.wait_until_empty(std::max(limit - spent, std::chrono::milliseconds(0)));
    sessions_.cancel();
    static_cast<void>(sessions_.wait_until_empty(cancelled_limit));
    upkeep_.cancel();
    static_cast<void>(upkeep_.wait_until_empty(cancelled_limit));
    return is_empty && !is_insisted_;
}

void DoorServer::insist() {
    is_insisted_ = true;
    acceptors_.cancel();
    sessions_.cancel();
}

void DoorServer::reconfigure(const ServerConfig& config) {
    connections_.limit = connection_limit(config.max_connections);
    if (!is_running_) return;
    for (const std::unique_ptr<Lane>& lane : lanes_)
        boost::asio::post(lane->home, [&lane = *lane, settings = LaneSettings(config)]() mutable {
            lane.settings = std::move(settings);
        });
}

}  // namespace

std::unique_ptr<Server> make_server(ServerConfig config, ServerDependencies dependencies) {
    return std::make_unique<DoorServer>(std::move(config), dependencies);
}

}  // namespace mxcd::http
