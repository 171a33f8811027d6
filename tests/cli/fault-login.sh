#!/bin/bash
# Who may log in, and where the password comes from.  A refused login ends
# the run at once: more attempts would lock the account.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
at=(-s "localhost:$HOST_PORT" -u root --thumbprint "$HOST_PIN")
refused='esxbk-list: log in to localhost as root: InvalidLogin: Cannot complete login due to an incorrect user name or password.'
umask 077

# list STATUS OPTION...: one VM, so that only the way in is looked at.
list()
{
	local want=$1
	shift
	run "$want" esxbk-list "${at[@]}" "$@" --format moid odd01
	if [ "$want" -eq 0 ]; then
		same "$(cat out)" 16
	else
		same "$(cat out)" ''
	fi
}

logins()
{
	event_count '.event == "login"'
}

# secret FILE [MODE]: a file with the right password.
secret()
{
	cp "$HOST_PASSWORD_FILE" "$1" && chmod "${2:-600}" "$1"
}

# --- the host says no --------------------------------------------------------

echo wrong >bad
list 77 --password-file bad
said "$refused"
same "$(logins)" 1 "one attempt"
run 77 esxbk-export-ovf "${at[@]}" --password-file bad -o d odd01
said "esxbk-export-ovf${refused#esxbk-list}"
check "nothing was made" test ! -e d
same "$(logins)" 2 "one attempt"

# Also a failed login gets a cookie: it must not count as a session.
at[3]=operator
list 77 --password-file "$HOST_PASSWORD_FILE"
said "${refused/as root/as operator}"
at[3]=root
host_idle

fault '{"kind":"fault","method":"Login","type":"InvalidLogin",
	"message":"The account is locked for 900 seconds."}'
list 77 --password-file "$HOST_PASSWORD_FILE"
said 'esxbk-list: log in to localhost as root: InvalidLogin: The account is locked for 900 seconds.'
fault '{"kind":"fault","method":"Login","type":"NoPermission",
	"message":"Permission to perform this operation was denied."}'
list 77 --password-file "$HOST_PASSWORD_FILE"
said_like 'esxbk-list: log in to localhost as root: NoPermission: Permission to perform this operation was denied\..*'
host_idle

# --- --password-file ---------------------------------------------------------

secret good
printf '%s\r\nsecond line\n' "$HOST_PASSWORD" >windows
list 0 --password-file good
list 0 --password-file windows
n=$(logins)
for mode in 640 604 660 620; do
	chmod $mode good
	list 78 --password-file good
	said "esxbk-list: good: mode 0$mode lets others read it, chmod 600 it"
done
list 78 --password-file nowhere/at-all
said 'esxbk-list: open nowhere/at-all: No such file or directory'
: >empty
list 78 --password-file empty
said 'esxbk-list: empty: the first line is empty'
printf 'a\0b\n' >nul
list 78 --password-file nul
said 'esxbk-list: nul: holds a NUL byte'
list 78 --password-file .
said 'esxbk-list: .: not a regular file'
mkfifo fifo
list 78 --password-file fifo
said 'esxbk-list: fifo: not a regular file'
head -c 5000 /dev/zero | tr '\0' x >long
list 78 --password-file long
said_like 'esxbk-list: long: .*4096.*'
if [ "$(id -u)" -eq 0 ]; then
	secret theirs && chown 12345 theirs
	list 78 --password-file theirs
	said 'esxbk-list: theirs: belongs to another user (uid 12345)'
else
	echo "ok - a file of another user # SKIP not root"
fi
same "$(logins)" "$n" "none of these came to a login"

# --- --password-command ------------------------------------------------------

chmod 600 good
list 0 --password-command 'cat good'
list 0 --password-command 'cat good; echo second line'
list 77 --password-command 'exit 3'
said 'esxbk-list: password command: command exited with 3'
list 77 --password-command 'cat good; exit 1'
said 'esxbk-list: password command: command exited with 1'
list 77 --password-command true
said 'esxbk-list: password command: it printed nothing'
# shellcheck disable=SC2016 # the command's own shell expands it
list 77 --password-command 'kill -9 $$'
said 'esxbk-list: password command: command was ended by signal 9'
list 77 --password-command ./no-such-helper
same "$(tail -n 1 err)" 'esxbk-list: password command: command exited with 127'

# --- --password-fd -----------------------------------------------------------

list 0 --password-fd 5 5<good
list 0 --password-fd 0 <good
list 78 --password-fd 5 5<empty
said 'esxbk-list: file descriptor 5: the first line is empty'
list 78 --password-fd 77
said 'esxbk-list: file descriptor 77: read: Bad file descriptor'

# --- --password-credential ---------------------------------------------------

mkdir cred
secret cred/esxi 644 # systemd's own mode; the folder is what protects it
CREDENTIALS_DIRECTORY=$PWD/cred list 0 --password-credential esxi
CREDENTIALS_DIRECTORY=$PWD/cred list 78 --password-credential nowhere
said "esxbk-list: open $PWD/cred/nowhere: No such file or directory"
CREDENTIALS_DIRECTORY=$PWD/cred list 64 --password-credential ../good
said_like 'esxbk-list: credential \.\./good: a name, no path.*'
list 78 --password-credential esxbk-test-nowhere
said 'esxbk-list: open /etc/esxbk/credentials/esxbk-test-nowhere: No such file or directory'

# --- the environment, and which of several is taken --------------------------

ESXBK_PASSWORD=$HOST_PASSWORD list 0
ESXBK_PASSWORD_FILE=good list 0
ESXBK_PASSWORD_COMMAND='cat good' list 0
ESXBK_PASSWORD=wrong list 0 --password-file good
ESXBK_PASSWORD=$HOST_PASSWORD ESXBK_PASSWORD_FILE=bad list 0
list 0 --password-file good --password-command 'cat bad'
list 0 --password-command 'cat good' --password-fd 5 5<bad
list 0 --password-fd 5 --password-credential nowhere 5<good

# --- never in the command line -----------------------------------------------

n=$(logins)
for words in --password=hunter2 '--password hunter2'; do
	# shellcheck disable=SC2086 # one or two words
	list 64 $words
	said 'esxbk-list: --password: a password in the command line is for all to see: use --password-file, --password-command, --password-fd, --password-credential or ESXBK_PASSWORD (see esxbk-list --help)'
done
for words in --pass=hunter2 --passwort=hunter2 -phunter2; do
	list 64 $words
	same "$(wc -l <err)" 1 "one line"
	hasnt err hunter2
done
run 64 esxbk-list -s "root:hunter2@localhost:$HOST_PORT" -u root \
	--password-file good
has err 'a user name is not allowed'
hasnt err hunter2

# Nobody to ask, as in cron.
UNDER=(setsid -w "${UNDER[@]}")
list 64
said 'esxbk-list: no password: give --password-file, --password-command, --password-fd, --password-credential or ESXBK_PASSWORD'
same "$(logins)" "$n" "none of these came to a login"
host_idle
