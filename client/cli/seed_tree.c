/*
 * libyaml's events become a tree of nodes, on a stack of a fixed depth. Anchors and aliases are
 * refused, so the tree is never larger than the text, and tags are, so a value is what it looks
 * like. Bounds end the reading at once: what lies behind is not looked at.
 */
#include "seed_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct reading {
    struct seed_tree *tree;
    struct seed_mistakes *mistakes;
    const char *text; /* the whole file */
    size_t n;
    yaml_parser_t parser;
    size_t depth;
    struct seed_node *parents[SEED_DEPTH_MAX], *last[SEED_DEPTH_MAX]; /* last: their newest child */
    size_t documents;
};

static struct seed_at at_mark(yaml_mark_t mark)
{
    return (struct seed_at){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* False, for the caller to return. */
static bool refuse(struct reading *r, struct seed_at at, const char *rule)
{
    seed_mistakes_add(r->mistakes, (struct seed_mistake){.at = at, .rule = rule});
    return false;
}

static bool refuse_event(struct reading *r, const yaml_event_t *event, const char *rule)
{
    return refuse(r, at_mark(event->start_mark), rule);
}

/* What is wrong with the bytes themselves has an offset only. */
static struct seed_at at_offset(const struct reading *r, size_t offset)
{
    struct seed_at at = {1, 1};

    for (size_t i = 0; i < offset && i < r->n; i++) {
        at.column += ((unsigned char)r->text[i] & 0xc0) != 0x80;
        if (r->text[i] == '\n')
            at = (struct seed_at){at.line + 1, 1};
    }
    return at;
}

/* What libyaml says is static text, and nothing of the file. */
static bool refuse_syntax(struct reading *r)
{
    const yaml_parser_t *parser = &r->parser;
    bool bytes = parser->error == YAML_READER_ERROR;
    struct seed_at at =
        bytes ? at_offset(r, parser->problem_offset) : at_mark(parser->problem_mark);

    if (parser->error == YAML_MEMORY_ERROR) {
        r->tree->out_of_memory = true;
        return false;
    }
    seed_mistakes_add(r->mistakes,
                      (struct seed_mistake){.at = at,
                                            .field = "this cannot be read as YAML or JSON",
                                            .rule = parser->problem ? parser->problem : "broken"});
    return false;
}

static void link_node(struct reading *r, struct seed_node *node)
{
    struct seed_node *parent;

    if (r->depth == 0) {
        r->tree->root = node;
        return;
    }
    parent = r->parents[r->depth - 1];
    if (r->last[r->depth - 1])
        r->last[r->depth - 1]->next = node;
    else
        parent->first = node;
    r->last[r->depth - 1] = node;
    parent->n++;
}

/* NULL: it was refused, or memory is short. */
static struct seed_node *add_node(struct reading *r, const yaml_event_t *event, enum seed_kind kind)
{
    struct seed_node *node;

    if (r->tree->n_nodes == SEED_NODES_MAX) {
        refuse_event(r, event, "the file holds more than a million values");
        return NULL;
    }
    node = calloc(1, sizeof *node);
    if (!node) {
        r->tree->out_of_memory = true;
        return NULL;
    }
    node->kind = kind;
    node->at = at_mark(event->start_mark);
    node->older = r->tree->newest;
    r->tree->newest = node;
    r->tree->n_nodes++;
    link_node(r, node);
    return node;
}

static bool add_scalar(struct reading *r, const yaml_event_t *event)
{
    bool word = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct seed_node *node;

    if (event->data.scalar.anchor)
        return refuse_event(r, event, "anchors (&) are not taken: write the value out");
    if (event->data.scalar.tag)
        return refuse_event(r, event, "tags (!) are not taken");
    node = add_node(r, event, word ? SEED_WORD : SEED_TEXT);
    if (!node)
        return false;
    node->n = event->data.scalar.length;
    node->text = malloc(node->n + 1);
    if (!node->text) {
        r->tree->out_of_memory = true;
        return false;
    }
    memcpy(node->text, event->data.scalar.value, node->n);
    node->text[node->n] = '\0';
    return true;
}

static bool open_container(struct reading *r, const yaml_event_t *event, enum seed_kind kind)
{
    bool list = kind == SEED_LIST;
    struct seed_node *node;

    if (list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor)
        return refuse_event(r, event, "anchors (&) are not taken: write the value out");
    if (list ? event->data.sequence_start.tag : event->data.mapping_start.tag)
        return refuse_event(r, event, "tags (!) are not taken");
    if (r->depth == SEED_DEPTH_MAX)
        return refuse_event(r, event, "this is deeper than anything in a seed file");
    node = add_node(r, event, kind);
    if (!node)
        return false;
    r->parents[r->depth] = node;
    r->last[r->depth++] = NULL;
    return true;
}

static bool take_event(struct reading *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (r->documents++ > 0)
            return refuse_event(r, event, "a second document begins: a seed file is one");
        return true;
    case YAML_ALIAS_EVENT:
        return refuse_event(r, event, "aliases (*) are not taken: write the value out");
    case YAML_SCALAR_EVENT:
        return add_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(r, event, SEED_LIST);
    case YAML_MAPPING_START_EVENT:
        return open_container(r, event, SEED_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

/* libyaml frees scalars without wiping them. */
static void drop_event(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        explicit_bzero(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

static bool read_events(struct reading *r)
{
    bool good = true, ended = false;
    yaml_event_t event;

    while (good && !ended) {
        if (!yaml_parser_parse(&r->parser, &event))
            return refuse_syntax(r);
        ended = event.type == YAML_STREAM_END_EVENT;
        good = take_event(r, &event);
        drop_event(&event);
    }
    return good;
}

bool seed_tree_read(const char *text, size_t n, struct seed_tree *ret,
                    struct seed_mistakes *mistakes)
{
    struct reading r = {.tree = ret, .mistakes = mistakes, .text = text, .n = n};
    bool good;

    *ret = (struct seed_tree){0};
    if (!yaml_parser_initialize(&r.parser)) {
        ret->out_of_memory = true;
        return false;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    good = read_events(&r);
    yaml_parser_delete(&r.parser);
    return good;
}

void seed_tree_free(struct seed_tree *tree)
{
    struct seed_node *node = tree->newest, *older;

    for (; node; node = older) {
        older = node->older;
        if (node->text)
            explicit_bzero(node->text, node->n);
        free(node->text);
        free(node);
    }
    *tree = (struct seed_tree){0};
}

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

bool seed_word_is_null(const char *text)
{
    static const char *const words[] = {"", "~", "null"};

    return is_one_of(text, words, ARRAY_LEN(words));
}

bool seed_word_is_no_text(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};
    char *end;

    if (is_one_of(text, words, ARRAY_LEN(words)))
        return true;
    if (text[0] == '\0' || !strchr("+-.0123456789", text[0]))
        return false;
    (void)strtod(text, &end);
    return *end == '\0';
}
