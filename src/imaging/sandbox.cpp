#include "sandbox.hpp"

#include "mxcd/base/unique_fd.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <system_error>

namespace mxcd::imaging {

namespace {

[[maybe_unused]] constexpr rlim_t address_space = 400ULL * 1024 * 1024;
constexpr rlim_t cpu_seconds = 5;
/// So that other requests of the service come first.
constexpr int niceness = 10;

[[noreturn]] void missing(const std::string& layer, int error) {
    throw NoSandbox(layer + ": " + std::generic_category().message(error));
}

/// Every right over files that this kernel knows by its Landlock version: bits of
/// landlock_ruleset_attr::handled_access_fs. Numbers, because build machines may know fewer than the kernel.
std::uint64_t all_file_rights(long version) {
    std::uint64_t rights = (1ULL << 13U) - 1;  // the first version's
    if (version >= 2) rights |= 1ULL << 13U;   // moving between folders
    if (version >= 3) rights |= 1ULL << 14U;   // truncating
    if (version >= 5) rights |= 1ULL << 15U;   // ioctl on devices
    return rights;
}

/// A rule set that handles every right and grants none.
void leave_the_file_system() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) missing("Landlock is not available", errno);
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = all_file_rights(version);
    const base::UniqueFd rules(static_cast<int>(
        syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0)));
    if (!rules) missing("Landlock cannot be set up", errno);
    if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0)
        missing("Landlock cannot be put into force", errno);
}

struct ReleaseFilter {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

void add(const Filter& filter, std::uint32_t action, std::initializer_list<int> calls) {
    for (const int call : calls) {
        const int outcome = seccomp_rule_add(filter.get(), action, call, 0);
        if (outcome != 0) missing("seccomp has no rule for a system call", -outcome);
    }
}

/// What computing with threads needs; what only an attacker asks for ends the process; anything else is
/// refused, which libraries cope with.
Filter build_filter() {
    Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) throw NoSandbox("seccomp is not available");
    add(filter, SCMP_ACT_ALLOW,
        {SCMP_SYS(read),
         SCMP_SYS(write),
         SCMP_SYS(close),
         SCMP_SYS(mmap),
         SCMP_SYS(munmap),
         SCMP_SYS(mremap),
         SCMP_SYS(mprotect),
         SCMP_SYS(madvise),
         SCMP_SYS(brk),
         SCMP_SYS(futex),
         SCMP_SYS(sched_yield),
         SCMP_SYS(sched_getaffinity),
         SCMP_SYS(set_robust_list),
         SCMP_SYS(rseq),
         SCMP_SYS(gettid),
         SCMP_SYS(getpid),
         SCMP_SYS(rt_sigaction),
         SCMP_SYS(rt_sigprocmask),
         SCMP_SYS(rt_sigreturn),
         SCMP_SYS(sigaltstack),
         SCMP_SYS(clock_gettime),
         SCMP_SYS(clock_nanosleep),
         SCMP_SYS(gettimeofday),
         SCMP_SYS(getrandom),
         SCMP_SYS(restart_syscall),
         SCMP_SYS(exit),
         SCMP_SYS(exit_group)});
    add(filter, SCMP_ACT_KILL_PROCESS,
        {SCMP_SYS(socket),
         SCMP_SYS(socketpair),
         SCMP_SYS(connect),
         SCMP_SYS(bind),
         SCMP_SYS(sendmsg),
         SCMP_SYS(sendto),
         SCMP_SYS(execve),
         SCMP_SYS(execveat),
         SCMP_SYS(fork),
         SCMP_SYS(vfork),
         SCMP_SYS(ptrace),
         SCMP_SYS(kill),
         SCMP_SYS(tkill),
         SCMP_SYS(process_vm_readv),
         SCMP_SYS(process_vm_writev),
         SCMP_SYS(pidfd_open),
         SCMP_SYS(pidfd_getfd),
         SCMP_SYS(bpf),
         SCMP_SYS(userfaultfd),
         SCMP_SYS(io_uring_setup),
         SCMP_SYS(mount),
         SCMP_SYS(unshare),
         SCMP_SYS(setns),
         SCMP_SYS(keyctl),
         SCMP_SYS(perf_event_open)});
    // Threads, but no processes. The C library tries clone3 first, whose flags a filter cannot see.
    const scmp_arg_cmp is_thread{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD};
    const int threads = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &is_thread);
    if (threads != 0) missing("seccomp has no rule for threads", -threads);
    add(filter, SCMP_ACT_ERRNO(ENOSYS), {SCMP_SYS(clone3)});
    return filter;
}

/// Built once, because building takes longer than a fork.
std::vector<sock_filter> compiled(const Filter& filter) {
    const base::UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
    struct stat facts{};
    if (!file || seccomp_export_bpf(filter.get(), file.get()) != 0 || fstat(file.get(), &facts) != 0)
        throw NoSandbox("seccomp cannot compile the filter");
    std::vector<sock_filter> program(static_cast<std::size_t>(facts.st_size) / sizeof(sock_filter));
    if (program.empty() ||
        pread(file.get(), program.data(), static_cast<std::size_t>(facts.st_size), 0) != facts.st_size)
        throw NoSandbox("seccomp cannot compile the filter");
    return program;
}

void limit(__rlimit_resource resource, rlim_t most) {
    const rlimit bounds{most, most};
    if (setrlimit(resource, &bounds) != 0) std::_Exit(EXIT_FAILURE);
}

/// `mapped`: what takes address space and no memory of its own.
void limit_resources([[maybe_unused]] std::int64_t mapped) {
#if !defined(MXCD_SANITIZED)  // sanitizers reserve terabytes of it
    limit(RLIMIT_AS, address_space + static_cast<rlim_t>(mapped));
#endif
    limit(RLIMIT_CPU, cpu_seconds);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 0);
    limit(RLIMIT_MEMLOCK, 0);
    // Not RLIMIT_NPROC, which counts every process of the user: the filter forbids new ones.
}

}  // namespace

Sandbox::Sandbox(std::int64_t loaded) : loaded_(loaded), filter_(compiled(build_filter())) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) missing("no_new_privs cannot be set", errno);
    leave_the_file_system();
}

void Sandbox::enter(std::int64_t input_size) const {
    // Every one of these could only fail where something is not as it was when the sandbox was built.
    static_cast<void>(setpriority(PRIO_PROCESS, 0, niceness));
    // The picture is mapped from its file.
    limit_resources(loaded_ + input_size);
    sock_fprog program{};
    program.len = static_cast<unsigned short>(filter_.size());
    program.filter = const_cast<sock_filter*>(filter_.data());
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) std::_Exit(EXIT_FAILURE);
}

}  // namespace mxcd::imaging
