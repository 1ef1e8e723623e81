/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/ort.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/onnx.h"

/* ---- the interface ---- */

typedef struct ort_status ort_status; /* NULL = success */
typedef struct ort_handle ort_handle; /* environments, sessions, options, values, ... */

/* The table of functions; OrtApiBase gives it for a version. */
typedef struct ort_base {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} ort_base;

/* Places in the table. */
enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION_FROM_ARRAY = 8,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_THREADS = 24,
    CREATE_TENSOR_WITH_DATA = 49,
    GET_TENSOR_DATA = 51,
    GET_ELEMENT_TYPE = 60,
    GET_RANK = 61,
    GET_DIMENSIONS = 62,
    GET_TENSOR_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_SHAPE = 99,
    RELEASE_SESSION_OPTIONS = 100,
    ADD_CONFIG_ENTRY = 130,
    TABLE_VERSION = 4,
    LOG_ERRORS = 3,
    ALLOCATOR_DEVICE = 0,
    MEMORY_DEFAULT = 0
};

typedef const char *get_text(const ort_status *status);
typedef ort_status *create_env(int level, const char *name, ort_handle **out);
typedef ort_status *create_session(const ort_handle *env, const void *bytes, size_t len, const ort_handle *options,
                                   ort_handle **out);
typedef ort_status *run_session(ort_handle *session, const ort_handle *options, const char *const *input_names,
                                const ort_handle *const *inputs, size_t input_count, const char *const *output_names,
                                size_t output_count, ort_handle **outputs);
typedef ort_status *create_one(ort_handle **out);
typedef ort_status *set_number(ort_handle *options, int number);
typedef ort_status *add_entry(ort_handle *options, const char *key, const char *value);
typedef ort_status *create_tensor(const ort_handle *memory, void *data, size_t bytes, const int64_t *dims, size_t rank,
                                  int type, ort_handle **out);
typedef ort_status *get_data(ort_handle *value, void **out);
typedef ort_status *get_shape(const ort_handle *value, ort_handle **out);
typedef ort_status *get_type(const ort_handle *shape, int *out);
typedef ort_status *get_rank(const ort_handle *shape, size_t *out);
typedef ort_status *get_dims(const ort_handle *shape, int64_t *out, size_t rank);
typedef ort_status *create_memory(int allocator, int kind, ort_handle **out);
typedef void release(ort_handle *handle);
typedef void release_status(ort_status *status);

/* A function of the table. The table holds object pointers; POSIX lets them be functions. */
#define CALL(api, place, type) ((type *)(uintptr_t)(api)[place])

/* ---- finding the library ---- */

/* Python's site-packages, node's modules, then what the loader finds by itself. */
static const char *const patterns[] = {
    "%s/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so*",        /* of VIRTUAL_ENV and CONDA_PREFIX */
    "%s/.local/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so*", /* of HOME */
    "/usr/local/lib/python3*/*-packages/onnxruntime/capi/libonnxruntime.so*",
    "/usr/lib/python3*/*-packages/onnxruntime/capi/libonnxruntime.so*",
    "node_modules/onnxruntime-node/bin/napi-v*/linux/x64/libonnxruntime.so*",
    "/usr/local/lib/node_modules/onnxruntime-node/bin/napi-v*/linux/x64/libonnxruntime.so*",
    "/usr/lib/node_modules/onnxruntime-node/bin/napi-v*/linux/x64/libonnxruntime.so*",
};

static const char places[] = "VIRTUAL_ENV, CONDA_PREFIX, ~/.local, /usr and /usr/local (pip), "
                             "node_modules (npm), and the system's libraries";

static void *open_pattern(const char *pattern)
{
    glob_t found;
    void *library = NULL;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = found.gl_pathc; i-- > 0 && !library;)
            library = dlopen(found.gl_pathv[i], RTLD_NOW | RTLD_LOCAL);
    }
    globfree(&found);
    return library;
}

/* A pattern whose %s is the value of a variable of the environment. */
static void *open_below(const char *pattern, const char *variable)
{
    char path[PATH_MAX];
    const char *value = getenv(variable);
    if (!value || !*value || strlen(value) + strlen(pattern) >= sizeof path) return NULL;
    const char *rest = strstr(pattern, "%s") + 2;
    (void)snprintf(path, sizeof path, "%s%s", value, rest);
    return open_pattern(path);
}

