/* SPDX-License-Identifier: MIT */
#include "src/share/peers.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/share/object.h"

/* An object with ends has three lists in a row; one without has only the first. */
enum which { LIST_ALL, LIST_A, LIST_B, LISTS_WITH_ENDS };

struct list {
	uint32_t start, n;
};

struct table {
	const struct procent *proc;
	uint32_t base; /* number of its first row */
};

struct peers {
	struct table *tables; /* by address of the procent */
	size_t n_tables;
	uint32_t n_rows;
	uint32_t *of_row; /* list + 1; 0: none */
	struct list *lists;
	size_t n_lists, cap_lists;
	const struct fdent **member;
	size_t n_members, cap_members;
	struct object_set objects;
};

/* While it is being made. */
struct making {
	struct peers *p;
	struct procent *const *procs;
	size_t n_procs;
	struct object_ctx ctx;
	uint32_t *object; /* of each row, + 1 */
	uint8_t *end;
	const struct sock_info **socks; /* what sock_tables_peers() filled */
	size_t cap_socks;
	uint32_t *interned; /* open addressing by content: list + 1 */
	size_t n_interned, n_slots;
};

static int by_address(const void *a, const void *b)
{
	const struct table *x = a, *y = b;

	return (x->proc > y->proc) - (x->proc < y->proc);
}

static void number_rows(struct peers *p, struct procent *const *procs, size_t n_procs)
{
	p->n_tables = n_procs;
	p->tables = xcalloc(n_procs + 1, sizeof(*p->tables));
	for (size_t i = 0; i < n_procs; i++) {
		p->tables[i] = (struct table){ procs[i], p->n_rows };
		p->n_rows += procs[i]->n_rows;
	}
	if (n_procs)
		qsort(p->tables, n_procs, sizeof(*p->tables), by_address);
	p->of_row = xcalloc(p->n_rows + 1, sizeof(*p->of_row));
}

/* The number of a row, UINT32_MAX: not of these. */
static uint32_t row_number(const struct peers *p, const struct fdent *e)
{
	struct table key = { e->proc, 0 };
	const struct table *t = p->n_tables ? bsearch(&key, p->tables, p->n_tables, sizeof(key),
						      by_address)
					    : NULL;

	if (!t || e < t->proc->rows || e >= t->proc->rows + t->proc->n_rows)
		return UINT32_MAX;
	return t->base + (uint32_t)(e - t->proc->rows);
}

static uint32_t add_lists(struct peers *p, size_t n)
{
	size_t first = p->n_lists;

	while (p->n_lists + n > p->cap_lists) {
		p->cap_lists = p->cap_lists ? p->cap_lists * 2 : 64;
		p->lists = xreallocarray(p->lists, p->cap_lists, sizeof(*p->lists));
	}
	memset(p->lists + first, 0, n * sizeof(*p->lists));
	p->n_lists += n;
	return (uint32_t)first;
}

static void room_for_members(struct peers *p, size_t more)
{
	if (p->n_members + more <= p->cap_members)
		return;
	p->cap_members = p->n_members + more + p->n_members / 4;
	p->member = xreallocarray(p->member, p->cap_members, sizeof(*p->member));
}

/* ---- who is of what ---- */

static void count_row(struct making *m, const struct fdent *e, uint32_t row)
{
	struct object_key key;
	struct object *o;
	enum end end;
	bool is_new;

	if (!object_of(&m->ctx, e, &key, &end))
		return;
	m->object[row] = object_add(&m->p->objects, &key, &is_new) + 1;
	m->end[row] = (uint8_t)end;
	o = &m->p->objects.at[m->object[row] - 1];
	if (is_new)
		o->list = add_lists(m->p, end == END_NONE ? 1 : LISTS_WITH_ENDS);
	m->p->lists[o->list + LIST_ALL].n++;
	if (end & END_A)
		m->p->lists[o->list + LIST_A].n++;
	if (end & END_B)
		m->p->lists[o->list + LIST_B].n++;
}

static void append(struct peers *p, uint32_t list, const struct fdent *e)
{
	struct list *l = &p->lists[list];

	p->member[l->start + l->n++] = e;
}

static void fill_row(struct making *m, const struct fdent *e, uint32_t row)
{
	uint32_t list;

	if (!m->object[row])
		return;
	list = m->p->objects.at[m->object[row] - 1].list;
	append(m->p, list + LIST_ALL, e);
	if (m->end[row] & END_A)
		append(m->p, list + LIST_A, e);
	if (m->end[row] & END_B)
		append(m->p, list + LIST_B, e);
}

