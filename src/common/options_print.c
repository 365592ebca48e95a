/* options_print.c -- the table of options, printed for people: sample ini, --help, mdoc. See
 * options.h. */
#include <string.h>

#include "common/option_value.h"
#include "common/options.h"

#define WIDTH 96

static const char *const *section_of(const struct options_table *table, size_t i)
{
    return table->sections[2 * i] == NULL ? NULL : &table->sections[2 * i];
}

/* Text in lines of at most WIDTH columns, each after the prefix. */
static void print_wrapped(FILE *out, const char *prefix, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, " ");

        if (column > 0 && column + 1 + n > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        if (column == 0) {
            fputs(prefix, out);
            column = strlen(prefix);
        } else {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, n, out);
        column += n;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* "A whole number, 1 to 64. Default: 8. A running server takes a new value." */
static void describe(const struct option_row *row, char *out, size_t out_bytes)
{
    char kind[200];

    option_value_kind(row, kind, sizeof(kind));
    if (kind[0] >= 'a' && kind[0] <= 'z')
        kind[0] = (char)(kind[0] - 'a' + 'A');
    snprintf(out, out_bytes, "%s. Default: %s. %s", kind,
             row->initial[0] != '\0' ? row->initial : "empty",
             (row->flags & OPTION_RELOAD) != 0 ? "Taken over on reload." : "Needs a restart.");
}

void options_print_ini(const struct options_table *table, FILE *out)
{
    fprintf(out,
            "# The options of %s, as %s --print-config prints them. A line that begins with # or ; "
            "is a comment; each\n"
            "# option is shown with its default. Rising priority: default, this file, environment "
            "(%s_SECTION_KEY),\n"
            "# command line (--section.key=value). `%s -t` checks all of it.\n",
            table->program, table->program, table->environment, table->program);
    for (size_t s = 0; section_of(table, s) != NULL; s++) {
        const char *const *section = section_of(table, s);

        fprintf(out, "\n[%s]\n", section[0]);
        print_wrapped(out, "# ", section[1]);
        for (size_t i = 0; i < table->rows_n; i++) {
            const struct option_row *row = &table->rows[i];
            char text[1000];

            if (strcmp(row->section, section[0]) != 0)
                continue;
            fputc('\n', out);
            print_wrapped(out, "# ", row->help);
            describe(row, text, sizeof(text));
            print_wrapped(out, "# ", text);
            if (row->shipped != NULL)
                fprintf(out, "%s = %s\n", row->key, row->shipped);
            else
                fprintf(out, "#%s =%s%s\n", row->key, row->initial[0] != '\0' ? " " : "",
                        row->initial);
        }
    }
}

static void print_flag(FILE *out, const struct option_flag *flag)
{
    char word[100], letter[8] = "    ";

    if (flag->letter != 0)
        snprintf(letter, sizeof(letter), "-%c%s", flag->letter, flag->name != NULL ? ", " : "");
    snprintf(word, sizeof(word), "  %s%s%s%s%s", letter, flag->name != NULL ? "--" : "",
             flag->name != NULL ? flag->name : "", flag->argument != NULL ? " " : "",
             flag->argument != NULL ? flag->argument : "");
    fprintf(out, "%-26s %s\n", word, flag->help);
}

void options_print_help(const struct options_table *table, FILE *out)
{
    fprintf(out, "%s -- %s\n\n", table->program, table->about);
    for (size_t i = 0; i < table->flags_n; i++)
        print_flag(out, &table->flags[i]);
    fprintf(out, "\nOptions, each also in the ini file and as %s_SECTION_KEY in the environment:\n",
            table->environment);
    for (size_t i = 0; i < table->rows_n; i++) {
        const struct option_row *row = &table->rows[i];
        char text[1000];

        fprintf(out, "  --%s.%s=...\n", row->section, row->key);
        print_wrapped(out, "        ", row->help);
        describe(row, text, sizeof(text));
        print_wrapped(out, "        ", text);
    }
}

/* Text for mdoc: a sentence a line, backslashes and leading dots made harmless. */
static void print_mdoc_text(FILE *out, const char *text)
{
    bool line_start = true;
    char before = '\0';

    for (; *text != '\0'; before = *text, text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        line_start = false;
        if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == ' ' &&
                   before == '.') { /* mdoc wants each sentence on a line of its own */
            fputc('\n', out);
            line_start = true;
        } else {
            fputc(*text, out);
        }
    }
    fputc('\n', out);
}

void options_print_mdoc(const struct options_table *table, FILE *out)
{
    for (size_t s = 0; section_of(table, s) != NULL; s++) {
        const char *const *section = section_of(table, s);

        fprintf(out, ".Ss Section %s\n", section[0]);
        print_mdoc_text(out, section[1]);
        fputs(".Bl -tag -width Ds\n", out);
        for (size_t i = 0; i < table->rows_n; i++) {
            const struct option_row *row = &table->rows[i];
            char text[1000];

            if (strcmp(row->section, section[0]) != 0)
                continue;
            fprintf(out, ".It Cm %s\n", row->key);
            print_mdoc_text(out, row->help);
            describe(row, text, sizeof(text));
            print_mdoc_text(out, text);
        }
        fputs(".El\n", out);
    }
}
