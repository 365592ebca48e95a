/* command.h -- everything that enters the simulation: fixed-size commands, in an order that does
 * not depend on threads.
 *
 * A tick's commands are sorted by (session, producer, sequence); session 0 (credit, options) comes
 * first, control before io. The sequence is counted by the producer per session. What is outside
 * the world (a loaded position, a role, time credit) enters only so; replaying the same commands
 * gives the same state. */
#ifndef OPENMMO_SIM_COMMAND_H
#define OPENMMO_SIM_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/blob.h"
#include "common/movement.h"
#include "common/protocol.h"

/* Session ids: slot in the low 32 bits, generation above; 0 is none. */
#define SESSION_SLOT(id) ((uint32_t)(id))
/* A web client's session; its id is what other web clients know it by. */
#define SESSION_WEB_BIT (UINT64_C(1) << 62)
#define SESSION_WEB(id) (((id)&SESSION_WEB_BIT) != 0 && !SESSION_SCRIPTED(id))
/* Of the generation, below those. */
#define SESSION_GENERATION_MAX ((UINT32_C(1) << 30) - 1)
/* The last generation of all is for figures that no connection holds (script.h). */
#define SESSION_SCRIPTED_FIRST (UINT64_C(0xFFFFFFFF) << 32)
#define SESSION_SCRIPTED(id)   ((id) >= SESSION_SCRIPTED_FIRST)

enum command_kind {
    COMMAND_CREDIT = 1, /* session 0: time lost by a stall of the server is given back to all */
    COMMAND_JOIN,       /* lifecycle: never dropped */
    COMMAND_LEAVE,      /* lifecycle: never dropped */
    COMMAND_INTENT,
    COMMAND_CHAT,
    COMMAND_LAYER,    /* the session's figure goes to another layer */
    COMMAND_TELEPORT, /* it is put elsewhere, onto the ground */
    COMMAND_REST,     /* lifecycle: its connection is gone, it stands where it is */
    COMMAND_WISH,     /* it goes towards a place, as fast as it may, until it is there */
    COMMAND_RENAME,   /* its figure has another name from here on */
};

enum command_producer { COMMAND_FROM_CONTROL = 0, COMMAND_FROM_IO = 1 };

struct command {
    uint64_t session;
    uint32_t sequence;
    uint8_t producer; /* enum command_producer */
    uint8_t kind;     /* enum command_kind */
    union {
        struct {
            uint32_t substeps; /* of 1/60 s, at most 120 */
        } credit;
        struct {
            uint64_t player;   /* account id; one that is already in the world changes hands to this
                                  session */
            struct blob *name; /* owned by the command */
            int32_t x, z;      /* saved place, units; placed on the ground there */
            uint16_t yaw;
            bool spawn; /* no saved place: the sim picks one in the spawn area by player id */
            uint32_t looks;
        } join;
        struct {
            uint32_t seq;
            struct movement_intent intent;
            uint8_t substeps;
        } intent;
        struct {
            uint8_t channel;   /* enum protocol_channel */
            struct blob *text; /* owned by the command; journaled by length only */
        } chat;
        struct {
            uint8_t layer; /* 0: public; others are seen only by those in them */
        } layer;
        struct {
            int32_t x, z; /* units; clamped into the world */
        } teleport;
        struct {
            int32_t x, z; /* units; clamped into the world */
        } wish;
        struct {
            struct blob *name; /* owned by the command */
        } rename;
    } as;
};

/* The order above; for qsort. */
int command_compare(const void *a, const void *b);
/* Give up what a command owns. */
void command_drop(struct command *command);

#endif