static void each_row(struct making *m,
		     void (*visit)(struct making *, const struct fdent *, uint32_t))
{
	uint32_t row = 0;

	for (size_t i = 0; i < m->n_procs; i++)
		for (uint32_t r = 0; r < m->procs[i]->n_rows; r++)
			visit(m, &m->procs[i]->rows[r], row++);
}

/* Counts become places. */
static void place_lists(struct peers *p)
{
	uint32_t start = 0;

	for (size_t i = 0; i < p->n_lists; i++) {
		p->lists[i].start = start;
		start += p->lists[i].n;
		p->lists[i].n = 0;
	}
	room_for_members(p, start);
	p->n_members = start;
}

/* ---- sockets ---- */

static uint32_t socket_object(const struct peers *p, uint64_t inode)
{
	struct object_key key;

	memset(&key, 0, sizeof(key));
	key.type = OBJECT_SOCKET;
	key.id = inode;
	return object_find(&p->objects, &key);
}

static const struct sock_info *socket_info(const struct peers *p, const struct object *o)
{
	const struct list *l = &p->lists[o->list];

	for (uint32_t i = 0; i < l->n; i++)
		if (p->member[l->start + i]->sock)
			return p->member[l->start + i]->sock;
	return NULL;
}

/* Those sockets of m->socks[0..n) that somebody has, in place. */
static size_t keep_held(struct making *m, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (m->socks[i]->inode && socket_object(m->p, m->socks[i]->inode) != UINT32_MAX)
			m->socks[kept++] = m->socks[i];
	return kept;
}

static size_t ask_peers(struct making *m, const struct sock_tables *net, const struct sock_info *s)
{
	size_t n = sock_tables_peers(net, s, m->socks, m->cap_socks);

	if (n > m->cap_socks) {
		m->cap_socks = n;
		m->socks = xreallocarray(m->socks, n, sizeof(*m->socks));
		n = sock_tables_peers(net, s, m->socks, m->cap_socks);
	}
	return keep_held(m, n);
}

static uint64_t content_hash(const struct peers *p, const struct list *l)
{
	uint64_t h = l->n;

	for (uint32_t i = 0; i < l->n; i++)
		h = (h ^ (uintptr_t)p->member[l->start + i]) * 0x9e3779b97f4a7c15u;
	return h >> 20;
}

static bool same_content(const struct peers *p, const struct list *a, const struct list *b)
{
	return a->n == b->n &&
	       memcmp(p->member + a->start, p->member + b->start, a->n * sizeof(*p->member)) == 0;
}

static size_t intern_slot(const struct making *m, const struct list *l)
{
	size_t i = content_hash(m->p, l) & (m->n_slots - 1);

	while (m->interned[i] && !same_content(m->p, &m->p->lists[m->interned[i] - 1], l))
		i = (i + 1) & (m->n_slots - 1);
	return i;
}

static void intern_grow(struct making *m)
{
	uint32_t *old = m->interned;
	size_t n_old = m->n_slots;

	if (m->n_interned * 2 < m->n_slots)
		return;
	m->n_slots = m->n_slots ? m->n_slots * 2 : 64;
	m->interned = xcalloc(m->n_slots, sizeof(*m->interned));
	for (size_t i = 0; i < n_old; i++)
		if (old[i])
			m->interned[intern_slot(m, &m->p->lists[old[i] - 1])] = old[i];
	free(old);
}

