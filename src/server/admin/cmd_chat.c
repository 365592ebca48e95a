/* cmd_chat.c -- what is said in the world: read back, and the server's own word in it. */
#include <math.h>

#include "admin/method.h"
#include "common/text.h"
#include "play/transcript.h"

#define LINES_MAX     500
#define LINES_DEFAULT 100

/* By enum protocol_channel. */
static const char *const CHANNELS[] = {"nearby", "global", "server", NULL};
_Static_assert(ARRAY_N(CHANNELS) == PROTOCOL_CHANNELS_N + 1, "a word for each channel");

const char *cmd_chat_channel(uint32_t channel)
{
    return channel < PROTOCOL_CHANNELS_N ? CHANNELS[channel] : "";
}

static json_t *blob_json(const struct blob *blob)
{
    return blob != NULL ? json_stringn((const char *)blob->bytes, blob->len_bytes) : json_null();
}

/* Where a line was said: nowhere, if the server said it or nobody remembers. */
static void set_place(json_t *object, const struct transcript_line *line)
{
    struct space_cell cell = space_cell_at(line->pos, 0);

    if (line->session == 0)
        return;
    json_object_update_new(object,
                           json_pack("{s:f, s:f, s:i, s:[i, i]}", "x",
                                     round(line->pos.x * 100.0 / SPACE_UNITS_PER_M) / 100, "z",
                                     round(line->pos.z * 100.0 / SPACE_UNITS_PER_M) / 100, "layer",
                                     (int)line->layer, "cell", (int)cell.x, (int)cell.z));
}

json_t *cmd_chat_line(const struct method_desk *desk, const struct transcript_line *line)
{
    json_t *object =
        json_pack("{s:o, s:I, s:s, s:o, s:o}", "sequence", method_id_json(line->sequence), "at_ms",
                  (json_int_t)line->said_ms, "channel", CHANNELS[line->channel], "name",
                  blob_json(line->name), "text", blob_json(line->text));
    enum protocol_role role;

    json_object_set_new(object, "player",
                        line->player != 0 ? method_id_json(line->player) : json_null());
    json_object_set_new(object, "session",
                        line->session != 0 ? method_id_json(line->session) : json_null());
    if (line->session != 0 && presence_role_of(desk->config->presence, line->session, &role) == 0)
        json_object_set_new(object, "role", json_string(protocol_role_name(role)));
    set_place(object, line);
    return object;
}

unsigned cmd_chat_channels(const json_t *params)
{
    const char *word = json_string_value(json_object_get(params, "channel"));

    for (unsigned i = 0; word != NULL && i < PROTOCOL_CHANNELS_N; i++)
        if (strcmp(word, CHANNELS[i]) == 0)
            return 1u << i;
    return TRANSCRIPT_ALL;
}

static void run_recent(struct method_call *call)
{
    const struct transcript *transcript = call->desk->config->transcript;
    const struct transcript_line *lines[LINES_MAX];
    size_t most = (size_t)method_integer(call, "lines", LINES_DEFAULT), n = 0;
    json_t *list = json_array();

    if (transcript != NULL)
        n = transcript_newest(transcript, cmd_chat_channels(call->params), lines, most);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, cmd_chat_line(call->desk, lines[i]));
    method_done(call, json_pack("{s:o}", "lines", list));
}

static void run_say(struct method_call *call)
{
    const char *text = method_text(call, "text", "");
    struct error error = {""};

    if (text_chat_check(text, strlen(text), &error) != 0)
        method_misused(call, "text: %s", error.text);
    else if (presence_say(call->desk->config->presence, PROTOCOL_CHANNEL_SERVER, text) != 0)
        method_fail(call, "the world has too much to do: try again");
    else
        method_done(call, json_pack("{s:s}", "said", text));
}

/* clang-format off */
#define END {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}

const struct method_param CMD_CHAT_PARAMS[] = {
    {"channel", METHOD_WORD, false, 0, 0, CHANNELS, "Only this channel."}, END};
static const struct method_param RECENT[] = {
    {"channel", METHOD_WORD,    false, 0, 0,         CHANNELS, "Only this channel."},
    {"lines",   METHOD_INTEGER, false, 1, LINES_MAX, NULL,     "At most so many, the newest; 100 if not given."}, END};
static const struct method_param SAY[] = {
    {"text", METHOD_TEXT, true, 1, TEXT_CHAT_MAX_BYTES, NULL, "What the server says."}, END};

const struct method CMD_CHAT[] = {
    {"chat.recent", ROLE_MODERATOR, false, run_recent, RECENT,
     "The newest lines of chat, oldest first, with who said them and where."},
    {"chat.say", ROLE_MODERATOR, true, run_say, SAY,
     "Say a line in the world's chat as the server; players find it among their lines, while an announcement is a notice that passes."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
