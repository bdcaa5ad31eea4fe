/* SPDX-License-Identifier: MIT */
#include "src/survey/filter_literal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "src/base/text.h"

/* "1.5": digits and what follows a point, as a fraction of a million. */
static const char *read_decimal(const char *s, uint64_t *whole, uint64_t *millionths)
{
	uint64_t place = 100000;

	*whole = *millionths = 0;
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (*whole > (UINT64_MAX - 9) / 10)
			return NULL;
		*whole = *whole * 10 + (uint64_t)(*s - '0');
	}
	if (*s != '.' || s[1] < '0' || s[1] > '9')
		return s;
	for (s++; *s >= '0' && *s <= '9'; s++, place /= 10)
		*millionths += place * (uint64_t)(*s - '0');
	return s;
}

static bool scale(uint64_t whole, uint64_t millionths, uint64_t unit, uint64_t *v)
{
	__uint128_t n = (__uint128_t)whole * unit + (__uint128_t)millionths * unit / 1000000;

	*v = (uint64_t)n;
	return n <= UINT64_MAX;
}

static bool read_size(const char *s, uint64_t *v)
{
	static const char units[] = "KMGTPE";
	uint64_t whole, millionths, unit = 1;
	const char *at = read_decimal(s, &whole, &millionths), *found;

	if (!at)
		return false;
	found = *at ? strchr(units, *at >= 'a' ? *at - 32 : *at) : NULL;
	if (found) {
		unit <<= 10 * (found - units + 1);
		at++;
		at += at[0] == 'i' && at[1] == 'B';
	}
	at += *at == 'B';
	return !*at && (found || !millionths) && scale(whole, millionths, unit, v);
}

static bool read_ns(const char *s, uint64_t *v)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", 1 },
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60 * 1000000000ull },
		{ "min", 60 * 1000000000ull },
		{ "h", 3600 * 1000000000ull },
		{ "d", 86400 * 1000000000ull },
	};
	uint64_t whole, millionths;
	const char *at = read_decimal(s, &whole, &millionths);

	for (size_t i = 0; at && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(at, units[i].name) == 0)
			return scale(whole, millionths, units[i].ns, v);
	return false;
}

static bool read_based(const char *s, int base, uint64_t *v)
{
	char *end;

	if (!*s || *s == '-' || *s == '+' || *s == ' ')
		return false;
	errno = 0;
	*v = strtoull(s, &end, base);
	return !errno && !*end;
}

static bool read_time(const char *s, int64_t *ns)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(s, forms[i], &tm);

		if (!end || *end || tm.tm_year < 0 || tm.tm_year > 300)
			continue;
		*ns = (int64_t)mktime(&tm) * 1000000000;
		return true;
	}
	return false;
}

static bool read_bool(const char *s, bool *yes)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0) {
			*yes = i % 2;
			return true;
		}
	return false;
}

void literal_read(struct literal *lit)
{
	const char *s = lit->text;

	lit->is_bool = read_bool(s, &lit->yes);
	lit->is_time = read_time(s, &lit->time);
	lit->is_octal = read_based(s, 8, &lit->octal);
	lit->is_ns = read_ns(s, &lit->ns);
	lit->negative = *s == '-';
	s += lit->negative;
	lit->is_number = s[0] == '0' && (s[1] == 'x' || s[1] == 'X')
				 ? read_based(s, 16, &lit->number)
				 : read_size(s, &lit->number);
	lit->negative = lit->negative && lit->number;
}

/* ---- regular expressions ---- */

#define REGEX_DEPTH 32
#define REGEX_PARTS 2000 /* of the tree that regcomp(3) makes */

/* The larger number of "{2,5}", and where it ends. */
static const char *read_interval(const char *s, uint64_t *most)
{
	*most = 1;
	while (*s && *s != '}') {
		char *end = NULL;
		uint64_t n = *s >= '0' && *s <= '9' ? strtoull(s, &end, 10) : 0;

		s = end ? end : s + 1;
		if (n > *most)
			*most = n > REGEX_PARTS ? REGEX_PARTS + 1 : n;
	}
	return *s ? s : s - 1;
}

/* "[]a]", "[^]a]", "[[:alpha:]]": its last character. */
static const char *skip_bracket(const char *s)
{
	s += s[1] == '^' ? 2 : 1;
	if (*s == ']')
		s++;
	for (; *s && *s != ']'; s++)
		if (*s == '[' && s[1] && strchr(".:=", s[1])) {
			const char sign = s[1];

			for (s += 2; *s && !(*s == sign && s[1] == ']'); s++)
				;
			if (!*s)
				return s - 1;
			s++;
		}
	return *s ? s : s - 1;
}

const char *regex_excess(const char *pattern)
{
	uint64_t sum[REGEX_DEPTH + 1] = { 0 }, last = 0, most;
	bool repeated = false, again;
	int depth = 0;

	for (const char *s = pattern; *s; s++) {
		again = repeated && strchr("*+?{", *s);
		repeated = strchr("*+?{", *s) != NULL;
		if (again) /* undefined, says POSIX; glibc takes its time */
			return "what is repeated is repeated again";
		switch (*s) {
		case '(':
			if (depth == REGEX_DEPTH)
				return "groups are nested too deep";
			sum[++depth] = last = 0;
			continue;
		case ')':
			last = depth ? sum[depth--] + 1 : 1;
			break;
		case '+':
			most = last; /* "x+" is "xx*" */
			last *= 2;
			sum[depth] += most;
			goto check;
		case '{':
			s = read_interval(s + 1, &most);
			sum[depth] += last * (most - 1);
			last *= most;
			goto check;
		case '[':
			s = skip_bracket(s);
			last = 1;
			break;
		case '\\':
			if (s[1] >= '1' && s[1] <= '9')
				return "a reference back may take for ever";
			if (s[1])
				s++;
			last = 1;
			break;
		case '*':
		case '?':
			continue;
		default:
			last = 1;
		}
		sum[depth] += last;
	check:
		if (sum[depth] > REGEX_PARTS || last > REGEX_PARTS)
			return "it repeats too much";
	}
	return NULL;
}