static int by_row(const void *a, const void *b)
{
	const struct fdent *x = *(const struct fdent *const *)a;
	const struct fdent *y = *(const struct fdent *const *)b;
	const struct procent *p = x->proc, *q = y->proc;

	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	if (p->tid != q->tid)
		return p->tid < q->tid ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

/*
 * Many at the other end: the members of all of them as one list. A thousand
 * clients of the same thousand servers have one list between them.
 */
static uint32_t joined_list(struct making *m, size_t n)
{
	struct peers *p = m->p;
	struct list l = { (uint32_t)p->n_members, 0 };
	size_t slot;

	for (size_t i = 0; i < n; i++) {
		const struct object *o = &p->objects.at[socket_object(p, m->socks[i]->inode)];
		const struct list *from = &p->lists[o->list];

		room_for_members(p, l.n + from->n);
		memcpy(p->member + l.start + l.n, p->member + from->start,
		       from->n * sizeof(*p->member));
		l.n += from->n;
	}
	qsort(p->member + l.start, l.n, sizeof(*p->member), by_row);
	intern_grow(m);
	slot = intern_slot(m, &l);
	if (!m->interned[slot]) {
		uint32_t list = add_lists(p, 1);

		p->lists[list] = l;
		p->n_members += l.n;
		m->interned[slot] = list + 1;
		m->n_interned++;
	}
	return m->interned[slot];
}

static void find_socket_peers(struct making *m, const struct sock_tables *net)
{
	struct peers *p = m->p;

	for (size_t i = 0; i < p->objects.n; i++) {
		struct object *o = &p->objects.at[i];
		const struct sock_info *s;
		size_t n;

		if (o->key.type != OBJECT_SOCKET)
			continue;
		s = socket_info(p, o);
		n = s ? ask_peers(m, net, s) : 0;
		if (n == 1)
			o->peers = p->objects.at[socket_object(p, m->socks[0]->inode)].list + 1;
		else if (n)
			o->peers = joined_list(m, n);
	}
}

/* ---- the result ---- */

static void choose_list(struct making *m, const struct fdent *e, uint32_t row)
{
	const struct object *o;

	(void)e;
	if (!m->object[row])
		return;
	o = &m->p->objects.at[m->object[row] - 1];
	if (o->key.type == OBJECT_SOCKET)
		m->p->of_row[row] = o->peers;
	else if (m->end[row] == END_A)
		m->p->of_row[row] = o->list + LIST_B + 1;
	else if (m->end[row] == END_B)
		m->p->of_row[row] = o->list + LIST_A + 1;
	else
		m->p->of_row[row] = o->list + LIST_ALL + 1;
}

struct peers *peers_find(struct procent *const *procs, size_t n_procs,
			 const struct sock_tables *net, const struct mounts *mounts)
{
	struct peers *p = xcalloc(1, sizeof(*p));
	struct making m = { .p = p, .procs = procs, .n_procs = n_procs };

	object_ctx_init(&m.ctx, mounts);
	number_rows(p, procs, n_procs);
	m.object = xcalloc(p->n_rows + 1, sizeof(*m.object));
	m.end = xcalloc(p->n_rows + 1, 1);
	each_row(&m, count_row);
	place_lists(p);
	each_row(&m, fill_row);
	if (net)
		find_socket_peers(&m, net);
	each_row(&m, choose_list);
	free(m.object);
	free(m.end);
	free(m.socks);
	free(m.interned);
	return p;
}

void peers_free(struct peers *p)
{
	if (!p)
		return;
	free(p->tables);
	free(p->of_row);
	free(p->lists);
	free(p->member);
	object_set_release(&p->objects);
	free(p);
}

static void give(const struct peers *p, uint32_t list, const struct fdent *const **members,
		 size_t *n)
{
	*members = p->member + p->lists[list].start;
	*n = p->lists[list].n;
}

void peers_of(const struct peers *p, const struct fdent *e, const struct fdent *const **list,
	      size_t *n)
{
	uint32_t row = p ? row_number(p, e) : UINT32_MAX;

	*list = NULL;
	*n = 0;
	if (row != UINT32_MAX && p->of_row[row])
		give(p, p->of_row[row] - 1, list, n);
}

const struct fdent *peers_next(const struct peers *p, const struct fdent *e, size_t *at)
{
	const struct fdent *const *list;
	size_t n;

	peers_of(p, e, &list, &n);
	while (*at < n && list[*at] == e)
		++*at;
	return *at < n ? list[(*at)++] : NULL;
}

size_t peers_count(const struct peers *p, const struct fdent *e)
{
	const struct fdent *const *list;
	size_t n;

	peers_of(p, e, &list, &n);
	if (n && bsearch(&e, list, n, sizeof(struct fdent *), by_row))
		n--;
	return n;
}

void peers_of_socket(const struct peers *p, uint64_t inode, const struct fdent *const **list,
		     size_t *n)
{
	uint32_t object = p ? socket_object(p, inode) : UINT32_MAX;

	*list = NULL;
	*n = 0;
	if (object != UINT32_MAX)
		give(p, p->objects.at[object].list, list, n);
}

size_t peers_memory(const struct peers *p)
{
	return p->n_tables * sizeof(*p->tables) + p->n_rows * sizeof(*p->of_row) +
	       p->cap_lists * sizeof(*p->lists) + p->cap_members * sizeof(*p->member) +
	       p->objects.cap * sizeof(*p->objects.at) +
	       p->objects.n_slots * sizeof(*p->objects.slot);
}
