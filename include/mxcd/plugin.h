/* The plugin interface of mxcd: a shared object that decides who may upload what.
 *
 * A plugin exports one function, mxcd_plugin_entry(), which returns a table of callbacks. It needs this
 * header and nothing else of mxcd:
 *
 *     cc -shared -fPIC -o example.so example.c
 *
 * and in the configuration: modules: [{library: /usr/lib/mxcd/modules/example.so, config: {...}}].
 *
 * WHERE IT RUNS. In a child process of its own, one for each entry of the configuration. With `trust:
 * in_process` it runs inside mxcd: cheaper, and when it crashes or hangs, so does mxcd. It cannot tell the
 * difference.
 *
 * ANSWERING. Every callback returns void and has a number for its call (mxcd_call). The plugin answers it
 * with one of the host's answer_ functions: before the callback returns or later, from any thread, once.
 * Every call wants an answer, events included (answer_none). A second answer, an answer after the deadline,
 * and an answer to a number that never was one do nothing and return 0. A call that is not answered in time,
 * or with an answer that the callback cannot have, is a failure of the plugin; the entry's `on_error` says
 * what it means for the upload.
 *
 * THREADS. Callbacks are called on threads that also serve others, several at once, and before earlier calls
 * are answered. They must return quickly (microseconds): whoever has to wait for something answers later,
 * from a thread of its own or from a timer. start() comes before all callbacks, stop() after all of them.
 * Every function of the host may be called from any thread, from the call of start() to the return of stop().
 *
 * MEMORY. What a callback is given, strings included, is valid until the callback returns, but for the
 * descriptor of mxcd_file, which is the plugin's own. What the host is given is copied before its function
 * returns. Nothing allocated on one side is ever freed on the other. All text is UTF-8 and ends with a zero
 * byte.
 *
 * VERSIONS. Each struct begins with its size, as the side that fills it in knows it. Later minor versions
 * only append: members to structs, functions to mxcd_host, callbacks to mxcd_plugin. A plugin of an older
 * minor version runs with a newer mxcd as it is. One of a newer minor version runs with an older mxcd, which
 * does not ask the callbacks that it does not know; before the plugin uses what came after version 1.0 it
 * compares host->struct_size. Another major version is refused at start.
 *
 * Fill every struct with zeros first (= {0} or memset): zero is the default of every member. */
#ifndef MXCD_PLUGIN_H
#define MXCD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* NOLINTBEGIN(readability-identifier-naming, modernize-*): C has its own customs */

#define MXCD_ABI_MAJOR 1
#define MXCD_ABI_MINOR 0

#if defined(__GNUC__)
#define MXCD_EXPORT __attribute__((visibility("default")))
#else
#define MXCD_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A call that wants an answer. Never 0, and never used twice by one host. */
typedef uint64_t mxcd_call;

/* A timer that was set. Never 0. */
typedef uint64_t mxcd_timer;

enum { MXCD_LOG_DEBUG = 0, MXCD_LOG_INFO = 1, MXCD_LOG_WARN = 2, MXCD_LOG_ERROR = 3 };

enum { MXCD_ALLOW = 0, MXCD_REJECT = 1, MXCD_QUARANTINE = 2 };

/* A Matrix error that ends the request. */
typedef struct mxcd_error {
    uint32_t struct_size; /* sizeof(mxcd_error) */
    int32_t status;       /* 400 to 599; 0: 403 */
    const char* errcode;  /* "M_FORBIDDEN", "ORG_EXAMPLE_NO"; NULL: M_FORBIDDEN */
    const char* text;     /* what the user reads; NULL: a general sentence */
} mxcd_error;

/* At most max_bytes in any span of time_period_ms. */
typedef struct mxcd_limit {
    uint32_t struct_size; /* sizeof(mxcd_limit) */
    int32_t can_upgrade;  /* 0 or 1: a user can buy a higher limit */
    int64_t max_bytes;
    int64_t time_period_ms;
    const char* info_uri; /* a page about the limit; NULL: mxcd's own */
} mxcd_limit;

