/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/survey/filter_ast.h"
#include "src/survey/filter_literal.h"

#define DEPTH_MAX 100

struct parser {
	const char *text, *at;
	struct filter *f;
	struct filter_error *error;
	unsigned depth;
};

__attribute__((format(printf, 4, 5))) static struct node *wrong(struct parser *p, const char *at,
								size_t len, const char *fmt, ...)
{
	va_list ap;

	p->error->at = (size_t)(at - p->text);
	p->error->len = len;
	va_start(ap, fmt);
	vsnprintf(p->error->words, sizeof(p->error->words), fmt, ap);
	va_end(ap);
	return NULL;
}

static void skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_./-", c));
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (is_name_byte(s[n]))
		n++;
	return n;
}

static bool keyword(const char *s, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(s, word, n) == 0 && !is_name_byte(s[n]);
}

/* Steps over "and", "&&" and the like. */
static bool take(struct parser *p, const char *word, const char *sign)
{
	skip_blanks(p);
	if (keyword(p->at, word))
		p->at += strlen(word);
	else if (strncmp(p->at, sign, strlen(sign)) == 0)
		p->at += strlen(sign);
	else
		return false;
	return true;
}

static struct node *new_node(struct parser *p, enum node_type type)
{
	struct node *n = arena_alloc(&p->f->arena, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->type = type;
	return n;
}

static void register_term(struct filter *f, struct node *n)
{
	if ((f->n_terms & (f->n_terms - 1)) == 0)
		f->terms = xreallocarray(f->terms, f->n_terms ? f->n_terms * 2 : 1,
					 sizeof(struct node *));
	f->terms[f->n_terms++] = n;
}

/* ---- values ---- */

/* Quoted by " or ', where a backslash takes the next byte as it is. */
static bool read_quoted(struct parser *p, struct literal *lit)
{
	const char *start = p->at;
	char quote = *p->at++;
	char *out = arena_alloc(&p->f->arena, strlen(p->at) + 1);

	lit->text = out;
	while (*p->at && *p->at != quote) {
		/* Only the quote and itself: a regular expression keeps its backslashes. */
		if (*p->at == '\\' && (p->at[1] == quote || p->at[1] == '\\'))
			p->at++;
		*out++ = *p->at++;
	}
	*out = '\0';
	lit->len = (size_t)(out - lit->text);
	if (!*p->at) {
		wrong(p, start, (size_t)(p->at - start), "this quote is not closed");
		return false;
	}
	p->at++;
	return true;
}

static bool ends_value(const char *s)
{
	return !*s || isspace((unsigned char)*s) || strchr("()\"'", *s) ||
	       strncmp(s, "&&", 2) == 0 || strncmp(s, "||", 2) == 0;
}

static bool read_value(struct parser *p, struct literal *lit)
{
	size_t n = 0;

	skip_blanks(p);
	if (*p->at == '"' || *p->at == '\'')
		return read_quoted(p, lit);
	while (!ends_value(p->at + n))
		n++;
	if (!n || p->at[n] == '(' || p->at[n] == '"' || p->at[n] == '\'') {
		wrong(p, p->at + n, p->at[n] != '\0',
		      n ? "quote a value that has such a character in it"
			: "a value is missing here");
		return false;
	}
	lit->text = arena_copy(&p->f->arena, p->at, n);
	lit->len = n;
	p->at += n;
	return true;
}

static bool compile_regex(struct parser *p, struct literal *lit, const char *at)
{
	const char *excess = regex_excess(lit->text);
	char why[80];
	int r;

	if (excess) {
		wrong(p, at, (size_t)(p->at - at), "no such regular expression: %s", excess);
		return false;
	}
	if (!lit->text[strcspn(lit->text, "^.[$()|*+?{\\")])
		return true;
	lit->regex = xcalloc(1, sizeof(*lit->regex));
	r = regcomp(lit->regex, lit->text, REG_EXTENDED | REG_NOSUB);
	if (!r)
		return true;
	regerror(r, lit->regex, why, sizeof(why));
	free(lit->regex);
	lit->regex = NULL;
	wrong(p, at, (size_t)(p->at - at), "no regular expression: %s", why);
	return false;
}

/* ---- terms ---- */

static bool read_op(struct parser *p, enum node_op *op)
{
	static const struct {
		const char *sign;
		enum node_op op;
	} ops[] = { { "==", OP_EQ }, { "!=", OP_NE },      { "<=", OP_LE },
		    { ">=", OP_GE }, { "!~", OP_HAS_NOT }, { "=", OP_EQ },
		    { "<", OP_LT },  { ">", OP_GT },       { "~", OP_HAS } };

	skip_blanks(p);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strncmp(p->at, ops[i].sign, strlen(ops[i].sign)) == 0) {
			p->at += strlen(ops[i].sign);
			*op = ops[i].op;
			return true;
		}
	return false;
}

