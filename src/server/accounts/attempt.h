/* attempt.h -- one request on its way: what is known of it, and the steps that every kind shares.
 *
 *   accounts.c: the paths, a kind each  ->  attempt.c: throttle, store, worker, answer
 *
 * For the files of accounts/ only. An attempt ends in attempt_finish (or what calls it), and is
 * gone then. Control thread. */
#ifndef OPENMMO_ACCOUNTS_ATTEMPT_H
#define OPENMMO_ACCOUNTS_ATTEMPT_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "accounts/accounts.h"
#include "accounts/code.h"
#include "accounts/password.h"
#include "accounts/throttle.h"
#include "accounts/token.h"
#include "accounts/whence.h"
#include "common/hash.h"
#include "ops/workers.h"
#include "store/store.h"

struct attempt {
    struct workers_job job; /* first */
    struct accounts *accounts;
    uint64_t id; /* key: what the store answers to */
    enum accounts_kind kind;
    uint64_t tag;
    accounts_answer_fn *answer;
    void *context;
    struct sockaddr_storage address;
    char network[WHENCE_MAX];
    bool exempt;
    uint64_t begun_ms;          /* monotonic */
    uint64_t moment;            /* access_moment of before the account was asked for */
    struct store_player player; /* what is asked for, then what the store knows; key: the name's */
    char password[TEXT_PASSWORD_MAX_BYTES + 1], fresh[TEXT_PASSWORD_MAX_BYTES + 1];
    char code_hash[CODE_HASH_BYTES]; /* of the code that was given */
    struct password_cost cost;
    struct token_claims claims;
    bool known;                    /* the store has that name */
    bool known_network;            /* its owner logged in from there before */
    bool hashed;                   /* the worker is done with it */
    bool looking_again;            /* at the account, which changed meanwhile */
    bool email_taken;              /* another account has its e-mail address */
    bool counted, charged;         /* the throttle counts it: by its address, by the account */
    enum password_verdict verdict; /* the worker's */
    char
        rehash[PASSWORD_HASH_BYTES]; /* the worker's: what the stored hash gives way to; or empty */
    void (*go)(struct attempt *attempt); /* where it goes on when its address may */
    struct attempt *prev, *next;         /* of those that wait for that */
    struct event *held;                  /* until the answer may be given */
    struct accounts_answer verdict_held;
    UT_hash_handle hh;
};

struct accounts { /* owned by accounts.c */
    struct accounts_config config;
    struct throttle *throttle;
    struct attempt *attempts, *parked;
    uint64_t next_id;
    bool stopping;
    bool unparking, unpark_again;
    char decoy[PASSWORD_HASH_BYTES];
};

/* NULL + answered BUSY when out of memory; texts that do not fit are answered MALFORMED. */
struct attempt *attempt_new(struct accounts *accounts, const struct accounts_request *request,
                            accounts_answer_fn *answer, void *context);
void attempt_free(struct attempt *attempt); /* unanswered */
/* Count it by its address and go on there, at once or when others from there were judged; or
 * refuse it. */
void attempt_enter(struct attempt *attempt, void (*go)(struct attempt *attempt));
/* Count it by its account. False: it was refused. */
bool attempt_charge(struct attempt *attempt) MUST_CHECK;
/* On to the store, which answers it to `accounts_answered`. */
void attempt_ask(struct attempt *attempt, struct store_question *question);
/* Ask for the account of that key, as a login does: out.login. */
void attempt_ask_by_name(struct attempt *attempt);
/* A question that nobody waits for: what is lost of it comes again with the next login. */
void attempt_keep(struct attempt *attempt, const struct store_question *question);
/* The account's owner was at its network. */
void attempt_keep_network(struct attempt *attempt);
/* On to a worker, and then to `accounts_hashed`. PASSWORD: it is checked against player.hash.
 * CHANGE: the same, and `fresh` is hashed into `rehash`. Others: it is hashed into player.hash. */
void attempt_hash(struct attempt *attempt);
/* It ends for that reason. text: for the player, NULL for the reason's own. */
void attempt_refuse(struct attempt *attempt, enum protocol_reason reason, const char *text);
/* Who it is, and a new token; where the account changed since it was asked for, once that was
 * looked at again. */
void attempt_welcome(struct attempt *attempt, bool store_away);
/* The account as it is now, after attempt_welcome asked for it. */
void attempt_looked_again(struct attempt *attempt, const struct store_answer *answer);
/* It is done, and that is all there is to say. */
void attempt_done(struct attempt *attempt);
/* Answer what is held back or waits. */
void attempt_stop_all(struct accounts *accounts);
/* address in text, in room or constant. */
const char *attempt_address(const struct attempt *attempt, char room[INET6_ADDRSTRLEN]);

/* accounts.c: where an attempt goes on with the store's answer. context: the accounts; id: of the
 * attempt, which may be gone. */
void accounts_answered(void *context, uint64_t id, const struct store_answer *answer);
/* Where it goes on when a worker is done with it, or will never be (job->cancelled). job: the
 * attempt's own. */
void accounts_hashed(struct workers_job *job);

#endif