/* What the user named must be it: nothing else is tried. */
static void *open_named(const char *named)
{
    char path[PATH_MAX];
    struct stat facts;
    if (stat(named, &facts) != 0 || !S_ISDIR(facts.st_mode)) return dlopen(named, RTLD_NOW | RTLD_LOCAL);
    if (strlen(named) + 32 >= sizeof path) return NULL;
    (void)snprintf(path, sizeof path, "%s/libonnxruntime.so*", named);
    return open_pattern(path);
}

static void *open_library(void)
{
    const char *named = getenv("WINNOW_ONNXRUNTIME");
    if (named && *named) return open_named(named);
    void *library = open_below(patterns[0], "VIRTUAL_ENV");
    if (!library) library = open_below(patterns[0], "CONDA_PREFIX");
    if (!library) library = open_below(patterns[1], "HOME");
    for (size_t i = 2; i < sizeof patterns / sizeof *patterns && !library; i++) library = open_pattern(patterns[i]);
    if (!library) library = dlopen("libonnxruntime.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) library = dlopen("libonnxruntime.so", RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* Of a process; opened at the first use and never closed, as libraries with threads of their own do not like it. */
static struct {
    pthread_once_t once;
    void *library;
    const void *const *api;
    ort_handle *env;
    char version[32], file[512];
} runtime = {.once = PTHREAD_ONCE_INIT};

static void open_runtime(void)
{
    Dl_info facts;
    if (!(runtime.library = open_library())) return;
    const ort_base *(*get_base)(void) = (const ort_base *(*)(void))(uintptr_t)dlsym(runtime.library, "OrtGetApiBase");
    const ort_base *base = get_base ? get_base() : NULL;
    if (!base) return;
    (void)snprintf(runtime.version, sizeof runtime.version, "%s", base->get_version());
    if (dladdr((const void *)(uintptr_t)get_base, &facts) && facts.dli_fname)
        (void)snprintf(runtime.file, sizeof runtime.file, "%s", facts.dli_fname);
    const void *const *api = base->get_api(TABLE_VERSION);
    if (!api || CALL(api, CREATE_ENV, create_env)(LOG_ERRORS, "winnow", &runtime.env) != NULL) return;
    runtime.api = api;
}

bool wn_onnx_runtime_find(char version[32], char where[512])
{
    (void)pthread_once(&runtime.once, open_runtime);
    (void)snprintf(version, 32, "%s", runtime.version);
    (void)snprintf(where, 512, "%s", runtime.api ? runtime.file : places);
    return runtime.api != NULL;
}

/* ---- running ---- */

struct wn_ort {
    char *name;
    ort_handle *session, *memory;
};

/* NULL is success; else the message goes to `err` and the status is released. */
static wn_status check(ort_status *status, const char *name, const char *what, wn_error *err)
{
    if (!status) return WN_OK;
    const char *text = CALL(runtime.api, GET_ERROR_MESSAGE, get_text)(status);
    wn_status result =
        wn_fail(err, WN_UNSUPPORTED, "%s: ONNX Runtime cannot %s: %.160s", name, what, text ? text : "?");
    CALL(runtime.api, RELEASE_STATUS, release_status)(status);
    return result;
}

static wn_status make_session(wn_ort *ort, const void *bytes, size_t len, const char *folder, wn_error *err)
{
    const void *const *api = runtime.api;
    ort_handle *options = NULL;
    wn_status status = check(CALL(api, CREATE_SESSION_OPTIONS, create_one)(&options), ort->name, "make options", err);
    if (!status) status = check(CALL(api, SET_INTRA_THREADS, set_number)(options, 1), ort->name, "set threads", err);
    if (!status && folder) {
        /* Older versions do not know it, and read from the working folder. */
        ort_status *ignored = CALL(api, ADD_CONFIG_ENTRY,
                                   add_entry)(options, "session.model_external_initializers_file_folder_path", folder);
        if (ignored) CALL(api, RELEASE_STATUS, release_status)(ignored);
    }
    if (!status)
        status =
            check(CALL(api, CREATE_SESSION_FROM_ARRAY, create_session)(runtime.env, bytes, len, options, &ort->session),
                  ort->name, "take this model", err);
    if (!status)
        status = check(CALL(api, CREATE_CPU_MEMORY_INFO, create_memory)(ALLOCATOR_DEVICE, MEMORY_DEFAULT, &ort->memory),
                       ort->name, "describe memory", err);
    if (options) CALL(api, RELEASE_SESSION_OPTIONS, release)(options);
    return status;
}

wn_status wn_ort_open(const void *bytes, size_t len, const char *name, const char *folder, wn_ort **out, wn_error *err)
{
    *out = NULL;
    (void)pthread_once(&runtime.once, open_runtime);
    if (!runtime.api) {
        const char *named = getenv("WINNOW_ONNXRUNTIME");
        if (!runtime.library && named && *named)
            return wn_fail(err, WN_UNSUPPORTED, "%s: WINNOW_ONNXRUNTIME names '%s', which is no ONNX Runtime library",
                           name, named);
        if (runtime.library)
            return wn_fail(err, WN_UNSUPPORTED, "%s: %s is no ONNX Runtime that winnow can use (version \"%s\")", name,
                           runtime.file, runtime.version);
        return wn_fail(err, WN_UNSUPPORTED,
                       "%s: ONNX Runtime was not found in %s; install it with 'pip install onnxruntime', or name its "
                       "library in WINNOW_ONNXRUNTIME",
                       name, places);
    }
    wn_ort *ort = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *ort);
    if (ort) ort->name = wn_alloc(WN_MEMORY_NETWORK, strlen(name) + 1, 1);
    if (!ort || !ort->name) {
        wn_free(ort);
        return wn_fail(err, WN_NOMEM, "%s: out of memory", name);
    }
    memcpy(ort->name, name, strlen(name) + 1);
    wn_status status = make_session(ort, bytes, len, folder, err);
    if (status) wn_ort_close(&ort);
    *out = ort;
    return status;
}

void wn_ort_close(wn_ort **ort)
{
    wn_ort *o = *ort;
    if (!o) return;
    if (o->session) CALL(runtime.api, RELEASE_SESSION, release)(o->session);
    if (o->memory) CALL(runtime.api, RELEASE_MEMORY_INFO, release)(o->memory);
    wn_free(o->name);
    wn_free(o);
    *ort = NULL;
}

static wn_status hand_over(const wn_ort *ort, ort_handle *value, wn_ort_take *take, void *context, wn_error *err)
{
    const void *const *api = runtime.api;
    ort_handle *shape = NULL;
    int64_t dims[WN_ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    int type = 0;
    void *numbers = NULL;
    wn_status status = check(CALL(api, GET_TENSOR_SHAPE, get_shape)(value, &shape), ort->name, "tell a shape", err);
    if (!status) status = check(CALL(api, GET_ELEMENT_TYPE, get_type)(shape, &type), ort->name, "tell a type", err);
    if (!status) status = check(CALL(api, GET_RANK, get_rank)(shape, &rank), ort->name, "tell a rank", err);
    if (!status && rank > WN_ONNX_RANK_MAX)
        status = wn_fail(err, WN_UNSUPPORTED, "%s: the layer has %zu dimensions", ort->name, rank);
    if (!status) status = check(CALL(api, GET_DIMENSIONS, get_dims)(shape, dims, rank), ort->name, "tell a shape", err);
    if (!status) status = check(CALL(api, GET_TENSOR_DATA, get_data)(value, &numbers), ort->name, "give numbers", err);
    if (!status) status = take(context, type, numbers, dims, rank, err);
    if (shape) CALL(api, RELEASE_SHAPE, release)(shape);
    return status;
}

wn_status wn_ort_run(const wn_ort *ort, const char *input, int type, const void *numbers, size_t bytes,
                     const int64_t *dims, size_t rank, const char *output, wn_ort_take *take, void *context,
                     wn_error *err)
{
    const void *const *api = runtime.api;
    ort_handle *in = NULL, *out = NULL;
    wn_status status = check(CALL(api, CREATE_TENSOR_WITH_DATA, create_tensor)(ort->memory, (void *)(uintptr_t)numbers,
                                                                               bytes, dims, rank, type, &in),
                             ort->name, "take pixels", err);
    if (!status) {
        const ort_handle *inputs[1] = {in};
        status = check(CALL(api, RUN, run_session)(ort->session, NULL, &input, inputs, 1, &output, 1, &out), ort->name,
                       "run", err);
    }
    if (!status) status = hand_over(ort, out, take, context, err);
    if (out) CALL(api, RELEASE_VALUE, release)(out);
    if (in) CALL(api, RELEASE_VALUE, release)(in);
    return status;
}
