#pragma once

namespace mxcd::base {

/// In test builds (MXCD_FAILPOINTS) the environment variable MXCD_FAILPOINTS names what happens at a point,
/// e.g. `upload.spooled=kill:3;blob.flush=error` : on the third hit the process kills itself with SIGKILL,
/// and every flush fails. Actions: `kill`, `error` (throws StorageError), `full` (throws StorageFull),
/// `delay` (50 ms); each may carry `:N`, the hit that it waits for. In other builds a failpoint is no code at
/// all.
void reach_failpoint(const char* name);

}  // namespace mxcd::base

#ifdef MXCD_FAILPOINTS
#define MXCD_FAILPOINT(name) ::mxcd::base::reach_failpoint(name)
#else
#define MXCD_FAILPOINT(name) static_cast<void>(0)
#endif
