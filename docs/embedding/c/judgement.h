/* What a measurement says: reasons not to grade it, and the decision by the network's own threshold. */
#ifndef JUDGEMENT_H
#define JUDGEMENT_H

#include "edge_cataract.h"

enum { KINDS_OF_PICTURE = 8, RULES = 7 };

/* Add the reasons that the graphs and the look give, in the order of the runtime.

   likely: probabilities of the kinds of picture, or NULL without a look; holds: the rules of `count` that hold. */
void judge(const float *likely, const uint8_t *holds, int known_device, ec_result *result);
/* Decide by counts and reasons that `result` holds. */
void decide(double threshold, double guard_band, ec_result *result);

#endif
