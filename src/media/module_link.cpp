#include "module_link.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace mxcd::media {

namespace {

constexpr base::Logger logger("media");

void pass_on_cancellation(const boost::system::system_error& error) {
    if (error.code() == async::asio::error::operation_aborted) throw;
}

}  // namespace

std::string_view name_of(Callback callback) {
    switch (callback) {
        case Callback::media_config:
            return "get_media_config_for_user";
        case Callback::is_upload_allowed:
            return "is_user_allowed_to_upload_media_of_size";
        case Callback::upload_limits:
            return "get_media_upload_limits_for_user";
        case Callback::storage_quotas:
            return "storage_quotas";
        case Callback::check_file:
            return "check_media_file";
        case Callback::limit_exceeded:
            return "on_media_upload_limit_exceeded";
        case Callback::media_uploaded:
            return "on_media_uploaded";
        case Callback::media_deleted:
            return "on_media_deleted";
    }
    return "unknown";
}

ModuleLink::ModuleLink(ChainEntry entry, base::Metrics& metrics)
    : entry_(std::move(entry)), answers_at_once_(entry_.module->answers_at_once()) {
    for (std::size_t index = 0; index < callback_count; ++index) {
        const std::string callback(name_of(static_cast<Callback>(index)));
        const base::MetricLabels labels = {{"module", entry_.name}, {"callback", callback}};
        instruments_.at(index).duration =
            &metrics.histogram("mxcd_module_call_duration_seconds", "How long modules took to answer",
                               base::duration_buckets(), labels);
        instruments_.at(index).failures =
            &metrics.counter("mxcd_module_failures_total", "Module calls that failed or were late", labels);
    }
}

ModuleLink::Seat::Seat(ModuleLink& link) : link_(&link) {
    if (link.calls_.fetch_add(1) < most_calls) return;
    link.calls_.fetch_sub(1);
    throw base::Overloaded("too many calls of the module are under way");
}

ModuleLink::Seat::~Seat() {
    if (link_ != nullptr) link_->calls_.fetch_sub(1);
}

void ModuleLink::answered() {
    // Read first: all threads share the line, and it hardly ever changes.
    if (last_call_failed()) last_call_failed_.store(false, std::memory_order_relaxed);
}

void ModuleLink::observe(Callback callback, Moment begun) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    instruments_.at(static_cast<std::size_t>(callback)).duration->observe(taken.count());
}

void ModuleLink::failed(Callback callback, std::string_view reason) {
    last_call_failed_.store(true, std::memory_order_relaxed);
    instruments_.at(static_cast<std::size_t>(callback)).failures->add();
    logger.warn(
        "a module failed",
        {{"module", std::string_view(entry_.name)}, {"callback", name_of(callback)}, {"reason", reason}});
}

void ModuleLink::failed(Callback callback, const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        pass_on_cancellation(error);
        failed(callback, std::string_view(error.what()));
    } catch (const std::exception& error) {
        failed(callback, std::string_view(error.what()));
    } catch (...) {
        failed(callback, std::string_view("an exception of an unknown kind"));
    }
}

}  // namespace mxcd::media
