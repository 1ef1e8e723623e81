/* SPDX-License-Identifier: Apache-2.0
 *
 * The training log.
 */
#include "pretrain/train_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "winnow/log.h"

static void give_up(wn_train_log *log, const char *why)
{
    wn_log(WN_LOG_WARNING, "%s: %s; training goes on without its log", log->path, why);
    wn_train_log_close(log);
}

void wn_train_log_open(wn_train_log *log, const char *path, uint64_t bytes)
{
    struct stat facts;
    *log = (wn_train_log){.path = path, .bytes = bytes};
    log->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    /* A log that lost lines which the checkpoint counted goes on behind those that it has. */
    if (log->fd >= 0 && fstat(log->fd, &facts) == 0 && (uint64_t)facts.st_size < bytes)
        log->bytes = (uint64_t)facts.st_size;
    if (log->fd < 0 || ftruncate(log->fd, (off_t)log->bytes) != 0) {
        give_up(log, strerror(errno));
    } else if (log->bytes == 0) {
        wn_train_log_line(log, "step,epoch,loss,rate,images_per_second,embedding_std,image_share,axes");
    }
}

void wn_train_log_line(wn_train_log *log, const char *format, ...)
{
    char line[256];
    wn_error err = {0};
    va_list args;
    if (log->fd < 0) return;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (len < 0 || (size_t)len > sizeof line - 2) return;
    line[len++] = '\n';
    if (wn_file_write_at(log->fd, line, (size_t)len, log->bytes, log->path, &err) != WN_OK) {
        give_up(log, err.message);
        return;
    }
    log->bytes += (uint64_t)len;
}

void wn_train_log_close(wn_train_log *log)
{
    if (log->fd >= 0) (void)close(log->fd);
    log->fd = -1;
}
