/* A plugin that does the harm that a file orders ("crash", "hang", ...), and allows every upload when there
 * is no such file or it says "behave". Its configuration: `order`, the path of the file. */
#define _DEFAULT_SOURCE

#include "mxcd/plugin.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const mxcd_host* the_host;

static void allow(mxcd_call call) { the_host->answer_allowed(the_host, call, 1); }

/* Without end; the compiler must not know. */
static int recurse(volatile int depth) {
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}

static void* crash_on_a_thread(void* argument) {
    raise(SIGSEGV);
    return argument;
}

static void answer_late(void* argument) {
    mxcd_call* const call = argument;
    allow(*call);
    free(call);
}

static void allocate(mxcd_call call) {
    size_t megabyte = 0;
    for (megabyte = 0; megabyte < 2048; ++megabyte) {
        char* const piece = malloc(1 << 20);
        if (piece == NULL) {
            the_host->answer_failure(the_host, call, "no memory is left");
            /* And it has no use for what it has. */
            abort();
        }
        memset(piece, 1, 1 << 20);
    }
    allow(call);
}

static void fork_without_end(void) {
    int index = 0;
    for (index = 0; index < 20; ++index) {
        if (fork() == 0) {
            /* Out of the group, and deaf. */
            setsid();
            sleep(5);
            _exit(0);
        }
    }
    _exit(1);
}

static void write_without_end(int descriptor, const char* text) {
    while (write(descriptor, text, strlen(text)) >= 0) {
    }
}

static void do_harm(const char* what, mxcd_call call) {
    if (strcmp(what, "crash") == 0) raise(SIGSEGV);
    if (strcmp(what, "abort") == 0) abort();
    if (strcmp(what, "exit") == 0) exit(0);
    if (strcmp(what, "hang") == 0) pause();
    if (strcmp(what, "stop") == 0) raise(SIGSTOP);
    if (strcmp(what, "recurse") == 0) recurse(0);
    if (strcmp(what, "allocate") == 0) allocate(call);
    if (strcmp(what, "fork") == 0) fork_without_end();
    if (strcmp(what, "flood output") == 0)
        write_without_end(1, "a line of no interest, over and over again\n");
    if (strcmp(what, "garbage") == 0) write_without_end(3, "\001\002\003\004 this is no frame");
    if (strcmp(what, "short garbage") == 0) {
        if (write(3, "\000\000\000\002{}", 6) < 0) return;
    }
    if (strcmp(what, "close") == 0) close(3);
    while (strcmp(what, "flood log") == 0) the_host->log(the_host, MXCD_LOG_INFO, "a line of no interest");
    if (strcmp(what, "crash thread") == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, crash_on_a_thread, NULL) == 0) pthread_detach(thread);
    }
    if (strcmp(what, "late") == 0) {
        mxcd_call* const kept = malloc(sizeof *kept);
        if (kept == NULL) return;
        *kept = call;
        the_host->set_timer(the_host, 1500, answer_late, kept);
    }
    if (strcmp(what, "twice") == 0) {
        allow(call);
        the_host->answer_allowed(the_host, call, 0);
    }
    /* "silent": no answer. */
}

/* What is ordered; empty when it has to behave. */
static void read_order(char* order, size_t size) {
    const char* const path = the_host->config_text(the_host, "/order");
    FILE* const file = path == NULL ? NULL : fopen(path, "r");
    size_t count = 0;
    if (file != NULL) {
        count = fread(order, 1, size - 1, file);
        fclose(file);
    }
    order[count] = '\0';
    if (strcmp(order, "behave") == 0) order[0] = '\0';
}

static void asked(void* self, mxcd_call call, const mxcd_upload* upload) {
    char order[64];
    (void)self;
    (void)upload;
    read_order(order, sizeof order);
    if (order[0] == '\0') {
        allow(call);
    } else {
        do_harm(order, call);
    }
}

/* Rejects what begins with "bad". Evil, it takes all descriptors that there are, and keeps the file's too. */
static void file_asked(void* self, mxcd_call call, const mxcd_file* file) {
    char content[3] = "";
    char order[64];
    (void)self;
    read_order(order, sizeof order);
    if (pread(file->descriptor, content, sizeof content, 0) < 0) {
        the_host->answer_failure(the_host, call, "it cannot be read");
    } else if (memcmp(content, "bad", 3) == 0) {
        the_host->answer_verdict(the_host, call, MXCD_REJECT, NULL);
    } else {
        the_host->answer_verdict(the_host, call, MXCD_ALLOW, NULL);
    }
    if (strcmp(order, "keep files") == 0) {
        while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) {
        }
    } else {
        close(file->descriptor);
    }
}

static int start(const mxcd_host* host, void** self, char* reason, size_t reason_size) {
    (void)self;
    (void)reason;
    (void)reason_size;
    the_host = host;
    return 0;
}

const mxcd_plugin* mxcd_plugin_entry(void) {
    static const mxcd_plugin table = {
        .struct_size = sizeof(mxcd_plugin),
        .abi_major = MXCD_ABI_MAJOR,
        .abi_minor = MXCD_ABI_MINOR,
        .start = start,
        .is_user_allowed_to_upload_media_of_size = asked,
        .check_media_file = file_asked,
    };
    return &table;
}
