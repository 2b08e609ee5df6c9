#include "model_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "edge_cataract."

static const char *const SCHEMAS[FILES] = {"edge-cataract/graph/1", "edge-cataract/look/1", "edge-cataract/graph/1",
                                           "edge-cataract/model/1", "edge-cataract/graph/1"};
static const char *const NAMES[FILES] = {"prepare", "look", "crop", NULL, "count"};

static ec_status entry(ec_engine *engine, int file, const char *key, char *value, size_t bytes, char *message) {
    return engine_entry(&engine->engine, engine->sessions[file], key, value, bytes, message);
}

static ec_status check_file(ec_engine *engine, int file, char *message) {
    char schema[64], name[64];
    ec_status status = entry(engine, file, PREFIX "schema", schema, sizeof schema, message);
    if (!status) status = entry(engine, file, PREFIX "name", name, sizeof name, message);
    if (status) return status;
    if (strcmp(schema, SCHEMAS[file]) || (NAMES[file] && strcmp(name, NAMES[file]))) {
        snprintf(message, EC_MESSAGE_BYTES, "model-schema: %s of %s was expected",
                 NAMES[file] ? NAMES[file] : "a network", SCHEMAS[file]);
        return EC_BAD_MODEL;
    }
    return EC_OK;
}

/* The threshold and the geometry are the network's own. */
static ec_status read_network(ec_engine *engine, char *message) {
    static const char *const KEYS[] = {"cf_threshold", "guard_band", "grid", "stride"};
    double values[4];
    char text[64], name[32], version[32], precision[16];
    ec_status status = EC_OK;
    for (int place = 0; !status && place < 4; place++) {
        char key[64], *end = text;
        snprintf(key, sizeof key, PREFIX "%s", KEYS[place]);
        status = entry(engine, NETWORK, key, text, sizeof text, message);
        values[place] = strtod(text, &end);
        if (!status && (end == text || *end || !(values[place] >= 0) || values[place] > 4096)) {
            snprintf(message, EC_MESSAGE_BYTES, "model-metadata: %s is missing or malformed", KEYS[place]);
            status = EC_BAD_MODEL;
        }
    }
    if (!status) status = entry(engine, NETWORK, PREFIX "brightness", text, sizeof text, message);
    if (!status) status = entry(engine, NETWORK, PREFIX "name", name, sizeof name, message);
    if (!status) status = entry(engine, NETWORK, PREFIX "version", version, sizeof version, message);
    if (!status) status = entry(engine, NETWORK, PREFIX "precision", precision, sizeof precision, message);
    if (status) return status;
    if (strcmp(text, "referenced") || values[0] <= 0 || values[0] >= 1 || values[2] < 1 || values[3] < 1) {
        snprintf(message, EC_MESSAGE_BYTES, "model-metadata: this sample runs networks on the eye's own scale of grey");
        return EC_BAD_MODEL;
    }
    engine->threshold = values[0];
    engine->guard_band = values[1];
    engine->grid = (int64_t)values[2];
    engine->step = engine->grid * (int64_t)values[3];
    snprintf(engine->model, sizeof engine->model, "%s %s %s", name, version, precision);
    return EC_OK;
}

ec_engine *ec_open(const ec_files *files, ec_status *status, char message[EC_MESSAGE_BYTES]) {
    const char *paths[FILES] = {files->prepare, files->look, files->crop, files->network, files->count};
    ec_engine *engine = calloc(1, sizeof *engine);
    *status = EC_NO_MEMORY;
    if (!engine) return snprintf(message, EC_MESSAGE_BYTES, "out-of-memory: no memory for an engine"), NULL;
    *status = engine_open(&engine->engine, files->library, files->threads, message);
    for (int file = 0; !*status && file < FILES; file++) {
        *status = engine_session(&engine->engine, paths[file], &engine->sessions[file], message);
        if (!*status) *status = check_file(engine, file, message);
    }
    if (!*status) *status = read_network(engine, message);
    if (!*status) return engine;
    ec_close(engine);
    return NULL;
}

void ec_close(ec_engine *engine) {
    if (!engine) return;
    for (int file = 0; file < FILES; file++)
        if (engine->sessions[file]) engine->engine.api->release_session(engine->sessions[file]);
    engine_close(&engine->engine);
    free(engine);
}

const char *ec_model(const ec_engine *engine) { return engine->model; }
