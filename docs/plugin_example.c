/* A plugin for mxcd: who may upload how much, and no programs.
 *
 *     cc -shared -fPIC -o example.so plugin_example.c
 *
 *     modules:
 *       - library: /usr/lib/mxcd/modules/example.so
 *         config: {max_bytes: 10000000, guest: "@guest-", guest_bytes_per_day: 1000000}
 *
 * All of it is answered at once, in the callback. Whoever has to ask somebody else first keeps the number of the call
 * and answers it later, from any thread. include/mxcd/plugin.h says what holds. */
#include <mxcd/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct example {
    const mxcd_host* host;
    int64_t max_bytes;
    const char* guest; /* how the user IDs of guests begin */
    int64_t guest_bytes_per_day;
} example;

static int is_guest(const example* self, const char* user_id) {
    return strncmp(user_id, self->guest, strlen(self->guest)) == 0;
}

static void get_media_config(void* argument, mxcd_call call, const mxcd_user* user) {
    const example* const self = argument;
    char body[64];
    (void)user;
    snprintf(body, sizeof body, "{\"m.upload.size\": %lld}", (long long)self->max_bytes);
    self->host->answer_json(self->host, call, body);
}

static void is_allowed(void* argument, mxcd_call call, const mxcd_upload* upload) {
    const example* const self = argument;
    self->host->answer_allowed(self->host, call, upload->size <= self->max_bytes);
}

static void get_limits(void* argument, mxcd_call call, const mxcd_upload* upload) {
    const example* const self = argument;
    mxcd_limit limit = {0};
    if (!is_guest(self, upload->user_id)) {
        self->host->answer_none(self->host, call); /* the next module, or the configured limits */
        return;
    }
    limit.struct_size = sizeof limit;
    limit.max_bytes = self->guest_bytes_per_day;
    limit.time_period_ms = 24 * 60 * 60 * 1000;
    limit.info_uri = "https://example.org/guests";
    self->host->answer_limits(self->host, call, &limit, 1);
}

static void check_file(void* argument, mxcd_call call, const mxcd_file* file) {
    const example* const self = argument;
    char magic[4] = {0};
    const ssize_t count = pread(file->descriptor, magic, sizeof magic, 0);
    close(file->descriptor); /* it is ours */
    if (count < 0) {
        self->host->answer_failure(self->host, call, "the file cannot be read");
    } else if (memcmp(magic, "\177ELF", 4) == 0) {
        mxcd_error error = {0};
        error.struct_size = sizeof error;
        error.errcode = "ORG_EXAMPLE_PROGRAM";
        error.text = "Programs are not welcome here";
        self->host->answer_verdict(self->host, call, MXCD_REJECT, &error);
    } else {
        self->host->answer_verdict(self->host, call, MXCD_ALLOW, NULL);
    }
}

static void uploaded(void* argument, mxcd_call call, const mxcd_uploaded* event) {
    const example* const self = argument;
    char line[128];
    snprintf(line, sizeof line, "%lld bytes more", (long long)event->size);
    self->host->log(self->host, MXCD_LOG_INFO, line);
    self->host->answer_none(self->host, call);
}

static int start(const mxcd_host* host, void** self, char* reason, size_t reason_size) {
    example* const made = calloc(1, sizeof *made);
    if (made == NULL) return 1;
    made->host = host;
    made->guest = host->config_text(host, "/guest");
    host->config_integer(host, "/guest_bytes_per_day", &made->guest_bytes_per_day);
    if (made->guest == NULL) made->guest = "@guest-";
    if (!host->config_integer(host, "/max_bytes", &made->max_bytes) || made->max_bytes < 0) {
        snprintf(reason, reason_size, "config.max_bytes is missing, or no number of bytes");
        free(made);
        return 1;
    }
    *self = made;
    return 0;
}

static void stop(void* self) { free(self); }

const mxcd_plugin* mxcd_plugin_entry(void) {
    static const mxcd_plugin plugin = {
        .struct_size = sizeof(mxcd_plugin),
        .abi_major = MXCD_ABI_MAJOR,
        .abi_minor = MXCD_ABI_MINOR,
        .start = start,
        .stop = stop,
        .get_media_config_for_user = get_media_config,
        .is_user_allowed_to_upload_media_of_size = is_allowed,
        .get_media_upload_limits_for_user = get_limits,
        .check_media_file = check_file,
        .on_media_uploaded = uploaded,
    };
    return &plugin;
}
