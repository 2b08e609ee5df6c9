#include "engine.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define MOST_TENSORS 8

/* Keep what the engine said of a failure. */
static ec_status failed(engine *engine, OrtStatus *said, ec_status status, const char *doing, char *message) {
    if (!said) return EC_OK;
    snprintf(message, EC_MESSAGE_BYTES, "%s: %.400s", doing, engine->api->error_message(said));
    if (strstr(message, "bad_alloc") || strstr(message, "Failed to allocate memory")) status = EC_NO_MEMORY;
    engine->api->release_status(said);
    return status;
}

static ec_status open_library(engine *engine, const char *path, char *message) {
    engine->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!engine->library) return snprintf(message, EC_MESSAGE_BYTES, "no-engine: %.400s", dlerror()), EC_MISSING;
    const OrtApiBase *(*base)(void);
    void *found = dlsym(engine->library, "OrtGetApiBase");
    memcpy(&base, &found, sizeof base); /* C has no cast from data to functions */
    if (!found) return snprintf(message, EC_MESSAGE_BYTES, "no-engine: the library is not onnxruntime"), EC_BAD_MODEL;
    engine->api = base()->api(ORT_API_VERSION);
    if (!engine->api) {
        snprintf(message, EC_MESSAGE_BYTES, "onnxruntime %s is too old: 1.%d or later is needed", base()->version(),
                 ORT_API_VERSION);
        return EC_BAD_MODEL;
    }
    return EC_OK;
}

/* The options under which the export verified the files. */
static OrtStatus *set_options(engine *engine, int threads) {
    const OrtApi *api = engine->api;
    OrtStatus *said = api->create_session_options(&engine->options);
    if (!said) said = api->set_threads(engine->options, threads);
    if (!said) said = api->disable_memory_arena(engine->options);
    if (!said) said = api->disable_memory_pattern(engine->options);
    if (!said) said = api->set_config(engine->options, "session.intra_op.allow_spinning", "0");
#if defined(__x86_64__) || defined(__i386__)
    /* Without VNNI products would be summed in pairs that saturate: other labels. */
    if (!said && !__builtin_cpu_supports("avx512vnni"))
        said = api->set_config(engine->options, "session.x64quantprecision", "1");
#endif
    return said;
}

ec_status engine_open(engine *engine, const char *library, int threads, char message[EC_MESSAGE_BYTES]) {
    memset(engine, 0, sizeof *engine);
    ec_status status = open_library(engine, library, message);
    if (status) return status;
    const OrtApi *api = engine->api;
    OrtStatus *said = api->create_env(ORT_LOG_FATAL, "edge-cataract", &engine->env);
    if (!said) said = api->disable_telemetry(engine->env);
    if (!said) said = api->create_cpu_memory(ORT_DEVICE_ALLOCATOR, ORT_MEMORY_DEFAULT, &engine->memory);
    if (!said) said = api->default_allocator(&engine->allocator);
    if (!said) said = set_options(engine, threads);
    return failed(engine, said, EC_ENGINE_FAILED, "the engine does not start", message);
}

void engine_close(engine *engine) {
    if (engine->options) engine->api->release_session_options(engine->options);
    if (engine->memory) engine->api->release_memory(engine->memory);
    if (engine->env) engine->api->release_env(engine->env);
    if (engine->library) dlclose(engine->library);
    memset(engine, 0, sizeof *engine);
}

ec_status engine_session(engine *engine, const char *path, OrtSession **session, char message[EC_MESSAGE_BYTES]) {
    FILE *file = fopen(path, "rb");
    if (!file) return snprintf(message, EC_MESSAGE_BYTES, "missing-model: %.400s cannot be opened", path), EC_MISSING;
    fclose(file);
    OrtStatus *said = engine->api->create_session(engine->env, path, engine->options, session);
    return failed(engine, said, EC_BAD_MODEL, "model-not-loadable", message);
}

ec_status engine_entry(engine *engine, const OrtSession *session, const char *key, char *value, size_t bytes,
                       char message[EC_MESSAGE_BYTES]) {
    const OrtApi *api = engine->api;
    OrtModelMetadata *metadata = NULL;
    char *found = NULL;
    OrtStatus *said = api->metadata(session, &metadata);
    if (!said) said = api->metadata_entry(metadata, engine->allocator, key, &found);
    snprintf(value, bytes, "%s", said || !found ? "" : found);
    ec_status status = failed(engine, said, EC_BAD_MODEL, "model-metadata", message);
    if (found) status = failed(engine, api->allocator_free(engine->allocator, found), status, "metadata", message);
    if (metadata) api->release_metadata(metadata);
    return status;
}

ec_status engine_tensor(engine *engine, const void *data, size_t bytes, int element_type, const int64_t *shape,
                        size_t rank, OrtValue **found, char message[EC_MESSAGE_BYTES]) {
    /* The engine asks for memory that it may write to; a run only reads it. */
    OrtStatus *said =
        engine->api->create_tensor(engine->memory, (void *)data, bytes, shape, rank, element_type, found);
    return failed(engine, said, EC_ENGINE_FAILED, "tensor", message);
}

ec_status engine_run(engine *engine, OrtSession *session, const tensor *inputs, size_t input_count, tensor *outputs,
                     size_t output_count, char message[EC_MESSAGE_BYTES]) {
    const char *taken[MOST_TENSORS] = {NULL}, *given[MOST_TENSORS] = {NULL};
    const OrtValue *values[MOST_TENSORS] = {NULL};
    OrtValue *found[MOST_TENSORS] = {NULL};
    for (size_t place = 0; place < input_count; place++) {
        taken[place] = inputs[place].name;
        values[place] = inputs[place].value;
    }
    for (size_t place = 0; place < output_count; place++) given[place] = outputs[place].name;
    OrtStatus *said = engine->api->run(session, NULL, taken, values, input_count, given, output_count, found);
    for (size_t place = 0; place < output_count; place++) outputs[place].value = found[place];
    return failed(engine, said, EC_ENGINE_FAILED, "inference-failed", message);
}

ec_status engine_numbers(engine *engine, OrtValue *value, int element_type, const void **data, size_t *count,
                         int64_t shape[2], char message[EC_MESSAGE_BYTES]) {
    const OrtApi *api = engine->api;
    OrtShape *described = NULL;
    int64_t sides[2] = {1, 1};
    size_t rank = 0;
    int found_type = 0;
    void *numbers = NULL;
    OrtStatus *said = api->shape(value, &described);
    if (!said) said = api->element_type(described, &found_type);
    if (!said) said = api->rank(described, &rank);
    if (!said && rank <= 2) said = api->dimensions(described, sides, rank);
    if (!said) said = api->tensor_data(value, &numbers);
    if (described) api->release_shape(described);
    if (said) return failed(engine, said, EC_ENGINE_FAILED, "tensor", message);
    if (found_type != element_type || rank > 2) {
        snprintf(message, EC_MESSAGE_BYTES, "model-signature: an output of another type than the contract's");
        return EC_BAD_MODEL;
    }
    *data = numbers;
    *count = (size_t)(sides[0] * sides[1]);
    if (shape) memcpy(shape, sides, sizeof sides);
    return EC_OK;
}

void engine_release(engine *engine, tensor *tensors, size_t count) {
    for (size_t place = 0; place < count; place++)
        if (tensors[place].value) engine->api->release_value(tensors[place].value);
    for (size_t place = 0; place < count; place++) tensors[place].value = NULL;
}
