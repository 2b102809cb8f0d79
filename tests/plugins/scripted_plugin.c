/* A plugin that follows a script, for the table of scenarios (tests/support/module_scenarios.hpp) and more.
 *
 * Its configuration:
 *   heard         a file to which it appends a line of JSON for each call: {"callback": NAME, ...arguments}
 *   answers_from  callback (the default), thread or timer
 *   refuses_start a sentence
 *   script        NAME of a callback -> {kind, value, text (the value as JSON), count (of a list), delay_ms}
 * Kinds beside those of the scenarios: `twice` answers twice, `late` answers delay_ms late; both write what
 * the host said of it, {"taken": [1, 0]}. */
#define _POSIX_C_SOURCE 200809L

#include "mxcd/plugin.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct plugin {
    const mxcd_host* host;
    pthread_mutex_t mutex;
    pthread_cond_t none_left;
    int threads;
    struct errand* errands; /* a timer that never fires leaves its errand here */
} plugin;

/* An answer that is given later. */
typedef struct errand {
    plugin* self;
    mxcd_call call;
    const char* callback;
    struct errand* next;
} errand;

/* --- what it hears
 * ------------------------------------------------------------------------------------------- */

static void append_line(const plugin* self, char* line, size_t size) {
    const char* const path = self->host->config_text(self->host, "/heard");
    const int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        if (write(file, line, size) < 0) perror("scripted_plugin");
        close(file);
    }
    free(line);
}

static void say_text(FILE* line, const char* key, const char* text) {
    fprintf(line, ", \"%s\": ", key);
    if (text == NULL) {
        fputs("null", line);
        return;
    }
    fputc('"', line);
    for (; *text != '\0'; ++text) {
        if (*text == '"' || *text == '\\') fputc('\\', line);
        fputc(*text, line);
    }
    fputc('"', line);
}

static void say_number(FILE* line, const char* key, int64_t number) {
    fprintf(line, ", \"%s\": %lld", key, (long long)number);
}

/* --- what it answers
 * ----------------------------------------------------------------------------------------- */

static const char* text_of(const plugin* self, const char* callback, const char* key) {
    char path[256];
    snprintf(path, sizeof path, "/script/%s/%s", callback, key);
    return self->host->config_text(self->host, path);
}

static int number_of(const plugin* self, const char* callback, const char* key, int64_t* number) {
    char path[256];
    snprintf(path, sizeof path, "/script/%s/%s", callback, key);
    return self->host->config_integer(self->host, path, number);
}

static int boolean_of(const plugin* self, const char* callback, const char* key, int* value) {
    char path[256];
    snprintf(path, sizeof path, "/script/%s/%s", callback, key);
    return self->host->config_boolean(self->host, path, value);
}

static int has_kind(const plugin* self, const char* callback, const char* kind) {
    const char* const given = text_of(self, callback, "kind");
    return given != NULL && strcmp(given, kind) == 0;
}

static mxcd_error error_of(const plugin* self, const char* callback, const char* place) {
    char key[64];
    int64_t status = 0;
    mxcd_error error = {0};
    error.struct_size = sizeof error;
    snprintf(key, sizeof key, "%s/status", place);
    if (number_of(self, callback, key, &status)) error.status = (int32_t)status;
    snprintf(key, sizeof key, "%s/errcode", place);
    error.errcode = text_of(self, callback, key);
    snprintf(key, sizeof key, "%s/error", place);
    error.text = text_of(self, callback, key);
    return error;
}

/* Returns 0 when the value is no list of limits. */
static int read_limits(const plugin* self, const char* callback, mxcd_limit* limits, int64_t count) {
    int64_t index = 0;
    for (index = 0; index < count; ++index) {
        char key[64];
        mxcd_limit* const limit = &limits[index];
        memset(limit, 0, sizeof *limit);
        limit->struct_size = sizeof *limit;
        snprintf(key, sizeof key, "value/%d/max_bytes", (int)index);
        if (!number_of(self, callback, key, &limit->max_bytes)) return 0;
        snprintf(key, sizeof key, "value/%d/time_period_ms", (int)index);
        if (!number_of(self, callback, key, &limit->time_period_ms)) return 0;
        snprintf(key, sizeof key, "value/%d/info_uri", (int)index);
        limit->info_uri = text_of(self, callback, key);
        snprintf(key, sizeof key, "value/%d/can_upgrade", (int)index);
        boolean_of(self, callback, key, &limit->can_upgrade);
    }
    return 1;
}

