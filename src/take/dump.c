/* SPDX-License-Identifier: MIT */
#include "src/take/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/stop/freeze.h"
#include "src/take/dump_state.h"
#include "src/take/flight.h"
#include "src/take/grab.h"
#include "src/take/look.h"

static const struct kind *kind_in(const struct dump_opts *o)
{
	return o->ent->kind ? o->ent->kind : kind_of(o->ent);
}

struct cell dump_effect(const struct dump_opts *o)
{
	struct cell c = *kind_cell(kind_in(o), OP_DUMP);

	if (flight_is_unread(o->ent))
		return flight_unread_cell;
	if (o->freeze && c.effect != EFFECT_REFUSED)
		return *kind_cell(kind_in(o), OP_FREEZE);
	if (c.effect == EFFECT_HOLD && o->may_move_peek_off && S_ISSOCK(o->ent->mode)) {
		c.effect = EFFECT_SHARED;
		c.words = "holds a duplicate, and moves SO_PEEK_OFF of every holder for moments: "
			  "seen only by a program that itself uses MSG_PEEK right then";
	}
	return c;
}

static int dump_fail(struct dump_state *d, int err, const char *call)
{
	const struct fdent *e = d->o->ent;

	if (e->proc && e->fd >= 0)
		return fail_set(&d->r->fail, err, call, "descriptor %d of process %d", e->fd,
				e->proc->pid);
	if (e->proc)
		return fail_set(&d->r->fail, err, call, "%s of process %d", assoc_name(e->assoc),
				e->proc->pid);
	return fail_set(&d->r->fail, err, call, "a descriptor that we hold");
}

/* ---- what has no size: pieces as they are shown by a peek ---- */

static int put_message(struct dump_state *d, const struct peek_piece *piece)
{
	struct dump_result *r = d->r;
	struct dump_message *m;

	r->messages = xreallocarray(r->messages, r->n_messages + 1, sizeof(*r->messages));
	m = &r->messages[r->n_messages++];
	*m = (struct dump_message){ .at = d->at, .len = piece->len, .full_len = piece->full_len };
	if (piece->sender) {
		m->sender = xmemdup0(piece->sender, piece->sender_len);
		m->sender_len = piece->sender_len;
	}
	return dump_put(d, piece->data, piece->len, false);
}

static int put_piece(struct peek *p, const struct peek_piece *piece)
{
	struct dump_state *d = p->arg;
	int r;

	if (dump_canceled(d)) {
		dump_fail(d, ECANCELED, "peek");
		return -ECANCELED;
	}
	for (unsigned i = 0; i < piece->n_fds && piece->fds; i++) {
		r = d->o->in_flight(d->o->arg, i, &piece->fds[i]);
		if (r < 0)
			return r;
	}
	if (piece->unit == PEEK_MESSAGE)
		return put_message(d, piece);
	r = dump_put(d, piece->data, piece->len, false);
	if (r == 0 && piece->unit != PEEK_BYTES)
		r = dump_put(d, "\n", 1, false);
	return r;
}

static int dump_pieces_of(struct dump_state *d, bool held, const struct dump_range *range)
{
	struct peek p = {
		.fd = held ? d->o->fd : -1,
		.ent = d->o->ent,
		.ctx = d->o->ctx,
		.limit = range ? range->len : PEEK_ALL,
		.has_offset = true,
		.offset = range ? range->from : 0,
		.may_move_peek_off = d->o->may_move_peek_off,
		.whole = true,
		.want_fds = d->o->in_flight != NULL,
		.piece = put_piece,
		.arg = d,
		.fail = &d->r->fail,
	};
	uint64_t began = d->at;
	int r;

	if (d->o->max_bytes - d->at < p.limit)
		p.limit = d->o->max_bytes == UINT64_MAX ? p.limit : d->o->max_bytes - d->at;
	r = held ? look_held(&p) : look(&p, d->o->target);
	snprintf(d->r->method, sizeof(d->r->method), "%s", p.method ? p.method : "");
	if (p.changed)
		dump_ranges_merge(&d->r->unstable, began, d->at - began);
	if (p.incomplete)
		memcpy(d->r->missing, p.missing, sizeof(d->r->missing));
	return r;
}

static int dump_pieces(struct dump_state *d, bool held)
{
	int r = 0;

	/* Zeros of a file become holes again; a queue has none. */
	d->find_zeros = S_ISREG(d->o->ent->mode);
	if (!d->o->ranges.n)
		return dump_pieces_of(d, held, NULL);
	for (size_t i = 0; i < d->o->ranges.n && r == 0; i++)
		r = dump_pieces_of(d, held, &d->o->ranges.at[i]);
	return r;
}

