/* Programs that end without closing their stores: each store that loses changes is named, once, on standard error. */
#include "check.h"

#include <pthread.h>
#include <sys/wait.h>

static atlas_store changed(const char *path, const atlas_create_options *options) {
    atlas_store store = 0;
    if (atlas_create(path, options, &store) != ATLAS_STATUS_OK || atlas_create_dataset(store, "d") != ATLAS_STATUS_OK)
        printf("%s\n", atlas_last_error());
    return store;
}
static void never(int32_t level, const char *message, void *data) {
    (void)level;
    printf("logged, of %d: %s\n", *(int *)data, message);
}
static void *write_on(void *argument) {
    atlas_store store = *(atlas_store *)argument;
    for (int i = 0;; i++) {
        char name[32];
        snprintf(name, sizeof name, "d%d", i);
        atlas_create_dataset(store, name);
        atlas_delete_dataset(store, name);
    }
    return NULL;
}

/* The other role: what the process does before it ends. */
static int forget(const char *how, const char *path) {
    dup2(STDOUT_FILENO, STDERR_FILENO);
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    if (!strcmp(how, "returns") || !strcmp(how, "exits") || !strcmp(how, "vanishes")) {
        atlas_store store = changed(path, NULL);
        if (atlas_flush(store) != ATLAS_STATUS_OK || atlas_create_dataset(store, "e") != ATLAS_STATUS_OK) return 1;
        if (!strcmp(how, "exits")) exit(0);
        if (!strcmp(how, "vanishes")) _exit(0);
    } else if (!strcmp(how, "flushes")) {
        if (atlas_flush(changed(path, NULL)) != ATLAS_STATUS_OK) return 1;
    } else if (!strcmp(how, "discards")) {
        if (atlas_discard(changed(path, NULL)) != ATLAS_STATUS_OK) return 1;
    } else if (!strcmp(how, "reads")) {
        atlas_store store = changed(path, NULL);
        if (atlas_close(store) != ATLAS_STATUS_OK || atlas_open(path, ATLAS_MODE_READ, NULL, &store) != ATLAS_STATUS_OK) return 1;
    } else if (!strcmp(how, "logs")) {
        int data = 7; /* gone when the hook runs */
        options.log = never;
        options.log_data = &data;
        changed(path, &options);
    } else if (!strcmp(how, "forks")) {
        changed(path, NULL);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) exit(0);
        int status = 0;
        if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
    } else if (!strcmp(how, "forks and has its own")) {
        pid_t pid = fork();
        if (pid == 0) {
            changed(path, NULL);
            exit(0);
        }
        int status = 0;
        if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
    } else if (!strcmp(how, "goes on")) {
        static atlas_store store;
        options.sync = ATLAS_SWITCH_OFF;
        store = changed(path, &options);
        pthread_t thread;
        if (pthread_create(&thread, NULL, write_on, &store) != 0) return 1;
        pause_ms(20);
        exit(0);
    }
    return 0;
}

/* What a process that forgets says: `lines` about its store, or any number of them. */
static void says(const char *how, int lines) {
    char role[128], line[4096], expected[2048];
    snprintf(role, sizeof role, "forget %s", how);
    snprintf(expected, sizeof expected,
             "atlas: store %s: the changes since the last flush are lost: the process ends, and it was not closed", path_of(how));
    child other = child_start(role, path_of(how));
    int heard = 0;
    while (*child_hear(&other, line, sizeof line)) {
        CHECK_TEXT(line, expected);
        heard++;
    }
    int status = child_end(&other, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (lines >= 0) CHECK_I64(heard, lines);
}

static void what_is_lost_is_named(void) {
    says("returns", 1);
    says("exits", 1);
}
static void where_nothing_is_lost_nothing_is_said(void) {
    says("flushes", 0);
    says("discards", 0);
    says("reads", 0);
}
static void what_ends_at_once_says_nothing(void) { says("vanishes", 0); }
static void a_log_is_not_called_when_its_data_is_gone(void) { says("logs", 0); }
static void a_child_says_nothing_of_its_parent(void) {
    says("forks", 1);
    says("forks and has its own", 1);
}
static void who_is_in_a_call_holds_up_nobody(void) {
    for (int i = 0; i < scaled(20, 3); i++) {
        char how[32];
        snprintf(how, sizeof how, "goes on");
        says(how, -1);
        check_remove_tree(path_of(how));
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && strncmp(argv[1], "forget ", 7) == 0) return forget(argv[1] + 7, argv[2]);
    check_start(argv);
    RUN(what_is_lost_is_named);
    RUN(where_nothing_is_lost_nothing_is_said);
    RUN(what_ends_at_once_says_nothing);
    RUN(a_log_is_not_called_when_its_data_is_gone);
    RUN(a_child_says_nothing_of_its_parent);
    RUN(who_is_in_a_call_holds_up_nobody);
    return check_finish();
}
