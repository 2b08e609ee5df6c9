/* onnxruntime, opened once; every call says what failed. */
#ifndef ENGINE_H
#define ENGINE_H

#include "edge_cataract.h"
#include "onnxruntime.h"

typedef struct {
    void *library;
    const OrtApi *api;
    OrtEnv *env;
    OrtSessionOptions *options;
    OrtMemoryInfo *memory;
    OrtAllocator *allocator; /* the default one, which nobody frees */
} engine;

typedef struct {
    const char *name;
    OrtValue *value;
} tensor;

ec_status engine_open(engine *engine, const char *library, int threads, char message[EC_MESSAGE_BYTES]);
void engine_close(engine *engine);

ec_status engine_session(engine *engine, const char *path, OrtSession **session, char message[EC_MESSAGE_BYTES]);
/* Copy an entry of a model's metadata; "" where it has none. */
ec_status engine_entry(engine *engine, const OrtSession *session, const char *key, char *value, size_t bytes,
                       char message[EC_MESSAGE_BYTES]);

/* A tensor over the caller's own memory, which must live as long as it. */
ec_status engine_tensor(engine *engine, const void *data, size_t bytes, int element_type, const int64_t *shape,
                        size_t rank, OrtValue **found, char message[EC_MESSAGE_BYTES]);
/* Run a session; the values of `outputs` are the caller's to release, and NULL after a failure. */
ec_status engine_run(engine *engine, OrtSession *session, const tensor *inputs, size_t input_count, tensor *outputs,
                     size_t output_count, char message[EC_MESSAGE_BYTES]);
/* The numbers of a tensor, which must be of this type; its count of them, and its shape if it has two sides. */
ec_status engine_numbers(engine *engine, OrtValue *value, int element_type, const void **data, size_t *count,
                         int64_t shape[2], char message[EC_MESSAGE_BYTES]);
void engine_release(engine *engine, tensor *tensors, size_t count);

#endif