/* ---- files and block devices ---- */

static int source_size(struct dump_state *d)
{
	uint64_t bytes;
	int r = dump_mark(d);

	if (r < 0)
		return r;
	d->size = d->before.stx_size;
	if (!S_ISBLK(d->before.stx_mode))
		return 0;
	if (ioctl(d->src, BLKGETSIZE64, &bytes) < 0)
		return dump_fail(d, errno, "ioctl");
	d->size = bytes;
	return 0;
}

/*
 * Share the blocks: all of a file, on one filesystem that can. The kernel lets
 * nobody write meanwhile: the copy is of one moment.
 */
static bool reflink(struct dump_state *d)
{
	const struct dump_opts *o = d->o;
	struct stat st;

	if (o->hashes || o->ranges.n || o->max_bytes < d->size || !d->out.name || d->out.had ||
	    d->size == 0 || ioctl(d->out.fd, FICLONE, d->src) < 0)
		return false;
	/* As long as it was in that moment. */
	if (fstat(d->out.fd, &st) == 0 && (uint64_t)st.st_size < o->max_bytes)
		d->size = (uint64_t)st.st_size;
	d->at = d->size;
	dump_list_data(d);
	return true;
}

/* "pread of a re-open": with the call that really copied in front. */
static void set_method(struct dump_state *d, const char *source, bool cloned)
{
	bool kernel = !d->o->hashes && d->out.name && !d->find_zeros && !d->out.had;
	const char *call = cloned ? "reflink" : kernel ? "copy_file_range" : "pread";

	snprintf(d->r->method, sizeof(d->r->method), "%s%s", call, source + strlen("pread"));
}

static int add_total(struct dump_state *d, uint64_t from, uint64_t to)
{
	d->total += to - from;
	d->at += to - from;
	return 0;
}

static int copy_file(struct dump_state *d, const char *source, int events)
{
	bool cloned;
	int r = source_size(d);

	if (r < 0)
		return r;
	d->find_zeros = !d->reopened && S_ISREG(d->before.stx_mode) &&
			d->before.stx_blocks * 512 < d->size;
	dump_each_range(d, add_total);
	d->at = 0;
	dump_look_for_mappings(d);
	cloned = reflink(d);
	set_method(d, source, cloned);
	if (!cloned)
		r = dump_each_range(d, dump_span);
	if (r >= 0 && d->o->follow)
		r = dump_follow(d, events);
	if (r >= 0 && (!cloned || d->o->follow))
		r = dump_settle(d);
	return r < 0 ? r : 0;
}

/* Attributes of sysfs claim a page, or whatever their driver says, and end where they like. */
static bool size_is_a_guess(const struct dump_opts *o)
{
	const struct fdent *e = o->ent;
	const struct mount *m = NULL;

	if ((e->have & HAVE_INFO) && o->ctx->mounts)
		m = mounts_find(o->ctx->mounts, e->mnt_id);
	return m && strcmp(m->fstype, "sysfs") == 0;
}

/* Not so of what is in /proc: bytes without a size. */
static bool grows(const struct dump_state *d)
{
	struct stat st;
	char c;

	return !size_is_a_guess(d->o) &&
	       !(fstat(d->src, &st) == 0 && st.st_size == 0 && pread(d->src, &c, 1, 0) > 0 &&
		 fstat(d->src, &st) == 0 && st.st_size == 0);
}

/*
 * From here the source is open: a re-open stands alone, so the grab goes at
 * once, and delays nobody.
 */
static int dump_file_from(struct dump_state *d, struct grab *g)
{
	struct peek p = { .fd = g->fd, .ent = d->o->ent, .ctx = d->o->ctx, .fail = &d->r->fail };
	autoclose int own = -1, events = -1;

	d->src = peek_source(&p, &own);
	if (d->src < 0)
		return d->src;
	d->reopened = own >= 0 || g->reopened;
	if (own >= 0)
		grab_release(g);
	else if (g->reopened)
		p.method = fcntl(g->fd, F_GETFL) & O_NOATIME ? "pread of a re-open with O_NOATIME"
							     : "pread of a re-open";
	if (d->o->follow && !d->reopened) {
		dump_fail(d, EPERM, "open");
		fail_why(&d->r->fail,
			 "to follow it we must re-open it for reading, and may not; "
			 "a duplicate of the writer's would never see the writer close");
		return -EPERM;
	}
	if (d->o->follow && !grows(d)) {
		dump_fail(d, EOPNOTSUPP, "dump");
		fail_why(&d->r->fail, "the kernel makes up what is in it: it has no size, and does "
				      "not grow");
		return -EOPNOTSUPP;
	}
	if (d->o->follow)
		events = dump_follow_watch(d);
	if (d->o->follow && events < 0)
		return events;
	return copy_file(d, p.method, events);
}

