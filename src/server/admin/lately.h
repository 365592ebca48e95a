/* lately.h -- answers that were dear to make, for those who ask the same within a moment, in the
 * same role: a hundred consoles that show the same screen cost what one does. What operators change
 * ends that moment.
 * Owner: the admin room; control thread. */
#ifndef OPENMMO_ADMIN_LATELY_H
#define OPENMMO_ADMIN_LATELY_H

#include <jansson.h>
#include <stdint.h>

#define LATELY_KEPT_MS 100
#define LATELY_ANSWERS 4

struct method; /* method.h */
struct method_call;

/* In place; zeroed is empty. */
struct lately {
    struct lately_answer {
        const struct method *method; /* NULL: free */
        int role;                    /* an enum role: who may see less is told less */
        json_t *params, *answer;     /* owned */
        uint64_t made_ms;            /* monotonic */
    } answers[LATELY_ANSWERS];
    unsigned next; /* that gives way */
};

/* The answer to the same question, a new reference; NULL: it is to be made. */
json_t *lately_find(const struct lately *lately, const struct method_call *call, uint64_t now_ms);
/* Keep one that was made now. answer: not taken; must not be changed any more. */
void lately_keep(struct lately *lately, const struct method_call *call, json_t *answer,
                 uint64_t now_ms);
void lately_expire(struct lately *lately); /* something was changed; frees all */

#endif