/* Answers with the value: by the answer that is made for it, or as JSON. */
static int answer_value(const plugin* self, mxcd_call call, const char* callback) {
    const mxcd_host* const host = self->host;
    const char* const text = text_of(self, callback, "text");
    const char* const word = text_of(self, callback, "value");
    mxcd_limit limits[8];
    int64_t count = 0;
    int is_allowed = 0;
    if (text == NULL || strcmp(text, "null") == 0) return host->answer_none(host, call);
    if (boolean_of(self, callback, "value", &is_allowed)) return host->answer_allowed(host, call, is_allowed);
    if (strcmp(callback, "get_media_upload_limits_for_user") == 0 &&
        number_of(self, callback, "count", &count) && count <= 8 &&
        read_limits(self, callback, limits, count))
        return host->answer_limits(host, call, limits, (size_t)count);
    if (strcmp(callback, "check_media_file") == 0) {
        const mxcd_error rejection = error_of(self, callback, "value/reject");
        if (rejection.errcode != NULL) return host->answer_verdict(host, call, MXCD_REJECT, &rejection);
        if (word != NULL && strcmp(word, "reject") == 0)
            return host->answer_verdict(host, call, MXCD_REJECT, NULL);
        if (word != NULL && strcmp(word, "allow") == 0)
            return host->answer_verdict(host, call, MXCD_ALLOW, NULL);
        if (word != NULL && strcmp(word, "quarantine") == 0)
            return host->answer_verdict(host, call, MXCD_QUARANTINE, NULL);
    }
    return host->answer_json(host, call, text);
}

static void say_taken(const plugin* self, int first, int second) {
    char* line = NULL;
    size_t size = 0;
    FILE* const memory = open_memstream(&line, &size);
    fprintf(memory, "{\"taken\": [%d, %d]}\n", first, second);
    fclose(memory);
    append_line(self, line, size);
}

static void answer(const plugin* self, mxcd_call call, const char* callback) {
    const mxcd_host* const host = self->host;
    if (has_kind(self, callback, "hangs")) return;
    if (has_kind(self, callback, "breaks")) {
        host->answer_failure(host, call, "the module is broken");
    } else if (has_kind(self, callback, "refuses")) {
        const mxcd_error error = error_of(self, callback, "value");
        host->answer_error(host, call, &error);
    } else if (has_kind(self, callback, "twice")) {
        const int first = answer_value(self, call, callback);
        say_taken(self, first, host->answer_failure(host, call, "a second answer"));
    } else if (has_kind(self, callback, "late")) {
        say_taken(self, answer_value(self, call, callback), host->remaining_ms(host, call) > 0);
    } else {
        answer_value(self, call, callback);
    }
}

/* --- when it answers
 * ----------------------------------------------------------------------------------------- */

static void run_errand(void* argument) {
    errand* const work = argument;
    plugin* const self = work->self;
    errand** place = &self->errands;
    answer(self, work->call, work->callback);
    pthread_mutex_lock(&self->mutex);
    while (*place != work) place = &(*place)->next;
    *place = work->next;
    pthread_mutex_unlock(&self->mutex);
    free(work);
}

