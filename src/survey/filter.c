/* SPDX-License-Identifier: MIT */
#include "src/survey/filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/survey/filter_ast.h"

/* ---- one value ---- */

static int by_number(bool a_negative, uint64_t a, bool b_negative, uint64_t b)
{
	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	if (a == b)
		return 0;
	return (a < b) != a_negative ? -1 : 1;
}

static int by_signed(int64_t a, bool b_negative, uint64_t b)
{
	bool negative = a < 0;

	return by_number(negative, negative ? 0 - (uint64_t)a : (uint64_t)a, b_negative, b);
}

static int by_bytes(const struct fact *v, const struct literal *lit)
{
	size_t n = v->len < lit->len ? v->len : lit->len;
	int r = v->type == FACT_TEXT ? strncasecmp(v->text, lit->text, n)
				     : memcmp(v->text, lit->text, n);

	return r ? r : (v->len > lit->len) - (v->len < lit->len);
}

/* False: the value and the literal cannot be compared. */
static bool compare(const struct fact *v, const struct literal *lit, int *r)
{
	switch (v->type) {
	case FACT_TEXT:
	case FACT_BYTES:
		*r = by_bytes(v, lit);
		return true;
	case FACT_BOOL:
		*r = v->yes - lit->yes;
		return lit->is_bool;
	case FACT_OCTAL:
		*r = by_number(false, v->u64, false, lit->octal);
		return lit->is_octal;
	case FACT_NS:
		*r = by_number(false, v->u64, false, lit->ns);
		return lit->is_ns;
	case FACT_TIME:
		*r = (v->i64 > lit->time) - (v->i64 < lit->time);
		if (!lit->is_time)
			*r = by_signed(v->i64, lit->negative, lit->number);
		return lit->is_time || lit->is_number;
	case FACT_I64:
		*r = by_signed(v->i64, lit->negative, lit->number);
		return lit->is_number;
	case FACT_FAIL:
		return false;
	default:
		*r = by_number(false, v->u64, lit->negative, lit->number);
		return lit->is_number;
	}
}

static bool contains(const char *s, size_t len, const struct literal *lit)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)len };

	if (!lit->regex)
		return memmem(s, len, lit->text, lit->len) != NULL;
	return regexec(lit->regex, s, 0, &range, REG_STARTEND) == 0;
}

/* A number is searched as people write it. */
static bool fact_contains(const struct fact *v, const struct literal *lit)
{
	char number[32];
	int n;

	switch (v->type) {
	case FACT_TEXT:
	case FACT_BYTES:
		return contains(v->text, v->len, lit);
	case FACT_BOOL:
		return contains(v->yes ? "yes" : "no", v->yes ? 3 : 2, lit);
	case FACT_I64:
	case FACT_TIME:
		n = snprintf(number, sizeof(number), "%" PRId64, v->i64);
		break;
	case FACT_HEX:
		n = snprintf(number, sizeof(number), "0x%" PRIx64, v->u64);
		break;
	case FACT_OCTAL:
		n = snprintf(number, sizeof(number), "0%" PRIo64, v->u64);
		break;
	default:
		n = snprintf(number, sizeof(number), "%" PRIu64, v->u64);
	}
	return contains(number, (size_t)n, lit);
}

static bool passes(struct node *n, const struct fact *v, enum node_op op)
{
	int r;

	if (op == OP_HAS)
		return fact_contains(v, &n->lit);
	if (!compare(v, &n->lit, &r))
		return false;
	atomic_store_explicit(&n->fitted, true, memory_order_relaxed);
	switch (op) {
	case OP_EQ:
		return r == 0;
	case OP_LT:
		return r < 0;
	case OP_GT:
		return r > 0;
	case OP_LE:
		return r <= 0;
	default:
		return r >= 0;
	}
}

static bool is_set(const struct fact *v)
{
	switch (v->type) {
	case FACT_BOOL:
		return v->yes;
	case FACT_TEXT:
		return v->len && !(v->len == 2 && memcmp(v->text, "no", 2) == 0);
	case FACT_BYTES:
		return v->len > 0;
	case FACT_FAIL:
		return false;
	default:
		return v->u64 != 0;
	}
}

/* ---- one term ---- */

static bool next_value(struct node *n, struct columns *c, const struct fdent *e, size_t *at,
		       struct fact *v)
{
	bool found = column_next(c, &n->ref, e, at, v);

	atomic_store_explicit(&n->asked, true, memory_order_relaxed);
	if (found)
		atomic_store_explicit(&n->seen, true, memory_order_relaxed);
	return found;
}

static bool match_set(struct node *n, struct columns *c, const struct fdent *e)
{
	struct fact v;
	size_t at = 0;

	while (next_value(n, c, e, &at, &v))
		if (is_set(&v))
			return true;
	return false;
}

static bool match_term(struct node *n, struct columns *c, const struct fdent *e)
{
	bool none_wanted = n->op == OP_NE || n->op == OP_HAS_NOT, any = false;
	enum node_op op = n->op == OP_NE ? OP_EQ : n->op == OP_HAS_NOT ? OP_HAS : n->op;
	struct fact v;
	size_t at = 0;

	while (next_value(n, c, e, &at, &v)) {
		any = true;
		if (passes(n, &v, op))
			return !none_wanted;
	}
	return any && none_wanted;
}

static bool match_text(const struct node *n, struct columns *c, const struct fdent *e)
{
	static const struct column_ref detail = { .fact = "detail" };
	struct column_ref ref = detail;
	struct fact v;

	if ((e->name && contains(e->name, e->name_len, &n->lit)) ||
	    (e->proc->comm && contains(e->proc->comm, e->proc->comm_len, &n->lit)) ||
	    contains(e->kind->name, strlen(e->kind->name), &n->lit))
		return true;
	column_find(&ref, detail.fact, strlen(detail.fact));
	return column_value(c, &ref, e, &v) && contains(v.text, v.len, &n->lit);
}

static bool match(struct node *n, struct columns *c, const struct fdent *e)
{
	bool r;

	switch (n->type) {
	case NODE_SET:
		return match_set(n, c, e);
	case NODE_TERM:
		return match_term(n, c, e);
	case NODE_TEXT:
		return match_text(n, c, e);
	default:
		break;
	}
	/* ALL ends at the first that fails, ANY at the first that passes. */
	r = n->type == NODE_ALL;
	for (struct node *child = n->child; child && r == (n->type == NODE_ALL);
	     child = child->next)
		r = match(child, c, e);
	return r != n->negated;
}

bool filter_match(const struct filter *f, struct columns *c, const struct fdent *e)
{
	return !f || !f->root || match(f->root, c, e);
}

const char *filter_unseen(const struct filter *f)
{
	for (size_t i = 0; f && i < f->n_terms; i++) {
		const struct node *n = f->terms[i];

		if (!n->ref.column && n->asked && !n->seen)
			return n->ref.fact;
	}
	return NULL;
}

const char *filter_unfit(const struct filter *f, const char **value)
{
	for (size_t i = 0; f && i < f->n_terms; i++) {
		const struct node *n = f->terms[i];

		*value = n->lit.text;
		if (n->type == NODE_TERM && n->seen && !n->fitted && n->op != OP_HAS &&
		    n->op != OP_HAS_NOT)
			return n->ref.fact;
	}
	return NULL;
}
