/* cmd_rpc.c -- the protocol about itself: what there is to call, and subscriptions. */
#include <string.h>

#include "admin/client.h"
#include "admin/subscription.h"

static const char *const TYPES[] = {[METHOD_TEXT] = "text",
                                    [METHOD_SECRET] = "secret",
                                    [METHOD_INTEGER] = "integer",
                                    [METHOD_BOOLEAN] = "boolean",
                                    [METHOD_WORD] = "word",
                                    [METHOD_OBJECT] = "object",
                                    [METHOD_ID] = "id"};

static json_t *param_json(const struct method_param *row)
{
    json_t *object = json_pack("{s:s, s:s, s:b, s:s}", "name", row->name, "type", TYPES[row->type],
                               "required", row->required, "help", row->help);

    if (row->type == METHOD_TEXT || row->type == METHOD_SECRET || row->type == METHOD_INTEGER)
        json_object_update_new(object, json_pack("{s:I, s:I}", "min", (json_int_t)row->min, "max",
                                                 (json_int_t)row->max));
    if (row->words != NULL) {
        json_t *words = json_array();

        for (int i = 0; row->words[i] != NULL; i++)
            json_array_append_new(words, json_string(row->words[i]));
        json_object_set_new(object, "words", words);
    }
    return object;
}

static json_t *params_json(const struct method_param *rows)
{
    json_t *list = json_array();

    for (; rows != NULL && rows->name != NULL; rows++)
        json_array_append_new(list, param_json(rows));
    return list;
}

static void run_discover(struct method_call *call)
{
    json_t *methods = json_array(), *topics = json_array();
    const struct method *method;

    for (unsigned i = 0; (method = method_at(i)) != NULL; i++) {
        json_array_append_new(
            methods, json_pack("{s:s, s:s, s:b, s:o, s:s}", "name", method->name, "role",
                               role_name(method->role), "changes", method->changes, "params",
                               params_json(method->params), "help", method->help));
    }
    for (const struct topic *topic = TOPICS; topic->name != NULL; topic++) {
        json_array_append_new(topics, json_pack("{s:s, s:s, s:o, s:s}", "name", topic->name, "role",
                                                role_name(topic->role), "params",
                                                params_json(topic->params), "help", topic->help));
    }
    method_done(call,
                json_pack("{s:s, s:{s:s, s:s, s:I}, s:o, s:o}", "protocol", "openmmo-admin/1",
                          "you", "name", call->peer.name, "role", role_name(call->peer.role), "uid",
                          (json_int_t)call->peer.uid, "methods", methods, "topics", topics));
}

static void run_subscribe(struct method_call *call)
{
    const struct topic *topic = topic_find(method_text(call, "topic", ""));
    unsigned interval_ms = (unsigned)method_integer(call, "interval_ms", 1000);
    json_t *params = json_object_get(call->params, "params");
    struct error error = {""};
    int id;

    if (topic == NULL) {
        method_misused(call, "there is no such topic; rpc.discover lists them");
        return;
    }
    if (call->peer.role < topic->role) {
        method_deny(call, "the topic %s takes the role %s", topic->name, role_name(topic->role));
        return;
    }
    params = params != NULL ? json_incref(params) : json_object();
    if (method_check(topic->params, params, &error) != 0)
        method_misused(call, "%s", error.text);
    else if ((id = client_subscribe(call->client, topic, interval_ms, params)) < 0)
        method_fail(call, "at most %d subscriptions at a time", SUBSCRIPTIONS_MAX);
    else
        method_done(call, json_pack("{s:i}", "subscription", id));
    json_decref(params);
}

static void run_unsubscribe(struct method_call *call)
{
    unsigned id = (unsigned)method_integer(call, "subscription", 0);

    if (client_unsubscribe(call->client, id) != 0)
        method_fail(call, "there is no subscription %u", id);
    else
        method_done(call, NULL);
}

/* clang-format off */
static const struct method_param SUBSCRIBE[] = {
    {"topic",       METHOD_TEXT,    true,  1, 32, NULL, "What to hear of; rpc.discover lists the topics."},
    {"interval_ms", METHOD_INTEGER, false, SUBSCRIPTION_MIN_MS, SUBSCRIPTION_MAX_MS, NULL, "How often; 1000 if not given."},
    {"params",      METHOD_OBJECT,  false, 0, 0,  NULL, "The topic's own parameters."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param UNSUBSCRIBE[] = {
    {"subscription", METHOD_INTEGER, true, 1, INT32_MAX, NULL, "Its number, as subscribe said."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_RPC[] = {
    {"rpc.discover", ROLE_VIEWER, false, run_discover, NULL,
     "What can be called and subscribed to, with parameters and roles, and who you are here."},
    {"subscribe", ROLE_VIEWER, false, run_subscribe, SUBSCRIBE,
     "Hear of a topic again and again, as notifications named like the topic."},
    {"unsubscribe", ROLE_VIEWER, false, run_unsubscribe, UNSUBSCRIBE, "Hear of it no more."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