static int dump_file(struct dump_state *d, bool held)
{
	struct grab g = { .fd = d->o->fd };
	int r = 0;

	if (held) {
		g.fd = fcntl(d->o->fd, F_DUPFD_CLOEXEC, 3);
		if (g.fd < 0)
			return dump_fail(d, errno, "fcntl");
	} else {
		r = grab_take(&g, d->o->target, d->o->ent, d->o->ctx->procfs, &d->r->fail);
	}
	if (r == 0) {
		r = dump_file_from(d, &g);
		grab_release(&g);
	}
	return r;
}

/* A file with a size, where SEEK_DATA and the like make sense; not /proc/PID/maps. */
static bool is_plain_file(const struct dump_opts *o)
{
	const struct fdent *e = o->ent;

	if (kind_in(o)->peek != peek_file || grab_may_hang(e, o->ctx))
		return false;
	if (S_ISBLK(e->mode) || o->follow)
		return true;
	return S_ISREG(e->mode) && e->size > 0 && !size_is_a_guess(o);
}

/* ---- the end ---- */

static int misuse(struct dump_state *d, const char *words)
{
	dump_fail(d, EINVAL, "dump");
	fail_class(&d->r->fail, FAIL_USAGE);
	fail_why(&d->r->fail, "%s", words);
	return -EINVAL;
}

static int check(struct dump_state *d)
{
	const struct kind *k = kind_in(d->o);

	d->r->effect = dump_effect(d->o);
	if (d->r->effect.effect == EFFECT_REFUSED || !k->peek) {
		dump_fail(d, EOPNOTSUPP, "dump");
		fail_why(&d->r->fail, "%s", d->r->effect.words);
		return -EOPNOTSUPP;
	}
	if (d->o->freeze && (d->o->follow || !d->o->target))
		return misuse(d, "a target that stands still writes nothing to follow");
	if (d->o->follow && (k->peek != peek_file || !S_ISREG(d->o->ent->mode)))
		return misuse(d, "only a file can grow and be followed");
	if (d->o->ranges.n && k->peek != peek_file && k->peek != peek_map)
		return misuse(d, "ranges are for files and block devices");
	if (d->o->follow && d->o->ranges.n > 1)
		return misuse(d, "only one range can be followed");
	return 0;
}

/* A helper reads such a file once. */
static int cannot_follow(struct dump_state *d)
{
	dump_fail(d, EOPNOTSUPP, "dump");
	fail_why(&d->r->fail, "its filesystem may stop answering, or we do not see its mount: "
			      "it can be copied, but not followed");
	return -EOPNOTSUPP;
}

static int unreadable(struct dump_state *d)
{
	const struct dump_ranges *bad = &d->r->bad;

	if (!bad->n || d->o->zero_fill)
		return 0;
	dump_fail(d, EIO, "pread");
	fail_why(&d->r->fail, "%llu bytes in %zu ranges cannot be read, the first at %llu",
		 (unsigned long long)dump_ranges_total(bad), bad->n,
		 (unsigned long long)bad->at[0].from);
	fail_advice(&d->r->fail, "--zero-fill completes it with zeros there");
	return -EIO;
}

static int complete(struct dump_state *d)
{
	struct dump_result *r = d->r;
	uint64_t began;
	int err = out_truncate(&d->out, d->at, &r->fail);

	r->size = d->at;
	dump_progress(d, true);
	if (err == 0)
		err = unreadable(d);
	if (err == 0 && d->rehash && d->out.name && d->o->hashes)
		err = dump_rehash(d);
	if (err == 0 && !d->finished && hasher_finish(d->hasher, &r->hash) < 0)
		err = dump_cut_short(d);
	if (!d->o->hashes)
		memset(&r->hash, 0, sizeof(r->hash));
	began = dump_now_ns();
	if (err == 0)
		err = out_sync(&d->out, &r->fail);
	r->sync_ns = dump_now_ns() - began;
	if (err == 0)
		err = out_name(&d->out, &r->fail);
	r->complete = err == 0 && !r->missing[0];
	return err;
}

