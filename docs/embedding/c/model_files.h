/* The files of a release, opened: each is checked to be the one it should be. */
#ifndef MODEL_FILES_H
#define MODEL_FILES_H

#include "edge_cataract.h"
#include "engine.h"

enum { PREPARE, LOOK, CROP, NETWORK, COUNT, FILES };

struct ec_engine {
    engine engine;
    OrtSession *sessions[FILES];
    double threshold, guard_band; /* of the Cataract Fraction, as the network's metadata says */
    int64_t grid, step;
    char model[96];
};

#endif
