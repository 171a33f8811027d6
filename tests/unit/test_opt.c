#include <stdlib.h>
#include "check.h"
#include "cli/opt.h"

static struct {
	bool json;
	int verbose;
	const char *output, *mode;
	struct opt_list disks;
	uint64_t retries, max, stall;
} o;

static const struct opt own[] = {
	{ 'o', "output", "DIR",
	    "write under DIR, which is made if its parent "
	    "exists and is otherwise refused",
	    OPT_TEXT, &o.output },
	{ 'd', "disk", "LABEL", "only LABEL", OPT_LIST, &o.disks },
	{ 0, "disk-mode", "thin|thick|eagerZeroedThick", "how disks lie",
	    OPT_CHOICE, &o.mode },
	{ 0, "max", "SIZE", "refuse more than SIZE", OPT_SIZE, &o.max },
	{ 0 },
};
static const struct opt common[] = {
	{ 0, "retries", "N", "try N times more", OPT_U64, &o.retries },
	{ 0, "stall-timeout", "TIME", "give up after TIME", OPT_DURATION,
	    &o.stall },
	{ 'j', "json", NULL, "JSON Lines", OPT_FLAG, &o.json },
	{ 'v', "verbose", NULL, "tell more", OPT_COUNT, &o.verbose },
	{ 0, "password", "TEXT", "every user of this machine would see it",
	    OPT_REFUSED, NULL },
	{ 0 },
};
static const struct opt_set set = { { own, common }, "[OPTION]... VM...",
	"Save VMs." };

static const char **operands;
static size_t n_operands;

static void
forget(void)
{
	free(operands);
	operands = NULL;
	n_operands = 0;
	opt_list_free(&o.disks);
	memset(&o, 0, sizeof(o));
}

/* Splits at blanks; "_" stands for an empty argument. */
static int
parse(const char *line, struct err *e)
{
	static char copy[200], empty[1];
	char *argv[20] = { empty }, *save;
	int argc = 1;

	forget();
	snprintf(copy, sizeof(copy), "%s", line);
	for (argv[argc] = strtok_r(copy, " ", &save); argv[argc] != NULL;
	     argv[argc] = strtok_r(NULL, " ", &save)) {
		if (strcmp(argv[argc], "_") == 0)
			argv[argc] = empty;
		argc++;
	}
	return opt_parse(&set, argc, argv, &operands, &n_operands, e);
}

static void
wrong_line_is_refused_in_these_words(void)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "--nonsense", "unknown option '--nonsense'" },
		{ "--out x",
		    "unknown option '--out', did you mean '--output'?" },
		{ "--retires=3",
		    "unknown option '--retires', did you mean '--retries'?" },
		{ "--secret=hunter2", "unknown option '--secret'" },
		{ "--=x", "unknown option '--'" },
		{ "-x", "unknown option '-x'" },
		{ "-jx", "unknown option '-x'" },
		{ "-\xc3\x9f", "unknown option '-\\xc3'" },
		{ "--output", "option '--output' needs a value: DIR" },
		{ "-o", "option '--output' needs a value: DIR" },
		{ "-jo", "option '--output' needs a value: DIR" },
		{ "-o a --output=b", "option '--output' is given twice" },
		{ "--json=1", "option '--json' takes no value" },
		{ "--json=", "option '--json' takes no value" },
		{ "--max=5GB", "--max: 5GB: unknown unit 'GB'" },
		{ "--retries=-1", "--retries: -1: not a number" },
		{ "--retries _", "--retries: : not a number" },
		{ "--stall-timeout 5x",
		    "--stall-timeout: 5x: unknown unit 'x'" },
		{ "--disk-mode fat",
		    "--disk-mode: 'fat' is none of thin, "
		    "thick, eagerZeroedThick" },
		{ "--disk-mode _",
		    "--disk-mode: '' is none of thin, thick, "
		    "eagerZeroedThick" },
		{ "--disk-mode thin|thick",
		    "--disk-mode: 'thin|thick' is none of thin, thick, "
		    "eagerZeroedThick" },
		{ "--disk-mode thi",
		    "--disk-mode: 'thi' is none of thin, "
		    "thick, eagerZeroedThick" },
		{ "--password=hunter2",
		    "--password: every user of this machine would see it" },
		{ "--password",
		    "--password: every user of this machine would see it" },
		{ "--passwor", "unknown option '--passwor'" },
		{ "vm --nonsense", "unknown option '--nonsense'" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].line);
		CHECK_INT(parse(rows[i].line, &e), -1);
		CHECK_INT(e.class, ERR_USAGE);
		CHECK_STR(e.text, rows[i].text);
	}
	forget();
}