/* A user, of whom something is asked. */
typedef struct mxcd_user {
    uint32_t struct_size;
    const char* user_id; /* "@alice:example.org" */
} mxcd_user;

/* An upload before its body. */
typedef struct mxcd_upload {
    uint32_t struct_size;
    const char* user_id;
    int64_t size; /* bytes; 1 where the size of a chunked upload is not known yet */
} mxcd_upload;

/* A file between its arrival and its commit. */
typedef struct mxcd_file {
    uint32_t struct_size;
    /* The bytes, read-only. The descriptor is the plugin's own: close(2) it, now or later, before or after
     * the answer. Others share its offset: read it with pread(2) or mmap(2). */
    int32_t descriptor;
    const char* user_id;
    const char* media_id;
    const char* sha256; /* 64 lower-case hexadecimal digits */
    int64_t size;
    const char* declared_type; /* what the client said, as it said it */
    const char* sniffed_type;  /* what the bytes look like, "image/png"; NULL: nobody can tell */
    const char* file_name;     /* NULL: it has none */
} mxcd_file;

/* A limit that has refused an upload. */
typedef struct mxcd_limit_exceeded {
    uint32_t struct_size;
    const char* user_id;
    mxcd_limit* limit; /* a copy for this plugin alone, to be changed at will; its info_uri may be NULL */
    int64_t sent_bytes;
    int64_t attempted_bytes;
} mxcd_limit_exceeded;

/* An upload that was committed. */
typedef struct mxcd_uploaded {
    uint32_t struct_size;
    const char* user_id;
    const char* media_id;
    int64_t size;
} mxcd_uploaded;

/* Media that were deleted. */
typedef struct mxcd_deleted {
    uint32_t struct_size;
    const char* media_id;
} mxcd_deleted;

/* What mxcd does for a plugin. Thread-safe. The first argument of each function is this struct itself. */
typedef struct mxcd_host mxcd_host;
struct mxcd_host {
    uint32_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;

    /* --- the configuration: `config` of the entry --- */

    /* All of it as JSON text, an object; "{}" when there is none. Valid until stop() returns. */
    const char* (*config_json)(const mxcd_host* host);
    /* One value, named by its path (a JSON pointer, RFC 6901): "/max_bytes", "/rules/0/user". Without a value
     * of that type: NULL and 0, and `value` stays as it is. The text is valid until stop() returns. */
    const char* (*config_text)(const mxcd_host* host, const char* path);
    int (*config_integer)(const mxcd_host* host, const char* path, int64_t* value);
    int (*config_boolean)(const mxcd_host* host, const char* path, int* value);

    /* --- the log and the time --- */

    /* A line in mxcd's log, with the name of the entry. `level` is one of MXCD_LOG_. Never log tokens or file
     * names. Text beyond 512 bytes is cut off. */
    void (*log)(const mxcd_host* host, int level, const char* text);
    /* How many milliseconds are left to answer; 0 when nobody waits any more. Whoever has a queue drops what
     * it has no time left for. */
    int64_t (*remaining_ms)(const mxcd_host* host, mxcd_call call);
    /* Calls fire(argument) once, after delay_ms or a little later, on a thread of the host's that fires one
     * timer after the other; `fire` must not wait for anything. Returns 0 when 1024 timers wait already.
     * Timers that still wait when stop() is called do not fire, and none fires while it runs or later;
     * `argument` stays the plugin's. */
    mxcd_timer (*set_timer)(const mxcd_host* host, uint32_t delay_ms, void (*fire)(void* argument),
                            void* argument);
    /* Returns 1 when the timer will not fire; 0 when it fires just now, has fired or never was. */
    int (*cancel_timer)(const mxcd_host* host, mxcd_timer timer);

    /* --- answers: 1 when the answer was taken, 0 when nobody waits for it any more --- */