static bool is_search(enum node_op op)
{
	return op == OP_HAS || op == OP_HAS_NOT;
}

static bool is_kind(const char *name)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcasecmp(kinds[i]->name, name) == 0)
			return true;
	return false;
}

/* What can be known to be wrong before any row was seen. */
static bool check_value(struct parser *p, struct node *n, const char *at)
{
	const struct column *c = n->ref.column;
	size_t len = (size_t)(p->at - at);

	if (is_search(n->op))
		return compile_regex(p, &n->lit, at);
	if (c && (c->flags & COLUMN_NUMBER) && !n->lit.is_number) {
		wrong(p, at, len, "%s is a number; this is none", c->name);
		return false;
	}
	if (c && strcmp(c->name, "kind") == 0 && !is_kind(n->lit.text)) {
		wrong(p, at, len, "there is no kind of that name");
		return false;
	}
	/* Users by number too. */
	if (c && strcmp(c->name, "user") == 0 && n->lit.is_number)
		column_find(&n->ref, "uid", 3);
	return true;
}

static struct node *parse_term(struct parser *p)
{
	const char *start = p->at, *value;
	size_t len = name_len(start);
	struct node *n;

	if (!len)
		return wrong(p, start, *start != '\0',
			     *start ? "a name is expected here" : "something is missing here");
	n = new_node(p, NODE_SET);
	if (column_find(&n->ref, start, len) < 0)
		return wrong(p, start, len, "this is no name of a column or a fact");
	if (keyword(start, "and") || keyword(start, "or"))
		return wrong(p, start, len, "there is nothing before it");
	p->at += len;
	register_term(p->f, n);
	if (!read_op(p, &n->op))
		return n;
	n->type = NODE_TERM;
	skip_blanks(p);
	value = p->at;
	if (!read_value(p, &n->lit))
		return NULL;
	literal_read(&n->lit);
	return check_value(p, n, value) ? n : NULL;
}

static struct node *parse_any(struct parser *p);

static struct node *parse_group(struct parser *p)
{
	const char *start = p->at++;
	struct node *n;

	if (++p->depth > DEPTH_MAX)
		return wrong(p, start, 1, "too many parentheses inside of each other");
	n = parse_any(p);
	p->depth--;
	if (!n)
		return NULL;
	skip_blanks(p);
	if (*p->at != ')')
		return wrong(p, start, 1, "this parenthesis is not closed");
	p->at++;
	return n;
}

static struct node *parse_text(struct parser *p)
{
	struct node *n = new_node(p, NODE_TEXT);

	return read_quoted(p, &n->lit) ? n : NULL;
}

static struct node *parse_not(struct parser *p)
{
	bool negated = false;
	struct node *n, *group;

	while (take(p, "not", "!"))
		negated = !negated;
	skip_blanks(p);
	if (*p->at == '(')
		n = parse_group(p);
	else if (*p->at == '"' || *p->at == '\'')
		n = parse_text(p);
	else
		n = parse_term(p);
	if (!n || !negated)
		return n;
	/* Its own node, since n may be negated already. */
	group = new_node(p, NODE_ALL);
	group->child = n;
	group->negated = true;
	return group;
}

/* One or more of `part`, joined by a word or sign; a single one stands for itself. */
static struct node *parse_chain(struct parser *p, enum node_type type, const char *word,
				const char *sign, struct node *(*part)(struct parser *))
{
	struct node *first = part(p), *last = first, *chain;

	if (!first || !take(p, word, sign))
		return first;
	chain = new_node(p, type);
	chain->child = first;
	do {
		last->next = part(p);
		last = last->next;
	} while (last && take(p, word, sign));
	return last ? chain : NULL;
}

static struct node *parse_all(struct parser *p)
{
	return parse_chain(p, NODE_ALL, "and", "&&", parse_not);
}

static struct node *parse_any(struct parser *p)
{
	return parse_chain(p, NODE_ANY, "or", "||", parse_all);
}

int filter_compile(struct filter **out, const char *text, struct filter_error *error)
{
	struct filter *f = xcalloc(1, sizeof(*f));
	struct parser p = { .text = text, .at = text, .f = f, .error = error };
	bool ok = true;

	memset(error, 0, sizeof(*error));
	skip_blanks(&p);
	if (*p.at) {
		f->root = parse_any(&p);
		ok = f->root != NULL;
		skip_blanks(&p);
		if (ok && *p.at) {
			wrong(&p, p.at, strlen(p.at),
			      *p.at == ')' ? "no parenthesis was opened for this one"
					   : "'and' or 'or' is missing before this");
			ok = false;
		}
	}
	*out = ok ? f : NULL;
	if (!ok)
		filter_free(f);
	return ok ? 0 : -EINVAL;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_terms; i++)
		if (f->terms[i]->lit.regex) {
			regfree(f->terms[i]->lit.regex);
			free(f->terms[i]->lit.regex);
		}
	free(f->terms);
	arena_release(&f->arena);
	free(f);
}