static void* run_thread(void* argument) {
    plugin* const self = ((errand*)argument)->self;
    run_errand(argument);
    pthread_mutex_lock(&self->mutex);
    if (--self->threads == 0) pthread_cond_signal(&self->none_left);
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

static void answer_from_a_thread(plugin* self, errand* work) {
    pthread_t thread;
    pthread_mutex_lock(&self->mutex);
    ++self->threads;
    pthread_mutex_unlock(&self->mutex);
    if (pthread_create(&thread, NULL, run_thread, work) != 0) abort();
    pthread_detach(thread);
}

static void answer_somehow(plugin* self, mxcd_call call, const char* callback) {
    const char* const from = self->host->config_text(self->host, "/answers_from");
    const int is_late = has_kind(self, callback, "late");
    errand* work = NULL;
    if (!is_late && (from == NULL || strcmp(from, "callback") == 0)) {
        answer(self, call, callback);
        return;
    }
    work = malloc(sizeof *work);
    if (work == NULL) abort();
    work->self = self;
    work->call = call;
    work->callback = callback;
    pthread_mutex_lock(&self->mutex);
    work->next = self->errands;
    self->errands = work;
    pthread_mutex_unlock(&self->mutex);
    if (!is_late && strcmp(from, "thread") == 0) {
        answer_from_a_thread(self, work);
    } else {
        int64_t delay_ms = 1;
        number_of(self, callback, "delay_ms", &delay_ms);
        if (self->host->set_timer(self->host, (uint32_t)delay_ms, run_errand, work) == 0) abort();
    }
}

/* Says what was heard and answers. `rest` is the line from the second key on. */
static void heard(plugin* self, mxcd_call call, const char* callback, char* rest) {
    char* line = NULL;
    size_t size = 0;
    FILE* const memory = open_memstream(&line, &size);
    fprintf(memory, "{\"callback\": \"%s\"%s}\n", callback, rest);
    fclose(memory);
    free(rest);
    append_line(self, line, size);
    answer_somehow(self, call, callback);
}

/* --- callbacks
 * ----------------------------------------------------------------------------------------------- */

static void user_asked(void* self, mxcd_call call, const mxcd_user* user) {
    char* rest = NULL;
    size_t size = 0;
    FILE* const line = open_memstream(&rest, &size);
    say_text(line, "user_id", user->user_id);
    fclose(line);
    heard(self, call, "get_media_config_for_user", rest);
}

static void upload_asked(void* self, mxcd_call call, const mxcd_upload* upload, const char* callback) {
    char* rest = NULL;
    size_t size = 0;
    FILE* const line = open_memstream(&rest, &size);
    say_text(line, "user_id", upload->user_id);
    say_number(line, "size", upload->size);
    fclose(line);
    heard(self, call, callback, rest);
}

static void permission_asked(void* self, mxcd_call call, const mxcd_upload* upload) {
    upload_asked(self, call, upload, "is_user_allowed_to_upload_media_of_size");
}

static void limits_asked(void* self, mxcd_call call, const mxcd_upload* upload) {
    upload_asked(self, call, upload, "get_media_upload_limits_for_user");
}

static void file_asked(void* self, mxcd_call call, const mxcd_file* file) {
    char content[64] = "";
    char* rest = NULL;
    size_t size = 0;
    FILE* const line = open_memstream(&rest, &size);
    if (pread(file->descriptor, content, sizeof content - 1, 0) < 0) perror("scripted_plugin");
    close(file->descriptor);
    say_text(line, "user_id", file->user_id);
    say_text(line, "media_id", file->media_id);
    say_text(line, "sha256", file->sha256);
    say_number(line, "size", file->size);
    say_text(line, "declared_type", file->declared_type);
    say_text(line, "sniffed_type", file->sniffed_type);
    say_text(line, "file_name", file->file_name);
    say_text(line, "content", content);
    fclose(line);
    heard(self, call, "check_media_file", rest);
}

static void excess_told(void* self, mxcd_call call, const mxcd_limit_exceeded* event) {
    char* rest = NULL;
    size_t size = 0;
    FILE* const line = open_memstream(&rest, &size);
    say_text(line, "user_id", event->user_id);
    fprintf(line, ", \"limit\": {\"max_bytes\": %lld", (long long)event->limit->max_bytes);
    say_number(line, "time_period_ms", event->limit->time_period_ms);
    if (event->limit->info_uri != NULL) say_text(line, "info_uri", event->limit->info_uri);
    if (event->limit->can_upgrade) fputs(", \"can_upgrade\": true", line);
    fputc('}', line);
    say_number(line, "sent_bytes", event->sent_bytes);
    say_number(line, "attempted_bytes", event->attempted_bytes);
    fclose(line);
    if (has_kind(self, "on_media_upload_limit_exceeded", "spoils_input")) event->limit->max_bytes = 0;
    heard(self, call, "on_media_upload_limit_exceeded", rest);
}

static void upload_told(void* self, mxcd_call call, const mxcd_uploaded* event) {
    char* rest = NULL;
    size_t size = 0;
    FILE* const line = open_memstream(&rest, &size);
    say_text(line, "user_id", event->user_id);
    say_text(line, "media_id", event->media_id);
    say_number(line, "size", event->size);
    fclose(line);
    heard(self, call, "on_media_uploaded", rest);
}

static void deletion_told(void* self, mxcd_call call, const mxcd_deleted* event) {
    char* rest = NULL;
    size_t size = 0;
    FILE* const line = open_memstream(&rest, &size);
    say_text(line, "media_id", event->media_id);
    fclose(line);
    heard(self, call, "on_media_deleted", rest);
}

/* --- its life
 * ------------------------------------------------------------------------------------------------ */

static int start(const mxcd_host* host, void** self, char* reason, size_t reason_size) {
    const char* const refusal = host->config_text(host, "/refuses_start");
    plugin* made = NULL;
    if (refusal != NULL) {
        snprintf(reason, reason_size, "%s", refusal);
        return 1;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL) return 1;
    made->host = host;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->none_left, NULL);
    *self = made;
    return 0;
}

static void stop(void* argument) {
    plugin* const self = argument;
    char* const line = malloc(64);
    if (line == NULL) abort();
    pthread_mutex_lock(&self->mutex);
    while (self->threads > 0) pthread_cond_wait(&self->none_left, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
    snprintf(line, 64, "{\"callback\": \"stop\"}\n");
    append_line(self, line, strlen(line));
    while (self->errands != NULL) {
        errand* const left = self->errands;
        self->errands = left->next;
        free(left);
    }
    pthread_cond_destroy(&self->none_left);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

const mxcd_plugin* mxcd_plugin_entry(void) {
    static const mxcd_plugin table = {
        .struct_size = sizeof(mxcd_plugin),
        .abi_major = MXCD_ABI_MAJOR,
        .abi_minor = MXCD_ABI_MINOR,
        .start = start,
        .stop = stop,
        .get_media_config_for_user = user_asked,
        .is_user_allowed_to_upload_media_of_size = permission_asked,
        .get_media_upload_limits_for_user = limits_asked,
        .check_media_file = file_asked,
        .on_media_upload_limit_exceeded = excess_told,
        .on_media_uploaded = upload_told,
        .on_media_deleted = deletion_told,
    };
    return &table;
}