    /* No opinion. config and limits: the next module is asked; check_media_file: the file may pass; events:
     * heard. is_user_allowed... wants an opinion. */
    int (*answer_none)(const mxcd_host* host, mxcd_call call);
    /* is_user_allowed_to_upload_media_of_size: 1 allows, 0 refuses with 413 M_TOO_LARGE. Another number is a
     * failure. */
    int (*answer_allowed)(const mxcd_host* host, mxcd_call call, int is_allowed);
    /* get_media_upload_limits_for_user: all of the `count` limits hold (at most 1000); count 0: no limits at
     * all. Their struct_size is the distance from one to the next. */
    int (*answer_limits)(const mxcd_host* host, mxcd_call call, const mxcd_limit* limits, size_t count);
    /* check_media_file: MXCD_ALLOW, MXCD_REJECT (with `rejection`; NULL: 403 M_FORBIDDEN) or MXCD_QUARANTINE
     * (stored and not served). */
    int (*answer_verdict)(const mxcd_host* host, mxcd_call call, int verdict, const mxcd_error* rejection);
    /* Any callback, as JSON text of at most 60 KiB, in the form that docs/modules.md has for webhooks.
     * get_media_config_for_user: an object, the whole body of the config endpoint. */
    int (*answer_json)(const mxcd_host* host, mxcd_call call, const char* json);
    /* Any callback: ends the request with an error of the plugin's own. NULL: 403 M_FORBIDDEN. */
    int (*answer_error)(const mxcd_host* host, mxcd_call call, const mxcd_error* error);
    /* Any callback: the plugin cannot say. The reason is logged, the entry's `on_error` decides. */
    int (*answer_failure)(const mxcd_host* host, mxcd_call call, const char* reason);
};

/* What a plugin is. All callbacks may be NULL: then it is not asked. `self` is what start() made of it. */
typedef struct mxcd_plugin {
    /* These three are where they are in every version. */
    uint32_t struct_size; /* sizeof(mxcd_plugin) */
    uint32_t abi_major;   /* MXCD_ABI_MAJOR */
    uint32_t abi_minor;   /* MXCD_ABI_MINOR */

    /* Reads the configuration and makes `*self`, whatever the plugin wants to find in its callbacks. It may
     * take its time, up to 20 s. Returns 0, or another number after it has written a sentence into `reason`,
     * of `reason_size` bytes: then mxcd does not start. May be NULL. A library that is named by several
     * entries, or whose entry changes in a reload, is started once for each, before the older ones are
     * stopped. */
    int (*start)(const mxcd_host* host, void** self, char* reason, size_t reason_size);
    /* Ends what start() began: when it returns, no thread of the plugin runs and nobody uses the host any
     * more. Calls that are not answered yet need no answer. Not called when start() failed, and not in a
     * process of the plugin's own, which is killed. The library stays loaded. May be NULL. */
    void (*stop)(void* self);

    /* The config endpoint: answer_json (an object), answer_none. */
    void (*get_media_config_for_user)(void* self, mxcd_call call, const mxcd_user* user);
    /* Before the body: answer_allowed. */
    void (*is_user_allowed_to_upload_media_of_size)(void* self, mxcd_call call, const mxcd_upload* upload);
    /* Before the body: answer_limits, answer_none. */
    void (*get_media_upload_limits_for_user)(void* self, mxcd_call call, const mxcd_upload* upload);
    /* Between arrival and commit: answer_verdict. */
    void (*check_media_file)(void* self, mxcd_call call, const mxcd_file* file);
    /* Events. They have happened, whatever the answer (answer_none). */
    void (*on_media_upload_limit_exceeded)(void* self, mxcd_call call, const mxcd_limit_exceeded* event);
    void (*on_media_uploaded)(void* self, mxcd_call call, const mxcd_uploaded* event);
    void (*on_media_deleted)(void* self, mxcd_call call, const mxcd_deleted* event);
} mxcd_plugin;

/* The one symbol that a plugin exports. Called before each start(). The table stays as it is as long as the
 * library is loaded. */
MXCD_EXPORT const mxcd_plugin* mxcd_plugin_entry(void);
#define MXCD_ENTRY_NAME "mxcd_plugin_entry"

#ifdef __cplusplus
}
#endif

/* NOLINTEND(readability-identifier-naming, modernize-*) */

#endif