static void
name_of_any_length_can_be_compared(void)
{
	static const struct opt table[] = {
		{ 0, "an-option-that-has-a-name-of-more-than-fifty-characters",
		    NULL, "", OPT_FLAG, &o.json },
		{ 0 },
	};
	static const struct opt_set one = { { table } };
	char name[200] = "--", program[] = "x";
	char *argv[] = { program, name, NULL };
	struct err e = { 0 };

	memset(name + 2, 'o', 150);
	CHECK_INT(opt_parse(&one, 2, argv, &operands, &n_operands, &e), -1);
	CHECK(strncmp(e.text, "unknown option '--ooo", 21) == 0);
	CHECK(strstr(e.text, "did you mean") == NULL);
}

/* Every way to write a value gives the same. */
static void
value_is_taken_as_it_was_written(void)
{
	static const struct {
		const char *line, *output;
		int verbose;
		size_t operands;
	} rows[] = {
		{ "-o x", "x", 0, 0 },
		{ "-ox", "x", 0, 0 },
		{ "--output x", "x", 0, 0 },
		{ "--output=x", "x", 0, 0 },
		{ "--output=a=b", "a=b", 0, 0 },
		{ "--output=", "", 0, 0 },
		{ "-o -", "-", 0, 0 },
		{ "-o --json", "--json", 0, 0 },
		{ "-vvox", "x", 2, 0 },
		{ "-v -v --verbose", NULL, 3, 0 },
		{ "a -o x b -v c", "x", 1, 3 },
		{ "-o x -- -v --", "x", 0, 2 },
		{ "- -v", NULL, 1, 1 },
		{ "_", NULL, 0, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].line);
		CHECK_INT(parse(rows[i].line, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_STR(o.output, rows[i].output);
		CHECK_INT(o.verbose, rows[i].verbose);
		CHECK_INT(n_operands, rows[i].operands);
		CHECK(!o.json);
	}
	forget();
}

static void
operands_keep_their_order(void)
{
	struct err e = { 0 };

	CHECK_INT(parse("b -v a -- -c", &e), 0);
	CHECK_INT(n_operands, 3);
	CHECK_STR(operands[0], "b");
	CHECK_STR(operands[1], "a");
	CHECK_STR(operands[2], "-c");
	CHECK(operands[3] == NULL);
	forget();
}

static void
each_kind_of_value_arrives(void)
{
	struct err e = { 0 };

	CHECK_INT(parse("--max=4K --stall-timeout 5m --retries 7 -j -d a "
			"--disk=b --disk-mode eagerZeroedThick",
		      &e),
	    0);
	CHECK_STR(e.text, "");
	CHECK_INT(o.max, 4096);
	CHECK_INT(o.stall, 300);
	CHECK_INT(o.retries, 7);
	CHECK(o.json);
	CHECK_STR(o.mode, "eagerZeroedThick");
	CHECK_INT(o.disks.n, 2);
	CHECK_STR(o.disks.items[0], "a");
	CHECK_STR(o.disks.items[1], "b");
	CHECK(o.disks.items[2] == NULL);
	forget();
}

static void
help_fits_in_80_columns(void)
{
	struct buf b = { 0 };
	const char *line, *end;
	size_t lines = 0;

	opt_help(&set, "esxbk-save", &b);
	CHECK_STR(buf_text(&b),
	    "Usage: esxbk-save [OPTION]... VM...\n"
	    "Save VMs.\n"
	    "\n"
	    "  -o, --output DIR          write under DIR, which is made if its "
	    "parent exists\n"
	    "                            and is otherwise refused\n"
	    "  -d, --disk LABEL          only LABEL\n"
	    "      --disk-mode thin|thick|eagerZeroedThick\n"
	    "                            how disks lie\n"
	    "      --max SIZE            refuse more than SIZE\n"
	    "\n"
	    "      --retries N           try N times more\n"
	    "      --stall-timeout TIME  give up after TIME\n"
	    "  -j, --json                JSON Lines\n"
	    "  -v, --verbose             tell more\n");
	for (line = buf_text(&b); *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		CHECK(end - line <= 80);
		lines++;
	}
	CHECK_INT(lines, 14);
	buf_free(&b);
}

static void
options_are_listed_for_completions(void)
{
	struct buf b = { 0 };

	opt_options(&set, &b);
	CHECK_STR(buf_text(&b),
	    "-o\t--output\tDIR\twrite under DIR, which is made if its parent "
	    "exists and is otherwise refused\n"
	    "-d\t--disk\tLABEL\tonly LABEL\n"
	    "\t--disk-mode\tthin|thick|eagerZeroedThick\thow disks lie\n"
	    "\t--max\tSIZE\trefuse more than SIZE\n"
	    "\t--retries\tN\ttry N times more\n"
	    "\t--stall-timeout\tTIME\tgive up after TIME\n"
	    "-j\t--json\t\tJSON Lines\n"
	    "-v\t--verbose\t\ttell more\n");
	buf_free(&b);
}

CHECK_MAIN(TEST(wrong_line_is_refused_in_these_words),
    TEST(name_of_any_length_can_be_compared),
    TEST(value_is_taken_as_it_was_written), TEST(operands_keep_their_order),
    TEST(each_kind_of_value_arrives), TEST(help_fits_in_80_columns),
    TEST(options_are_listed_for_completions))
