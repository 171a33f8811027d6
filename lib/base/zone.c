#include "base/zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ZONE_SIZE = 64, DAY = 24 * 60 * 60 };

static char entered[ZONE_SIZE]; /* the zone that TZ says, "": not ours */
static char *outside;           /* what it said before, NULL: nothing */

static bool
is_name(const char *zone)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
	size_t n = strlen(zone);

	/* Without a dot there is no "..". */
	return n > 0 && n < ZONE_SIZE && strspn(zone, chars) == n &&
	    zone[0] != '/' && zone[n - 1] != '/' &&
	    strstr(zone, "//") == NULL && strncmp(zone, "right/", 6) != 0;
}

static bool
is_zone_file(const char *path)
{
	char magic[4] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	bool good;

	if (fd == -1)
		return false;
	good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	close(fd);
	return good;
}

bool
zone_exists(const char *zone)
{
	const char *dir = getenv("TZDIR"); /* as the C library looks */
	char path[PATH_MAX];
	int n;

	/* A machine without zoneinfo has this one. */
	if (strcmp(zone, "UTC") == 0)
		return true;
	if (!is_name(zone))
		return false;
	n = snprintf(path, sizeof(path), "%s/%s",
	    dir != NULL ? dir : "/usr/share/zoneinfo", zone);
	return n > 0 && (size_t)n < sizeof(path) && is_zone_file(path);
}

static void
enter(const char *zone)
{
	const char *tz = zone == NULL ? "UTC" : zone;

	if (strcmp(entered, tz) == 0)
		return;
	if (entered[0] == '\0') {
		free(outside);
		outside = getenv("TZ");
		if (outside != NULL)
			outside = strdup(outside);
	}
	setenv("TZ", tz, 1);
	tzset();
	snprintf(entered, sizeof(entered), "%s", tz);
}

void
zone_leave(void)
{
	if (entered[0] == '\0')
		return;
	entered[0] = '\0';
	if (outside != NULL)
		setenv("TZ", outside, 1);
	else
		unsetenv("TZ");
	tzset();
}

void
zone_civil(const char *zone, time_t t, struct tm *out)
{
	enter(zone);
	memset(out, 0, sizeof(*out));
	localtime_r(&t, out);
}

/* Seconds that the clocks of the entered zone are ahead of UTC. */
static time_t
ahead(time_t t)
{
	struct tm civil = { 0 };

	localtime_r(&t, &civil);
	return civil.tm_gmtoff;
}

/* The first second after the change that lies between the two. */
static time_t
change_between(time_t before, time_t after)
{
	time_t old = ahead(before);

	while (after - before > 1) {
		time_t middle = before + (after - before) / 2;

		if (ahead(middle) == old)
			before = middle;
		else
			after = middle;
	}
	return after;
}

/* mktime() leaves open what it makes of a time that is none or that comes
 * twice: so the clocks of the day before and of the day after are asked. */
time_t
zone_time(const char *zone, struct tm *civil)
{
	struct tm copy = *civil;
	time_t utc = timegm(&copy), early, late, t;

	enter(zone);
	early = ahead(utc - DAY);
	late = ahead(utc + DAY);
	if (ahead(utc - early) == early)
		t = utc - early;
	else if (ahead(utc - late) == late)
		t = utc - late;
	else
		t = change_between(utc - late, utc - early);
	zone_civil(zone, t, civil);
	return t;
}