/* Of what failed: what there is of the output, which may end in front of the last write. */
static void list_output(struct dump_state *d)
{
	struct stat st;

	d->r->size = d->out.name && fstat(d->out.fd, &st) == 0 ? (uint64_t)st.st_size : d->out.at;
	if (d->out.name) {
		d->at = d->r->size;
		dump_list_data(d);
		return;
	}
	dump_ranges_cut(&d->r->extents, d->r->size);
	d->r->copied = dump_ranges_total(&d->r->extents);
}

/* The partial stays and is named, unless nothing is in it that was not there before. */
static void set_path(struct dump_state *d, int err)
{
	if (err < 0 && d->out.name && d->at == 0 && d->out.had == 0 &&
	    d->r->fail.class != FAIL_OUTPUT) {
		unlinkat(d->out.dir, d->out.partial, 0);
		return;
	}
	if (err < 0)
		list_output(d);
	if (d->out.name && (err == 0 || out_is_there(&d->out)))
		d->r->path = xstrdup(err < 0 ? d->out.partial : d->out.name);
}

/* Read the source: while the target stands still, if that is wanted. */
static int dump_source(struct dump_state *d, bool held)
{
	struct freeze z;
	int r;

	if (d->o->freeze) {
		r = freeze_begin(&z, d->o->target, FREEZE_ALLOW_ALL, &d->r->fail);
		if (r < 0)
			return r;
		d->r->frozen = freeze_way_info(freeze_way(&z))->name;
		d->r->frozen_warning = freeze_way_info(freeze_way(&z))->warning;
	}
	r = is_plain_file(d->o) ? dump_file(d, held) : dump_pieces(d, held);
	if (d->o->freeze)
		d->r->pause_ns = freeze_end(&z);
	return r;
}

int dump_finish(struct dump_state *d, int err)
{
	if (err == 0)
		err = complete(d);
	set_path(d, err);
	return err;
}

static int run(const struct dump_opts *o, struct dump_result *result, bool held)
{
	struct dump_state d = { .o = o, .r = result, .src = -1 };
	struct out_opts where = o->out;
	uint64_t began = dump_now_ns();
	int r;

	memset(result, 0, sizeof(*result));
	r = check(&d);
	if (r == 0 && o->follow && grab_may_hang(o->ent, o->ctx))
		r = cannot_follow(&d);
	if (r < 0)
		return r;
	/* Nothing else tells whether what went into a stream was changed, or only grew. */
	d.hashes = o->follow && !o->out.name && !o->hashes ? HASH_SET(HASH_SHA256) : o->hashes;
	d.hasher = dump_hasher(&d, d.hashes);
	if (!d.hasher)
		return dump_fail(&d, errno, "pthread_create");
	where.cancel = o->cancel;
	r = out_open(&d.out, &where, &result->fail);
	if (r == 0) {
		r = dump_source(&d, held);
		r = dump_finish(&d, r);
	}
	result->copy_ns = dump_now_ns() - began - result->sync_ns;
	out_close(&d.out);
	hasher_free(d.hasher);
	return r;
}

/* What it is shows only once we have it: then it is ours to dump. */
static int dump_unread(const struct dump_opts *o, struct dump_result *r)
{
	struct dump_opts mine = *o;
	struct kind_ctx ctx;
	struct survey *s;
	struct grab g;
	int err;

	memset(r, 0, sizeof(*r));
	err = flight_take(&g, o->target, o->ent, o->ctx->procfs, &s, &mine.ent, &r->fail);
	if (err < 0)
		return err;
	ctx = survey_ctx(s);
	mine.ctx = &ctx;
	mine.fd = g.fd;
	err = run(&mine, r, true);
	survey_free(s);
	grab_release(&g);
	return err;
}

int dump(const struct dump_opts *o, struct dump_result *r)
{
	return flight_is_unread(o->ent) ? dump_unread(o, r) : run(o, r, false);
}

int dump_held(const struct dump_opts *o, struct dump_result *r)
{
	return run(o, r, true);
}

void dump_result_release(struct dump_result *r)
{
	free(r->path);
	free(r->extents.at);
	free(r->bad.at);
	free(r->unstable.at);
	for (size_t i = 0; i < r->n_messages; i++)
		free(r->messages[i].sender);
	free(r->messages);
	memset(r, 0, sizeof(*r));
}
