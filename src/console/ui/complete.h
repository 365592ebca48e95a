/* complete.h -- how a word that is being typed can go on: methods, short forms, parameters, their
 * values, players' names. For the command line and for the shell's completion. */
#ifndef OPENMMO_CONSOLE_COMPLETE_H
#define OPENMMO_CONSOLE_COMPLETE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COMPLETE_MAX   256
#define COMPLETE_BYTES 160

struct complete {
    char words[COMPLETE_MAX][COMPLETE_BYTES]; /* whole words that begin as what was typed does */
    size_t n;
    bool names;      /* a player's name is meant: complete_name adds those that are known */
    char lead[80];   /* then: what stands before it in the word: "player=" */
    char begun[128]; /* and how the name begins */
};

/* before: the words before it, the method or short form first; begun: the word so far, without
 * quotes. forms: short forms count too. */
void complete_words(struct complete *complete, const json_t *methods, bool forms,
                    char *const *before, int before_n, const char *begun);
/* One more player, if the name begins so, whatever the case. */
void complete_name(struct complete *complete, const char *name);
/* What all words have in common; its bytes. */
size_t complete_common(const struct complete *complete, char *out, size_t room_bytes);

#endif
