/* http_oracle.c -- see http_oracle.h. Apart from the tests, because its header and ours both have
 * an enum http_method. */
#include "http_oracle.h"

#include <http_parser.h>
#include <string.h>

static int oracle_add(struct oracle_text *text, const char *at, size_t n)
{
    if (text->n + n > sizeof(text->bytes))
        return 1;
    memcpy(text->bytes + text->n, at, n);
    text->n += n;
    return 0;
}

static int oracle_on_url(http_parser *parser, const char *at, size_t n)
{
    return oracle_add(&((struct oracle *)parser->data)->target, at, n);
}

static int oracle_on_field(http_parser *parser, const char *at, size_t n)
{
    struct oracle *oracle = parser->data;

    if (oracle->headers_done)
        return 0; /* a trailer */
    if (oracle->in_value || oracle->headers_n == 0) {
        if (oracle->headers_n > ORACLE_HEADERS_MAX)
            return 1;
        oracle->names[oracle->headers_n].n = oracle->values[oracle->headers_n].n = 0;
        oracle->headers_n++;
        oracle->in_value = false;
    }
    return oracle_add(&oracle->names[oracle->headers_n - 1], at, n);
}

static int oracle_on_value(http_parser *parser, const char *at, size_t n)
{
    struct oracle *oracle = parser->data;

    if (oracle->headers_done)
        return 0;
    oracle->in_value = true;
    return oracle_add(&oracle->values[oracle->headers_n - 1], at, n);
}

static int oracle_on_headers(http_parser *parser)
{
    ((struct oracle *)parser->data)->headers_done = true;
    ((struct oracle *)parser->data)->chunked = (parser->flags & F_CHUNKED) != 0;
    return 0;
}

static int oracle_on_body(http_parser *parser, const char *at, size_t n)
{
    return oracle_add(&((struct oracle *)parser->data)->body, at, n);
}

static int oracle_on_done(http_parser *parser)
{
    ((struct oracle *)parser->data)->done = true;
    http_parser_pause(parser, 1); /* of one request; what follows is not looked at */
    return 0;
}

size_t oracle_read(struct oracle *oracle, const char *bytes, size_t n)
{
    static const http_parser_settings settings = {
        .on_url = oracle_on_url,
        .on_header_field = oracle_on_field,
        .on_header_value = oracle_on_value,
        .on_headers_complete = oracle_on_headers,
        .on_body = oracle_on_body,
        .on_message_complete = oracle_on_done,
    };

    http_parser parser;
    size_t used;

    oracle->headers_done = oracle->chunked = oracle->done = oracle->in_value = false;
    oracle->target.n = oracle->body.n = 0;
    oracle->headers_n = 0;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = oracle;
    used = http_parser_execute(&parser, &settings, bytes, n);
    oracle->method = http_method_str((enum http_method)parser.method);
    oracle->error = http_errno_description(HTTP_PARSER_ERRNO(&parser));
    oracle->minor = parser.http_major == 1 ? parser.http_minor : -1;
    return used;
}
