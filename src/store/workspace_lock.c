/* SPDX-License-Identifier: Apache-2.0
 *
 * The lock file holds four lines for people and for the message of a second writer: pid, host, since, command. What
 * counts is the flock; the text of a killed holder is simply overwritten by the next one.
 */
#include "store/workspace_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

enum { TEXT_MAX = 512, HOST_MAX = 65 };

/* The rest of the line that begins with `key`, without its line end; "?" when there is none. */
static void read_line(const char *text, const char *key, char *out, size_t size)
{
    snprintf(out, size, "?");
    const char *at = strstr(text, key);
    if (!at) return;
    at += strlen(key);
    size_t len = strcspn(at, "\n");
    snprintf(out, size, "%.*s", (int)len, at);
}

static void host_name(char out[HOST_MAX])
{
    if (gethostname(out, HOST_MAX) != 0) snprintf(out, HOST_MAX, "?");
    out[HOST_MAX - 1] = 0;
}

static wn_status fail_busy(const char *workspace, int fd, wn_error *err)
{
    char text[TEXT_MAX + 1] = "", pid[24], host[HOST_MAX], since[40], command[161], here[HOST_MAX];
    ssize_t len = pread(fd, text, TEXT_MAX, 0);
    text[len > 0 ? len : 0] = 0;
    read_line(text, "pid ", pid, sizeof pid);
    read_line(text, "\nhost ", host, sizeof host);
    read_line(text, "\nsince ", since, sizeof since);
    read_line(text, "\ncommand ", command, sizeof command);
    host_name(here);
    bool remote = strcmp(host, here) != 0;
    return wn_fail(err, WN_BUSY, "%s is held by process %s%s%s (%s) since %s; try again when it is done", workspace,
                   pid, remote ? " on " : "", remote ? host : "", command, since);
}

static wn_status fail_lock(const char *path, int code, wn_error *err)
{
    if (code == ENOSYS || code == EOPNOTSUPP || code == ENOLCK) {
        return wn_fail(err, WN_UNSUPPORTED,
                       "%s: this file system has no locks, which a workspace needs; put the workspace on a local disk",
                       path);
    }
    return wn_fail_errno(err, code, "%s: could not lock", path);
}

static void write_holder(int fd, const char *command)
{
    char text[TEXT_MAX], host[HOST_MAX], since[40];
    time_t now = (time_t)wn_clock_unix();
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S UTC", &parts);
    host_name(host);
    int len = snprintf(text, sizeof text, "pid %ld\nhost %s\nsince %s\ncommand %.160s\n", (long)getpid(), host, since,
                       command ? command : "winnow");
    /* A full disk may leave the text short; the lock itself stands. */
    if (ftruncate(fd, 0) == 0 && len > 0) (void)!pwrite(fd, text, (size_t)len, 0);
}

/* A workspace that may only be read has a remedy, which other failures have not. */
static wn_status fail_open(const char *path, int code, wn_error *err)
{
    char text[128];
    if (code != EACCES && code != EPERM && code != EROFS)
        return wn_fail_errno(err, code, "%s: could not open the lock file for writing", path);
    const char *reason = strerror_r(code, text, sizeof text);
    return wn_fail(err, WN_IO,
                   "%s: could not open the lock file for writing: %s; this command writes into the workspace: -w names "
                   "one in a folder that can be written",
                   path, reason);
}

wn_status wn_workspace_lock_take(const char *workspace, const char *command, int *fd, wn_error *err)
{
    char *path = wn_path_join(workspace, "lock");
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to lock %s", workspace);
    wn_status status = WN_OK;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) {
        status = fail_open(path, errno, err);
    } else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        status = errno == EWOULDBLOCK ? fail_busy(workspace, *fd, err) : fail_lock(path, errno, err);
        close(*fd);
        *fd = -1;
    } else {
        write_holder(*fd, command);
    }
    wn_free(path);
    return status;
}

void wn_workspace_lock_release(int *fd)
{
    if (*fd < 0) return;
    (void)!ftruncate(*fd, 0);
    close(*fd);
    *fd = -1;
}
