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
