#ifndef CLI_GROUP_H
#define CLI_GROUP_H

#include "base/buf.h"
#include "cli/cmd.h"
#include "cli/opt.h"

/*
 * group - what a binary with subcommands says of itself as a whole.
 */

/* Text of --help: the commands, a line each. */
void group_help(const struct cmd_group *g, struct buf *b);

/* Text of --options: those of all commands and the common ones, each once. */
void group_options(const struct cmd_group *g, const struct opt *common,
    struct buf *b);

#endif
