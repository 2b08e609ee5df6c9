#include "judgement.h"

#include <math.h>
#include <string.h>

#define ROUNDING 1e-9 /* 0.14 - 0.12 is a little more than 0.02 in binary */

/* Kinds of picture in the order of the look, with the reason not to grade one. */
static const char *const NOT_GRADED[KINDS_OF_PICTURE] = {
    NULL, "artificial-lens", NULL, "no-lens", "lens-mostly-outside", "other-scan", "not-a-scan", NULL};
enum { ALTERED = 7, OUTSIDE = 4 };
/* Reasons in the order of the output of `count`. */
enum { IN_PART = 4, MOSTLY_OUTSIDE = 5 };
static const char *const REASONS_OF_COUNT[RULES] = {
    "lens-not-found", "lens-too-small",      "lens-too-large",     "lens-not-solid",
    "lens-in-part",   "lens-mostly-outside", "unlikely-brightness"};

static void add(ec_result *result, const char *word) {
    for (int place = 0; place < result->reason_count; place++)
        if (!strcmp(result->reasons[place], word)) return;
    if (result->reason_count < EC_MAX_REASONS) result->reasons[result->reason_count++] = word;
}

/* The kind of picture in which no natural lens can be graded, where such kinds are likelier than the others. */
static const char *other_picture(const float *likely) {
    double others = 0, gradable = 0;
    int most = -1;
    for (int kind = 0; likely && kind < ALTERED; kind++) {
        *(NOT_GRADED[kind] ? &others : &gradable) += likely[kind];
        if (NOT_GRADED[kind] && (most < 0 || likely[kind] > likely[most])) most = kind;
    }
    return most >= 0 && others > 0 && others >= gradable ? NOT_GRADED[most] : NULL;
}

void judge(const float *likely, const uint8_t *holds, int known_device, ec_result *result) {
    const char *picture = other_picture(likely);
    if (picture && picture != NOT_GRADED[OUTSIDE]) add(result, picture);
    for (int rule = 0; rule < RULES; rule++) {
        int says = holds[rule];
        if (rule == IN_PART && picture) says = 0; /* of another picture nothing was to be labelled */
        if (rule == MOSTLY_OUTSIDE && picture == NOT_GRADED[OUTSIDE]) says = 1;
        if (says) add(result, REASONS_OF_COUNT[rule]);
    }
    if (!result->found && known_device) add(result, "no-brightness-reference");
}

void decide(double threshold, double guard_band, ec_result *result) {
    result->threshold = threshold;
    result->guard_band = guard_band;
    if (result->reason_count || !result->lens_px) return; /* not graded: the fraction is undefined, not 0 */
    result->cataract_fraction = (double)result->cataract_px / (double)result->lens_px;
    double margin = result->cataract_fraction - threshold;
    result->decision = margin >= 0 ? EC_CATARACT : EC_CLEAR;
    result->borderline = fabs(margin) <= guard_band + ROUNDING;
}
